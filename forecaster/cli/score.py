"""`forecast score`: forecasts that were issued against actual values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from forecaster.base.errors import OK, PARTIAL
from forecaster.base.words import counted
from forecaster.cli import log
from forecaster.cli.notes import listening
from forecaster.cli.options import ModelsDir, WatchedSettings, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, number, percent, warn
from forecaster.cli.parts import check_alone, show_parts, showing_parts
from forecaster.config import ReadSettings, ScoreSettings, WorkerSettings

if TYPE_CHECKING:
    from forecaster.jobs import LiveScores, PartsResult, ScoreJob, ScoreResult

MOST_LEADS = 24
"""Lead times in the table on the screen."""

MOST_SERIES = 5
"""Series shown: the worst."""

MOST_WARNINGS = 5

Actuals = Annotated[
    str,
    typer.Option(
        "--actuals", metavar="DATA", help="Data file with the actual values, or - for stdin; older rows do no harm."
    ),
]


@takes_settings
def score(
    actuals: Actuals,
    settings: ScoreSettings,
    reading: ReadSettings,
    workers: WorkerSettings,
    output: WatchedSettings,
    models_dir: ModelsDir = None,
) -> int:
    """Score the forecasts that a model issued against the actual values.

    What predict issued stands in the ledger. Here it is joined to a newer data file: error, bias and coverage by lead
    time and by series, next to training at the same lead times. With --max-mase or --min-coverage the exit
    code is 4 when live quality has left those limits. Off a terminal the scores are JSON. A folder of parts is scored
    part by part with --output, which --workers and --cluster share out.

    Example: forecast score --actuals sample_data/nyc_departures_daily.csv --max-mase 1.5x
    """
    from forecaster import jobs

    printer = Printer(output, piped="json")
    job = jobs.ScoreJob(actuals=actuals, settings=settings, reading=reading, models_dir=models_dir)
    if settings.output is not None:
        return score_by_part(printer, job, workers)
    check_alone(workers, "a folder or glob of parts, and a folder for their scores: --output scores")
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
    return warn_unreadable(result)


def score_by_part(printer: Printer, job: ScoreJob, workers: WorkerSettings) -> int:
    """Score the parts of a folder one by one, and show the scores over all."""
    from forecaster import jobs

    with showing_parts(printer, "scoring") as events:
        result = jobs.score_parts(job, workers, events)
    live = result.live

    def first(_: PartsResult) -> Iterator[Block]:
        if live is not None:
            yield from describe_all(live)
            yield TextLine("")

    code = show_parts(printer, result.parts, first)
    jobs.check_parts_limits(result, job)
    return code if live is None else max(code, warn_unreadable(live))


def warn_unreadable(result: LiveScores) -> int:
    """Warn of parts of the ledger that were left out, and return the exit code."""
    for part in result.unreadable[:MOST_WARNINGS]:
        warn(f"left out of the scores: {part.path}: {part.reason}")
    if len(result.unreadable) > MOST_WARNINGS:
        warn(f"and {len(result.unreadable) - MOST_WARNINGS:,} more parts of the ledger that cannot be read")
    return PARTIAL if result.unreadable else OK


def describe(result: ScoreResult) -> Iterator[Block]:
    """Yield the live measures against training's, then those of each lead time, then the worst series."""
    yield from describe_all(result)
    series = result.by_series()[:MOST_SERIES]
    if len(series) > 1:
        yield TextLine("")
        header, names = columns_of(result)
        rows = [(row["series"], *(cell(name, row[name]) for name in names)) for row in series]
        yield TextGrid(rows, header=("worst series", *header))


def columns_of(result: LiveScores) -> tuple[list[str], list[str]]:
    """Return the measures of a table by lead time or series: how they are labelled, and what they are called."""
    levels = result.outcome.levels
    labels = ["MASE", "MAE", "bias", *(f"inside {level:g} %" for level in levels)]
    return labels, ["mase", "mae", "bias", *(f"coverage-{level:g}" for level in levels)]


def describe_all(result: LiveScores) -> Iterator[Block]:
    """Yield the live measures against training's, then those of each lead time."""
    outcome, overall = result.outcome, result.outcome.overall
    yield TextGrid(
        [
            ("model", f"{result.model} (issued by {', '.join(result.versions)})"),
            ("issued", counted(outcome.issues, "prediction")),
            (
                "compared",
                f"{counted(outcome.values, 'actual value')}; {counted(outcome.pending, 'forecast')} without one yet",
            ),
        ]
    )
    if result.hindsight:
        yield TextLine(
            f"{counted(result.hindsight, 'prediction')} left out: as of a time that their model was trained on", "dim"
        )
    if result.others:
        yield TextLine(f"Forecasts of other values left out: {'; '.join(result.others)}", "dim")
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
    header, names = columns_of(result)
    yield TextLine("")
    yield TextGrid(
        [
            (str(row["lead"]), f"{row['values']:,}", *(cell(name, row[name]) for name in names))
            for row in result.by_lead()[:MOST_LEADS]
        ],
        header=("lead", "values", *header),
    )


def cell(name: str, value: float | None) -> str:
    """Return a measure as it is shown."""
    return percent(value) if name.startswith("coverage") else number(value)
