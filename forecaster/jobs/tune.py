"""From a data file to the best settings for it, in a file that `train --config` reads."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from forecaster.base import files
from forecaster.base.errors import DataError, DeadlineError, GateError, UsageError
from forecaster.base.extras import check_extra
from forecaster.base.meter import Work, working
from forecaster.base.tasks import TRAINING, Executor, Luggage, alone, check_wanted
from forecaster.base.workers import open_executor
from forecaster.config import (
    HERE_ALONE,
    FitSettings,
    ModelSettings,
    ReadSettings,
    TuneSettings,
    WorkerSettings,
    key_of,
)
from forecaster.config.jobfile import write_settings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.jobs.brief import brief
from forecaster.jobs.elsewhere import do_all, found_elsewhere, is_shared_out
from forecaster.jobs.events import Events, TrialRow
from forecaster.jobs.names import check_outputs, models_folder, name_of, recorded
from forecaster.model.planner import choose_season
from forecaster.scoring.backtest import span
from forecaster.scoring.search import (
    AT_ONCE,
    Attempt,
    Axis,
    State,
    Study,
    Values,
    apply,
    check_storage,
    find_axes,
    is_behind,
    open_study,
)
from forecaster.scoring.tuning import FinalTest, OutOfTimeError, Tuning

LEAST_SHARE, MOST_SHARE = 0.1, 0.5
"""Of the time limit, for the comparison at the end."""


@dataclass(frozen=True, kw_only=True)
class TuneJob:
    """All inputs of `tune`.

    Attributes:
        data: Path of the data file, or `-` for stdin.
        model, fit: Settings that hold for all trials; the search changes what they leave at its default.
        models_dir: Folder of all models, or None for the default; the search is stored in it.
        lock_wait: Seconds to wait for another search in the same file.
    """

    data: str
    settings: TuneSettings = field(default_factory=TuneSettings)
    reading: ReadSettings = field(default_factory=ReadSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    fit: FitSettings = field(default_factory=FitSettings)
    models_dir: Path | None = None
    lock_wait: float = 60.0


@dataclass(frozen=True, kw_only=True, eq=False)
class TuneResult:
    """What a search found.

    Attributes:
        values: The best settings: those that were searched.
        error: Their MASE on the windows that the search judged by; `default_error` that of the defaults.
        contest: Both on windows that the search never saw.
        cutoffs: The first and the last of these windows, as they are written.
        tried: Trials in the search, those of earlier runs included.
        trials: Those of this run.
    """

    panel: Panel
    values: Values
    error: float
    default_error: float | None
    contest: FinalTest
    cutoffs: tuple[str, str]
    horizon: int
    tried: int
    trials: list[TrialRow]
    storage: Path
    output: Path
    seconds: float

    __repr__ = brief

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        contest = self.contest
        return {
            "data": self.panel.source,
            "series": self.panel.n_series,
            "horizon": self.horizon,
            "output": str(self.output),
            "storage": str(self.storage),
            "best": _flags(self.values),
            "search_mase": {"default": self.default_error, "best": self.error},
            "unseen": {
                "windows": contest.windows,
                "cutoffs": dict(zip(("first", "last"), self.cutoffs, strict=True)),
                "default": contest.default.model.overall,
                "best": contest.best.model.overall,
                "baseline": contest.best.baseline.overall,
                "difference": contest.difference,
                "interval": contest.interval,
                "judgement": contest.judgement,
            },
            "tried": self.tried,
            "trials": self.records(),
            "skipped": [{"series": name, "reason": reason} for name, reason in self.panel.skipped],
            "seconds": round(self.seconds, 3),
        }

    def records(self) -> list[dict[str, Any]]:
        """Return the trials of this run as rows."""
        return [
            {"trial": row.number, "state": row.state, "mase": row.error, "seconds": round(row.seconds, 3)}
            | _flags(row.values)
            for row in self.trials
        ]


def tune(job: TuneJob, events: Events = Events(), workers: WorkerSettings = HERE_ALONE) -> TuneResult:
    """Search for better settings, and compare the best with the defaults on windows that the search never saw.

    Whenever a trial is the best so far its settings are published, so a search that is stopped leaves what it found.
    With workers each trial runs where one of them is, which reads the data itself; the search is stored here.

    Raises:
        ForecastError: Of the kind that says what went wrong; what was found before is in the file.
    """
    began, settings = time.monotonic(), job.settings
    check_extra("tune", "forecast tune")
    data = found_elsewhere(job.data) if is_shared_out(job.data, workers) else job.data
    storage = _prepare_storage(job)
    files.check_writable(settings.output)
    check_outputs({"--output": settings.output, "--storage": storage}, job.data)
    tuning, axes = begin_search(job, events)
    name = f"{name_of(job.data)}-{tuning.identify(axes)[:16]}"
    end = None if settings.time_limit is None else began + settings.time_limit
    with (
        files.locked(storage.with_name(f"{storage.name}.lock"), job.lock_wait, "forecast tune"),
        open_study(storage, name, axes, job.fit.seed, resume=settings.resume) as study,
        open_executor(workers.workers, workers.cluster, Luggage(packages=TRAINING)) as doing,
    ):
        events.on_place(doing.place)
        events.on_start((study.tried > 0) if settings.resume else None)
        own = replace(job, data=data)
        _BEGUN[repr(own)] = tuning
        searcher = _Searcher(job, tuning, study, events, end)
        with working("searching", settings.trials, "trials") as meter:
            meter.limit = settings.time_limit
            searcher.search(doing, own, meter)
        _BEGUN.clear()
        values, error = searcher.found()
        tried = study.tried
    events.on_state(f"the best settings of {tried} trials are in {settings.output}, not yet compared with the defaults")
    left = None if end is None else max(end - time.monotonic(), 1.0)
    with working("against the defaults") as work:

        def tell(share: float) -> None:
            work.see_share(share)
            events.on_share(share)

        contest = tuning.contest(apply(values, *tuning.settings), left, tell)
    result = TuneResult(
        panel=tuning.panel,
        values=values,
        error=error,
        default_error=searcher.error_of_defaults(),
        contest=contest,
        cutoffs=span(tuning.panel, tuning.origins),
        horizon=tuning.horizon,
        tried=tried,
        trials=searcher.rows,
        storage=storage,
        output=settings.output,
        seconds=time.monotonic() - began,
    )
    searcher.publish(values, notes_of(result))
    return result


def begin_search(job: TuneJob, events: Events) -> tuple[Tuning, tuple[Axis, ...]]:
    """Read the data, keep the last part of it away from the search, and lay out what is searched.

    Raises:
        ForecastError: Of the kind that says what went wrong.
    """
    panel = read_panel(job.data, job.reading)
    events.on_panel(panel)
    tuning = Tuning(panel, choose_season(panel, job.reading.season), (job.model, job.fit))
    events.on_plan(tuning.plan)
    return tuning, find_axes(job.settings.search, *tuning.settings, tuning.plan, tuning.longest)


def notes_of(result: TuneResult) -> list[str]:
    """Return what the settings file says of how it came about."""
    ours, theirs = (scores.model.overall["mase"] for scores in (result.contest.best, result.contest.default))
    shown = ["undefined" if value is None else f"{value:.4g}" for value in (ours, theirs)]
    return [
        f"Found by forecast tune in {result.tried} trials; to use it: forecast train --config {result.output.name}",
        f"MASE on {result.contest.windows:,} windows that it did not see: {shown[0]}, with the defaults {shown[1]}",
    ]


def storage_of(job: TuneJob) -> Path:
    """Return the file of the search."""
    return job.settings.storage or models_folder(job.models_dir) / name_of(job.data) / "TUNING"


def _prepare_storage(job: TuneJob) -> Path:
    """Return the file of the search, in a folder that exists and can be written."""
    path = storage_of(job)
    if job.settings.storage is None:
        files.make_folder(path.parent)
    files.check_writable(path)
    check_outputs({"--storage": path}, job.data)
    check_storage(path)
    return path


def _flags(values: Values) -> dict[str, Any]:
    """Return values by their keys, as flags and files spell them."""
    return {key_of(name): value for name, value in values.items()}


@dataclass(frozen=True, kw_only=True)
class TrialTask:
    """Settings to be judged, wherever.

    Attributes:
        job: The search.
        values: What is tried.
        limits: Errors above which it is given up, round by round.
        until: Time of the clock, in seconds since 1970, at which the search ends; None for none.
    """

    job: TuneJob
    values: Values
    limits: tuple[float, ...]
    until: float | None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What came of a trial.

    Attributes:
        state: How it ended; None where the time was over.
        errors: After each round.
        seconds: That it took.
    """

    state: State | None
    errors: tuple[float, ...]
    seconds: float


