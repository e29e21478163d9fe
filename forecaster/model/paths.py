"""Base paths that are smoothed: linear maps of a window, so one matrix product in NumPy and in every exported graph.

The level is an exponentially weighted mean of the seasonally adjusted values (Brown, Statistical Forecasting for
Inventory Control, 1959; Holt, 1957), and goes on along a damped share of the local slope (Gardner & McKenzie,
Forecasting trends in time series, Management Science 31(10), 1985). Seasonal differences are those of the last whole
seasons, after their trend is taken out. With fixed parameters all of that is linear in the values.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SLOPE_WEIGHT = 0.3
"""Weight of the newest step in the local slope; it falls by this share from step to step."""

DAMPING = 0.9
"""What the slope is multiplied by from one step ahead to the next."""

MOST_SEASONS = 4
"""Whole seasons that seasonal differences are the mean of, at most: older ones say less of the next."""


@lru_cache(maxsize=256)
def smoothed_path(span: int, horizon: int, season: int, level: float, slope: float) -> Floats:
    """Return the map [span, H] from the last values of a window to the path after it.

    Args:
        span: Values that are read; of a seasonal path a whole number of seasons.
        horizon: H.
        season: m, 1 for a path without seasons.
        level: Weight of the newest value in the level, above 0 and at most 1.
        slope: Share of the local slope that is carried on, 0 to 1.
    """
    plain, ahead = np.eye(span), np.arange(horizon)
    seasonal = _season_differences(span, season)  # [m, span]
    adjusted = plain - seasonal[np.arange(span) % season]  # rows: adjusted values, as maps of the values
    age = np.arange(span)[::-1]
    newest = _falling(1.0 - level, age) @ adjusted
    path = np.repeat(newest[None], horizon, axis=0) + seasonal[ahead % season]
    if slope and span > 1:
        step = _falling(1.0 - SLOPE_WEIGHT, age[1:]) @ np.diff(adjusted, axis=0)
        path += slope * np.cumsum(DAMPING ** (ahead + 1.0))[:, None] * step
    return np.ascontiguousarray(path.T)


def _falling(keep: float, age: NDArray[np.int64]) -> Floats:
    """Return weights that fall by a share with age and add up to 1."""
    weights = keep ** age.astype(np.float64)
    return np.asarray(weights / weights.sum())


def _season_differences(span: int, season: int) -> Floats:
    """Return the seasonal differences of the next steps [m] as maps of the last `span` values; zero without a season.

    Each season's mean is taken out, and the trend within it: the mean change from season to season.
    """
    if season == 1:
        return np.zeros((1, span))
    seasons = span // season
    cut = np.eye(span).reshape(seasons, season, span)
    means = cut.mean(axis=1)  # [seasons, span]
    change = (means[-1] - means[0]) / max(season * (seasons - 1), 1)  # a step
    within = np.arange(season) - (season - 1) / 2
    return np.asarray((cut - means[:, None]).mean(axis=0) - within[:, None] * change)
