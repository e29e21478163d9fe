"""`forecast plot`: a saved model and a data file in, a picture of some series and their forecasts out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from forecaster.cli import log
from forecaster.cli.notes import finish, listening, note_builtin
from forecaster.cli.options import MaybeDataFile, ModelsDir, OutputSettings, takes_settings
from forecaster.cli.output import Printer, TextGrid, listed
from forecaster.cli.process import after, now_stands
from forecaster.config import PlotSettings, ReadSettings

if TYPE_CHECKING:
    from forecaster.jobs import PlotResult


@takes_settings
def plot(
    settings: PlotSettings,
    reading: ReadSettings,
    output: OutputSettings,
    data: MaybeDataFile = None,
    models_dir: ModelsDir = None,
) -> int:
    """Draw series with their forecasts and intervals into an SVG, PNG or PDF file.

    Each series has axes of its own: its last seasons, and what a saved model expects after them. Without --series the
    first ones are drawn, at most 12.

    Example: forecast plot sample_data/nyc_departures_daily.csv --series JFK-DL --series LGA-9E --output flights.png
    """
    from forecaster import jobs

    printer = Printer(output)
    attended = sys.stdout.isatty()
    job = jobs.PlotJob(data=data, settings=settings, reading=reading, models_dir=models_dir, attended=attended)
    result = jobs.plot(job, listening(printer, on_state=now_stands))
    note_builtin(result.model, output.quiet)
    with after(f"{result.output} was written"):
        log.event("plotted", model=result.model.name, version=result.model.version, output=result.output)
        printer.show(result.summary(), [{"series": name} for name in result.drawn], [describe(result)])
        return finish(result.panel.skipped, result.warnings)


def describe(result: PlotResult) -> TextGrid:
    """Return what was drawn, and where the picture is."""
    series = [("series", listed(result.drawn, 6))] if any(result.drawn) else []
    return TextGrid([("model", f"{result.model.name} {result.model.version}"), *series, ("file", str(result.output))])
