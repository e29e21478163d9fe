"""Which way to add up errs least: each is learned from some past cutoffs and tried on others.

Forecasts of all nodes at past cutoffs are known already, so a trial costs no forecast: the errors of a stretch of
cutoffs are made to add up by what was learned from the others, without those whose windows overlap it. Every level
counts alike, by the sum of its absolute errors over that of its forecasts as they were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.config import Reconcile
from forecaster.data.hierarchy import Hierarchy
from forecaster.model.reconciliation import Reconciler, fit_reconciler
from forecaster.model.samples import PastForecasts
from forecaster.model.windows import Floats, Ints

FOLDS = 4
"""Stretches of cutoffs, each tried once."""

FEWEST_WINDOWS = 6.0
"""Past forecasts that do not overlap, from which a choice is made at all."""

MARGIN = 0.01
"""Share by which another way must err less to be taken for the first."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How a way to add up did on past cutoffs.

    Attributes:
        method: Which way.
        error: Absolute error over that of the forecasts before, the mean over all levels: below 1 it helps.
    """

    method: Reconcile
    error: float


def try_methods(
    hierarchy: Hierarchy, past: PastForecasts, methods: Sequence[Reconcile], nonnegative: NDArray[np.bool_]
) -> tuple[Trial, ...]:
    """Return how each way did, on cutoffs that it did not learn from; none where there are too few.

    Args:
        hierarchy: A sums of S series.
        past: Of all nodes [A + S].
        methods: Which ways.
        nonnegative: [S] which series are never below zero.
    """
    seen = np.flatnonzero(~np.isnan(past.errors).all(axis=(1, 2)))
    if len(seen) == 0 or (len(seen) - 1) * past.spacing + 1 < FEWEST_WINDOWS:
        return ()
    apart = int(np.ceil(1 / past.spacing))
    least = np.where(nonnegative, 0.0, -np.inf)[:, None]
    before = np.zeros(len(hierarchy.levels))
    after = np.zeros((len(methods), len(hierarchy.levels)))
    for part in np.array_split(seen, FOLDS):
        others = seen[(seen <= part[0] - apart) | (seen >= part[-1] + apart)]
        base = _by_node(past.values[part])
        errors = _by_node(past.errors[part])
        actual = base + errors
        base = np.nan_to_num(base)
        before += _of_levels(hierarchy, np.abs(errors))
        for number, method in enumerate(methods):
            reconciler = fit_reconciler(hierarchy, method, past.errors[others], past.spacing)
            found = _all_nodes(reconciler, base, least)
            after[number] += _of_levels(hierarchy, np.abs(actual - found))
    known = before > 0
    if not known.any():
        return ()
    return tuple(
        Trial(method=method, error=float((after[number, known] / before[known]).mean()))
        for number, method in enumerate(methods)
    )


def best_of(trials: Sequence[Trial]) -> Reconcile | None:
    """Return the way that erred least, the first where none is clearly better than that; None without trials."""
    if not trials:
        return None
    best = min(trials, key=lambda trial: trial.error)
    return best.method if best.error < trials[0].error * (1 - MARGIN) else trials[0].method


def _all_nodes(reconciler: Reconciler, base: Floats, least: Floats) -> Floats:
    series = np.maximum(reconciler.series(base), least)
    return np.concatenate([reconciler.hierarchy.add_up(series), series])


def _by_node(values: Floats) -> Floats:
    """Return values [k, n, H] as [n, k · H]."""
    return np.asarray(values.transpose(1, 0, 2).reshape(values.shape[1], -1))


def _of_levels(hierarchy: Hierarchy, errors: Floats) -> Floats:
    """Return the sum of errors [n, C] over each level; what is not known adds nothing."""
    level_of: Ints = hierarchy.level_of
    sums = np.bincount(level_of, np.nansum(errors, axis=1), minlength=len(hierarchy.levels))
    return np.asarray(sums, np.float64)
