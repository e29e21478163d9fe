"""`forecast evaluate`: a saved model and known data in, scores out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from forecaster.base.meter import working
from forecaster.cli import log
from forecaster.cli.notes import finish, listening, note_builtin
from forecaster.cli.options import MaybeDataFile, ModelsDir, OutputSettings, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, number, percent, warn
from forecaster.cli.parts import check_alone, show_parts, showing_parts
from forecaster.cli.process import after, now_stands
from forecaster.cli.rehearsal import show_rehearsal
from forecaster.cli.scores import error_grid, verdict, way_of
from forecaster.config import (
    BacktestSettings,
    DrySettings,
    EvaluateSettings,
    GateSettings,
    ReadSettings,
    WorkerSettings,
)

if TYPE_CHECKING:
    from forecaster.jobs import EvaluateJob, EvaluateResult, PartsResult

MOST_LEADS = 8
"""Lead times in the table on the screen, evenly spread."""

MOST_SERIES = 5
"""Series in it: those with the largest error."""


@takes_settings
def evaluate(
    settings: EvaluateSettings,
    reading: ReadSettings,
    backtest: BacktestSettings,
    gates: GateSettings,
    workers: WorkerSettings,
    dry: DrySettings,
    output: OutputSettings,
    data: MaybeDataFile = None,
    models_dir: ModelsDir = None,
) -> int:
    """Measure a saved model on known data: forecasts from many cutoffs, each against the actual values.

    The model is used as it is, without a refit, and sees nothing after a cutoff; seasonal naive forecasts from the same
    cutoffs. Scores are given over all windows, by lead time and by series. Values that were missing and have been
    filled are not scored. Off a terminal the scores are JSON. With a gate that is not reached, exits 4.

    With --output each part of a folder or glob is scored by itself, and the scores are summed up; what is done is left
    alone when the command is run again, and --workers and --cluster share the work.

    Example: forecast evaluate sample_data/nyc_departures_daily.csv --windows 20 --step 1 --predictions backtest.csv
    """
    from forecaster import jobs

    printer = Printer(output, piped="json")
    job = jobs.EvaluateJob(
        data=data,
        settings=settings,
        reading=reading,
        backtest=backtest,
        gates=gates,
        models_dir=models_dir,
        attended=sys.stdout.isatty(),
    )
    if dry.dry_run and settings.output is not None:
        return show_rehearsal(printer, jobs.rehearse_evaluate_parts(job, workers, listening(printer)))
    if dry.dry_run:
        return show_rehearsal(printer, jobs.rehearse_evaluate(job, listening(printer)))
    if settings.output is not None:
        return evaluate_by_part(printer, job, workers)
    check_alone(workers, "a folder or glob of parts, and a folder for their scores: --output scores")
    with working("forecasting") as work:
        result = jobs.evaluate(job, listening(printer, on_share=work.see_share, on_state=now_stands))
    note_builtin(result.model, output.quiet)
    with after(f"{result.predictions} was written" if result.predictions else "nothing changed"):
        log.event("evaluated", model=result.model.name, version=result.model.version, metrics=result.metrics)
        if result.seen:
            warn(
                f"{result.seen:,} of {result.scores.windows:,} windows lie in the time that the model was trained on: "
                "their scores flatter it"
            )
        printer.show(result.summary(), result.records(), describe(result))
        return finish(result.skipped, result.warnings)


def evaluate_by_part(printer: Printer, job: EvaluateJob, workers: WorkerSettings) -> int:
    """Measure the parts of a folder one by one, and show the scores over all."""
    from forecaster import jobs

    with showing_parts(printer, "forecasting") as events:
        result = jobs.evaluate_parts(job, workers, events)
    code = show_parts(printer, result, pooled)
    jobs.check_parts_gates(result, job)
    return code


def pooled(result: PartsResult) -> Iterator[Block]:
    """Yield the measures over all parts against the baseline's, and the verdict."""
    metrics = result.totals.get("metrics")
    if metrics is None:
        return
    yield error_grid(metrics, "error")
    yield TextLine("")
    yield interval_grid(metrics)
    yield TextLine("")
    yield verdict(metrics, "windows", f"See the series where it is worse in {result.folder}")
    yield TextLine("")


