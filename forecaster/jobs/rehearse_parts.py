"""What would be done with a folder of parts, and at what cost: one part is read, and the rest reckoned from it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from forecaster.base.errors import ForecastError
from forecaster.config import WorkerSettings
from forecaster.data.folders import Part
from forecaster.data.listing import Parts
from forecaster.jobs.evaluate import EvaluateJob
from forecaster.jobs.evaluate_parts import check_evaluate_parts
from forecaster.jobs.events import Events
from forecaster.jobs.opening import PartOf
from forecaster.jobs.predict import PredictJob
from forecaster.jobs.predict_parts import check_predict_parts
from forecaster.jobs.rehearse import Rehearsal, rehearse_predict
from forecaster.jobs.rehearse_scores import rehearse_evaluate


def rehearse_predict_parts(
    job: PredictJob, parts: Parts, workers: WorkerSettings, events: Events = Events()
) -> Rehearsal:
    """Read the first part that can be read as `predict` does, and reckon all parts from it, by the size of their files.

    Raises:
        ForecastError: What `predict` would refuse before it reads a part; or that of the first, where none can be read.
    """
    check_predict_parts(job, parts, workers)
    return _reckon(parts, job, lambda part: rehearse_predict(_of_part(job, parts, part), events), workers)


def rehearse_evaluate_parts(job: EvaluateJob, workers: WorkerSettings, events: Events = Events()) -> Rehearsal:
    """Do the same for `evaluate`.

    Raises:
        ForecastError: As `rehearse_predict_parts`.
    """
    parts, _ = check_evaluate_parts(job, workers)
    alone = replace(job, settings=replace(job.settings, output=None))
    return _reckon(parts, job, lambda part: rehearse_evaluate(_of_part(alone, parts, part), events), workers)


def _of_part(job: Any, parts: Parts, part: Part) -> Any:
    whole = PartOf(whole=parts.source, models_dir=job.models_dir)
    return replace(job, data=part, part_of=whole if job.models_dir is not None else None)


def _reckon(
    parts: Parts, job: PredictJob | EvaluateJob, rehearse: Callable[[Part], Rehearsal], workers: WorkerSettings
) -> Rehearsal:
    """Return what all parts would take, from the first that can be rehearsed."""
    sizes = [_size(part) for part in parts.paths]
    faults = []
    for part, label, size in zip(parts.paths, parts.names, sizes, strict=True):
        try:
            one = rehearse(part)
        except ForecastError as fault:
            faults.append(fault)
            continue
        times = sum(sizes) / size if size else len(sizes)  # what lies elsewhere is taken to be alike
        count = f"{len(parts.paths):,}, of which {label} was read; rows and series are reckoned from it"
        return replace(
            one,
            data=parts.source,
            rows=round(one.rows * times),
            series=round(one.series * times),
            windows=round(one.windows * times),
            choices=(("parts", count), *(choice for choice in one.choices if choice[0] not in ("rows", "windows"))),
            seconds=one.seconds * times / workers.workers,
            timed=f"{one.timed}, in {label}{f'; shared by {workers.workers} workers' if workers.workers > 1 else ''}",
            writes=(f"{job.settings.output}: a file a part",),
        )
    raise faults[0]


def _size(part: Part) -> int:
    """Return the bytes of a part; 0 where it cannot be looked at."""
    with suppress(OSError):
        return os.stat(part).st_size  # noqa: PTH116 - a part is a text
    return 0
