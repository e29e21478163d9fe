"""Recursive forecasts: a model that is asked for more steps than it was trained for reads its own forecasts as history.

Errors add up on the way: each round begins with what the rounds before got wrong. How much wider that makes the
intervals is measured on the past of the data itself, by going the same way from earlier cutoffs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from forecaster.base.errors import UsageError, shown
from forecaster.data.panel import Panel, Treated, head
from forecaster.model import baselines
from forecaster.model.forecast import Forecast
from forecaster.model.origins import Origins
from forecaster.model.predictor import make_forecast
from forecaster.model.version import FittedModel
from forecaster.model.windows import Floats, WindowShape

MOST_ROUNDS = 100
ENOUGH_WINDOWS, MOST_CUTOFFS = 100, 10
"""Windows on which the growth of errors is measured, and cutoffs that they may come from."""

LEVEL = 80.0
"""Percent of the interval whose misses tell how errors grow."""


def check_rounds(model: FittedModel, horizon: int) -> int:
    """Return how often a model must be asked to reach a horizon in steps.

    Raises:
        UsageError: It reads something of which nothing is known after the end of the data, or the horizon is far off.
    """
    longest = model.window.horizon
    if horizon > MOST_ROUNDS * longest:
        raise UsageError(
            f"--horizon {horizon}: model {model.name!r} was trained for {longest} steps, and goes on to "
            f"{MOST_ROUNDS * longest} at most",
            hint=f"Train again with: forecast train DATA --horizon {horizon}",
        )
    past = [encoding.name for encoding in model.encodings if encoding.source == "past"]
    if horizon > longest and past:
        raise UsageError(
            f"--recursive: model {model.name!r} reads {shown(past[0])}, unknown after the data's end",
            hint=f"Train again with: forecast train DATA --horizon {horizon}",
        )
    return -(-horizon // longest)


def forecast_recursively(model: FittedModel, panel: Panel, horizon: int, levels: tuple[float, ...]) -> Forecast:
    """Forecast every series of a panel after its last stamp, in as many rounds as it takes.

    Args:
        model: What forecasts H steps at once.
        panel: S series.
        horizon: How many steps.
        levels: Of the intervals, in percent, ascending.

    Raises:
        UsageError: As `check_rounds`.
        ModelError: The network's answer is not finite.
    """
    rounds = check_rounds(model, horizon)
    growth = measure_growth(model, panel, rounds)
    parts = [_widened(part, growth[k], model.window) for k, part in enumerate(_rounds(model, panel, rounds, levels))]
    ends = [[end for _, *both in part.intervals for end in both] for part in parts]
    low_high = [np.concatenate(each, axis=1)[:, :horizon] for each in zip(*ends, strict=True)]
    return replace(
        parts[0],
        stamps=panel.future_stamps(horizon),
        values=np.concatenate([part.values for part in parts], axis=1)[:, :horizon],
        intervals=tuple(zip(levels, low_high[::2], low_high[1::2], strict=True)),
        direct=model.window.horizon,
    )


def measure_growth(model: FittedModel, panel: Panel, rounds: int) -> Floats:
    """Return how many times wider the intervals of each round must be [rounds], not decreasing from 1 on.

    It is the ratio of the 80 % quantiles of errors in units of the interval that the round itself gives. The model may
    have been trained on that time: this flatters all rounds alike. Where the series are too short to tell, errors of
    rounds count as independent, and their variances add: √(round).
    """
    misses = [np.empty(0)] * rounds
    whole, windows = rounds * model.window.horizon, 0
    for cutoff in range(MOST_CUTOFFS if rounds > 1 else 0):
        seen = panel.lengths - whole - cutoff * model.window.horizon
        kept = np.flatnonzero(seen >= max(model.window.shortest_history, model.window.lookback // 2))
        if not len(kept) or windows >= ENOUGH_WINDOWS:
            break
        earlier = head(panel, np.where(np.isin(np.arange(panel.n_series), kept), seen, 0))
        actual = panel.values[(panel.offsets[kept] + seen[kept])[:, None] + np.arange(whole)]
        there = np.split(actual, rounds, axis=1)
        for k, part in enumerate(_rounds(model, earlier, rounds, (LEVEL,))):
            misses[k] = np.append(misses[k], _misses(part, there[k]))
        windows += len(kept)
    if not windows or not all(map(len, misses)):
        return np.sqrt(np.arange(1, rounds + 1, dtype=np.float64))
    sizes = np.array([np.quantile(each, LEVEL / 100) for each in misses])
    ratios = sizes / sizes[0] if sizes[0] > 0 else np.ones(rounds)
    return np.asarray(np.maximum.accumulate(np.maximum(ratios, 1.0)))


def _misses(part: Forecast, actual: Floats) -> Floats:
    """Return the errors of a round in units of its interval's half on that side; without those of constant series."""
    [(_, low, high)] = part.intervals
    error = actual - part.values
    half = np.where(error > 0, high - part.values, part.values - low)
    return np.asarray(np.abs(error)[half > 0] / half[half > 0])


def _rounds(model: FittedModel, panel: Panel, rounds: int, levels: tuple[float, ...]) -> Iterator[Forecast]:
    """Yield the forecast of each round; series too short for the network stay with the seasonal naive method."""
    horizon, current = model.window.horizon, panel
    naive = baselines.seasonal_naive(panel.values, Origins.at_end(panel), model.season, rounds * horizon)
    first: Forecast | None = None
    for k in range(rounds):
        part = make_forecast(model, current, None, levels)
        if first is not None:
            short = (first.methods == "seasonal_naive")[:, None]
            values = np.where(short, naive[:, k * horizon : (k + 1) * horizon], part.values)
            part = _at_least_as_wide(replace(part, values=values), first, model.window)
        first = first or part
        yield part
        current = _extended(current, part.values)


def _at_least_as_wide(part: Forecast, first: Forecast, shape: WindowShape) -> Forecast:
    """Return a later round with intervals not narrower than the first one's: a window of forecasts looks too smooth."""
    intervals = []
    for (level, *own), (_, *then) in zip(part.intervals, first.intervals, strict=True):
        if shape.transform == "log":
            low, high = (part.values * end / first.values for end in then)
        else:
            low, high = (part.values + end - first.values for end in then)
        intervals.append((level, np.minimum(low, own[0]), np.maximum(high, own[1])))
    return replace(part, intervals=tuple(intervals))


def _extended(panel: Panel, values: Floats) -> Panel:
    """Return the panel with H more values [S, H] at the end of each series, as if they had been observed."""
    at, horizon = np.repeat(panel.offsets[1:], values.shape[1]), values.shape[1]
    return replace(
        panel,
        values=np.insert(panel.values, at, values.ravel()),
        filled=np.insert(panel.filled, at, False),
        offsets=panel.offsets + np.arange(panel.n_series + 1) * horizon,
        outliers=Treated(),
    )


def _widened(part: Forecast, factor: float, shape: WindowShape) -> Forecast:
    """Return a forecast with intervals so many times as wide: as factors, where the model takes logarithms."""
    values, intervals = part.values, []
    for level, low, high in part.intervals:
        below = values - factor * (values - low)
        if shape.transform == "log":
            below = values / (1 + factor * (values / np.maximum(low, np.finfo(float).tiny) - 1))
        above = values + factor * (high - values)
        inside = np.clip([below, above], shape.low, shape.high)
        intervals.append((level, np.minimum(inside[0], values), np.maximum(inside[1], values)))
    return replace(part, intervals=tuple(intervals))
