"""Intervals from residuals: right quantiles, honest coverage, and the columns of a forecast file."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecaster.forecast import Forecast, calibrate, cross_intervals, make_interval
from forecaster.windows import Windows, WindowShape

SHAPE = WindowShape(lookback=4, segment=2, horizon=3, season=1)


def windows(count: int, scale: float = 1.0) -> Windows:
    return Windows(SHAPE, np.zeros((count, 2, 3), np.float32), np.zeros((count, 3)), np.full((count, 1), scale))


def test_the_quantile_is_the_conformal_one() -> None:
    errors = np.random.default_rng(0).normal(size=(999, 1))
    expected = np.sort(np.abs(errors[:, 0]))[math.ceil(1000 * 0.80) - 1]
    assert calibrate(errors).at(80)[0] == pytest.approx(expected)


def test_coverage_of_new_windows_is_nominal() -> None:
    rng = np.random.default_rng(1)
    growth = np.array([1.0, 2.0, 3.0])
    calibration = calibrate(rng.standard_t(4, size=(400, 3)) * growth)
    fresh = np.abs(rng.standard_t(4, size=(20_000, 3)) * growth)
    for level in (50, 80, 95):
        assert (fresh <= calibration.at(level)).mean() == pytest.approx(level / 100, abs=0.03)


def test_few_windows_lend_each_other_their_errors() -> None:
    rng = np.random.default_rng(2)
    growth = np.array([1.0, 2.0, 4.0])
    half = calibrate(rng.normal(size=(30, 3)) * growth).at(80)
    assert half[0] < half[1] < half[2]
    np.testing.assert_allclose(half / growth, 1.28, rtol=0.35)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.integers(1, 8), st.integers(0, 1000))
def test_wider_levels_have_wider_intervals(count: int, horizon: int, seed: int) -> None:
    calibration = calibrate(np.random.default_rng(seed).normal(size=(count, horizon)))
    halves = np.array([calibration.at(level) for level in (10, 50, 80, 95, 99)])
    assert (np.diff(halves, axis=0) >= 0).all()
    assert np.isfinite(halves).all()


def test_an_interval_is_the_half_width_times_the_scale() -> None:
    outputs = np.array([[1.0, 2.0, 3.0]])
    low, high = make_interval(outputs, windows(1, scale=10.0), np.array([0.1, 0.2, 0.3]))
    np.testing.assert_allclose(low, [[9, 18, 27]])
    np.testing.assert_allclose(high, [[11, 22, 33]])


def test_an_interval_under_a_logarithm_stays_positive() -> None:
    shape = WindowShape(lookback=4, segment=2, horizon=3, season=1, transform="log")
    low, high = make_interval(np.zeros((1, 3)), replace(windows(1), shape=shape), np.full(3, 50.0))
    assert (low > 0).all()
    assert np.isfinite(high).all()


def test_a_fold_is_covered_by_the_others_only() -> None:
    errors = np.repeat([[1.0], [100.0]], 50, axis=0) * np.ones((1, 3))
    folds = np.repeat([0, 1], 50)
    low, high = cross_intervals(errors, np.zeros((100, 3)), windows(100), folds, 80)
    assert (high[:50] == 100).all()
    assert (high[50:] == 1).all()
    np.testing.assert_array_equal(low, -high)


def test_the_columns_of_a_forecast_file() -> None:
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    forecast = Forecast(
        ids=("a", "b"),
        stamps=np.array([["t1", "t2"], ["t1", "t2"]], dtype=object),
        values=values,
        intervals=((80.0, values - 1, values + 1), (97.5, values - 2, values + 2)),
        methods=np.array(["lstm", "seasonal_naive"], dtype=object),
        id_column="shop",
        time_column="day",
    )
    frame = forecast.to_frame()
    assert list(frame.columns) == [
        "shop", "day", "forecast", "forecast-lo-80", "forecast-hi-80", "forecast-lo-97.5", "forecast-hi-97.5", "method",
    ]  # fmt: skip
    assert frame.iloc[3].tolist() == ["b", "t2", 4.0, 3.0, 5.0, 2.0, 6.0, "seasonal_naive"]
