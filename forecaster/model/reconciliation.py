"""Forecasts of series and of their sums, made on their own, become ones that add up.

`bottom-up` adds up the forecasts of the series. `top-down` shares out the forecast of each group among its parts, by
how much is forecast for each (Athanasopoulos, Ahmed & Hyndman, International Journal of Forecasting 25(1), 2009). `wls`
and `mint` change all forecasts as little as possible, measured by how large the errors of each were, and how they went
together: the trace minimisation of Wickramasuriya, Athanasopoulos & Hyndman (JASA 114(526), 2019), with the variances
of the errors alone, or with their covariances drawn towards the variances (Schäfer & Strimmer, Statistical Applications
in Genetics and Molecular Biology 4(1), 2005).

No matrix of all nodes is built. With A sums and S series, C = [I, -M] of which C y = 0 says that y adds up, and W the
covariances of the errors, the reconciled forecast is y − W C' (C W C')⁻¹ C y. W is a diagonal and as many outer
products as there are past errors, so C W C' is a sparse matrix [A, A] and a few more of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from forecaster.config import Reconcile
from forecaster.data.hierarchy import Hierarchy
from forecaster.model.windows import Floats

LEAST_VARIANCE = 1e-6
"""Of a node whose past forecasts were all right, as a share of the mean variance: it is held fast, but not for ever."""

LEAST_SHRINKAGE = 1e-3
"""How much of the covariances is at least drawn towards the variances: otherwise they may have no inverse."""

MOST_PRODUCTS = 1024
"""Errors of each node that covariances are learned from: lead times are left out where there are more."""

FEWEST_ERRORS = 3
"""Past forecasts from which variances are learned; with fewer the size of a sum is how many series it has."""

SIGNIFICANT, MOST_DIGITS, MOST_DECIMALS = 7, 15, 22
"""Digits of a usual value of a series, and at most of a sum and behind the point: float64 writes 15 digits exactly."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reconciler:
    """How forecasts of all nodes become forecasts of the series, which are then added up.

    Attributes:
        hierarchy: A sums of S series.
        method: As in the module's description.
        variances: [A + S] of the errors of each node, positive; for `mint` the part of W on the diagonal. Not read by
            `bottom-up` and `top-down`.
        factor: [A + S, T] whose product with itself is the rest of W; None where there is none.
        is_learned: Whether the variances are those of past errors, where the method has any.
    """

    hierarchy: Hierarchy
    method: Reconcile
    variances: Floats
    factor: Floats | None = None
    is_learned: bool = True

    def series(self, base: Floats) -> Floats:
        """Return forecasts of the series [S, …] of such as do not add up: of all nodes [A + S, …], sums first.

        `bottom-up` also takes those of the series alone.
        """
        sums = self.hierarchy.n_sums
        if self.method == "bottom-up":
            return base[-len(self.hierarchy.ids) :]
        flat = base.reshape(len(base), -1)
        if self.method == "top-down":
            return self._share_out(flat).reshape(-1, *base.shape[1:])
        own = flat[sums:]
        change = self._solve(flat[:sums] - self.hierarchy.add_up(own))
        found = own + self.variances[sums:, None] * self.hierarchy.spread(change)
        if self.factor is not None:
            found -= self.factor[sums:] @ (self._sparse_factor.T @ change)
        return np.asarray(found.reshape(-1, *base.shape[1:]), np.float64)

    def _share_out(self, base: Floats) -> Floats:
        """Return what the series [S, C] get of the total: level by level where that is possible, else at once."""
        levels, tree = self.hierarchy.groups, self.hierarchy
        level_of = tree.level_of
        steps = [0, *range(1, len(levels)), len(levels)] if tree.is_nested else [0, len(levels)]
        given = base[:1]
        parents = np.zeros(1, np.int64)  # of the nodes of a level, which node of the level before each is a part of
        for above, level in pairwise(steps):
            nodes = np.flatnonzero(level_of == level)
            owner = np.arange(len(nodes)) if level == len(levels) else levels[level] - nodes[0]
            parents = np.zeros(len(nodes), np.int64)
            parents[owner] = levels[above] - int(np.flatnonzero(level_of == above)[0])
            weights = np.maximum(base[nodes], 0.0)
            sums = np.zeros_like(given)
            np.add.at(sums, parents, weights)
            count = np.bincount(parents, minlength=len(given))[parents][:, None]
            equal = np.broadcast_to(1.0 / count, weights.shape)
            share = np.divide(weights, sums[parents], out=equal.copy(), where=sums[parents] > 0)
            given = given[parents] * share
        return given

    @cached_property
    def _sparse(self) -> Any:
        """The factors of C D C' [A, A], D the diagonal part of W."""
        from scipy.sparse import coo_array
        from scipy.sparse.linalg import splu

        groups, sums = self.hierarchy.groups, self.hierarchy.n_sums
        depth = len(groups)
        own = self.variances[sums:]
        rows = np.concatenate([np.arange(sums), np.repeat(groups, depth, axis=0).ravel()])
        columns = np.concatenate([np.arange(sums), np.tile(groups, (depth, 1)).ravel()])
        values = np.concatenate([self.variances[:sums], np.tile(own, depth * depth)])
        matrix = coo_array((values, (rows, columns)), shape=(sums, sums)).tocsc()
        return splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})

    @cached_property
    def _sparse_factor(self) -> Floats:
        """C U [A, T], U the factor of the rest of W."""
        if self.factor is None:
            return np.zeros((self.hierarchy.n_sums, 0))
        sums = self.hierarchy.n_sums
        return self.factor[:sums] - np.asarray(self.hierarchy.add_up(self.factor[sums:]), np.float64)

    @cached_property
    def _inner(self) -> tuple[Floats, Floats]:
        """(C D C')⁻¹ C U [A, T], and the inverse of I + U' C' of it [T, T]."""
        solved = self._sparse.solve(self._sparse_factor)
        return solved, np.linalg.inv(np.eye(solved.shape[1]) + self._sparse_factor.T @ solved)

    def _solve(self, gaps: Floats) -> Floats:
        """Return (C W C')⁻¹ of what the sums [A, C] are off by (Woodbury's identity)."""
        found = np.asarray(self._sparse.solve(gaps))
        if self.factor is None:
            return found
        solved, inner = self._inner
        return np.asarray(found - solved @ (inner @ (self._sparse_factor.T @ found)))


