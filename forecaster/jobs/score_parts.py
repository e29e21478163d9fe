"""From the ledger and a folder of parts with actual values to live scores, over all and by series in files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from forecaster._version import __version__
from forecaster.base import files
from forecaster.base.arrow import from_texts
from forecaster.base.errors import UsageError
from forecaster.base.records import dump, to_json
from forecaster.base.rowfile import writing_rows
from forecaster.base.tasks import Executor
from forecaster.base.workers import check_workers, open_executor
from forecaster.config import WorkerSettings
from forecaster.data.grid import read_panel
from forecaster.data.listing import Parts
from forecaster.data.schema import Schema
from forecaster.jobs.events import Events
from forecaster.jobs.names import choose_model, ledger_of, models_folder
from forecaster.jobs.part_records import Json, PartRecord, holding_results
from forecaster.jobs.part_tasks import first_found
from forecaster.jobs.parts import PartsOrder, PartsResult, PartTask, check_folders, run_parts
from forecaster.jobs.score import LiveScores, ScoredModel, ScoreJob, check_limits, limits_in, nothing_issued
from forecaster.model.ledger import Issue, Unreadable, ledger_names, read_for_series
from forecaster.scoring.outcome import Outcome, pool_outcomes, score_issues


@dataclass(frozen=True, kw_only=True)
class PartsScore:
    """What is scored in each part.

    Attributes:
        known: The model.
        ledger: Its folder.
    """

    known: ScoredModel
    ledger: Path


@dataclass(frozen=True, kw_only=True, eq=False)
class PartsScoreResult:
    """The parts, and the live scores over all; None where no part is done."""

    parts: PartsResult
    live: LiveScores | None


def score_parts(job: ScoreJob, workers: WorkerSettings, events: Events = Events()) -> PartsScoreResult:
    """Compare what was issued with the actual values, part by part, and pool the scores.

    Raises:
        ForecastError: Of the kind that says what went wrong, before any part was done; a part that fails raises
            nothing.
    """
    settings, parts = job.settings, Parts.of(job.actuals)
    if settings.output is None or parts is None:
        raise UsageError(
            f"--output {settings.output}: the scores of parts, and {job.actuals} has none",
            hint="Name a folder or glob with --actuals, or leave it out",
        )
    limits_in(settings)
    check_workers(workers.workers, workers.cluster)
    check_folders(parts, settings.output, "--output")
    root = models_folder(job.models_dir)
    known = ScoredModel.of(root, choose_model(root, None) if settings.model is None else settings.model)
    folder = Path(settings.ledger) if settings.ledger else ledger_of(root, known.name, job.actuals)
    names = ledger_names(folder)
    if not names:
        raise nothing_issued(folder, known, ())
    whole = PartsScore(known=known, ledger=folder)
    with (
        holding_results(settings.output, "forecast score"),
        open_executor(workers.workers, workers.cluster) as doing,
    ):
        events.on_place(doing.place)
        tasks = _tasks(replace(job, models_dir=root), whole, parts, doing)
        done = run_parts(PartsOrder(tasks=[_made(task, names) for task in tasks], sum_up=_sum_up(whole)), doing, events)
    return PartsScoreResult(parts=done, live=live_scores(whole, _records(done)))


def _tasks(job: ScoreJob, whole: PartsScore, parts: Parts, doing: Executor) -> list[PartTask]:
    """Return one task a part; without a model that knows, how all are read is detected in the first of them."""
    tasks = [
        PartTask(
            part=part,
            name=name,
            label=label,
            source=parts.source,
            folder=Path(str(job.settings.output)),
            cwd=str(Path.cwd()),
            models_dir=Path(str(job.models_dir)),
            reading=whole.known.reading(job.reading),
            schema=whole.known.schema,
            model=None,
            made={},
            job=whole,
            work=score_part,
        )
        for part, name, label in zip(parts.paths, parts.outputs(), parts.names, strict=True)
    ]
    if whole.known.schema is not None:
        return tasks
    schema: Schema = first_found(detect_schema, tasks, doing)
    return [replace(task, schema=schema) for task in tasks]


def detect_schema(task: PartTask, sent: Path | None) -> Schema:
    """Read a part, and return what was detected."""
    task = task.at_home(sent)
    return read_panel(task.part, task.reading).schema


def _made(task: PartTask, names: Sequence[str]) -> PartTask:
    """Return a task with all that decides its results: the names in a ledger are hashes of what it holds."""
    whole: PartsScore = task.job
    made = {
        "forecast": __version__,
        "command": "score",
        "model": {"name": whole.known.name, "version": whole.known.version, "only": whole.known.only},
        "ledger": files.sha256("\n".join(names).encode()),
        "reading": asdict(task.reading),
        "schema": dump(task.schema),
    }
    return replace(task, made=json.loads(to_json(made)))


def score_part(task: PartTask, events: Events) -> PartRecord:
    """Score what was issued for the series of a part, and write their scores."""
    whole: PartsScore = task.job
    panel = read_panel(task.part, task.reading, task.schema)
    events.on_panel(panel)
    issues, hindsight, unreadable = dict[str, Issue](), list[str](), list[list[str]]()
    others = set[str]()
    for name, found in read_for_series(task.here(whole.ledger), panel.ids):
        events.on_share(0.0)
        if isinstance(found, Unreadable):
            unreadable.append([name, found.reason])
        elif whole.known.issued(found):
            if found.hindsight:
                hindsight.append(name)
            elif not found.is_of(panel):
                others.add(found.measured)
            else:
                issues[name] = found
    outcome = score_issues(list(issues.values()), panel) if issues else None
    output = task.output()
    rows = by_series(panel.ids, outcome)
    with writing_rows(output) as writer:
        writer.write(rows)
    return task.record(
        {
            "rows": len(rows["series"]),
            "series": panel.n_series,
            "skipped": 0,
            "issues": sorted(issues),
            "versions": sorted({issue.version for issue in issues.values()}),
            "hindsight": hindsight,
            "others": sorted(others),
            "unreadable": unreadable,
            "outcome": outcome and _kept(outcome),
        }
    )


def by_series(ids: Sequence[str], outcome: Outcome | None) -> dict[str, pa.Array]:
    """Return a row for each series: how many values were scored, and its measures."""
    counts = np.zeros(len(ids), np.int64) if outcome is None else outcome.of_series
    measures = {} if outcome is None else outcome.by_series
    columns = {name: pa.array(column, pa.float64()) for name, column in measures.items()}
    return {"series": from_texts(ids), "values": pa.array(counts), **columns}


def _kept(outcome: Outcome) -> Json:
    """Return an outcome as JSON-safe data, without its series."""
    return {
        "values": outcome.values,
        "pending": outcome.pending,
        "levels": list(outcome.levels),
        "counts": outcome.counts.tolist(),
        "scaled": outcome.scaled.tolist(),
        "sums": outcome.sums,
    }


def _outcome_of(kept: Json) -> Outcome:
    """Undo `_kept`."""
    none = np.zeros(0, np.int64)
    return Outcome(
        issues=0,
        values=kept["values"],
        pending=kept["pending"],
        levels=tuple(kept["levels"]),
        overall=None,
        by_lead={},
        by_series={},
        counts=np.array(kept["counts"], np.int64),
        scaled=np.array(kept["scaled"], np.int64),
        of_series=none,
        sums=kept["sums"],
    )


def live_scores(whole: PartsScore, done: Sequence[PartRecord]) -> LiveScores | None:
    """Return the scores over all parts that are done; None where nothing was issued for a series of theirs."""

    def named(key: str) -> set[str]:
        return {name for record in done for name in record.facts[key]}

    outcomes = [_outcome_of(record.facts["outcome"]) for record in done if record.facts["outcome"]]
    if not outcomes:
        return None
    unreadable = {name: reason for record in done for name, reason in record.facts["unreadable"]}
    return LiveScores(
        model=whole.known.name,
        version=whole.known.version,
        versions=tuple(sorted(named("versions"))),
        folder=whole.ledger,
        outcome=replace(pool_outcomes(outcomes), issues=len(named("issues"))),
        hindsight=len(named("hindsight")),
        others=tuple(sorted(named("others"))),
        unreadable=tuple(Unreadable(whole.ledger / name, reason) for name, reason in sorted(unreadable.items())),
        training=whole.known.training,
    )


def _sum_up(whole: PartsScore) -> Any:
    """Return what pools the scores of all parts."""

    def sum_up(done: Sequence[PartRecord]) -> Json:
        live = live_scores(whole, done)
        facts: Json = {"model": whole.known.name, "version": whole.known.version, "ledger": str(whole.ledger)}
        facts["series"] = sum(record.facts["series"] for record in done)
        if live is None:
            return facts
        unreadable = [{"part": part.path.name, "reason": part.reason} for part in live.unreadable]
        return {**facts, "versions": list(live.versions), **live.facts(), "unreadable": unreadable}

    return sum_up


def _records(result: PartsResult) -> list[PartRecord]:
    states: Iterable[Any] = (state.record for state in result.states)
    return [record for record in states if record is not None]


def check_parts_limits(result: PartsScoreResult, job: ScoreJob) -> None:
    """Refuse live quality over all parts that is out of the limits that were set.

    Raises:
        MissingError: Nothing was issued for a series of any part.
        GateError: As `check_limits`.
    """
    if result.live is None:
        root = models_folder(job.models_dir)
        known = ScoredModel.of(root, choose_model(root, None) if job.settings.model is None else job.settings.model)
        raise nothing_issued(Path(result.parts.totals["ledger"]), known, ())
    if result.live.outcome.values:
        check_limits(result.live, *limits_in(job.settings))
