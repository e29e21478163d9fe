"""What the parts of a folder have in common, whatever is done with them: the model, and how they are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from forecaster._version import __version__
from forecaster.base.errors import ForecastError
from forecaster.base.records import dump
from forecaster.base.tasks import Executor, Work
from forecaster.data.grid import read_panel
from forecaster.data.listing import Parts
from forecaster.data.schema import Schema
from forecaster.jobs.events import Events
from forecaster.jobs.opening import Asked, PartOf
from forecaster.jobs.part_records import PartRecord, hash_file
from forecaster.jobs.parts import PartTask
from forecaster.model.builtin import NAME, open_network
from forecaster.model.planner import choose_horizon, choose_season


@dataclass(frozen=True)
class KindOfPart:
    """What one part tells of how all are read: for the built-in network, which knows no data."""

    schema: Schema
    season: int
    horizon: int


def detect(task: PartTask, sent: Path | None) -> KindOfPart:
    """Read a part, and return what was detected."""
    task = task.at_home(sent)
    panel = read_panel(task.part, task.reading)
    season = choose_season(panel, task.reading.season)
    return KindOfPart(panel.schema, season, task.job.settings.horizon or choose_horizon(panel, season))


@dataclass(frozen=True, kw_only=True)
class PartsJob:
    """What is to be done with each part.

    Attributes:
        command: Its name.
        job: The job of the whole folder; it has `settings` and `reading`.
        work: Does it with a part.
        folder: Of the results.
        models_dir: Of all models.
        asked: The model that is meant.
        others: What else decides the results, by name; JSON-safe but for paths.
        no_matter: Settings that do not.
    """

    command: str
    job: Any
    work: Callable[[PartTask, Events], PartRecord]
    folder: Path
    models_dir: Path
    asked: Asked
    others: Mapping[str, Any]
    no_matter: Sequence[str]

    @property
    def reference(self) -> str | None:
        """NAME@VERSION of the saved model; None for the built-in network."""
        return self.asked.saved.reference if self.asked.saved else None

    def tasks(self, parts: Parts, doing: Executor) -> list[PartTask]:
        """Return one task a part; how the built-in network reads all is read from the first of them.

        Raises:
            ForecastError: The built-in network is asked, and no part can be read: what is wrong with the first.
        """
        tasks = [
            PartTask(
                part=part,
                name=name,
                label=label,
                source=parts.source,
                folder=self.folder,
                cwd=str(Path.cwd()),
                models_dir=self.models_dir,
                reading=self.job.reading,
                schema=None,
                model=self.reference,
                made={},
                job=self.job,
                work=self.work,
            )
            for part, name, label in zip(parts.paths, parts.outputs(), parts.names, strict=True)
        ]
        known = None if self.asked.saved else first_found(detect, tasks, doing)
        return [self._settled(task, known) for task in tasks]

    def _settled(self, task: PartTask, known: KindOfPart | None) -> PartTask:
        """Return a task with all that decides its results."""
        settings = replace(task.job.settings, model=self.reference or NAME)
        if known is not None:
            settings = replace(settings, horizon=known.horizon)
        schema, season = (known.schema, known.season) if known else (None, None)
        whole = PartOf(whole=task.source, models_dir=task.models_dir, schema=schema, season=season)
        job = replace(task.job, settings=settings, attended=False, part_of=whole)
        made = {
            "forecast": __version__,
            "command": self.command,
            "model": {"name": settings.model, "sha256": hash_of(self.asked)},
            "settings": {name: value for name, value in asdict(settings).items() if name not in self.no_matter},
            "reading": asdict(job.reading),
            "schema": dump(known.schema) if known else None,
            **self.others,
        }
        return replace(task, job=job, schema=schema, made=json.loads(json.dumps(made, default=str)))


def first_found(find: Work, tasks: Sequence[PartTask], doing: Executor) -> Any:
    """Return what the first part tells that can be read.

    Raises:
        ForecastError: That of the first part, where none can be read.
    """
    faults = []
    for task in tasks:
        [ended] = doing.run(find, [task])
        if ended.fault is None:
            return ended.value
        faults.append(ended.fault)
    fault: ForecastError = faults[0]
    raise fault


def hash_of(asked: Asked) -> str:
    """Return a hash of the model."""
    if asked.saved is None:
        return str(open_network().card["files"]["network.onnx"])
    return hash_file(asked.saved.folder / "manifest.json")
