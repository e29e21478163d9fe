"""Windows for training: rhythms by their share, contexts of random length, mixtures of series, sign flips."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from forecaster.model.pretrained.inputs import Inputs, inputs
from forecaster.model.pretrained.rhythm import LADDER, LONGEST, WIDTH, Rhythm, rhythm
from pretraining.draws import Floats, Random
from pretraining.families import made_up

SHARES: dict[tuple[int, ...], float] = {
    (1,): 0.21,
    (4,): 0.16,
    (12,): 0.26,
    (7,): 0.06,
    (7, 365): 0.04,
    (24,): 0.04,
    (24, 168): 0.06,
    (52,): 0.05,
    (0,): 0.08,  # any other
    (48, 336): 0.02,
    (96,): 0.02,
}
OTHERS = (2, 3, 5, 6, 8, 10, 13, 14, 26, 30, 36, 48, 60, 72, 90, 144, 168, 180, 288, 365)
BOOST = {"intermittent": 1.6, "economy": 1.6, "regimes": 2.0, "walk": 1.5}
"""Families that yearly, quarterly and monthly data have more of: rare demand, crises, lines that break."""
REAL = 0.3
"""Share of the windows of a rhythm that are of real series, where there are any."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What one step of training reads: inputs, and targets in units of `unit` from `level` (NaN where unknown)."""

    read: Inputs
    target: np.ndarray  # (N, A, WIDTH) float32
    season: int  # steps of the shorter season


@dataclass
class Pool:
    """Made-up and real series of one rhythm.

    Attributes:
        seasons: Their season lengths.
        made: `(S, T)`, made up; a part of it is made anew from time to time.
        real: Arrays of any length.
    """

    seasons: tuple[int, ...]
    made: Floats
    real: list[Floats] = field(default_factory=list)

    @property
    def rhythm(self) -> Rhythm:
        """The rhythm of its seasons."""
        return rhythm(self.seasons)


def span(seasons: tuple[int, ...]) -> int:
    """Steps of a made-up series: enough for the longest context in segments, or three of the longest seasons."""
    shape = rhythm(seasons)
    return min(LONGEST, max(48 * shape.segment, 3 * max(shape.second, shape.season) + 8 * shape.segment))


def boost(seasons: tuple[int, ...]) -> dict[str, float]:
    """How many times as many series of some families there are in a rhythm."""
    return BOOST if seasons in ((1,), (4,), (12,)) else {}


def pool(rng: Random, seasons: tuple[int, ...], size: int, real: dict[tuple[int, ...], list[Floats]]) -> Pool:
    """A pool of `size` made-up series; `(0,)` draws any season length."""
    if seasons == (0,):
        seasons = (int(rng.choice(OTHERS) if rng.random() < 0.6 else rng.integers(2, 367)),)
        size = size // 3
    return Pool(seasons, made_up(rng, size, span(seasons), seasons, boost(seasons)), real.get(seasons, []))


def windows(rng: Random, source: Pool, n: int, segments: int, ahead: int) -> tuple[Floats, Floats]:
    """Contexts, NaN on the left, and the steps after them, `(n, T)` and `(n, A·p)`; NaN where the series ends."""
    shape = source.rhythm
    p, steps = shape.segment, ahead * shape.segment
    low = 1 if segments == LADDER[0] else segments * p // 2
    high = max(segments * p, source.made.shape[1] - steps) if segments == LADDER[-1] else segments * p
    lengths = np.exp(rng.uniform(np.log(max(low, 2)), np.log(high + 1), n)).astype(int)
    width = int(min(lengths.max(), LONGEST))
    past, future = np.full((n, width), np.nan), np.full((n, steps), np.nan)
    real = rng.random(n) < (REAL if source.real else 0)
    for row in range(n):
        if real[row]:
            series = source.real[rng.integers(len(source.real))]
        else:
            series = source.made[rng.integers(len(source.made))]
        size = len(series)
        newest = max(2, size - steps) if not real[row] else size - 1
        length = min(int(lengths[row]), newest)
        end = int(rng.integers(length, newest + 1))
        known = series[end - length : end]
        past[row, width - length :] = known
        ahead_known = series[end : end + steps]
        future[row, : len(ahead_known)] = ahead_known
    return past, future


def augment(rng: Random, past: Floats, future: Floats) -> tuple[Floats, Floats]:
    """Mix some windows with others (TSMixup, arXiv:2403.07815), flip the sign of some, hide values of some."""
    n = len(past)
    joint = np.concatenate([past, future], axis=1)
    size = (
        np.nansum(np.abs(joint), axis=1, keepdims=True) / np.maximum(np.isfinite(joint).sum(1, keepdims=True), 1) + 1e-9
    )
    other = rng.permutation(n)
    weight = rng.beta(1, 1, (n, 1))
    mixed = weight * joint / size + (1 - weight) * joint[other] / size[other]
    useful = np.isfinite(mixed[:, : past.shape[1]]).sum(1, keepdims=True) >= 3
    joint = np.where((rng.random((n, 1)) < 0.2) & useful, mixed, joint)
    joint = np.where(rng.random((n, 1)) < 0.12, -joint, joint)
    past = joint[:, : past.shape[1]]
    hidden = (rng.random(past.shape) < 0.15) & (rng.random((n, 1)) < 0.04)
    return np.where(hidden, np.nan, past), joint[:, past.shape[1] :]


def batch(rng: Random, source: Pool, n: int, size: tuple[int, int], change: bool = True) -> Batch:
    """A batch of `n` windows of `size` = (K, A) segments."""
    segments, ahead = size
    shape = source.rhythm
    with np.errstate(all="ignore"):
        past, future = windows(rng, source, n, segments, ahead)
        if change:
            past, future = augment(rng, past, future)
    enough = np.isfinite(past).any(1)
    return framed(past, np.where(enough[:, None], future, np.nan), shape, size)


def framed(past: Floats, future: Floats, shape: Rhythm, size: tuple[int, int]) -> Batch:
    """Contexts and what followed, as the network reads them."""
    read = inputs(past, shape, *size)
    target = np.full((len(past), size[1], WIDTH), np.nan, np.float32)
    relative = (future - read.level) / read.unit
    target[:, :, : shape.segment] = np.clip(relative, -1e3, 1e3).reshape(len(past), size[1], shape.segment)
    return Batch(read, target, shape.season)


def draw_size(rng: Random) -> tuple[int, int]:
    """Segments of past and ahead of one batch."""
    segments = int(rng.choice(LADDER, p=(0.3, 0.3, 0.28, 0.12)))
    ahead = int(rng.choice((2, 4, 8), p=(0.6, 0.28, 0.12)))
    return segments, ahead
