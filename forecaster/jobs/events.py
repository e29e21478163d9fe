"""What somebody may want to see while a job runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecaster.data.age import Age
from forecaster.data.panel import Panel
from forecaster.model.plan import Plan

if TYPE_CHECKING:
    from forecaster.scoring.search import State, Values
    from forecaster.training.fit import Progress


@dataclass(frozen=True, kw_only=True)
class TrialRow:
    """One trial that has ended.

    Attributes:
        number: From 1.
        values: What was tried.
        changed: The part of it that is not as the defaults.
        state: `complete`, `pruned` (behind after a network or two), or `failed` (it did not fit, or diverged).
        error: MASE on the held-out windows, of as many networks as it had; None where it failed.
        best: The smallest error of all complete trials so far.
        seconds: That it took.
    """

    number: int
    values: Values
    changed: Values
    state: State
    error: float | None
    best: float | None
    seconds: float


def _nothing(_: object) -> None:
    """Do nothing with an event."""


@dataclass(frozen=True, kw_only=True)
class Events:
    """What somebody may want to see while a job runs.

    Attributes:
        on_panel: Called with what was read.
        on_plan: Called with what was decided.
        on_start: Called when training begins: from a checkpoint (True), anew for want of one (False), or anew as asked
            (None).
        on_progress: Called now and then with how far training is.
        on_state: Called with what, in words, is changed if the job is stopped from here on.
    """

    on_panel: Callable[[Panel], None] = _nothing
    on_age: Callable[[Age], None] = _nothing
    on_plan: Callable[[Plan], None] = _nothing
    on_start: Callable[[bool | None], None] = _nothing
    on_progress: Callable[[Progress], None] = _nothing
    on_state: Callable[[str], None] = _nothing
    on_trial: Callable[[TrialRow], None] = _nothing
    """Called with each trial of a search that has ended."""

    on_share: Callable[[float], None] = _nothing
    """Of the work that is done, from 0 to 1."""

    on_trace: Callable[[str], None] = _nothing
    """Called with the traceback of a bug that a task met and that stopped nothing else."""

    on_place: Callable[[str], None] = _nothing
    """Called with where tasks are done: worker processes, a cluster and its dashboard; empty for this process."""
