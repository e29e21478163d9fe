"""The simple methods that a model has to beat: naive, seasonal naive, drift.

Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, section 5.2. As everywhere, all series lie
end to end in one flat array. All windows are forecast at once.
"""

from __future__ import annotations

import numpy as np

from forecaster.model.origins import Origins
from forecaster.model.windows import Floats


def naive(values: Floats, origins: Origins, horizon: int) -> Floats:
    """Repeat the last value.

    Args:
        values: [T] all series end to end.
        origins: Where the N histories end.
        horizon: H, steps to forecast.

    Returns:
        [N, H] forecasts of the next H steps.
    """
    return np.repeat(values[origins.ends - 1][:, None], horizon, axis=1)


def seasonal_naive(values: Floats, origins: Origins, season: int, horizon: int) -> Floats:
    """Repeat the last season; where the history is shorter than one season, the last value.

    Args:
        values: [T] all series end to end.
        origins: Where the N histories end.
        season: Season length in steps, at least 1.
        horizon: H, steps to forecast; may be longer than the season.

    Returns:
        [N, H] forecasts of the next H steps.
    """
    period = np.where(origins.lengths >= season, season, 1)[:, None]  # [N, 1]
    forecast: Floats = values[origins.ends[:, None] - period + np.arange(horizon) % period]
    return forecast


def drift(values: Floats, origins: Origins, horizon: int) -> Floats:
    """Carry on the straight line from the first value of the history to its last; a single value is repeated.

    Args:
        values: [T] all series end to end.
        origins: Where the N histories end.
        horizon: H, steps to forecast.

    Returns:
        [N, H] forecasts of the next H steps.
    """
    last = values[origins.ends - 1]
    slope = (last - values[origins.starts]) / np.maximum(origins.lengths - 1, 1)
    forecast: Floats = last[:, None] + slope[:, None] * np.arange(1, horizon + 1)
    return forecast
