"""Simple forecasts of a context, all at once: what the network weighs and corrects.

Each but the median and the lowest value is linear in the observed values given where values are missing, and all move
and stretch with them. `x` is float64 `(N, T)`, oldest first, 0 where `seen` (bool, `(N, T)`) is false; contexts end in
the last column.

Written in the Python array API standard, with N left open: NumPy computes it, and an export traces it into a graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.model.pretrained.rhythm import Rhythm

Floats = NDArray[np.float64]

Array = Any
"""An array of any library that keeps to the array API standard: NumPy's, or one that records a graph."""

ALPHAS = (0.05, 0.2, 0.5, 0.8)
NAMES = (
    "last",
    "seasonal_naive",
    "recent_season",
    "mean",
    "median",
    "lowest",
    "ses_05",
    "ses_20",
    "ses_50",
    "damped",
    "trend",
    "theta",
    "line",
    "second_naive",
    "second_season",
    "ses_20_plain",
    "drift",
    "naive_growth",
    "recent_damped",
    "recent_theta",
)
MEDIAN, LOWEST = NAMES.index("median"), NAMES.index("lowest")
MOST_COUNTED = 2**13
"""Values times steps ahead of which it is kept what they count for."""


@dataclass(frozen=True, eq=False)
class Season:
    """A seasonal pattern, `(N, m)`: column 0 is the phase of the first step ahead."""

    pattern: Array
    length: int  # m

    def ahead(self, steps: int) -> Array:
        """The pattern over the next `steps`, `(N, steps)`."""
        return repeated(self.pattern, self.length, steps)[:, :steps]

    def back(self, length: int) -> Array:
        """The pattern over the last `length` steps, `(N, length)`."""
        found = repeated(self.pattern, self.length, length)
        return found[:, -(-length // self.length) * self.length - length :]


def namespace(x: Array) -> Any:
    """The library of an array, as far as the array API standard goes."""
    return x.__array_namespace__()


def product(x: Array, weights: Floats) -> Array:
    """`(N, T)` times `(T, k)`: as a tensor product, which is recorded as one operator."""
    xp = namespace(x)
    return xp.tensordot(x, xp.asarray(weights), axes=1)


def repeated(pattern: Array, m: int, steps: int) -> Array:
    """`(N, m)` end to end until `steps` are reached, `(N, ≥ steps)`."""
    times = -(-steps // m)
    return pattern if times == 1 else namespace(pattern).tile(pattern, (1, times))


def count(seen: Array) -> Array:
    """How many are seen, `(N, 1)` integers."""
    return namespace(seen).count_nonzero(seen, axis=1, keepdims=True)


def first(seen: Array) -> Array:
    """Column of the first one seen, `(N, 1)`; 0 where none is."""
    xp = namespace(seen)
    return xp.argmax(xp.astype(seen, xp.int8), axis=1, keepdims=True)


def newest(seen: Array) -> Array:
    """Column of the last one seen, `(N, 1)`; the last one where none is."""
    return seen.shape[1] - 1 - first(seen[:, ::-1])


def before(x: Array, columns: int) -> Array:
    """`x` with that many columns of zeros before it."""
    xp = namespace(x)
    return xp.concat([xp.zeros_like(xp.tile(x[:, :1], (1, columns))), x], axis=1) if columns else x


def candidates(x: Array, seen: Array, rhythm: Rhythm, steps: int) -> Array:
    """The simple forecasts `NAMES` of each context, `(N, len(NAMES), steps)`, in the units of `x`.

    Many contexts without a gap are multiplied by what each value counts for, which is the same in all of them.
    """
    center, lowest = middles(x, seen)
    if isinstance(x, np.ndarray) and _is_many(x, steps) and seen.all():
        counted = _counted(x.shape[1], rhythm, steps)
        found = (x @ counted).reshape(len(x), len(NAMES), steps)
        found[:, MEDIAN], found[:, LOWEST] = center, lowest
        return found
    rows = _linear(x, seen, rhythm, steps)
    flat = np.zeros((1, steps))
    rows[MEDIAN:MEDIAN], rows[LOWEST:LOWEST] = [center + flat], [lowest + flat]
    return namespace(x).stack(rows, axis=1)


def _is_many(x: Floats, steps: int) -> bool:
    """Whether contexts are as many as they are long, and what their values count for takes little memory."""
    return bool(x.shape[1] <= len(x) and x.shape[1] * steps <= MOST_COUNTED)


@lru_cache(maxsize=32)
def _counted(length: int, rhythm: Rhythm, steps: int) -> Floats:
    """What each of `length` values counts for in each candidate, `(length, len(NAMES)·steps)`; 0 in what is not linear.

    That is what candidates say of contexts that are 1 at one step and 0 elsewhere.
    """
    rows = _linear(np.eye(length), np.ones((length, length), bool), rhythm, steps)
    none = np.zeros((length, steps))
    rows[MEDIAN:MEDIAN], rows[LOWEST:LOWEST] = [none], [none]
    return np.ascontiguousarray(np.stack(rows, axis=1).reshape(length, -1))


def _linear(x: Array, seen: Array, rhythm: Rhythm, steps: int) -> list[Array]:
    """The candidates that are linear in `x`, `(N, steps)` each: all but the median and the lowest value."""
    xp, length = namespace(x), x.shape[1]
    m, pace = rhythm.season, 4 / rhythm.segment
    h = np.arange(1, steps + 1, dtype=np.float64)[None]
    even, recent = seasons(x, seen, m, (0.9, 0.4))
    calm = xp.where(seen, x - even.back(length), 0.0)
    last, oldest = xp.take_along_axis(x, newest(seen), axis=1), xp.take_along_axis(x, first(seen), axis=1)
    flat = np.zeros((1, steps))
    levels = _levels(calm, seen, ALPHAS)
    fresh = xp.where(seen, x - recent.back(length), 0.0)
    mild, quick = _levels(fresh, seen, (0.5, 0.8))
    turn, tilt = _slopes(fresh, seen, (0.75**pace, 0.95**pace))
    near, middle, long = _slopes(calm, seen, (0.7**pace, 0.88**pace, 1.0))
    fade = 0.9**pace
    damped = fade * (1 - fade**h) / (1 - fade)
    ahead = even.ahead(steps)
    naive = seasonal_naive(x, seen, m, steps)
    span = xp.astype(xp.maximum(_span(seen), 1), xp.float64)
    growth = _window(x, seen, 0, m) - _window(x, seen, m, m)
    second = _second(x, seen, rhythm, steps, naive) if rhythm.second and length > rhythm.second else None
    return [
        last + flat,
        naive,
        mild + recent.ahead(steps),
        mean(x, seen) + flat,
        levels[0] + ahead,
        levels[1] + ahead,
        levels[2] + ahead,
        levels[3] + near * damped + ahead,
        levels[3] + middle * h + ahead,
        levels[2] + 0.5 * long * h + ahead,
        mean(calm, seen) + long * (_centre(seen) + h) + ahead,
        naive if second is None else second[0],
        _smooth(even, calm, levels[1], steps) if second is None else second[1],
        _levels(x, seen, (0.2,))[0] + flat,
        last + (last - oldest) / span * h,
        naive + growth * (1 + (h - 1) // m),
        quick + turn * damped + recent.ahead(steps),
        mild + 0.5 * tilt * h + recent.ahead(steps),
    ]


def seasons(x: Array, seen: Array, m: int, decays: tuple[float, ...]) -> list[Season]:
    """Patterns of `m` steps: deviations from a line and a moving mean, averaged by phase.

    Each of `decays` gives one: older cycles count by its powers.
    """
    xp, length = namespace(x), x.shape[1]
    if m == 1 or length <= m:
        return [Season(xp.zeros_like(xp.tile(x[:, :1], (1, max(m, 1)))), max(m, 1)) for _ in decays]
    age = np.arange(length - 1, -1, -1.0)[None]
    enough = count(seen) >= 2 * m
    tilt = xp.where(enough, slope(x, seen, 1.0), 0.0)
    level = xp.where(seen, x + tilt * age, 0.0)
    deviation = xp.where(seen, level - _moving(level, seen, m), 0.0)
    cycles = -(-length // m)
    deviation = xp.reshape(before(deviation, cycles * m - length), (-1, cycles, m))
    valid = xp.reshape(before(xp.astype(seen, xp.float64), cycles * m - length), (-1, cycles, m))
    found = []
    for decay in decays:
        weight = xp.asarray(decay ** np.arange(cycles - 1, -1, -1.0))
        total = xp.tensordot(weight, deviation, axes=((0,), (1,)))
        pattern = total / xp.maximum(xp.tensordot(weight, valid, axes=((0,), (1,))), 1e-9)
        pattern = xp.where(xp.abs(total) > 0, pattern, 0.0)
        pattern = xp.where(_span(seen) >= m, pattern - xp.mean(pattern, axis=1, keepdims=True), 0.0)
        found.append(Season(pattern, m))
    return found


def seasonal_naive(x: Array, seen: Array, m: int, steps: int) -> Array:
    """The value last seen at the same phase, `(N, steps)`; the last value where a phase was never seen."""
    xp, length = namespace(x), x.shape[1]
    cycles = -(-length // m)
    values = xp.reshape(before(x, cycles * m - length), (-1, cycles, m))
    valid = xp.reshape(before(xp.astype(seen, xp.int8), cycles * m - length), (-1, cycles, m))
    at = cycles - 1 - xp.argmax(valid[:, ::-1, :], axis=1, keepdims=True)
    found = xp.take_along_axis(values, at, axis=1)[:, 0, :]
    last = xp.take_along_axis(x, newest(seen), axis=1)
    found = xp.where(xp.max(valid, axis=1) > 0, found, last)
    return repeated(found, m, steps)[:, :steps]


def slope(x: Array, seen: Array, decay: float) -> Array:
    """Slope a step of a line fitted with weights `decay ** age`, `(N, 1)`; 0 where fewer than two values stand."""
    return _slopes(x, seen, (decay,))[0]


def _slopes(x: Array, seen: Array, decays: tuple[float, ...]) -> list[Array]:
    """`slope` for several decays, by moments: two matrix products."""
    xp, several = namespace(x), len(decays)
    age = np.arange(x.shape[1] - 1, -1, -1.0)
    weight = np.stack([np.maximum(decay**age, 1e-300) for decay in decays], axis=1)
    powers = np.concatenate([weight, weight * age[:, None], weight * age[:, None] ** 2], axis=1)
    sums = product(xp.astype(seen, xp.float64), powers)
    zero, one, two = (sums[:, i * several : (i + 1) * several] for i in range(3))
    sums = product(x, powers[:, : 2 * several])
    value, mixed = sums[:, :several], sums[:, several:]
    total = xp.maximum(zero, 1e-300)
    spread = two - one**2 / total
    shared = mixed - one * value / total
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = xp.where(spread > 1e-9 * (two + 1e-12), -shared / spread, 0.0)
    return [found[:, i : i + 1] for i in range(several)]


def middles(x: Array, seen: Array) -> tuple[Array, Array]:
    """Median and lowest of the last 256 values, `(N, 1)` each."""
    xp = namespace(x)
    x, seen = x[:, -256:], seen[:, -256:]
    length = x.shape[1]
    ordered = xp.sort(xp.where(seen, x, xp.inf), axis=1)
    held = count(seen)
    upper = xp.take_along_axis(ordered, xp.minimum(held // 2, length - 1), axis=1)
    lower = xp.take_along_axis(ordered, xp.maximum((held - 1) // 2, 0), axis=1)
    some = held > 0
    middle = (xp.where(some, upper, 0.0) + xp.where(some, lower, 0.0)) / 2
    return xp.where(some, middle, 0.0), xp.where(some, ordered[:, :1], 0.0)


def _span(seen: Array) -> Array:
    """Steps from the first value to the last, `(N, 1)`."""
    return namespace(seen).where(count(seen) > 0, newest(seen) - first(seen), 0)


def mean(x: Array, seen: Array) -> Array:
    """Mean of what is seen, `(N, 1)`; 0 where nothing is."""
    xp = namespace(seen)
    total = xp.sum(xp.where(seen, x, 0.0), axis=1, keepdims=True)
    return total / xp.astype(xp.maximum(count(seen), 1), xp.float64)


def _centre(seen: Array) -> Array:
    """Mean age of the values seen, `(N, 1)`."""
    return mean(namespace(seen).asarray(np.arange(seen.shape[1] - 1, -1, -1.0)[None]), seen)


def _levels(x: Array, seen: Array, alphas: tuple[float, ...]) -> list[Array]:
    """Exponentially smoothed levels at the end, `(N, 1)` each; missing values carry no weight."""
    xp = namespace(x)
    age = np.arange(x.shape[1] - 1, -1, -1.0)
    weight = np.stack([np.maximum((1 - alpha) ** age, 1e-300) for alpha in alphas], axis=1)
    total, norm = product(x, weight), product(xp.astype(seen, xp.float64), weight)
    level = xp.where(norm > 0, total / xp.maximum(norm, 1e-300), 0.0)
    return [level[:, i : i + 1] for i in range(len(alphas))]


def _window(x: Array, seen: Array, age: int, width: int) -> Array:
    """Mean of the `width` steps before `age`, `(N, 1)`; that of all where they hold none."""
    stop = x.shape[1] - age
    start = max(0, stop - width)
    if stop <= 0:
        return mean(x, seen)
    part = seen[:, start:stop]
    return namespace(x).where(count(part) > 0, mean(x[:, start:stop], part), mean(x, seen))


def _moving(x: Array, seen: Array, m: int) -> Array:
    """Mean of the `m` steps around each step, shifted inwards at the ends of each context, `(N, T)`."""
    xp, length = namespace(x), x.shape[1]
    start = xp.minimum(first(seen), length - m)
    total = before(xp.cumulative_sum(x, axis=1), 1)
    held = before(xp.cumulative_sum(xp.astype(seen, xp.float64), axis=1), 1)
    means = (total[:, m:] - total[:, : length + 1 - m]) / xp.maximum(held[:, m:] - held[:, : length + 1 - m], 1.0)
    nearest = xp.asarray(np.minimum(np.arange(length)[None] - m // 2, length - m))
    return xp.take_along_axis(means, xp.maximum(nearest, start), axis=1)


def _smooth(season: Season, calm: Array, level: Array, steps: int) -> Array:
    """Level and a pattern smoothed around the cycle: for long seasons, whose phases are seen seldom."""
    reach = season.length // 24
    if reach < 1:
        return level + 0.5 * season.ahead(steps)
    xp = namespace(level)
    shifted = [xp.roll(season.pattern, shift, axis=1) for shift in range(-reach, reach + 1)]
    return level + Season(xp.mean(xp.stack(shifted, axis=0), axis=0), season.length).ahead(steps)


def _second(x: Array, seen: Array, rhythm: Rhythm, steps: int, naive: Array) -> tuple[Array, Array]:
    """The same phase of the longer season, moved to today's level; and the mean pattern of that season with a level."""
    xp, length, m = namespace(x), x.shape[1], rhythm.second
    width = max(2 * rhythm.season, rhythm.segment)
    reached = _span(seen) >= m
    moved = seasonal_naive(x, seen, m, steps) + _window(x, seen, 0, width) - _window(x, seen, m, width)
    [pattern] = seasons(x, seen, m, (1.0,))
    [level] = _levels(xp.where(seen, x - pattern.back(length), 0.0), seen, (0.2,))
    return xp.where(reached, moved, naive), xp.where(reached, level + pattern.ahead(steps), naive)