def fit_reconciler(hierarchy: Hierarchy, method: Reconcile, errors: Floats, spacing: float) -> Reconciler:
    """Learn from past errors how far each node's forecast is to be trusted.

    Args:
        hierarchy: A sums of S series.
        method: What is wanted; `wls` and `mint` read the errors.
        errors: [K, A + S, H] from K past cutoffs; NaN where nothing is known.
        spacing: Steps from one cutoff to the next, over the horizon: below 1 windows overlap.
    """
    sizes = np.ones(len(hierarchy.nodes))
    sizes[: hierarchy.n_sums] = hierarchy.add_up(np.ones(len(hierarchy.ids)))
    if method in ("bottom-up", "top-down"):
        return Reconciler(hierarchy=hierarchy, method=method, variances=sizes)
    seen = ~np.isnan(errors)
    counted = seen.sum(axis=(0, 2))
    if seen.any(axis=(1, 2)).sum() < FEWEST_ERRORS or not np.nansum(errors**2) > 0:
        return Reconciler(hierarchy=hierarchy, method="wls", variances=sizes, is_learned=False)
    variances = np.nansum(errors**2, axis=(0, 2)) / np.maximum(counted, 1)
    per_series = float((variances[counted > 0] / sizes[counted > 0]).mean())
    variances = np.where(counted > 0, variances, sizes * per_series)
    variances = np.maximum(variances, LEAST_VARIANCE * variances.mean())
    if method == "wls":
        return Reconciler(hierarchy=hierarchy, method=method, variances=variances)
    leads = np.linspace(0, errors.shape[2] - 1, max(1, min(errors.shape[2], MOST_PRODUCTS // len(errors))))
    scores = np.nan_to_num(errors[:, :, np.unique(leads.astype(np.int64))]) / np.sqrt(variances)[:, None]
    shrinkage = max(shrinkage_of(scores, spacing), LEAST_SHRINKAGE)
    flat = scores.transpose(1, 0, 2).reshape(len(variances), -1)
    factor = flat * np.sqrt(variances)[:, None] * np.sqrt((1 - shrinkage) / flat.shape[1])
    return Reconciler(hierarchy=hierarchy, method=method, variances=shrinkage * variances, factor=factor)


def shrinkage_of(scores: Floats, spacing: float = 1.0) -> float:
    """Return how far correlations are to be drawn towards 0, from 0 to 1, by how much they vary by chance.

    Schäfer and Strimmer's λ = Σ Var(r_ij) / Σ r_ij² over all pairs i ≠ j, without the pairs being looked at one by one.
    The H lead times of a cutoff, which err alike, count as one sample of a correlation, their mean.

    Args:
        scores: [K, n, H] errors from K cutoffs, over their standard deviation; 0 where nothing is known.
        spacing: Steps from one cutoff to the next, over the horizon: of windows that overlap fewer are counted.
    """
    count, _, horizon = scores.shape
    if count < 2:
        return 1.0
    flat = scores.transpose(0, 2, 1).reshape(count * horizon, -1)
    gram = flat @ flat.T  # [K·H, K·H]: the squares of its entries add up to those of all n² products
    blocks = (gram**2).reshape(count, horizon, count, horizon).sum(axis=(1, 3)) / horizon**2  # [K, K]
    own = (scores**2).mean(axis=2)  # [K, n]: the products of each node with itself, which do not count
    each = float(np.trace(blocks)) - float((own**2).sum())
    mean = (float(blocks.sum()) - float((own.sum(axis=0) ** 2).sum())) / count**2
    independent = max(count * min(spacing, 1.0), 2.0)
    variance = (each / count - mean) / (independent - 1)
    return float(np.clip(variance / mean, 0.0, 1.0)) if mean > 0 else 1.0


# ---------------------------------------------------------------------------------------------------- as written


def decimals_for(series: Floats, bound: float) -> int:
    """Return how many decimals values of the series [S, …] are written with, so that sums are exact as written.

    Args:
        series: Their forecasts.
        bound: What no sum of absolute values is above.
    """
    sizes = np.abs(series[series != 0])
    if not len(sizes) or not np.isfinite(bound) or bound <= 0:
        return 0
    wanted = SIGNIFICANT - 1 - int(np.floor(np.log10(np.median(sizes))))
    return min(wanted, MOST_DIGITS - 1 - int(np.ceil(np.log10(bound))), MOST_DECIMALS)


def add_exactly(hierarchy: Hierarchy, series: Floats, decimals: int) -> Floats:
    """Return values of all nodes [A + S, …] of which the sums are exact in the decimals that they are written with.

    The series' values [S, …] are rounded; in whole numbers of the last decimal they are then added up without an error,
    and each of these over the power of ten is the nearest float64, which is written by its decimals.
    """
    units = in_units(series, decimals)
    return from_units(np.concatenate([hierarchy.add_up(units), units]), decimals)


def in_units(values: Floats, decimals: int) -> Floats:
    """Return values in whole numbers of their last decimal."""
    return np.asarray(np.rint(values * 10.0**decimals if decimals >= 0 else values / 10.0**-decimals)) + 0.0


def from_units(units: Floats, decimals: int) -> Floats:
    """Return whole numbers of the last decimal as the float64 nearest to what they stand for."""
    return np.asarray(units / 10.0**decimals if decimals >= 0 else units * 10.0**-decimals)
