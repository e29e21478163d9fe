"""`forecast export`: a saved model in, a file for another runtime out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecaster.base.errors import OK
from forecaster.cli import log
from forecaster.cli.notes import note_panel
from forecaster.cli.options import ModelsDir, OutputSettings, option, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, number, warn
from forecaster.cli.process import after
from forecaster.config import ExportSettings, ReadSettings

if TYPE_CHECKING:
    from forecaster.jobs import BuiltinExport, ExportResult

Data = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA",
        help="Data file whose windows are compared; by default that of the training, if it still exists.",
        show_default=False,
    ),
]
Quiet = Annotated[bool, option(OutputSettings, "quiet")]
LogFile = Annotated[Path | None, option(OutputSettings, "log_file")]
Deadline = Annotated[float | None, option(OutputSettings, "deadline")]


@takes_settings
def export(
    settings: ExportSettings,
    reading: ReadSettings,
    data: Data = None,
    models_dir: ModelsDir = None,
    quiet: Quiet = False,
    log_file: LogFile = None,
    deadline: Deadline = None,
) -> int:
    """Write a saved model for another runtime: raw values in, forecasts out, all scaling inside.

    The last L values of a series go in, H forecasts come out; L is the model's lookback, H its horizon. What is written
    has forecast the model's probe and windows of the data before, and is refused (exit 4) where it differs. What
    --quantize costs in accuracy and gains in size and time is measured and shown. Off a terminal nothing is printed.

    Of the built-in network (--model builtin) and a data file the export answers the rhythm of that data, missing values
    included: medians, and nine quantiles as the network says them. Without a data file its bare graph is copied, and
    what that reads is described.

    Example: forecast export --model nyc_departures_daily --format onnx --output departures.onnx
    """
    from forecaster import jobs

    printer = Printer(OutputSettings(quiet=quiet, log_file=log_file, deadline=deadline))
    job = jobs.ExportJob(data=data, settings=settings, reading=reading, models_dir=models_dir)
    if jobs.is_builtin(settings.model):
        copied = jobs.export_builtin(job, jobs.Events(on_panel=lambda panel: note_panel(printer, panel)))
        with after(f"{copied.output} was written"):
            log.event("exported", **copied.summary())
            printer.show(copied.summary(), [], describe_builtin(copied))
            return OK
    result = jobs.export(job, jobs.Events(on_panel=lambda panel: note_panel(printer, panel)))
    with after(f"{result.output} was written"):
        log.event("exported", **result.summary())
        printer.show(result.summary(), [], describe(result))
        for message in result.warnings:
            warn(message)
        return OK


def describe(result: ExportResult) -> Iterator[Block]:
    """Yield what was written, what it takes and gives, how far off it is, and what quantising did."""
    shape = result.model.window
    before = ", NaN before it begins" if result.context else ""
    yield TextGrid(
        [
            ("model", f"{result.model.name} {result.model.version}"),
            ("file", f"{result.output}, {result.size:,} bytes"),
            ("in", f"the last {result.reads:,} values of each series{before}"),
            *((name, ", ".join(e["name"] for e in listed)) for name, listed in result.summary()["inputs"].items()),
            ("out", f"{shape.horizon:,} forecasts"),
            ("difference", f"{result.drift:.1e} of a window's scale at most, on {result.windows:,} windows"),
        ]
    )
    if (cost := result.cost) is None:
        return
    yield TextLine("")
    rows = [
        ("MASE", *(number(mase) for mase in cost.mase), ratio(*cost.mase)),
        ("moved, of a scale", *(f"{100 * share:.2g} %" for share in cost.apart), "mean, most"),
        ("bytes", *(f"{size:,}" for size in cost.size), ratio(*cost.size)),
        ("ms a window", *(number(1000 * seconds, 3) for seconds in cost.seconds), ratio(*cost.seconds)),
    ]
    yield TextGrid(rows, header=("quantised", "before", "after", "change"))


def describe_builtin(copied: BuiltinExport) -> Iterator[Block]:
    """Yield what was written, and what it takes and gives."""
    yield TextGrid(
        [
            ("model", f"builtin {copied.version}"),
            ("file", f"{copied.output}, {copied.size:,} bytes"),
            *(("in", f"{port['name']} ({', '.join(port['shape'])}): {port['holds']}") for port in copied.inputs),
            *(("out", f"{port['name']} ({', '.join(port['shape'])})") for port in copied.outputs),
            *([("seasons", " and ".join(f"{m:,}" for m in copied.seasons))] if copied.seasons else []),
            *([("difference", compared(copied))] if copied.seasons else []),
        ]
    )


def compared(copied: BuiltinExport) -> str:
    """Return in words how far the export is from the network."""
    return f"{copied.drift:.1e} of a series' mean step at most, in {copied.compared:,} series"


def ratio(before: float, after: float) -> str:
    """Return by how much something rose or fell, in a cell."""
    return f"{100 * (after / before - 1):+.1f} %" if before else "–"
