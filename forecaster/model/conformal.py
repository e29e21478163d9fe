"""Quantiles of a network that knows other data → intervals for this data, corrected by its own past as far as it goes.

An error is measured in deviations: where it lies between the quantiles that the network gave, read as those of a normal
distribution. A level of 80 % is 1.28 deviations; where 80 % of the absolute errors on the user's own past lie within
1.5, intervals of that level reach to 1.5. This is conformalised quantile regression (Romano, Patterson & Candès, 2019,
arXiv:1905.03222) on a scale that is common to all series, levels and lead times, so that levels which the network does
not know are read between and beyond those that it does.

Where the past is short it says little, the less the higher the level: of n errors n·(1 − level) are expected outside.
So each level takes a share of n·(1 − level) / (n·(1 − level) + 4) from the past, and the rest from the next lower
level. Series of one panel have their good and bad times together, so a thousand of them over one stretch of time say
about as much as one: on 42 panels that the network never saw, 80 % intervals needed a factor (in logarithms) that
differed by 14 % from one stretch of a panel to the next, and by 13 % between panels. So what T stretches say counts by
T / (T + 2), chosen on the same panels; the rest is the network's. Nothing is added for small numbers: quantiles that
hold of few errors what is asked are too wide compared with this. Two levels are never equal, and never cross.

Before all that, the network's own quantiles are moved apart a little, most where a context is short: a network that has
learned mostly from made-up series is too sure of real ones (`experience`).

Where a series was never below zero, the network's lower quantiles may be zero themselves. An end that lies there stays
there: of counts that are mostly zero, an interval from 0.01 on would miss most. The upper end of such an interval holds
at least as much of the series' own past as its level says (`forecaster.model.intermittent`). `python -m pretraining
intervals` measures the numbers anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from forecaster.model.intermittent import Zeros, join_zeros
from forecaster.model.windows import Floats, Ints

Bools = NDArray[np.bool_]

LEVELS = np.array([20.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.5])
"""Levels in percent at which the correction is measured; between them it is interpolated."""

DEVIATIONS = np.array([NormalDist().inv_cdf(0.5 + level / 200) for level in LEVELS])
"""How far intervals of these levels would reach if the network's quantiles held."""

PRIOR = 4.0
"""Errors outside an interval that the next lower level is worth."""

STRETCHES = 2.0
"""Stretches of time that the experience with other panels is worth."""

LONG, SHORT, FULL, DOUBLING = 0.07, 0.2, 20.0, 0.08
"""Logarithms of how much wider than the network's own the intervals of real series must be: of long contexts, of short
ones at most; and values from which a context is long, and what each halving of them adds."""

SAME = 1e-6
"""Deviations by which a distance may differ from a level's and still be within it."""

FARTHEST = 12.0
"""Deviations that an error counts as at most."""

LARGEST_CHANGE = 4.0
"""Times that intervals become wider or narrower at most."""

ENOUGH = 200
"""Windows that do not overlap from which groups of lead times speak for themselves."""

LEAST_STEP = 0.1
"""Share of the network's own distance between two levels that is left between them in any case."""

FEWEST_TO_MEASURE = 20
"""Windows that do not overlap from which coverage is measured."""


