"""Simple forecasts of a context, all at once: what the network weighs and corrects.

Each is linear in the observed values given where values are missing, and moves and stretches with them. `x` is float64
`(N, T)`, oldest first, 0 where `seen` (bool, `(N, T)`) is false; contexts end in the last column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.model.pretrained.rhythm import Rhythm

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

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


@dataclass(frozen=True, eq=False)
class Season:
    """A seasonal pattern, `(N, m)`: column 0 is the phase of the first step ahead."""

    pattern: Floats

    def ahead(self, steps: int) -> Floats:
        """The pattern over the next `steps`, `(N, steps)`."""
        m = self.pattern.shape[1]
        return np.tile(self.pattern, (1, -(-steps // m)))[:, :steps]

    def back(self, length: int) -> Floats:
        """The pattern over the last `length` steps, `(N, length)`."""
        m = self.pattern.shape[1]
        return np.tile(self.pattern, (1, -(-length // m)))[:, -length:]


def candidates(x: Floats, seen: Bools, rhythm: Rhythm, steps: int) -> Floats:
    """The simple forecasts `NAMES` of each context, `(N, len(NAMES), steps)`, in the units of `x`."""
    n, length = x.shape
    m, pace = rhythm.season, 4 / rhythm.segment
    h = np.arange(1, steps + 1, dtype=np.float64)[None]
    even, recent = seasons(x, seen, m, (0.9, 0.4))
    calm = np.where(seen, x - even.back(length), 0.0)
    last, first = _last(x, seen), _last(x[:, ::-1], seen[:, ::-1])
    flat = np.zeros((1, steps))
    levels = _levels(calm, seen, ALPHAS)
    fresh = np.where(seen, x - recent.back(length), 0.0)
    mild, quick = _levels(fresh, seen, (0.5, 0.8))
    turn, tilt = _slopes(fresh, seen, (0.75**pace, 0.95**pace))
    near, middle, long = _slopes(calm, seen, (0.7**pace, 0.88**pace, 1.0))
    fade = 0.9**pace
    damped = fade * (1 - fade**h) / (1 - fade)
    ahead = even.ahead(steps)
    naive = seasonal_naive(x, seen, m, steps)
    span = np.maximum(_span(seen), 1)
    growth = _window(x, seen, 0, m) - _window(x, seen, m, m)
    center, lowest = middles(x, seen)
    second = _second(x, seen, rhythm, steps, naive) if rhythm.second and length > rhythm.second else None
    rows = [
        last + flat,
        naive,
        mild + recent.ahead(steps),
        _mean(x, seen) + flat,
        center + flat,
        lowest + flat,
        levels[0] + ahead,
        levels[1] + ahead,
        levels[2] + ahead,
        levels[3] + near * damped + ahead,
        levels[3] + middle * h + ahead,
        levels[2] + 0.5 * long * h + ahead,
        _mean(calm, seen) + long * (_centre(seen) + h) + ahead,
        naive if second is None else second[0],
        _smooth(even, calm, levels[1], steps) if second is None else second[1],
        _levels(x, seen, (0.2,))[0] + flat,
        last + (last - first) / span * h,
        naive + growth * (1 + (h - 1) // m),
        quick + turn * damped + recent.ahead(steps),
        mild + 0.5 * tilt * h + recent.ahead(steps),
    ]
    return np.stack([np.broadcast_to(row, (n, steps)) for row in rows], axis=1)


def seasons(x: Floats, seen: Bools, m: int, decays: tuple[float, ...]) -> list[Season]:
    """Patterns of `m` steps: deviations from a line and a moving mean, averaged by phase.

    Each of `decays` gives one: older cycles count by its powers.
    """
    n, length = x.shape
    if m == 1 or length <= m:
        return [Season(np.zeros((n, max(m, 1)))) for _ in decays]
    age = np.arange(length - 1, -1, -1.0)[None]
    enough = seen.sum(1, keepdims=True) >= 2 * m
    tilt = np.where(enough, slope(x, seen, 1.0), 0.0)
    level = np.where(seen, x + tilt * age, 0.0)
    deviation = np.where(seen, level - _moving(level, seen, m), 0.0)
    cycles = -(-length // m)
    padding = ((0, 0), (cycles * m - length, 0))
    deviation = np.pad(deviation, padding).reshape(n, cycles, m)
    valid = np.pad(seen, padding).reshape(n, cycles, m).astype(np.float64)
    found = []
    for decay in decays:
        weight = decay ** np.arange(cycles - 1, -1, -1.0)
        total = np.einsum("ncm,c->nm", deviation, weight)
        pattern = total / np.maximum(np.einsum("ncm,c->nm", valid, weight), 1e-9)
        pattern = np.where(np.abs(total) > 0, pattern, 0.0)
        found.append(Season(np.where(_span(seen) >= m, pattern - pattern.mean(1, keepdims=True), 0.0)))
    return found


def seasonal_naive(x: Floats, seen: Bools, m: int, steps: int) -> Floats:
    """The value last seen at the same phase, `(N, steps)`; the last value where a phase was never seen."""
    n, length = x.shape
    cycles = -(-length // m)
    padding = ((0, 0), (cycles * m - length, 0))
    values = np.pad(x, padding).reshape(n, cycles, m)
    valid = np.pad(seen, padding).reshape(n, cycles, m)
    newest = cycles - 1 - np.argmax(valid[:, ::-1], axis=1)
    found: Floats = np.take_along_axis(values, newest[:, None], axis=1)[:, 0]
    found = np.where(valid.any(1), found, _last(x, seen))
    return np.tile(found, (1, -(-steps // m)))[:, :steps]


def slope(x: Floats, seen: Bools, decay: float) -> Floats:
    """Slope a step of a line fitted with weights `decay ** age`, `(N, 1)`; 0 where fewer than two values stand."""
    return _slopes(x, seen, (decay,))[0]


def _slopes(x: Floats, seen: Bools, decays: tuple[float, ...]) -> list[Floats]:
    """`slope` for several decays, by moments: two matrix products."""
    age = np.arange(x.shape[1] - 1, -1, -1.0)
    weight = np.stack([np.maximum(decay**age, 1e-300) for decay in decays], axis=1)
    zero, one, two = np.split(
        seen @ np.concatenate([weight, weight * age[:, None], weight * age[:, None] ** 2], 1), 3, 1
    )
    value, product = np.split(x @ np.concatenate([weight, weight * age[:, None]], 1), 2, 1)
    total = np.maximum(zero, 1e-300)
    spread = two - one**2 / total
    shared = product - one * value / total
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = np.where(spread > 1e-9 * (two + 1e-12), -shared / spread, 0.0)
    return [found[:, i : i + 1] for i in range(len(decays))]


def middles(x: Floats, seen: Bools) -> tuple[Floats, Floats]:
    """Median and lowest of the last 256 values, `(N, 1)` each."""
    x, seen = x[:, -256:], seen[:, -256:]
    ordered = np.sort(np.where(seen, x, np.inf), axis=1)
    count = seen.sum(1, keepdims=True)
    upper = np.take_along_axis(ordered, np.minimum(count // 2, x.shape[1] - 1), axis=1)
    lower = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0), axis=1)
    some = count > 0
    return np.where(some, (np.where(some, upper, 0) + np.where(some, lower, 0)) / 2, 0), np.where(
        some, ordered[:, :1], 0
    )


def _last(x: Floats, seen: Bools) -> Floats:
    at = x.shape[1] - 1 - np.argmax(seen[:, ::-1], axis=1)
    return np.take_along_axis(x, at[:, None], axis=1)


def _span(seen: Bools) -> NDArray[np.int64]:
    """Steps from the first value to the last, `(N, 1)`."""
    length = seen.shape[1]
    newest = length - 1 - np.argmax(seen[:, ::-1], axis=1)
    return np.where(seen.any(1), newest - np.argmax(seen, axis=1), 0)[:, None]


def _mean(x: Floats, seen: Bools) -> Floats:
    mean: Floats = np.where(seen, x, 0.0).sum(1, keepdims=True) / np.maximum(seen.sum(1, keepdims=True), 1)
    return mean


def _centre(seen: Bools) -> Floats:
    """Mean age of the values seen, `(N, 1)`."""
    return _mean(np.broadcast_to(np.arange(seen.shape[1] - 1, -1, -1.0), seen.shape), seen)


def _levels(x: Floats, seen: Bools, alphas: tuple[float, ...]) -> list[Floats]:
    """Exponentially smoothed levels at the end, `(N, 1)` each; missing values carry no weight."""
    age = np.arange(x.shape[1] - 1, -1, -1.0)
    weight = np.stack([np.maximum((1 - alpha) ** age, 1e-300) for alpha in alphas], axis=1)
    total, norm = x @ weight, seen.astype(np.float64) @ weight
    level = np.where(norm > 0, total / np.maximum(norm, 1e-300), 0.0)
    return [level[:, i : i + 1] for i in range(len(alphas))]


def _window(x: Floats, seen: Bools, age: int, width: int) -> Floats:
    """Mean of the `width` steps before `age`, `(N, 1)`; that of all where they hold none."""
    stop = x.shape[1] - age
    start = max(0, stop - width)
    if stop <= 0:
        return _mean(x, seen)
    part = seen[:, start:stop]
    return np.where(part.any(1, keepdims=True), _mean(x[:, start:stop], part), _mean(x, seen))


def _moving(x: Floats, seen: Bools, m: int) -> Floats:
    """Mean of the `m` steps around each step, shifted inwards at the ends of each context, `(N, T)`."""
    n, length = x.shape
    start = np.minimum(np.argmax(seen, axis=1), length - m)[:, None]
    total = np.concatenate([np.zeros((n, 1)), np.cumsum(x, axis=1)], axis=1)
    count = np.concatenate([np.zeros((n, 1)), np.cumsum(seen, axis=1)], axis=1)
    mean = (total[:, m:] - total[:, :-m]) / np.maximum(count[:, m:] - count[:, :-m], 1)
    return np.take_along_axis(mean, np.clip(np.arange(length)[None] - m // 2, start, length - m), axis=1)


def _smooth(season: Season, calm: Floats, level: Floats, steps: int) -> Floats:
    """Level and a pattern smoothed around the cycle: for long seasons, whose phases are seen seldom."""
    m = season.pattern.shape[1]
    reach = m // 24
    if reach < 1:
        return level + 0.5 * season.ahead(steps)
    shifted = [np.roll(season.pattern, shift, axis=1) for shift in range(-reach, reach + 1)]
    return level + Season(np.mean(shifted, axis=0)).ahead(steps)


def _second(x: Floats, seen: Bools, rhythm: Rhythm, steps: int, naive: Floats) -> tuple[Floats, Floats]:
    """The same phase of the longer season, moved to today's level; and the mean pattern of that season with a level."""
    length, m = x.shape[1], rhythm.second
    width = max(2 * rhythm.season, rhythm.segment)
    reached = _span(seen) >= m
    moved = seasonal_naive(x, seen, m, steps) + _window(x, seen, 0, width) - _window(x, seen, m, width)
    [pattern] = seasons(x, seen, m, (1.0,))
    [level] = _levels(np.where(seen, x - pattern.back(length), 0.0), seen, (0.2,))
    return np.where(reached, moved, naive), np.where(reached, level + pattern.ahead(steps), naive)
