"""Smoothed base paths, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.model.paths import DAMPING, SLOPE_WEIGHT, smoothed_path
from forecaster.model.windows import WindowShape, base_map, cut_windows
from tests.origins import between


def smoothed_by_hand(values: np.ndarray, horizon: int, level: float, slope: float) -> list[float]:
    newest = [level_weight * value for level_weight, value in zip(falling(1 - level, len(values)), values, strict=True)]
    steps = np.diff(values)
    step = sum(w * s for w, s in zip(falling(1 - SLOPE_WEIGHT, len(steps)), steps, strict=True))
    path, carried = [], 0.0
    for ahead in range(1, horizon + 1):
        carried += DAMPING**ahead
        path.append(sum(newest) + slope * carried * step)
    return path


def falling(keep: float, count: int) -> list[float]:
    weights = [keep**age for age in reversed(range(count))]
    return [weight / sum(weights) for weight in weights]


@pytest.mark.parametrize("level", [0.1, 0.7, 1.0])
@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_without_seasons(level: float, slope: float) -> None:
    values = np.random.default_rng(0).normal(size=9).cumsum()
    path = values @ smoothed_path(9, 4, 1, level, slope)
    np.testing.assert_allclose(path, smoothed_by_hand(values, 4, level, slope))


@given(st.integers(2, 7), st.integers(1, 4), st.integers(1, 11), st.floats(-5, 5), st.floats(0.05, 1))
def test_a_season_on_a_level_goes_on_for_ever(
    season: int, seasons: int, horizon: int, lift: float, level: float
) -> None:
    pattern = np.random.default_rng(season).normal(size=season) + lift
    path = np.tile(pattern, seasons) @ smoothed_path(season * seasons, horizon, season, level, 1.0)
    np.testing.assert_allclose(path, np.resize(pattern, horizon), atol=1e-9)


def test_a_line_is_carried_on_and_damped() -> None:
    line = np.arange(24.0)
    path = line @ smoothed_path(24, 3, 4, 1.0, 1.0)
    np.testing.assert_allclose(path, 23 + np.cumsum(DAMPING ** np.arange(1, 4)))


def test_a_short_history_has_the_seasons_that_it_has() -> None:
    shape = WindowShape(lookback=16, segment=4, horizon=5, season=4, base=(4,), smoothing=(0.4, 0.5))
    values = np.random.default_rng(0).normal(size=30)
    ends = np.array([5, 9, 30])
    windows = cut_windows(values, between([0, 0, 0], ends), shape)
    for end, span, base in zip(ends, (4, 8, 16), windows.base, strict=True):
        np.testing.assert_allclose(base, values[end - span : end] @ smoothed_path(span, 5, 4, 0.4, 0.5))
    np.testing.assert_allclose(values[-16:] @ base_map(shape), windows.base[-1])
