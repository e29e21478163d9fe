"""`forecast train`: settings in, a published model out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecaster.base.words import MEASURES, counted
from forecaster.cli import log
from forecaster.cli.notes import finish, listening
from forecaster.cli.options import DataFile, WatchedSettings, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, number, percent
from forecaster.cli.process import after, now_stands
from forecaster.cli.progress import TrainingProgress
from forecaster.cli.rehearsal import show_rehearsal
from forecaster.cli.scores import error_grid, metric_rows, verdict
from forecaster.config import (
    DrySettings,
    FreshSettings,
    MemorySettings,
    ModelSettings,
    ReadSettings,
    StoreSettings,
    TrainSettings,
    WorkerSettings,
)

if TYPE_CHECKING:
    from forecaster.jobs import TrainResult
    from forecaster.model.plan import Plan

RESUMED = {
    True: "Going on from the checkpoint of an interrupted training.",
    False: "There is no checkpoint of this model: training starts from the beginning.",
}


def read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Let the settings of a TOML file stand where no flag is given. Its paths are relative to it."""
    if path is not None:
        from forecaster.config.binder import keys_of
        from forecaster.config.jobfile import read_settings
        from forecaster.jobs import TrainJob

        keys = keys_of(TrainJob)
        values = read_settings(path, TrainJob)
        paths = {name for name in values if name == "data" or keys[name].kind is Path}
        context.default_map = {
            keys[name].field: path.parent / value if name in paths and value != "-" else value
            for name, value in values.items()
        }
    return path


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        callback=read_config,
        is_eager=True,
        metavar="PATH",
        help="TOML file with settings, spelled as the flags are; a flag that is given wins over it.",
    ),
]


@takes_settings
def train(
    data: DataFile,
    reading: ReadSettings,
    model: ModelSettings,
    training: TrainSettings,
    store: StoreSettings,
    fresh: FreshSettings,
    memory: MemorySettings,
    workers: WorkerSettings,
    dry: DrySettings,
    output: WatchedSettings,
    config: ConfigFile = None,
) -> int:
    """Train a model on a data file, measure it, and save it.

    What is not given is detected in the data or chosen from it, and printed. The model is measured on held-out windows
    against seasonal naive, then saved as a new version; older versions stay. An interrupted training leaves a
    checkpoint: --resume goes on from it. --workers and --cluster share the networks of an ensemble out. Off a terminal
    nothing is printed unless --format is given.

    Example: forecast train sample_data/nyc_departures_daily.csv --preset fast
    """
    from forecaster import jobs

    printer = Printer(output, piped="json" if dry.dry_run else None)
    job = jobs.TrainJob(
        data=data,
        reading=reading,
        model=model,
        training=training,
        store=store,
        fresh=fresh,
        memory=memory,
        created=log.now(),
        now=log.clock(),
    )
    if dry.dry_run:
        return show_rehearsal(printer, jobs.rehearse_train(job, listening(printer)))
    with TrainingProgress(printer.notes) as progress:

        def show_start(resumed: bool | None) -> None:
            if resumed is not None:
                log.event("resume", checkpoint=resumed)
                printer.note(TextLine(RESUMED[resumed]))

        events = listening(
            printer,
            on_plan=partial(show_plan, printer),
            on_start=show_start,
            on_progress=progress.update,
            on_state=now_stands,
        )
        result = jobs.train(job, events, workers)
    with after(f"{result.model.name} {result.model.version} was published"):
        log.event("trained", model=result.model.name, version=result.model.version, skill=result.metrics["skill"])
        printer.show(result.summary(), metric_rows(result.metrics), describe(result, store))
        return finish(result.panel.skipped, result.warnings)


def show_plan(printer: Printer, plan: Plan) -> None:
    """Show and record what was decided."""
    log.event("plan", **dict(plan.choices()))
    printer.note(TextGrid(list(plan.choices())), TextLine(""))


def describe(result: TrainResult, store: StoreSettings) -> Iterator[Block]:
    """Yield the measures against the baseline's, the verdict, where the model is, and what to type next."""
    metrics, model = result.metrics, result.model
    yield error_grid(metrics, "held-out error")
    yield TextLine("")
    levels = [(f"{level:g} %", percent(metrics["model"][f"coverage-{level:g}"])) for level in metrics["levels"]]
    yield TextGrid(levels, header=("interval", "actual values inside"))
    yield TextLine("")
    yield verdict(metrics, "held-out windows", "Try --preset best or more data, or forecast with the baseline.")
    if (against := result.verdict) is not None:
        yield TextLine(
            f"Better than {against.version}, which was current: {MEASURES[against.measure]} "
            f"{number(against.challenger)} against {number(against.champion)} on {against.windows:,} held-out windows.",
            "green",
        )
    if (share := model.manifest.companion) is not None:
        yield TextLine(
            f"The forecast is {share.describe()}: this mix had the smallest error on {share.windows:,} "
            "held-out windows. To train without the pretrained network: --from none."
        )
    yield TextLine("")
    folder = f" --models-dir {shlex.quote(str(store.models_dir))}" if store.models_dir else ""
    yield TextGrid(
        [
            ("model", f"{model.name} {model.version}"),
            ("folder", str(model.folder)),
            ("next", f"forecast predict --model {model.name}{folder}{' --future FILE' if result.wants_future else ''}"),
            *([("FILE holds", _of_future(result))] if result.wants_future else []),
        ]
    )


def _of_future(result: TrainResult) -> str:
    """Return which columns a file of what is known ahead has, and how many rows."""
    schema, steps = result.model.schema, result.model.window.horizon
    facts = dict(schema.describe())
    names = [facts[what] for what in ("series by", "time") if what in facts]
    columns = [*names, *schema.future_covariates]
    return (
        f"{', '.join(columns)}, for the {counted(steps, 'step')} after the data{' of each series' if schema.id else ''}"
    )
