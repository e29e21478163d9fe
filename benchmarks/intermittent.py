"""Intervals of rare demand, one made-up series at a time: what they hold, with and without what the own past shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from benchmarks.measure import table
from forecaster.data.panel import panel_from_arrays
from forecaster.model.builtin import bind
from forecaster.model.conformal import AS_GIVEN, Fan
from forecaster.model.origins import Origins
from forecaster.model.windows import Floats

AHEAD, SERIES = 14, 24
LEVELS = (80, 95)
SIZES = ((400, "D"), (60, "MS"))


def demand(rng: np.random.Generator, length: int) -> Iterator[tuple[str, Floats]]:
    """Yield kinds of rare demand, each [SERIES, length], independent from step to step."""
    shape = (SERIES, length)
    yield "5 pieces, one step in ten", 5.0 * (rng.random(shape) < 0.1)
    yield "1 piece, one in twenty", 1.0 * (rng.random(shape) < 0.05)
    yield "Poisson, mean 0.2", rng.poisson(0.2, shape).astype(float)
    yield "Poisson, mean 0.6", rng.poisson(0.6, shape).astype(float)
    yield "geometric sizes, 15 %", (rng.random(shape) < 0.15) * rng.geometric(0.3, shape).astype(float)
    sizes = np.round(np.exp(rng.normal(2, 1, shape)))
    yield "log-normal sizes, 30 %", (rng.random(shape) < 0.3) * sizes
    yield "packs of 6, 3 %", 6.0 * (rng.random(shape) < 0.03)
    yield "negative binomial, mean 0.4", rng.poisson(0.4 * rng.gamma(0.5, 2, shape)).astype(float)
    yield "10 to 20 pieces, 40 %", (rng.random(shape) < 0.4) * rng.integers(10, 21, shape).astype(float)


def measure() -> str:
    """Return coverage and interval scores, in steps of the series' own mean change."""
    rows = []
    for length, alias in SIZES:
        for kind, values in demand(np.random.default_rng(5), length + AHEAD):
            scores = np.mean([_score(one, length, alias) for one in values if one[:length].any()], axis=0)
            cells = [f"{held:.3f} / {score:.1f}" for held, score in scores.reshape(-1, 2)]
            rows.append([kind, f"{length}", *cells])
    names = [f"{level} %, {which}" for level, which in product(LEVELS, ("network", "with its own past"))]
    return table(["demand", "values", *names], rows)


def _score(values: Floats, length: int, alias: str) -> Floats:
    """Return coverage and interval score (Gneiting and Raftery, 2007) by level, without and with the own past."""
    panel = panel_from_arrays([values[:length]], freq=alias)
    model = bind(panel, horizon=AHEAD)
    fan = model.ask(panel, Origins.of(panel, np.array([0]), np.array([length])))
    correction = model.past.correction if model.past else AS_GIVEN
    actual, scale = values[length:], np.abs(np.diff(values[:length])).mean()

    def of(one: Fan, level: int) -> list[float]:
        low, high = (end[0] for end in one.interval(level, correction))
        low, missed = np.maximum(low, 0.0), 2 / (1 - level / 100)
        outside = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
        return [float((outside == 0).mean()), float((high - low + missed * outside).mean() / scale)]

    return np.array([of(one, level) for level in LEVELS for one in (replace(fan, zeros=None), fan)]).ravel()
