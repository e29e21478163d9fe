"""From a saved model and a folder of parts to a folder of forecast files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from forecaster.base.errors import UsageError
from forecaster.base.workers import check_workers, open_executor
from forecaster.config import FreshSettings, PredictSettings, WorkerSettings, parse_levels
from forecaster.data.age import limits_of
from forecaster.data.listing import Hashes, Parts, hash_names
from forecaster.jobs.events import Events
from forecaster.jobs.names import models_folder
from forecaster.jobs.notices import known_in_training, note_gone
from forecaster.jobs.opening import Asked, asked_by
from forecaster.jobs.part_records import Json, PartRecord, hash_file, holding_results
from forecaster.jobs.part_tasks import PartsJob
from forecaster.jobs.parts import PartsOrder, PartsResult, PartTask, check_folders, pack_model, run_parts
from forecaster.jobs.predict import PredictJob, predict
from forecaster.model.builtin import NAME, open_network, version_of_card

MOST_SKIPPED = 20
"""Series that were skipped of which a record has the name and the reason."""

NOT_OF_PARTS = (
    "paths",
    "paths_output",
    "totals",
    "totals_output",
    "hierarchy",
    "hierarchy_file",
    "reconcile",
    "output_table",
)
"""Settings of results that would be one for all parts."""


NO_MATTER = ("output", "ledger", "model", *NOT_OF_PARTS)
"""Settings that do not decide what a part's results are, or are recorded in another way."""


def parts_asked_for(job: PredictJob) -> Parts | None:
    """Return the parts where a folder or glob is to be forecast into a folder; None where all of it is one file's.

    Raises:
        UsageError: The results are to go into a folder, and the data is none.
    """
    output = job.settings.output
    if not (output.endswith("/") or os.path.isdir(output)) or job.data is None:  # noqa: PTH112 - a name may be too long
        return None
    parts = Parts.of(job.data)
    if parts is None and output.endswith("/"):
        raise UsageError(
            f"--output {output} is a folder, and {job.data} is one file",
            hint="Name a file with --output, or a folder or glob as DATA",
        )
    return parts


def predict_parts(job: PredictJob, parts: Parts, workers: WorkerSettings, events: Events = Events()) -> PartsResult:
    """Forecast each part of a folder by itself, into a file of its own.

    Raises:
        ForecastError: Of the kind that says what went wrong, before any part was done; a part that fails raises
            nothing.
    """
    settings, folder = job.settings, Path(job.settings.output)
    asked = check_predict_parts(job, parts, workers)
    root = models_folder(job.models_dir)
    future = hash_file(settings.future) if settings.future else None
    whole = PartsJob(
        command="predict",
        job=job,
        work=predict_part,
        folder=folder,
        models_dir=root,
        asked=asked,
        others={"fresh": asdict(job.fresh), "future": future},
        no_matter=NO_MATTER,
    )
    luggage = pack_model(root, whole.reference)
    with holding_results(folder, "forecast predict"), open_executor(workers.workers, workers.cluster, luggage) as doing:
        events.on_place(doing.place)
        tasks = whole.tasks(parts, doing)
        order = PartsOrder(tasks=tasks, sum_up=_sum_up(asked), check=_find_gone(job, parts, asked))
        return run_parts(order, doing, events)


def check_predict_parts(job: PredictJob, parts: Parts, workers: WorkerSettings) -> Asked:
    """Refuse what `predict_parts` would refuse before it reads a part, and return the model that is meant.

    Raises:
        ForecastError: Of the kind that says what is wrong.
    """
    settings = job.settings
    _check(settings, job.fresh)
    check_workers(workers.workers, workers.cluster)
    check_folders(parts, Path(settings.output), "--output")
    asked = asked_by(job)
    asked.check_horizon(None if settings.recursive else settings.horizon)
    return asked


def _check(settings: PredictSettings, fresh: FreshSettings) -> None:
    """Refuse settings that are wrong, or are not for parts, before any work."""
    parse_levels(settings.levels)
    limits_of(fresh)
    usual = {f.name: f.default for f in fields(settings)}
    for name in NOT_OF_PARTS:
        if getattr(settings, name) != usual[name]:
            flag = "--" + name.replace("_", "-")
            raise UsageError(f"{flag} has no place where a folder is forecast part by part", hint="Leave it out")


def predict_part(task: PartTask, events: Events) -> PartRecord:
    """Forecast a part, and write its file."""
    job: PredictJob = task.job
    output = task.output()
    settings = replace(job.settings, output=str(output))
    if settings.future is not None:
        settings = replace(settings, future=task.here(settings.future))
    if settings.ledger not in (None, "none"):
        settings = replace(settings, ledger=str(task.here(str(settings.ledger))))
    part_of = job.part_of
    if part_of is not None:
        part_of = replace(part_of, models_dir=task.here(part_of.models_dir))
    own = replace(job, data=task.part, models_dir=task.models_dir, settings=settings, part_of=part_of)
    result = predict(own, events)
    methods, counts = np.unique(result.forecast.last_methods().astype(str), return_counts=True)
    return task.record(
        {
            "rows": int(result.forecast.values.size),
            "series": result.panel.n_series,
            "horizon": result.forecast.values.shape[1],
            "methods": dict(zip(methods.tolist(), counts.tolist(), strict=True)),
            "skipped": len(result.skipped),
            "skipped_series": [list(each) for each in result.skipped[:MOST_SKIPPED]],
            "warnings": [text for text in result.warnings if not text.startswith(str(task.part))],
        }
    )


def _sum_up(asked: Asked) -> Any:
    """Return what sums up what was forecast in all parts."""
    name, _, version = (asked.saved.reference if asked.saved else NAME).partition("@")

    def sum_up(done: Sequence[PartRecord]) -> Json:
        methods: Counter[str] = Counter()
        for record in done:
            methods.update(record.facts["methods"])
        return {
            "model": name,
            "version": version or version_of_card(open_network().card),
            "horizon": max((record.facts["horizon"] for record in done), default=None),
            "series": sum(record.facts["series"] for record in done),
            "rows": sum(record.facts["rows"] for record in done),
            "methods": dict(sorted(methods.items())),
        }

    return sum_up


def _find_gone(job: PredictJob, parts: Parts, asked: Asked) -> Any:
    """Return what finds series of the training that stand in no part, given the names in each."""

    def check(names: Sequence[Hashes]) -> tuple[str, ...]:
        if asked.saved is None or not asked.saved.manifest.data.ids:
            return ()
        known = known_in_training(asked.saved)
        present = set[int]()
        wanted = hash_names(list(known.ends))
        for part in names:
            at = np.minimum(np.searchsorted(part, wanted), len(part) - 1)
            present.update(wanted[part[at] == wanted].tolist())
        gone = [name for name in known.ends if int(hash_names([name])[0]) not in present]
        return tuple(note_gone(parts.source, gone, known, job.settings)) if gone else ()

    return check
