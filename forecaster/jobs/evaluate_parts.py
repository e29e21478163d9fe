"""From a saved model and a folder of parts to scores over all of them, and a file of scores by series for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from forecaster.base.arrow import from_texts
from forecaster.base.errors import UsageError
from forecaster.base.rowfile import writing_rows
from forecaster.base.workers import check_workers, open_executor
from forecaster.config import GateSettings, WorkerSettings, key_of, parse_levels
from forecaster.data.listing import Parts
from forecaster.jobs.evaluate import EvaluateJob, EvaluateResult, check_gates, evaluate
from forecaster.jobs.events import Events
from forecaster.jobs.names import models_folder
from forecaster.jobs.opening import Asked, asked_by
from forecaster.jobs.part_records import Json, PartRecord, holding_results
from forecaster.jobs.part_tasks import PartsJob
from forecaster.jobs.parts import PartsOrder, PartsResult, PartTask, check_folders, pack_model, run_parts
from forecaster.model.builtin import NAME, open_network, version_of_card
from forecaster.scoring.backtest import facts_of
from forecaster.scoring.metrics import pool

NOT_OF_PARTS = ("predictions", "totals", "hierarchy", "hierarchy_file", "reconcile")
"""Settings of results that would be one for all parts."""

NO_MATTER = ("output", "model", *NOT_OF_PARTS)
"""Settings that do not decide what a part's results are, or have no place with parts."""

MOST_SKIPPED = 20
"""Series that were skipped of which a record has the name and the reason."""


def evaluate_parts(job: EvaluateJob, workers: WorkerSettings, events: Events = Events()) -> PartsResult:
    """Measure a model on each part of a folder by itself, and sum up the scores.

    Raises:
        ForecastError: Of the kind that says what went wrong, before any part was done; a part that fails raises
            nothing.
        GateError: The model does not reach what was asked; the scores are in the folder all the same.
    """
    settings = job.settings
    parts, asked = check_evaluate_parts(job, workers)
    assert settings.output is not None  # noqa: S101 - that is checked
    root = models_folder(job.models_dir)
    whole = PartsJob(
        command="evaluate",
        job=replace(job, gates=GateSettings()),
        work=evaluate_part,
        folder=settings.output,
        models_dir=root,
        asked=asked,
        others={"backtest": vars(job.backtest)},
        no_matter=NO_MATTER,
    )
    luggage, holder = pack_model(root, whole.reference), "forecast evaluate"
    with (
        holding_results(settings.output, holder),
        open_executor(workers.workers, workers.cluster, luggage) as doing,
    ):
        events.on_place(doing.place)
        order = PartsOrder(tasks=whole.tasks(parts, doing), sum_up=_sum_up(job, asked))
        return run_parts(order, doing, events)


def check_evaluate_parts(job: EvaluateJob, workers: WorkerSettings) -> tuple[Parts, Asked]:
    """Refuse what `evaluate_parts` would refuse before it reads a part, and return the parts and the model.

    Raises:
        ForecastError: Of the kind that says what is wrong.
    """
    settings = job.settings
    parts = None if job.data is None else Parts.of(job.data)
    if settings.output is None or parts is None:
        raise UsageError(
            f"--output {settings.output}: the scores of parts, and {job.data} has none",
            hint="Name a folder or glob as DATA, or leave it out",
        )
    for name in NOT_OF_PARTS:
        if getattr(settings, name) is not None:
            flag = f"--{key_of(name)}"
            raise UsageError(f"{flag} has no place where parts are scored one by one", hint="Leave it out")
    parse_levels(settings.levels)
    check_workers(workers.workers, workers.cluster)
    check_folders(parts, settings.output, "--output")
    asked = asked_by(job)
    asked.check_horizon(settings.horizon)
    return parts, asked


def evaluate_part(task: PartTask, events: Events) -> PartRecord:
    """Measure a part, and write its scores by series."""
    job: EvaluateJob = task.job
    output = task.output()
    settings = replace(job.settings, output=None)
    result = evaluate(replace(job, data=task.part, models_dir=task.models_dir, settings=settings), events)
    with writing_rows(output) as writer:
        writer.write(_by_series(result))
    return task.record(
        {
            "rows": result.panel.n_series,
            "series": result.panel.n_series,
            "horizon": len(result.scores.model.by_lead["mae"]),
            "season": result.model.season,
            "seen": result.seen,
            "sums": result.sums,
            "skipped": len(result.skipped),
            "skipped_series": [list(each) for each in result.skipped[:MOST_SKIPPED]],
            "warnings": list(result.warnings),
        }
    )


def _by_series(result: EvaluateResult) -> dict[str, pa.Array]:
    """Return the scores of a part, one row a series: windows, and each measure of the model and of the baseline."""
    ours, theirs = result.scores.model.by_series, result.scores.baseline.by_series
    return {
        "series": from_texts(result.panel.ids),
        "windows": pa.array(result.counts),
        **{name: pa.array(column, pa.float64()) for name, column in ours.items()},
        **{f"baseline-{name}": pa.array(column, pa.float64()) for name, column in theirs.items()},
    }


def _sum_up(job: EvaluateJob, asked: Asked) -> Any:
    """Return what pools the scores of all parts."""
    levels = parse_levels(job.settings.levels)

    def sum_up(done: Sequence[PartRecord]) -> Json:
        model, version = (asked.saved.name, asked.saved.version) if asked.saved else (NAME, "")
        facts: Json = {"model": model, "version": version or version_of_card(open_network().card)}
        if not done:
            return facts
        horizon = max(int(record.facts["horizon"]) for record in done)
        scores = pool([record.facts["sums"] for record in done], horizon)
        seen = [record.facts["seen"] for record in done]
        return facts | {
            "series": sum(record.facts["series"] for record in done),
            "horizon": horizon,
            "windows_seen_in_training": None if None in seen else sum(seen),
            "metrics": facts_of(scores, int(done[0].facts["season"]), levels),
            "by_lead": {"model": scores.model.by_lead, "baseline": scores.baseline.by_lead},
        }

    return sum_up


def check_parts_gates(result: PartsResult, job: EvaluateJob) -> None:
    """Refuse scores over all parts that are not as good as was asked.

    Raises:
        GateError: One is worse, or undefined.
    """
    done = [state.record for state in result.states if state.record]
    if done:
        horizon = max(int(record.facts["horizon"]) for record in done)
        scores = pool([record.facts["sums"] for record in done], horizon)
        check_gates(scores, parse_levels(job.settings.levels), job.gates)