@dataclass(frozen=True, eq=False)
class Fan:
    """Quantiles of N windows.

    Attributes:
        levels: [Q] from 0 to 1, ascending, symmetric around a half.
        values: [N, H, Q] in units of the data, not decreasing along Q.
        zeros: What the zeros before say of the upper ends of intervals of `LEVELS`, and of closed steps.
    """

    levels: tuple[float, ...]
    values: Floats
    zeros: Zeros | None = None

    @property
    def middle(self) -> Floats:
        """The median [N, H]."""
        return np.asarray(self.values[..., len(self.levels) // 2])

    @property
    def point(self) -> Floats:
        """The point forecasts [N, H]: the median, and zero where a step is closed."""
        return self.middle if self.zeros is None else np.where(self.zeros.closed > 0, 0.0, self.middle)

    @property
    def floored(self) -> Bools:
        """Where [N, H] the lowest quantile is zero: the network is never below it where a series never was."""
        return np.asarray(self.values[..., 0] == 0.0)

    def interval(self, level: float, correction: Correction) -> tuple[Floats, Floats]:
        """Return the lower and upper ends [N, H] of the corrected interval of a level in percent.

        A lower end of the network that is zero already, and its lowest quantile too, stays where it is; the upper end
        is then not below that of the own past. Where a step is closed, and that is as sure as the level, both are zero.
        """
        horizon = self.values.shape[1]
        low, high = self.reach(correction.deviations(level, horizon))
        if self.floored.any():
            given = 2 * self.middle - self._down.outward(self.middle, AS_GIVEN.deviations(level, horizon))
            at_zero = self.floored & (given <= 0.0)
            low = np.where(at_zero, np.minimum(low, 0.0), low)
            if self.zeros is not None:
                least = self.zeros.least[:, min(int(np.searchsorted(LEVELS, level)), len(LEVELS) - 1), None]
                high = np.where(at_zero, np.maximum(high, least), high)
        if self.zeros is not None:
            sure = self.zeros.is_sure(level)
            low, high = np.where(sure, 0.0, low), np.where(sure, 0.0, high)
        return low, high

    def part(self, chosen: Bools) -> Fan:
        """Return the quantiles of some windows [N]."""
        return Fan(self.levels, self.values[chosen], self.zeros and self.zeros.part(chosen))

    def apart(self, changes: Floats) -> Fan:
        """Return the fan with its quantiles further from the median, by factors whose logarithms are given [N].

        Those that are at zero with the lowest one stay there.
        """
        middle = self.middle[..., None]
        values = middle + (self.values - middle) * np.exp(changes)[:, None, None]
        return replace(self, values=np.where(self.floored[..., None], np.maximum(values, 0.0), values))

    def reach(self, deviations: Floats) -> tuple[Floats, Floats]:
        """Return the lower and upper ends [N, H] so many deviations [H] from the median on each side."""
        return 2 * self.middle - self._down.outward(self.middle, deviations), self._up.outward(self.middle, deviations)

    def distance(self, actual: Floats) -> Floats:
        """Return how many deviations [N, H] actual values [N, H] are from the median.

        NaN where there is no actual, and where a step is closed: that says nothing of how sure the others are. The
        least number at which the interval holds the value, so a value that several quantiles share counts as the
        innermost of them.
        """
        error = actual - self.middle
        found = np.where(error >= 0, self._up.inward(error), self._down.inward(-error))
        unknown = np.isnan(actual) if self.zeros is None else np.isnan(actual) | (self.zeros.closed > 0)
        return np.asarray(np.where(unknown, np.nan, np.minimum(found, FARTHEST)))

    @cached_property
    def _up(self) -> Side:
        half = len(self.levels) // 2
        return side_of(self.values[..., half:], self.levels[half:])

    @cached_property
    def _down(self) -> Side:
        half = len(self.levels) // 2
        return side_of(self.values[..., half::-1], self.levels[half:])


def join_fans(parts: Sequence[Fan]) -> Fan:
    """Return the windows of several fans, at least one, in their order."""
    zeros = [part.zeros for part in parts if part.zeros is not None]
    values = np.concatenate([part.values for part in parts])
    return Fan(parts[0].levels, values, join_zeros(zeros) if len(zeros) == len(parts) else None)


@dataclass(frozen=True, eq=False)
class Side:
    """The quantiles of N windows on one side of their medians.

    Attributes:
        knots: [k] deviations that the quantiles stand for, from 0 on.
        distances: [N, H, k] from the median, from 0 on.
        slope: [N, H] how far one deviation reaches beyond the outermost: as between the last two, or as in the mean.
    """

    knots: Floats
    distances: Floats
    slope: Floats

    def outward(self, middle: Floats, deviations: Floats) -> Floats:
        """Return the median [N, H] plus how far so many deviations [H] reach."""
        sides, knots = self.distances, self.knots
        at = np.clip(np.searchsorted(knots, deviations, side="right"), 1, len(knots) - 1)  # [H]
        low, high = knots[at - 1], knots[at]
        share = np.clip((deviations - low) / (high - low), 0.0, 1.0)
        steps = np.arange(sides.shape[1])
        inside = sides[:, steps, at - 1] + share * (sides[:, steps, at] - sides[:, steps, at - 1])
        beyond = np.maximum(deviations - knots[-1], 0.0)
        return np.asarray(middle + inside + beyond * self.slope)

    def inward(self, error: Floats) -> Floats:
        """Return how many deviations [N, H] an error [N, H] is, not negative: the least that reaches it."""
        sides, knots, slope = self.distances, self.knots, self.slope
        with np.errstate(divide="ignore", invalid="ignore"):
            at = np.clip((sides < error[..., None]).sum(axis=-1), 1, len(knots) - 1)[..., None]
            low, high = np.take_along_axis(sides, at - 1, -1)[..., 0], np.take_along_axis(sides, at, -1)[..., 0]
            share = np.where(high > low, np.clip((error - low) / (high - low), 0.0, 1.0), 0.0)
            inside = knots[at[..., 0] - 1] + share * (knots[at[..., 0]] - knots[at[..., 0] - 1])
            over = error - sides[..., -1]
            beyond = np.where(slope > 0, knots[-1] + over / slope, FARTHEST)
        return np.asarray(np.where(over > 0, beyond, np.where(error > 0, inside, 0.0)))


def side_of(values: Floats, levels: Sequence[float]) -> Side:
    """Return one side of quantiles [N, H, k], the median first, of levels from a half on (mirrored: down from it)."""
    knots = np.array([NormalDist().inv_cdf(level) for level in levels])
    distances = np.abs(values - values[..., :1])
    last = (distances[..., -1] - distances[..., -2]) / (knots[-1] - knots[-2])
    return Side(knots, distances, np.maximum(last, distances[..., -1] / knots[-1]))


@dataclass(frozen=True, eq=False)
class Correction:
    """How many deviations an interval of each level reaches.

    Attributes:
        leads: [G] lead times, ascending, at which it is known; between them it is interpolated.
        reach: [G, L] of `LEVELS`, strictly ascending along L.
        windows: How many of the windows that it was measured on do not overlap; 0 where there was no past to look at.
    """

    leads: Floats
    reach: Floats
    windows: float

    def deviations(self, level: float, horizon: int) -> Floats:
        """Return how many deviations [H] an interval of a level in percent reaches."""
        own = NormalDist().inv_cdf(0.5 + level / 200)
        knots = np.concatenate([[0.0], DEVIATIONS])
        reach = np.concatenate([np.zeros((len(self.reach), 1)), self.reach], axis=1)
        found = np.array([np.interp(own, knots, row) for row in reach])
        beyond = max(own / DEVIATIONS[-1], 1.0)
        return np.asarray(np.interp(np.log(np.arange(1, horizon + 1)), np.log(self.leads), found) * beyond)


AS_GIVEN = Correction(np.ones(1), DEVIATIONS[None], 0.0)
"""The quantiles as they are: what is taken where there is no past to look at."""


def experience(lengths: Ints) -> Floats:
    """Return the logarithms of how much wider intervals after contexts of N lengths must be, by other real series."""
    return np.clip(LONG + DOUBLING * np.log2(FULL / np.maximum(lengths, 1)), LONG, SHORT)


@dataclass(frozen=True, eq=False)
class Misses:
    """How far actual values were from the median.

    Attributes:
        distances: [N, H] in deviations, from `Fan.distance`; NaN where nothing was observed.
        floored: [N, H] whether the actual value is zero, and so is the network's lowest quantile.
        independent: How many of the windows do not overlap.
        stretches: How many stretches of time they cover: those of one series, which do not overlap.
    """

    distances: Floats
    floored: Bools
    independent: float
    stretches: float

    def part(self, chosen: Bools) -> Misses:
        """Return those of some windows [N], with their share of the independent ones."""
        share = float(chosen.mean()) if len(chosen) else 0.0
        return Misses(self.distances[chosen], self.floored[chosen], self.independent * share, self.stretches)


def fit_correction(misses: Misses) -> Correction:
    """Measure how far intervals must reach on windows of the user's own past."""
    distances, independent = misses.distances, misses.independent
    horizon = distances.shape[1]
    if not np.isfinite(distances).any() or independent < 1:
        return AS_GIVEN
    groups = _groups(horizon) if independent >= ENOUGH else [np.arange(horizon)]
    leads, reach = [], []
    for group in groups:
        cells, floored = distances[:, group], misses.floored[:, group]
        known = np.isfinite(cells)
        if known.any():
            leads.append(float(np.exp(np.log(group + 1).mean())))
            reach.append(_reach_of(cells[known], floored[known], min(independent, known.sum()), misses.stretches))
    return Correction(np.array(leads), np.array(reach), independent)


def _groups(horizon: int) -> list[Ints]:
    """Return groups of lead times (from 0) that double in size: 1, 2–3, 4–7, …, at most six of them."""
    edges = sorted({0, *(min(2**k - 1, horizon) for k in range(1, 6)), horizon})
    return [np.arange(low, high) for low, high in pairwise(edges)]


def _reach_of(cells: Floats, floored: Bools, independent: float, stretches: float) -> Floats:
    """Return how many deviations [L] intervals of `LEVELS` must reach."""
    most, trust = np.log(LARGEST_CHANGE), stretches / (stretches + STRETCHES)
    change, reach = 0.0, np.empty(len(LEVELS))
    for i, level in enumerate(LEVELS):
        held = floored & (cells <= DEVIATIONS[i] + SAME)  # by an end at zero, whatever the correction
        found = np.quantile(np.where(held, 0.0, cells), level / 100, method="inverted_cdf")
        outside = independent * (1 - level / 100)
        weight = outside / (outside + PRIOR)
        own = np.log(max(found / DEVIATIONS[i], 1e-9))
        change = weight * float(np.clip(own, -most, most)) + (1 - weight) * change
        least = 0.0 if i == 0 else reach[i - 1] + LEAST_STEP * (DEVIATIONS[i] - DEVIATIONS[i - 1])
        reach[i] = max(DEVIATIONS[i] * np.exp(trust * change), least)
    return reach
