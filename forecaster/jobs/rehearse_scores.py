"""What `compare`, `evaluate` and `tune` would do, and what that would cost: nothing is written."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from forecaster.base.extras import check_extra
from forecaster.base.runtime import prepare_keras
from forecaster.config import BacktestSettings, Device, key_of, parse_levels, parse_quantiles
from forecaster.data.panel import Panel
from forecaster.jobs.compare import CompareJob, begin_comparison
from forecaster.jobs.evaluate import EvaluateJob, begin_backtest, open_model, tree_of
from forecaster.jobs.events import Events
from forecaster.jobs.hierarchy import Tree, cutoffs_of
from forecaster.jobs.rehearse import MOST_SERIES, Rehearsal, peak_memory, sample_of
from forecaster.jobs.tune import TuneJob, begin_search, storage_of
from forecaster.model.plan import Plan
from forecaster.model.planner import make_plan
from forecaster.model.samples import cutoffs_in
from forecaster.scoring.backtest import Backtest, span
from forecaster.scoring.kinds import CLASSICAL, Task, forecast_kind, parse_kinds
from forecaster.scoring.tuning import ROUNDS

MOST_WINDOWS = 500
"""Windows that are forecast to time them; of more, the rest is reckoned from them."""

FEW_SERIES = 3
"""Series that a method of a second each is fitted to."""


def rehearse_compare(job: CompareJob, events: Events = Events()) -> Rehearsal:
    """Read and lay cutoffs as `compare` does, and time each kind at the newest cutoff: the network by some steps.

    Raises:
        ForecastError: What `compare` would refuse before it learns.
    """
    kinds = parse_kinds(job.settings.models)
    comparison = begin_comparison(job, events)
    panel, cutoffs, task = comparison.panel, comparison.cutoffs, comparison.task
    _, oldest = comparison.at(cutoffs - 1)
    _, newest = comparison.at(0)
    timed = []
    for kind in kinds:
        if kind == "lstm":
            model = replace(job.model, horizon=task.horizon)
            make_plan(oldest, task.season, model, job.training)  # refused here where the oldest cutoff knows too little
            plan = make_plan(newest, task.season, model, job.training)
            seconds = _seconds_of_training(newest, plan, job.training.device)
        else:
            seconds = _seconds_of_kind(kind, newest, task)
        timed.append((kind, seconds * cutoffs))
    first, last = span(panel, comparison.origins)
    path = job.settings.predictions
    return Rehearsal(
        command="compare",
        data=panel.source,
        rows=panel.rows,
        series=panel.n_series,
        windows=len(comparison.origins),
        choices=(
            ("kinds", ", ".join(kinds)),
            ("horizon", f"{task.horizon} steps"),
            ("cutoffs", f"{cutoffs}, from {first} to {last}: every kind learns anew at each"),
            ("each kind", ", ".join(f"{kind} {seconds:,.3g} s" for kind, seconds in timed)),
        ),
        seconds=sum(seconds for _, seconds in timed),
        timed="each kind at the newest cutoff, the network by some of its steps, others on some series",
        memory=peak_memory(),
        writes=() if path is None else (str(path),),
    )


def rehearse_evaluate(job: EvaluateJob, events: Events = Events()) -> Rehearsal:
    """Read and lay cutoffs as `evaluate` does, and forecast from some of them to time it.

    Raises:
        ForecastError: What `evaluate` would refuse.
    """
    asked, source = open_model(job)
    tree = tree_of(job, asked, source) if job.settings.is_hierarchical else None
    panel = asked.read(source) if tree is None else tree.panel
    model = asked.bind(panel, job.settings.horizon)
    backtest = begin_backtest(job, model, panel, events)
    panel, origins = backtest.panel, backtest.origins
    count = len(origins)
    some = origins[np.unique(np.linspace(0, count - 1, min(count, MOST_WINDOWS)).astype(np.int64))]
    _forecast(job, Backtest(model, panel, some[:1], backtest.horizon))  # the first loads the network
    began = time.monotonic()
    _forecast(job, Backtest(model, panel, some, backtest.horizon))
    took = time.monotonic() - began
    first, last = span(panel, origins)
    path = job.settings.predictions
    more = 0 if tree is None else _windows_of(tree, job.backtest, backtest.horizon)
    return Rehearsal(
        command="evaluate",
        data=panel.source,
        rows=panel.rows,
        series=panel.n_series,
        windows=count + more,
        choices=(
            ("model", f"{model.name} {model.version}"),
            ("horizon", f"{backtest.horizon} steps"),
            *(() if tree is None else (("hierarchy", tree.planned()),)),
            ("cutoffs", f"from {first} to {last}"),
        ),
        seconds=took * (count + more) / len(some),
        timed=f"{len(some):,} of {count:,} windows forecast, {took:.3g} s",
        memory=peak_memory(),
        writes=() if path is None else (str(path),),
    )


def _windows_of(tree: Tree, settings: BacktestSettings, horizon: int) -> int:
    """Return how many windows of series and sums are forecast, to learn how they go together and to score them."""
    base, shortest = tree.base, tree.model.window.shortest_history
    past, _ = cutoffs_in(int(base.lengths.max()), base.n_series, shortest, horizon)
    return base.n_series * (past + len(cutoffs_of(tree, settings.windows, settings.step or horizon, horizon)))


def rehearse_tune(job: TuneJob, events: Events = Events()) -> Rehearsal:
    """Read and plan as `tune` does, and time some training steps of the defaults; no search is begun.

    Raises:
        ForecastError: What `tune` would refuse before its first trial.
    """
    check_extra("tune", "forecast tune")
    tuning, axes = begin_search(job, events)
    fit, settings = tuning.plan.fit, job.settings
    each = _seconds_of_training(tuning.known, tuning.plan, job.fit.device)
    trial = each * min(fit.members, ROUNDS) / (fit.members * (1 + fit.refit))
    whole = settings.trials * trial + 2 * each
    limit = settings.time_limit
    searched = ", ".join(key_of(axis.name) for axis in axes)
    return Rehearsal(
        command="tune",
        data=tuning.panel.source,
        rows=tuning.panel.rows,
        series=tuning.panel.n_series,
        windows=tuning.plan.training.total + tuning.plan.held_out.total,
        choices=(
            *tuning.plan.choices(),
            ("search", searched),
            ("a trial", f"up to {min(fit.members, ROUNDS)} networks, {trial:,.3g} s with the defaults"),
            ("trials", f"at most {settings.trials:,}, then the best against the defaults ({2 * each:,.3g} s)"),
            ("time limit", "none" if limit is None else f"{limit:g} s"),
        ),
        seconds=whole if limit is None else min(whole, limit),
        timed=f"some training steps of the defaults; all trials alike would take {whole:,.3g} s",
        memory=peak_memory(),
        writes=(str(settings.output), str(storage_of(job))),
    )


def _forecast(job: EvaluateJob, backtest: Backtest) -> None:
    for _ in backtest.run(parse_levels(job.settings.levels), parse_quantiles(job.settings.quantiles)):
        pass


def _seconds_of_training(panel: Panel, plan: Plan, device: Device) -> float:
    """Return how long the training of a plan would take, by some of its steps."""
    prepare_keras()
    from forecaster.training.stopwatch import time_steps

    step, _ = time_steps(panel, plan, device)
    seconds = plan.fit.steps * plan.fit.members * (1 + plan.fit.refit) * step
    return seconds if plan.fit.time_limit is None else min(seconds, plan.fit.time_limit)


def _seconds_of_kind(kind: str, panel: Panel, task: Task) -> float:
    """Return how long a kind would take to learn from a panel and to forecast, by some of its series."""
    some = sample_of(panel, FEW_SERIES if kind in CLASSICAL else MOST_SERIES)
    began = time.monotonic()
    forecast_kind(kind, some, task)
    if kind in CLASSICAL:  # the first call loads the library, and translates it
        began = time.monotonic()
        forecast_kind(kind, some, task)
    return (time.monotonic() - began) * panel.n_series / some.n_series
