"""`forecast score`: what was issued beside what came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from forecaster.base.errors import OK, PARTIAL
from forecaster.cli import log
from forecaster.cli.notes import listening
from forecaster.cli.options import ModelsDir, WatchedSettings, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, number, percent, warn
from forecaster.config import ReadSettings, ScoreSettings

if TYPE_CHECKING:
    from forecaster.jobs import ScoreResult

MOST_LEADS = 24
"""Lead times in the table on the screen."""

MOST_SERIES = 5
"""Series shown: the worst."""

MOST_WARNINGS = 5

Actuals = Annotated[
    str,
    typer.Option("--actuals", metavar="DATA", help="Data file with what came, or - for stdin; older rows do no harm."),
]


@takes_settings
def score(
    actuals: Actuals,
    settings: ScoreSettings,
    reading: ReadSettings,
    output: WatchedSettings,
    models_dir: ModelsDir = None,
) -> int:
    """Score the forecasts that a model issued against what came.

    What predict issued stands in the ledger. Here it is joined to a newer data file: error, bias and coverage by lead
    time and by series, beside what training measured at the same lead times. With --max-mase or --min-coverage the exit
    code is 4 when live quality has left those limits. Off a terminal the scores are JSON.

    Example: forecast score --actuals sample_data/nyc_departures_daily.csv --max-mase 1.5x
    """
    from forecaster import jobs

    printer = Printer(output, piped="json")
    job = jobs.ScoreJob(actuals=actuals, settings=settings, reading=reading, models_dir=models_dir)
    result = jobs.score(job, listening(printer))
    summary = result.summary()
    overall = summary["overall"] or {}
    levels = summary["levels"]
    covered = overall.get(f"coverage-{levels[-1]:g}") if levels else None
    log.event(
        "scored",
        model=result.model,
        values=summary["values"],
        live_mase=overall.get("mase"),
        live_coverage_ratio=covered,
    )
    printer.show(summary, result.records(), describe(result))
    for part in result.unreadable[:MOST_WARNINGS]:
        warn(f"left out of the scores: {part.path}: {part.reason}")
    if len(result.unreadable) > MOST_WARNINGS:
        warn(f"and {len(result.unreadable) - MOST_WARNINGS:,} more parts of the ledger that cannot be read")
    return PARTIAL if result.unreadable else OK


def describe(result: ScoreResult) -> Iterator[Block]:
    """Yield the live measures against training's, then those of each lead time, then the worst series."""
    outcome, overall = result.outcome, result.outcome.overall
    yield TextGrid(
        [
            ("model", f"{result.model} (issued by {', '.join(result.versions)})"),
            ("issued", f"{outcome.issues:,} predictions"),
            ("came", f"{outcome.values:,} values; {outcome.pending:,} forecasts are of the future"),
        ]
    )
    if result.hindsight:
        yield TextLine(
            f"{result.hindsight:,} predictions left out: as of a time that their model was trained on", "dim"
        )
    if overall is None:
        yield TextLine("Nothing to score yet.", "yellow")
        return
    yield TextLine("")
    labels = {"mase": "MASE"} | {f"coverage-{level:g}": f"inside {level:g} %" for level in outcome.levels}
    compared = result.compared()
    yield TextGrid(
        [
            *(
                (label, cell(name, overall[name]), cell(name, compared[name]["training"]))
                for name, label in labels.items()
            ),
            *((label, number(overall[name]), "") for name, label in (("mae", "MAE"), ("bias", "bias"))),
        ],
        header=("", "live", f"training of {result.version}"),
    )
    header, names = ("MASE", "MAE", "bias", *list(labels.values())[1:]), ("mase", "mae", "bias", *list(labels)[1:])
    yield TextLine("")
    yield TextGrid(
        [
            (str(row["lead"]), f"{row['values']:,}", *(cell(name, row[name]) for name in names))
            for row in result.by_lead()[:MOST_LEADS]
        ],
        header=("lead", "values", *header),
    )
    series = result.by_series()[:MOST_SERIES]
    if len(series) > 1:
        yield TextLine("")
        rows = [(row["series"], *(cell(name, row[name]) for name in names)) for row in series]
        yield TextGrid(rows, header=("worst series", *header))


def cell(name: str, value: float | None) -> str:
    """Return a measure as it is shown."""
    return percent(value) if name.startswith("coverage") else number(value)
