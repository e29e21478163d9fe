"""`forecast models`: what is in the model store, whether it is whole, and which version is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecaster.base.errors import OK, ModelError
from forecaster.base.records import flatten
from forecaster.cli import completion, log
from forecaster.cli.help import Command, CommandGroup
from forecaster.cli.notes import finish, listening
from forecaster.cli.options import MaybeDataFile, ModelsDir, OutputSettings, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, listed, number, percent
from forecaster.cli.process import after
from forecaster.cli.succession import describe as describe_succession
from forecaster.config import LockSettings, PruneSettings, SuccessionSettings

if TYPE_CHECKING:
    from forecaster.jobs import BuiltinFacts, Checked, ModelFacts, Pruned, Switch

app = typer.Typer(
    name="models",
    cls=CommandGroup,
    help="List, show and check saved models; choose the version that is used. Without a command it lists them.",
    invoke_without_command=True,
)

Model = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the model.", show_default=False, autocompletion=completion.models)
]
Version = Annotated[
    str,
    typer.Argument(
        metavar="NAME@VERSION", help="The version to use.", show_default=False, autocompletion=completion.versions
    ),
]
MaybeReference = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="NAME or NAME@VERSION; by default all models.",
        show_default=False,
        autocompletion=completion.models,
    ),
]


@app.command("list", cls=Command)
@takes_settings
def list_models(output: OutputSettings, models_dir: ModelsDir = None) -> int:
    """List the saved models.

    One row a model: its current version, what it was made from, and how good it is. Off a terminal the rows are JSON.

    Example: forecast models list --format csv
    """
    from forecaster import jobs

    rows = jobs.list_models(models_dir)
    Printer(output, piped="json").show(rows, rows, describe_models(rows))
    return OK


@app.callback()
def list_without_command(context: typer.Context) -> int:
    """List, show and check saved models; choose the version that is used. Without a command it lists them."""
    return (
        OK
        if context.invoked_subcommand
        else list_models(**{f.name: f.default for f in fields(OutputSettings)}, models_dir=None)
    )


@app.command("show", cls=Command)
@takes_settings
def show_model(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="NAME or NAME@VERSION.", show_default=False, autocompletion=completion.models
        ),
    ],
    output: OutputSettings,
    models_dir: ModelsDir = None,
) -> int:
    """Show one saved model: data, settings, measures, files, versions.

    Off a terminal this is the version's whole manifest as JSON.

    Of the built-in network (builtin) it shows the card: parameters, data, licences, scores, hashes.

    Example: forecast models show nyc_departures_daily
    """
    from forecaster import jobs

    if name.partition("@")[0] == "builtin":
        known = jobs.show_builtin(name)
        rows = [{"field": field, "value": value} for field, value in flatten(known.summary())]
        Printer(output, piped="json").show(known.summary(), rows, describe_card(known))
        return OK
    model = jobs.show_model(name, models_dir)
    rows = [{"field": field, "value": value} for field, value in flatten(model.summary())]
    Printer(output, piped="json").show(model.summary(), rows, describe_model(model))
    return OK


@app.command("compare", cls=Command)
@takes_settings
def compare_versions(
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD", help="NAME@VERSION that was used.", show_default=False, autocompletion=completion.versions
        ),
    ],
    new: Annotated[
        str,
        typer.Argument(
            metavar="NEW", help="NAME or NAME@VERSION that is.", show_default=False, autocompletion=completion.versions
        ),
    ],
    settings: SuccessionSettings,
    output: OutputSettings,
    data: MaybeDataFile = None,
    models_dir: ModelsDir = None,
) -> int:
    """Compare two versions: settings, measures, and where the difference of their forecasts comes from.

    The old version forecasts from the old data, from the same rows in DATA, and from all of DATA, the new version from
    all of DATA: what changes from one to the next is the revision of values, the new rows, and the model. The three
    add up. Without --old-data revised values count as they are now. Off a terminal it is JSON.

    Example: forecast models compare nyc_departures_daily@v000001 nyc_departures_daily
    """
    from forecaster import jobs

    printer = Printer(output, piped="json")
    job = jobs.SuccessionJob(old=old, new=new, data=data, settings=settings, models_dir=models_dir)
    result = jobs.compare_versions(job, listening(printer))
    printer.show(result.summary(), result.records(), describe_succession(result))
    return finish(result.skipped)


@app.command("check", cls=Command)
@takes_settings
def check_models(output: OutputSettings, name: MaybeReference = None, models_dir: ModelsDir = None) -> int:
    """Check that saved models are whole.

    Every version is read as for a forecast: hashes, schema, weights, graph, and the answers to its probe. Nothing is
    repaired. What was found is printed, and exit code 78 says that something is not whole. Off a terminal the rows are
    JSON.

    Example: forecast models check nyc_departures_daily
    """
    from forecaster import jobs

    checked = jobs.check_models(name, models_dir)
    rows = [vars(row) for row in checked]
    Printer(output, piped="json").show(rows, rows, describe_checks(checked))
    if faults := [row.fault for row in checked if row.fault]:
        raise ModelError(f"{len(faults):,} of {len(checked):,} are not whole: {faults[0]}", hint=mend(checked))
    return OK


@app.command("promote", cls=Command)
@takes_settings
def promote_version(version: Version, lock: LockSettings, output: OutputSettings, models_dir: ModelsDir = None) -> int:
    """Make a version the current one, once it was checked.

    Example: forecast models promote nyc_departures_daily@v000001
    """
    from forecaster import jobs

    return show_switch(jobs.promote_version(version, models_dir, lock.lock_wait), output)


@app.command("rollback", cls=Command)
@takes_settings
def roll_back(name: Model, lock: LockSettings, output: OutputSettings, models_dir: ModelsDir = None) -> int:
    """Go back to the version that was current before, once it was checked.

    No version is removed: `forecast models promote` goes forward again.

    Example: forecast models rollback nyc_departures_daily
    """
    from forecaster import jobs

    return show_switch(jobs.roll_back(name, models_dir, lock.lock_wait), output)


@app.command("prune", cls=Command)
@takes_settings
def prune_versions(
    name: Model, settings: PruneSettings, lock: LockSettings, output: OutputSettings, models_dir: ModelsDir = None
) -> int:
    """Remove the oldest versions of a model, never the current one.

    Example: forecast models prune nyc_departures_daily --keep 3
    """
    from forecaster import jobs

    pruned = jobs.prune_versions(name, settings, models_dir, lock.lock_wait)
    with after(f"{len(pruned.removed)} versions of {name} were removed"):
        log.event("pruned", model=name, removed=pruned.removed, kept=pruned.kept)
        rows = [{"name": name, "version": version} for version in pruned.removed]
        Printer(output).show(pruned.summary(), rows, describe_pruned(pruned))
        return OK


def show_switch(switch: Switch, output: OutputSettings) -> int:
    """Show which version is current now."""
    with after(f"{switch.name} {switch.version} is current"):
        log.event("switched", model=switch.name, before=switch.before, version=switch.version)
        Printer(output).show(switch.summary(), [switch.summary()], describe_switch(switch))
        return OK


def describe_checks(checked: list[Checked]) -> Iterator[Block]:
    """Yield one line a version."""
    if not checked:
        yield TextLine("No models yet. Begin with: forecast train DATA")
        return
    yield TextGrid(
        [(row.name, row.version or "–", "current" if row.current else "", row.fault or "whole") for row in checked],
        header=("name", "version", "", "state"),
        texts=4,
    )


def mend(checked: list[Checked]) -> str:
    """Return the next command where something is not whole: one that makes a whole version current."""
    broken = {row.name for row in checked if row.fault and (row.current or not row.version)}
    whole = [row for row in checked if not row.fault and row.name in broken]
    return f"Run: forecast models promote {whole[-1].name}@{whole[-1].version}" if whole else ""


def describe_switch(switch: Switch) -> Iterator[Block]:
    """Yield which version is current, and which was."""
    if switch.before == switch.version:
        yield TextLine(f"{switch.name} {switch.version} was current already.")
    else:
        before = f"; it was {switch.before}" if switch.before else ""
        yield TextLine(f"{switch.name} is at {switch.version} now{before}.")


def describe_pruned(pruned: Pruned) -> Iterator[Block]:
    """Yield what is gone, and what is left."""
    gone = f"Removed {listed(pruned.removed, 10)}" if pruned.removed else "Nothing to remove"
    yield TextLine(f"{gone}; {pruned.name} has {listed(pruned.kept, 10)}.")


def describe_models(rows: list[dict[str, Any]]) -> Iterator[Block]:
    """Yield one line a model."""
    if not rows:
        yield TextLine("No models yet. Begin with: forecast train DATA")
        yield TextLine("Without one the built-in network answers: forecast models show builtin", "dim")
        return
    yield TextGrid(
        [
            (
                row["name"],
                row["version"],
                row["created"][:16].replace("T", " "),
                row["frequency"],
                f"{row['series']:,}",
                f"{row['horizon']:,}",
                number(row["mase"], 3),
                percent(row["skill"]),
            )
            for row in rows
            if not row["fault"]
        ],
        header=("name", "version", "created", "frequency", "series", "horizon", "MASE", "skill"),
        texts=4,
    )
    for row in rows:
        if row["fault"]:
            yield TextLine(f"{row['name']} cannot be used: {row['fault']}", "red")


def describe_model(model: ModelFacts) -> Iterator[Block]:
    """Yield the facts of a version that people ask for first."""
    from forecaster.model.plan import describe_path, describe_range

    manifest = model.manifest
    data, window, metrics = manifest.data, manifest.window, manifest.metrics
    network = manifest.network.reading(window)
    inside = ", ".join(
        f"{percent(metrics.model[f'coverage-{level:g}'])} inside {level:g} %" for level in metrics.levels
    )
    mase, base = number(metrics.model["mase"], 3), number(metrics.baseline["mase"], 3)
    yield TextGrid(
        [
            ("name", manifest.name),
            ("version", f"{manifest.version} (of {', '.join(model.versions)})"),
            ("created", manifest.created),
            ("folder", str(model.folder)),
            ("data", f"{data.source}, {data.rows:,} rows, {data.series:,} series"),
            *manifest.schema.describe(),
            ("frequency", f"{data.frequency}, season of {manifest.season} steps"),
            ("window", f"{window.lookback:,} steps in segments of {window.segment}, {window.horizon:,} steps ahead"),
            ("base path", describe_path(window)),
            ("transform", window.transform),
            ("range", describe_range(window)),
            ("network", f"{network.describe()}, dropout {network.dropout:g}"),
            *([("forecast", manifest.companion.describe())] if manifest.companion else []),
            ("error", f"MASE {mase}, {metrics.baseline_name} {base}, skill {percent(metrics.skill)}"),
            ("intervals", inside),
        ]
    )
    if len(model.history) > 1:
        yield TextLine("")
        yield history_grid(model.history)


def describe_card(known: BuiltinFacts) -> Iterator[Block]:
    """Yield the card of the built-in network, a line a fact."""
    size = sum(known.sizes.values())
    yield TextGrid(
        [
            ("name", f"builtin {known.version}, {size:,} bytes"),
            *(row for field, value in flatten(known.card) if field != "name" for row in lines_of(field, value)),
        ]
    )


def lines_of(field: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield a fact of the card as (name, text), a list as one line each with its name on the first."""
    name, texts = field.replace("_", " "), value if isinstance(value, list) else [value]
    yield from (("" if k else name, str(text)) for k, text in enumerate(texts))


def history_grid(history: list[dict[str, Any]]) -> TextGrid:
    """Return one line for each version, the newest first."""
    return TextGrid(
        [
            (
                row["version"],
                row["state"] or "–",
                (row["created"] or "–")[:16].replace("T", " "),
                row["last"] or "–",
                "–" if row["rows"] is None else f"{row['rows']:,}",
                number(row["mase"], 3),
                percent(row["skill"]),
            )
            for row in reversed(history)
        ],
        header=("version", "state", "created", "data until", "rows", "MASE", "skill"),
        texts=4,
    )
