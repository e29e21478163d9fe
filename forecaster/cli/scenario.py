"""`forecast scenario`: a saved model, a data file and several futures in, forecasts side by side out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from forecaster.cli import log
from forecaster.cli.notes import finish, listening
from forecaster.cli.options import DataFile, ModelsDir, OutputSettings, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, number
from forecaster.cli.process import after, now_stands
from forecaster.config import ScenarioSettings

if TYPE_CHECKING:
    from forecaster.jobs import ScenarioResult


@takes_settings
def scenario(data: DataFile, settings: ScenarioSettings, output: OutputSettings, models_dir: ModelsDir = None) -> int:
    """Forecast under several possible futures of the covariates, side by side, with their differences.

    Each --future is a file of future rows: stamps, names of series, and covariates that are known ahead. Differences
    are from the first; their intervals say how sure the effect is, as measured on past windows. A future with values
    far from all that the history had is refused. What a model learned is what went together, not what caused what. Off
    a terminal the result is JSON.

    Example: forecast scenario sales.csv --future plan.csv --future discount.csv --output scenarios.csv
    """
    from forecaster import jobs

    printer = Printer(output, piped="json")
    job = jobs.ScenarioJob(data=data, settings=settings, models_dir=models_dir)
    result = jobs.scenario(job, listening(printer, on_state=now_stands))
    written = [str(path) for path in (settings.output, settings.picture) if path is not None]
    with after(f"{' and '.join(written)} written" if written else "nothing changed"):
        log.event("compared futures", scenarios=[scenario.name for scenario in result.scenarios])
        printer.show(result.summary(), result.records(), describe(result))
        return finish(result.skipped, result.warnings)


def describe(result: ScenarioResult) -> Iterator[Block]:
    """Yield the sum of all steps under each future, and how it differs from the first."""
    summary, (level, *_) = result.summary(), result.scenarios[0].forecast.intervals[0]
    rows = summary["scenarios"]
    names = ("difference", "difference-likely", f"difference-lo-{level:g}", f"difference-hi-{level:g}")
    yield TextGrid(
        [
            (row["scenario"], number(row["total"]), *("–" if row is rows[0] else number(row[name]) for name in names))
            for row in rows
        ],
        header=("future", "sum of all steps", "difference", "likely", f"low {level:g} %", f"high {level:g} %"),
    )
    yield TextLine("")
    for row in rows:
        if (effect := row["effect"]) is not None:
            came, error = number(effect["came"], 3), number(effect["error"], 2)
            yield TextLine(
                f"{row['scenario']}: at {effect['cutoffs']} past cutoffs the effects were {came} ± {error} times as "
                "large as the model expected; the likely difference and its interval include that."
            )
    yield TextLine("")
    paths = [str(path) for path in (result.settings.output, result.settings.picture) if path is not None]
    yield TextGrid(
        [
            ("model", f"{result.model.name} {result.model.version}"),
            ("horizon", f"{summary['horizon']} steps of {result.panel.n_series:,} series"),
            *([("files", ", ".join(paths))] if paths else []),
        ]
    )
