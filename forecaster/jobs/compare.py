"""From a data file to a leaderboard of kinds."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.base import files
from forecaster.base.errors import DataError
from forecaster.base.rowfile import is_parquet, maybe_writing_rows
from forecaster.base.tasks import TRAINING, Luggage, alone, check_wanted
from forecaster.base.workers import check_workers, open_executor
from forecaster.config import (
    HERE_ALONE,
    CompareSettings,
    ModelSettings,
    ReadSettings,
    TrainSettings,
    WorkerSettings,
    parse_levels,
    parse_quantiles,
)
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.data.source import Data
from forecaster.jobs.brief import brief
from forecaster.jobs.elsewhere import do_all, found_elsewhere
from forecaster.jobs.events import Events
from forecaster.jobs.names import check_outputs, is_named, keep_in, models_folder, name_of
from forecaster.jobs.notices import mostly_zero
from forecaster.model.origins import Origins
from forecaster.model.planner import choose_horizon, choose_season
from forecaster.scoring.backtest import check_names, prediction_rows, rolling_origin, span
from forecaster.scoring.comparison import Comparison, Standing
from forecaster.scoring.kinds import SLOW, Answer, Task, parse_kinds

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class CompareJob:
    """All inputs of `compare`.

    Attributes:
        data: Path of the data file, `-` for stdin, or data in memory.
        model: The window and the network of `lstm`, and the horizon of all.
        training: How `lstm` is trained.
    """

    data: Data
    settings: CompareSettings = field(default_factory=CompareSettings)
    reading: ReadSettings = field(default_factory=ReadSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    training: TrainSettings = field(default_factory=TrainSettings)


@dataclass(frozen=True, kw_only=True, eq=False)
class CompareResult:
    """A leaderboard.

    Attributes:
        standings: Best first.
        origins: Where the forecasts started.
        step: Steps from one cutoff of a series to the next.
        task: Season, horizon and levels.
    """

    panel: Panel
    standings: list[Standing]
    origins: Origins
    step: int
    task: Task
    settings: CompareSettings

    __repr__ = brief

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """(id, reason) of series that were not compared on."""
        absent = np.setdiff1d(np.arange(self.panel.n_series), self.origins.series)
        return [*self.panel.skipped, *((self.panel.ids[s], "too short for a cutoff") for s in absent)]

    @property
    def cutoffs(self) -> tuple[str, str]:
        """The first and the last, as they are written."""
        return span(self.panel, self.origins)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the leaderboard does not show."""
        return mostly_zero(self.panel, self.task.season)

    def records(self) -> list[dict[str, Any]]:
        """Return the leaderboard as rows, best first."""
        return [
            {
                "rank": rank,
                "kind": row.kind,
                **row.measures.overall,
                "seconds": round(row.seconds, 3),
                "replaced": row.replaced,
                "difference": row.difference,
                "difference_low": None if row.interval is None else row.interval[0],
                "difference_high": None if row.interval is None else row.interval[1],
                "verdict": row.judgement,
            }
            for rank, row in enumerate(self.standings, 1)
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return the leaderboard as a DataFrame, best first."""
        import pandas as pd

        return pd.DataFrame(self.records())

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        return {
            "data": self.panel.source,
            "series": self.panel.n_series,
            "windows": len(self.origins),
            "horizon": self.task.horizon,
            "step": self.step,
            "season_length": self.task.season,
            "levels": list(self.task.levels),
            "cutoffs": dict(zip(("first", "last"), self.cutoffs, strict=True)),
            "best": self.standings[0].kind,
            "leaderboard": self.records(),
            "by_lead": {row.kind: row.measures.by_lead for row in self.standings},
            "by_series": {
                "series": list(self.panel.ids),
                "mase": {row.kind: row.measures.by_series["mase"] for row in self.standings},
            },
            "predictions": None if self.settings.predictions is None else str(self.settings.predictions),
            "skipped": [{"series": name, "reason": reason} for name, reason in self.skipped],
            "findings": [asdict(finding) for finding in self.panel.findings],
        }


def compare(job: CompareJob, events: Events = Events(), workers: WorkerSettings = HERE_ALONE) -> CompareResult:
    """Let every kind learn anew at each cutoff, forecast, and be scored on the same windows.

    With workers each kind learns at each cutoff where one of them is, which reads the data itself.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written, an old one is untouched.
    """
    kinds, path = parse_kinds(job.settings.models), job.settings.predictions
    comparison = begin_comparison(job, events)
    panel = comparison.panel
    if check_workers(workers.workers, workers.cluster):
        _learn_elsewhere(job, comparison, workers, events)
    with maybe_writing_rows(path) as writer:
        try:
            for done, (_, scored) in enumerate(comparison.run(kinds, time.monotonic, events.on_share), 1):
                events.on_state(
                    f"{done} of {comparison.cutoffs * len(kinds)} forecasts are made{comparison.so_far}"
                    f"{comparison.kept.where or ', and none is stored'}"
                )
                if writer is not None and path is not None:
                    writer.write(prediction_rows(panel, scored, as_text=not is_parquet(path)))
        except DataError as error:  # what was known at the oldest cutoff was too little
            raise DataError(error.message, hint="Give fewer --windows, a shorter --horizon, or more data") from None
    comparison.kept.remove()
    return CompareResult(
        panel=panel,
        standings=comparison.standings(),
        origins=comparison.origins,
        step=comparison.step,
        task=comparison.task,
        settings=job.settings,
    )


@dataclass(frozen=True)
class Lesson:
    """A kind that learns at one cutoff, 0 the newest, for a comparison."""

    job: CompareJob
    kind: str
    nth: int


@alone
def learn(lesson: Lesson, _: Path | None) -> tuple[Answer, float]:
    """Let a kind learn at a cutoff, in a process that keeps the data of the last comparison."""
    key = repr(lesson.job)
    if key not in _OPENED:
        _OPENED.clear()
        _OPENED[key] = begin_comparison(lesson.job, Events(on_panel=check_wanted))
    return _OPENED[key].learn(lesson.kind, lesson.nth, time.monotonic)


_OPENED: dict[str, Comparison] = {}
"""The comparison that a worker process has read the data of."""


def _learn_elsewhere(job: CompareJob, comparison: Comparison, workers: WorkerSettings, events: Events) -> None:
    """Let all kinds learn at all cutoffs on workers, slow ones first.

    Raises:
        UsageError: The data is no file that workers could read.
        ForecastError: What a kind failed with.
    """
    data, storage = found_elsewhere(job.data), comparison.kept.folder
    settings = replace(job.settings, predictions=None, storage=None if storage is None else storage.absolute())
    own = replace(job, data=data, settings=settings)
    kinds = sorted(parse_kinds(job.settings.models), key=lambda kind: kind not in SLOW)
    lessons = [Lesson(own, kind, nth) for kind in kinds for nth in comparison.numbers]
    done = 0
    with open_executor(workers.workers, workers.cluster, Luggage(packages=TRAINING)) as doing:
        events.on_place(doing.place)
        for at, learned in do_all(doing, learn, lessons, events, ("comparing", "forecasts")):
            comparison.take(lessons[at].kind, lessons[at].nth, learned)
            done += 1
            events.on_share(done / len(lessons))


def begin_comparison(job: CompareJob, events: Events) -> Comparison:
    """Check the settings, read the data, and lay the cutoffs; nothing has been learned yet.

    Raises:
        ForecastError: Of the kind that says what went wrong.
    """
    settings, path = job.settings, job.settings.predictions
    levels, quantiles = parse_levels(settings.levels), parse_quantiles(settings.quantiles)
    if path is not None:
        is_parquet(path)
        files.check_writable(path)
        check_outputs({"--predictions": path}, job.data)
    panel = read_panel(job.data, job.reading)
    if path is not None:
        check_names(panel)
    events.on_panel(panel)
    season = choose_season(panel, job.reading.season)
    horizon = job.model.horizon or choose_horizon(panel, season)
    step = settings.step or horizon
    origins = rolling_origin(panel, settings.windows, step, horizon)
    task = Task(
        season=season, horizon=horizon, levels=levels, quantiles=quantiles, model=job.model, training=job.training
    )
    kept = None
    if is_named(job.data):
        home = models_folder(None) / name_of(job.data) / "COMPARING"
        kept = keep_in(settings, home, resume=job.training.resume)
    return Comparison(panel, origins, step, task, kept)
