"""The simple methods that a model has to beat: naive, seasonal naive, drift.

Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, section 5.2. As everywhere, all series lie
end to end in one flat array, and a window's history is `values[start:end]`, `end` exclusive and after `start`. All
windows are forecast at once.
"""

from __future__ import annotations

import numpy as np

from forecaster.model.windows import Floats, Ints


def naive(values: Floats, ends: Ints, horizon: int) -> Floats:
    """Repeat the last value.

    Args:
        values: [T] all series end to end.
        ends: [N] index after the last value of each history.
        horizon: H, steps to forecast.

    Returns:
        [N, H] forecasts of the steps `end` … `end + H − 1`.
    """
    return np.repeat(values[ends - 1][:, None], horizon, axis=1)


def seasonal_naive(values: Floats, starts: Ints, ends: Ints, season: int, horizon: int) -> Floats:
    """Repeat the last season; where the history is shorter than one season, the last value.

    Args:
        values: [T] all series end to end.
        starts: [N] index of the first value of each history.
        ends: [N] index after the last value of each history.
        season: Season length in steps, at least 1.
        horizon: H, steps to forecast; may be longer than the season.

    Returns:
        [N, H] forecasts of the steps `end` … `end + H − 1`.
    """
    period = np.where(ends - starts >= season, season, 1)[:, None]  # [N, 1]
    forecast: Floats = values[ends[:, None] - period + np.arange(horizon) % period]
    return forecast


def drift(values: Floats, starts: Ints, ends: Ints, horizon: int) -> Floats:
    """Carry on the straight line from the first value of the history to its last; a single value is repeated.

    Args:
        values: [T] all series end to end.
        starts: [N] index of the first value of each history.
        ends: [N] index after the last value of each history.
        horizon: H, steps to forecast.

    Returns:
        [N, H] forecasts of the steps `end` … `end + H − 1`.
    """
    last = values[ends - 1]
    slope = (last - values[starts]) / np.maximum(ends - starts - 1, 1)
    forecast: Floats = last[:, None] + slope[:, None] * np.arange(1, horizon + 1)
    return forecast