def interval_grid(metrics: Mapping[str, Any]) -> TextGrid:
    """Return how much each interval holds, and how wide it is."""
    ours = metrics["model"]
    return TextGrid(
        [
            (
                f"{level:g} %",
                percent(ours[f"coverage-{level:g}"]),
                number(ours[f"width-{level:g}"]),
                number(ours[f"msis-{level:g}"]),
            )
            for level in metrics["levels"]
        ],
        header=("interval", "actual values inside", "mean width", "MSIS"),
    )


def describe(result: EvaluateResult) -> Iterator[Block]:
    """Yield the measures against the baseline's, by lead time and for the worst series, and the verdict."""
    metrics = result.metrics
    every = f"every {result.step:,} steps" if result.step > 1 else "at every step"
    yield error_grid(metrics, "error")
    yield TextLine("")
    yield interval_grid(metrics)
    if result.totals:
        yield TextLine("")
        yield total_grid(result)
    if result.learned is not None:
        yield TextLine("")
        yield tier_grid(result)
    yield TextLine("")
    yield lead_grid(result)
    yield TextLine("")
    if result.panel.n_series > 1:
        yield series_grid(result)
        yield TextLine("")
    yield verdict(metrics, "windows", "See the series and lead times where it is worse: --format json")
    yield TextLine("")
    yield TextGrid(
        [
            ("model", f"{result.model.name} {result.model.version}"),
            ("cutoffs", f"{result.cutoffs[0]} to {result.cutoffs[1]}, {every}"),
            *([("made to add up", way_of(result.learned.summary()))] if result.learned else []),
            *([("file", str(result.predictions))] if result.predictions else []),
        ]
    )


def total_grid(result: EvaluateResult) -> TextGrid:
    """Return how much the intervals of totals hold, against those of the single steps."""
    levels = [f"coverage-{level:g}" for level in result.levels]
    ours = result.metrics["model"]
    rows = [
        ("each step", f"{result.scores.windows:,}", number(ours["wape"]), *(percent(ours[name]) for name in levels))
    ]
    for row in result.totals:
        inside = [percent(row[name]) for name in levels]
        rows.append((f"the first {row['steps']}", f"{row['windows']:,}", number(row["wape"]), *inside))
    return TextGrid(
        rows, header=("total of", "windows", "WAPE, %", *(f"inside {level:g} %" for level in result.levels))
    )


def tier_grid(result: EvaluateResult) -> TextGrid:
    """Return how good each level of a hierarchy is before and after its forecasts are made to add up."""
    level = f"coverage-{result.levels[0]:g}"
    rows = []
    for tier in result.tiers:
        before, after = tier["before"] or {}, tier["after"]
        errors = [number(side.get(name)) for name in ("mase", "wape") for side in (before, after)]
        inside = [percent(side[level]) if side else "" for side in (before, after)]
        rows.append((tier["level"], f"{tier['series']:,}", *errors, *inside))
    method = result.learned.reconciler.method if result.learned else ""
    inside_of = f"inside {result.levels[0]:g} %"
    return TextGrid(rows, header=("level", "series", "MASE", method, "WAPE, %", method, inside_of, method))


def lead_grid(result: EvaluateResult) -> TextGrid:
    """Return how the error and the coverage change with the lead time."""
    ours, theirs, level = result.scores.model.by_lead, result.scores.baseline.by_lead, result.levels[0]
    count = len(ours["mase"])
    leads = sorted({round(i * (count - 1) / max(min(MOST_LEADS, count) - 1, 1)) for i in range(min(MOST_LEADS, count))})
    return TextGrid(
        [
            (str(h + 1), number(ours["mase"][h]), number(theirs["mase"][h]), percent(ours[f"coverage-{level:g}"][h]))
            for h in leads
        ],
        header=("lead time", "MASE", result.metrics["baseline_name"], f"inside {level:g} %"),
    )


def series_grid(result: EvaluateResult) -> TextGrid:
    """Return the series with the largest errors."""
    ours, theirs = result.scores.model.by_series["mase"], result.scores.baseline.by_series["mase"]
    worst = sorted((-mase, s) for s, mase in enumerate(ours) if mase is not None)[:MOST_SERIES]
    return TextGrid(
        [(result.panel.ids[s], f"{result.counts[s]:,}", number(-mase), number(theirs[s])) for mase, s in worst],
        header=("largest errors", "windows", "MASE", result.metrics["baseline_name"]),
    )