_BEGUN: dict[str, Tuning] = {}
"""The search that this process has read the data of."""


@alone
def judge(trial: TrialTask, _: Path | None) -> Judged:
    """Judge settings network by network, in a process that keeps the data of the last search."""
    began, key = time.monotonic(), repr(trial.job)
    if key not in _BEGUN:
        _BEGUN.clear()
        _BEGUN[key] = begin_search(trial.job, Events(on_panel=check_wanted))[0]
    tuning, errors = _BEGUN[key], list[float]()

    def has_time() -> bool:
        check_wanted()
        return trial.until is None or time.time() < trial.until

    def ended(state: State | None) -> Judged:
        return Judged(state=state, errors=tuple(errors), seconds=time.monotonic() - began)

    try:
        for error in tuning.rounds(apply(trial.values, *tuning.settings), has_time):
            if not math.isfinite(error):
                return ended("failed")
            errors.append(error)
            if is_behind(errors, trial.limits):
                return ended("pruned")
    except OutOfTimeError:
        return ended(None)
    except (UsageError, DataError, GateError):  # does not fit the data, or diverged: no good settings
        return ended("failed")
    return ended("complete")


class _Searcher:
    """Runs trials until there are enough, or the time is over."""

    def __init__(self, job: TuneJob, tuning: Tuning, study: Study, events: Events, end: float | None) -> None:
        self.job, self.tuning, self.study, self.events = job, tuning, study, events
        self.defaults = {axis.name: axis.default for axis in study.axes}
        self.end = end
        self.rows: list[TrialRow] = []

    def time_left(self) -> float | None:
        """Return how many seconds of the time limit are left for the search; None where there is no limit.

        The comparison trains two whole ensembles, twice each: about four times what the longest trial took.
        """
        if self.end is None:
            return None
        limit = self.job.settings.time_limit or 0.0
        longest = max((row.seconds for row in self.rows), default=0.0)
        kept = min(max(4 * longest, LEAST_SHARE * limit), MOST_SHARE * limit)
        return self.end - kept - time.monotonic()

    def search(self, doing: Executor, own: TuneJob, meter: Work) -> None:
        """Run trials, a few at a time; each best one so far is published.

        Args:
            doing: Runs them.
            own: The search as whoever runs them finds its data.
            meter: Counts them.
        """
        most = self.job.settings.trials
        while len(self.rows) < most and (self.study.best is None or self.study.tried < most):
            count = min(AT_ONCE, most - len(self.rows), max(most - self.study.tried, 1))
            if not self._search_some(count, doing, own):
                break
            meter.done = len(self.rows)
        self.rows.sort(key=lambda row: row.number)

    def _search_some(self, count: int, doing: Executor, own: TuneJob) -> bool:
        """Run some trials that know nothing of each other; return whether there is time for more."""
        left, limits = self.time_left(), self.study.limits()
        until = None if left is None else time.time() + left
        open_ = dict(enumerate(self.study.ask(count)))
        trials = [TrialTask(job=own, values=one.values, limits=limits, until=until) for one in open_.values()]
        for at, judged in do_all(doing, judge, trials, self.events):
            if judged.state is not None:
                self._take(open_.pop(at), judged.state, judged)
            if judged.state is None or (left is not None and (self.time_left() or 0.0) <= 0):
                break
        for attempt in open_.values():
            attempt.end("failed")
        return not open_ and (left is None or (self.time_left() or 0.0) > 0)

    def _take(self, attempt: Attempt, state: State, judged: Judged) -> None:
        """Enter what came of a trial, and publish its settings where they are the best so far."""
        before = self.study.best
        attempt.end(state, judged.errors)
        best, error = self.study.best, judged.errors[-1] if state != "failed" else None
        if best is not None and (before is None or best[1] < before[1]):
            self._publish_best()
        row = TrialRow(
            number=attempt.number,
            values=attempt.values,
            state=state,
            error=error,
            best=best and best[1],
            changed={name: value for name, value in attempt.values.items() if value != self.defaults[name]},
            seconds=judged.seconds,
        )
        self.rows.append(row)
        self.events.on_trial(row)

    def found(self) -> tuple[Values, float]:
        """Return the best values and their error.

        Raises:
            DeadlineError: Not one trial has ended.
        """
        best = self.study.best
        if best is None:
            raise DeadlineError(
                "not one trial ended well within the time limit", hint="Give more --time-limit, or --preset fast"
            )
        return best

    def error_of_defaults(self) -> float | None:
        """Return the error of the defaults in this run; None where an earlier run tried them."""
        return next((row.error for row in self.rows if not row.changed), None)

    def _publish_best(self) -> None:
        values, error = self.found()
        tried, output = self.study.tried, self.job.settings.output
        self.publish(values, [f"The best of {tried} trials of forecast tune so far: MASE {error:.4g} held out"])
        self.events.on_state(f"the best of {tried} trials is in {output}; to continue, run it again with --resume")

    def publish(self, values: Values, notes: list[str]) -> None:
        """Write the settings of all trials and these values, as keys of `train`."""
        model, fit = apply(values, *self.tuning.settings)
        output = self.job.settings.output
        keys: dict[str, Any] = {}
        if self.job.data != "-" and str(self.job.data).isprintable():  # TOML has no bytes that are not text
            keys["data"] = _from(Path(os.path.realpath(output)), self.job.data)
        for owner in (self.job.reading, model, fit):
            for f in fields(owner):
                value = getattr(owner, f.name)
                if f.name in values or value != f.default:
                    keys[key_of(f.name)] = value
        files.write_file(output, write_settings(keys, notes).encode())


def _from(output: Path, data: object) -> str:
    """Return how a file names data that lies next to it; an address as it is, without a password."""
    name = recorded(str(data))
    return name if "://" in name else os.path.relpath(name, output.parent)
