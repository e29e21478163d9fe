"""`forecast train`: settings in, a published model out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecaster.cli import log
from forecaster.cli.notes import finish, listening
from forecaster.cli.options import DataFile, WatchedSettings, takes_settings
from forecaster.cli.output import Block, Grid, Line, Printer, number, percent
from forecaster.cli.process import after
from forecaster.cli.progress import TrainingProgress
from forecaster.config import FreshSettings, ModelSettings, ReadSettings, StoreSettings, TrainSettings

if TYPE_CHECKING:
    from forecaster.jobs import TrainResult
    from forecaster.plan import Plan

MEASURES = {
    "mase": "MASE",
    "rmsse": "RMSSE",
    "mae": "MAE",
    "rmse": "RMSE",
    "smape": "sMAPE, %",
    "wape": "WAPE, %",
    "bias": "bias",
}
"""Measures in the table on the screen."""


def read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Let the settings of a TOML file stand where no flag is given. Its paths are relative to it."""
    if path is not None:
        from forecaster.jobfile import keys_of, read_settings
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
    output: WatchedSettings,
    config: ConfigFile = None,
) -> int:
    """Train a model on a data file, measure it, and save it.

    What is not given is detected in the data or chosen from it, and printed. The model is measured on held-out windows
    against seasonal naive, then saved as a new version; older versions stay. Off a terminal nothing is printed unless
    --format is given.

    Example: forecast train sample_data/nyc_departures_daily.csv --preset fast
    """
    from forecaster import jobs

    printer = Printer(output)
    job = jobs.TrainJob(
        data=data, reading=reading, model=model, training=training, store=store, fresh=fresh,
        created=log.now(), now=log.clock(),
    )  # fmt: skip
    with TrainingProgress(printer.notes) as progress:

        def show_plan(plan: Plan) -> None:
            log.event("plan", **dict(plan.choices()))
            printer.note(Grid(list(plan.choices())), Line(""))
            progress.start()

        result = jobs.train(job, listening(printer, on_plan=show_plan, on_progress=progress.update))
    with after(f"{result.model.name} {result.model.version} was published"):
        log.event("trained", model=result.model.name, version=result.model.version, skill=result.metrics["skill"])
        printer.show(result.summary(), metric_rows(result.metrics), describe(result, store))
        return finish(result.panel, result.age)


def metric_rows(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the model and its baseline, one row each with every measure; the baseline has no intervals."""
    empty = dict.fromkeys(metrics["model"])
    names = {"model": "model", "baseline": metrics["baseline_name"]}
    return [{"method": names[key], **empty, **metrics[key]} for key in names]


def describe(result: TrainResult, store: StoreSettings) -> Iterator[Block]:
    """Yield the measures beside the baseline's, the verdict, where the model is, and what to type next."""
    metrics, model = result.metrics, result.model
    ours, baseline, base = metrics["model"], metrics["baseline"], metrics["baseline_name"]
    yield Grid(
        [(label, number(ours[name]), number(baseline[name])) for name, label in MEASURES.items()],
        header=("held-out error", "model", base),
    )
    yield Line("")
    levels = [(f"{level:g} %", percent(ours[f"coverage-{level:g}"])) for level in metrics["levels"]]
    yield Grid(levels, header=("interval", "actual values inside"))
    yield Line("")
    yield verdict(metrics)
    yield Line("")
    folder = f" --models-dir {shlex.quote(str(store.models_dir))}" if store.models_dir else ""
    yield Grid([
        ("model", f"{model.name} {model.version}"),
        ("folder", str(model.folder)),
        ("next", f"forecast predict --model {model.name}{folder}"),
    ])  # fmt: skip


def verdict(metrics: dict[str, Any]) -> Line:
    """Return one plain sentence: is the model better than the baseline."""
    skill, base, windows = metrics["skill"], metrics["baseline_name"], f"{metrics['windows']:,} held-out windows"
    if skill is None:
        return Line(f"The skill over {base} is undefined: the baseline made no error on {windows}.", "yellow")
    if skill > 0:
        return Line(f"Better than {base}: its error (MASE) is {percent(skill)} lower on {windows}.", "green")
    return Line(
        f"Not better than {base}: its error (MASE) is {percent(-skill)} higher on {windows}. "
        "Try --preset best or more data, or forecast with the baseline.",
        "yellow",
    )
