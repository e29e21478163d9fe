"""What a command would do, and what it would cost: nothing is written."""

from __future__ import annotations

import resource
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forecaster.base import files
from forecaster.base.rowfile import check_ending
from forecaster.base.runtime import prepare_keras
from forecaster.config import PredictSettings, parse_levels
from forecaster.data.age import age_of, limits_of
from forecaster.data.panel import Panel
from forecaster.jobs.brief import brief
from forecaster.jobs.events import Events
from forecaster.jobs.futures import check_files, levels_of
from forecaster.jobs.names import models_folder, name_to_save
from forecaster.jobs.predict import PredictJob, open_data
from forecaster.jobs.train import TrainJob, load_parent, plan_of, read_data
from forecaster.model.predictor import make_forecast
from forecaster.model.quantiles import levels_with
from forecaster.model.samples import cutoffs_in

MOST_SERIES = 200
"""Series that are forecast to time it; of more, the rest is reckoned from them."""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What a command would do.

    Attributes:
        command: Its name.
        data: The data file.
        rows: Read from it.
        series: That would be trained on or forecast.
        windows: For training and held out, or to be forecast.
        choices: What was detected, chosen or asked for: (what, value).
        seconds: That the work would take on this machine, from steps or series that were timed; reading not counted.
        timed: What was timed, in words.
        memory: Bytes that the process has needed so far, with the data in memory and the timed part done.
        writes: What would be written.
    """

    command: str
    data: str
    rows: int
    series: int
    windows: int
    choices: tuple[tuple[str, str], ...]
    seconds: float
    timed: str
    memory: int
    writes: tuple[str, ...]

    __repr__ = brief

    def summary(self) -> dict[str, Any]:
        """Return the rehearsal as JSON-safe data."""
        rounded = {"seconds": round(self.seconds, 2), "choices": dict(self.choices), "writes": list(self.writes)}
        return asdict(self) | rounded


def rehearse_train(job: TrainJob, events: Events = Events()) -> Rehearsal:
    """Read and plan as `train` does, and time some training steps of the planned network; the weights are dropped.

    Raises:
        ForecastError: What `train` would refuse before it trains.
    """
    root = models_folder(job.store.models_dir)
    name = name_to_save(job.store.name, job.data)
    limits = limits_of(job.fresh)
    parent = load_parent(job, root)
    panel = read_data(job, parent)
    events.on_panel(panel)
    limits.judge(age_of(panel, job.now), panel.source)
    plan = plan_of(job, panel, parent)
    prepare_keras()
    from forecaster.training.stopwatch import time_steps

    step, steps = time_steps(panel, plan, job.training.device)
    rounds = plan.fit.members * (1 + plan.fit.refit)
    seconds = plan.fit.steps * rounds * step
    return Rehearsal(
        command="train",
        data=panel.source,
        rows=panel.rows,
        series=panel.n_series,
        windows=plan.training.total + plan.held_out.total,
        choices=(*plan.choices(), *((("series", panel.drawn.describe()),) if panel.drawn else ())),
        seconds=seconds if plan.fit.time_limit is None else min(seconds, plan.fit.time_limit),
        timed=f"{steps} of at most {plan.fit.steps * rounds:,} training steps, {1000 * step:.3g} ms each",
        memory=peak_memory(),
        writes=(f"{root / name}: a new version",),
    )


def rehearse_predict(job: PredictJob, events: Events = Events()) -> Rehearsal:
    """Read as `predict` does, and forecast some series to time it.

    Raises:
        ForecastError: What `predict` would refuse.
    """
    limits, settings = limits_of(job.fresh), job.settings
    output = None if settings.output == "-" else Path(settings.output)
    if output is not None:
        check_ending(output, "--output")
    for path in filter(None, (output, settings.paths_output, settings.totals_output)):
        files.check_writable(path)
    check_files(settings, (output,))
    opened = open_data(job)
    model, panel, steps, tree = opened.model, opened.panel, opened.steps, opened.tree
    at_once = model.window.horizon if opened.recursive else steps
    events.on_panel(panel)
    limits.judge(age_of(panel, job.now), panel.source)
    base = panel if tree is None else tree.base
    some, levels = sample_of(base), levels_with((*parse_levels(settings.levels), *levels_of(settings)))
    make_forecast(model, sample_of(base, 1), at_once, levels)  # the first loads the network
    began = time.monotonic()
    make_forecast(model, some, at_once, levels)
    took = time.monotonic() - began
    rounds = -(-steps // at_once)
    longest, shortest = int(base.lengths.max()), model.window.shortest_history
    looks_back = tree is not None or bool(levels_of(settings))
    past = cutoffs_in(longest, base.n_series, shortest, steps)[0] if looks_back else 0
    rows = steps * (panel.n_series if tree is None else tree.whole.n_series)
    return Rehearsal(
        command="predict",
        data=panel.source,
        rows=panel.rows,
        series=panel.n_series,
        windows=base.n_series * (rounds + past),
        choices=(
            ("model", f"{model.name} {model.version}"),
            ("horizon", f"{steps} steps{f' in {rounds} rounds' if opened.recursive else ''}"),
            *(() if tree is None else (("hierarchy", tree.planned()),)),
            *((("past cutoffs", f"{past}, to learn how errors go together"),) if looks_back else ()),
            ("rows", f"{rows:,}"),
        ),
        seconds=took * (rounds + past) * base.n_series / max(some.n_series, 1),
        timed=f"{some.n_series:,} of {base.n_series:,} series{' and sums' if tree else ''} forecast, {took:.3g} s",
        memory=peak_memory(),
        writes=written_by(settings),
    )


def written_by(settings: PredictSettings) -> tuple[str, ...]:
    """Return what a forecast would write."""
    own = ("stdout",) if settings.output == "-" else (str(Path(settings.output)), "an entry of the ledger")
    return (*own, *(str(path) for path in (settings.paths_output, settings.totals_output) if path is not None))


def sample_of(panel: Panel, most: int = MOST_SERIES) -> Panel:
    """Return a panel of up to `most` of the series, evenly spread."""
    if panel.n_series <= most:
        return panel
    chosen = np.zeros(panel.n_series, bool)
    chosen[np.linspace(0, panel.n_series - 1, most).astype(int)] = True
    return panel.without(~chosen, "not timed")


def peak_memory() -> int:
    """Return the most bytes that this process has had in memory so far."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
