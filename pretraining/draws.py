"""Pieces that the families of made-up series share: random numbers of every size, seasons, smoothing, noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Random = np.random.Generator


def sizes(rng: Random, low: float, high: float, n: int) -> Floats:
    """Log-uniform numbers, `(n,)`."""
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def sometimes(rng: Random, share: float, values: Floats) -> Floats:
    """Each value with probability `share`, else 0."""
    return np.where(rng.random(values.shape) < share, values, 0.0)


def noise(rng: Random, n: int, length: int) -> Floats:
    """Errors of unit size, a third of the series heavy-tailed, `(n, length)`."""
    normal = rng.normal(size=(n, length))
    heavy = rng.standard_t(3, (n, length)) / 1.7
    return np.where(rng.random((n, 1)) < 0.3, heavy, normal)


def pattern(rng: Random, n: int, m: int) -> Floats:
    """Seasonal patterns of unit size: harmonics that fade at random, and single spikes, `(n, m)`."""
    if m < 2:
        return np.zeros((n, max(m, 1)))
    phase = 2 * np.pi * np.arange(m) / m
    decay = rng.uniform(0.3, 2.5, (n, 1))
    shape = np.zeros((n, m))
    for harmonic in range(1, min(m // 2, 24) + 1):
        shape += rng.normal(size=(n, 1)) * np.cos(harmonic * phase) / harmonic**decay
        shape += rng.normal(size=(n, 1)) * np.sin(harmonic * phase) / harmonic**decay
    rough = rng.random((n, 1)) < 0.35
    shape += np.where(rough, (rng.random((n, m)) < 0.1) * rng.normal(0, 3, (n, m)) * shape.std(1, keepdims=True), 0)
    white = rng.random((n, 1)) < 0.15
    shape = np.where(white, rng.normal(size=(n, m)), shape)
    shape -= shape.mean(1, keepdims=True)
    return shape / (shape.std(1, keepdims=True) + 1e-9)


def along(shape: Floats, length: int, offset: Floats | None = None) -> Floats:
    """A pattern `(n, m)` repeated over `length` steps from a random phase on, `(n, length)`."""
    n, m = shape.shape
    start = np.zeros(n, int) if offset is None else offset.astype(int)
    step = (np.arange(length)[None] + start[:, None]) % m
    return np.take_along_axis(shape, step, axis=1)


def season(rng: Random, n: int, length: int, seasons: tuple[int, ...]) -> Floats:
    """The sum of fixed seasonal patterns, each of unit size or absent, `(n, length)`."""
    total = np.zeros((n, length))
    for i, m in enumerate(seasons):
        if m < 2:
            continue
        shape = pattern(rng, n, m)
        if m > 60:  # a long season is smooth
            reach = int(rng.integers(3, max(4, m // 8)))
            shape = np.mean([np.roll(shape, k, 1) for k in range(-reach, reach + 1, max(1, reach // 6))], axis=0)
            shape /= shape.std(1, keepdims=True) + 1e-9
        weight = sizes(rng, 0.1, 1.0, n) if i else np.ones(n)
        total += along(shape, length, rng.integers(0, m, n)) * sometimes(rng, 0.75, weight)[:, None]
    return total


def smooth(values: Floats, share: Floats) -> Floats:
    """First-order autoregression of the rows of `values` with coefficients `share`, `(n, length)`."""
    found = np.empty_like(values)
    state = np.zeros(len(values))
    for step in range(values.shape[1]):
        state = share * state + values[:, step]
        found[:, step] = state
    return found


def unlog(rng: Random, log: Floats, additive: float = 0.35) -> Floats:
    """Series in logarithms to series; some are left as they are, about 1."""
    plain = rng.random((len(log), 1)) < additive
    return np.where(plain, 1 + log, np.exp(np.clip(log, -7, 7)))
