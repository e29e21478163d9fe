"""`forecast report`: a saved model and known data in, one page that says what the model is worth out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from forecaster.base.meter import working
from forecaster.cli import log
from forecaster.cli.notes import finish, listening, note_builtin
from forecaster.cli.options import MaybeDataFile, ModelsDir, OutputSettings, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, number
from forecaster.cli.process import after, now_stands
from forecaster.config import BacktestSettings, ReadSettings, ReportSettings

if TYPE_CHECKING:
    from forecaster.jobs import ReportResult


@takes_settings
def report(
    settings: ReportSettings,
    reading: ReadSettings,
    backtest: BacktestSettings,
    output: OutputSettings,
    data: MaybeDataFile = None,
    models_dir: ModelsDir = None,
) -> int:
    """Write one page of HTML that says what a saved model is worth, and why.

    It holds the verdict on the data, the settings, learning curves, scores against seasonal naive as `evaluate` gives
    them, forecasts of the best, the median and the worst series, coverage, residuals, all series, versions and hashes.
    The page needs nothing else: no network, no other file.

    Example: forecast report sample_data/nyc_departures_daily.csv --windows 20 --output report.html
    """
    from forecaster import jobs

    printer = Printer(output)
    job = jobs.ReportJob(
        data=data,
        settings=settings,
        reading=reading,
        backtest=backtest,
        models_dir=models_dir,
        now=log.clock(),
        attended=sys.stdout.isatty(),
    )
    with working("forecasting") as work:
        result = jobs.report(job, listening(printer, on_share=work.see_share, on_state=now_stands))
    note_builtin(result.model, output.quiet)
    with after(f"{result.output} was written"):
        log.event(
            "reported", model=result.model.name, version=result.model.version, output=result.output, bytes=result.size
        )
        printer.show(result.summary(), [{**result.summary(), "skipped": None, "findings": None}], describe(result))
        return finish(result.evaluation.skipped, result.warnings)


def describe(result: ReportResult) -> Iterator[Block]:
    """Yield the sentence that the page begins with, and where it is."""
    headline = result.headline
    yield TextLine(headline["sentence"], "green" if headline["better"] else "yellow")
    yield TextLine("")
    yield TextGrid(
        [
            ("model", f"{result.model.name} {result.model.version}"),
            ("file", f"{result.output}, {number(result.size / 1024, 3)} KiB"),
        ]
    )
