"""Intervals from residuals: right quantiles, honest coverage, wider where errors are larger."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecaster.calibration import Answers, Residuals, calibrate, fit_difficulty, make_answers
from forecaster.windows import Windows, WindowShape

SHAPE = WindowShape(lookback=4, segment=2, horizon=3, season=1)


def answers(count: int, scale: float = 1.0, shape: WindowShape = SHAPE) -> Answers:
    windows = Windows(shape, np.zeros((count, 2, 3), np.float32), np.zeros((count, 3)), np.full((count, 1), scale))
    return Answers(windows, np.zeros((count, 3)), np.full((count, 4), math.log(scale)))


def same_signs(count: int) -> np.ndarray:
    return np.zeros((count, 4))


def test_the_quantile_is_the_conformal_one() -> None:
    errors = np.random.default_rng(0).normal(size=(999, 1))
    expected = np.sort(np.abs(errors[:, 0]))[math.ceil(1000 * 0.80) - 1]
    calibration = calibrate(errors, same_signs(999), 999)
    size = calibration.difficulty.size(same_signs(1))[0, 0]
    half = np.interp(80, calibration.levels, calibration.half_widths[0]) * size
    assert half == pytest.approx(expected)


def test_coverage_of_new_windows_is_nominal() -> None:
    rng = np.random.default_rng(1)
    growth = np.array([1.0, 2.0, 3.0])
    calibration = calibrate(rng.standard_t(4, size=(400, 3)) * growth, same_signs(400), 400)
    fresh = rng.standard_t(4, size=(20_000, 3)) * growth
    for level in (50, 80, 95):
        low, high = calibration.interval(answers(20_000), level)
        assert ((low <= fresh) & (fresh <= high)).mean() == pytest.approx(level / 100, abs=0.03)


def test_few_windows_lend_each_other_their_errors() -> None:
    rng = np.random.default_rng(2)
    growth = np.array([1.0, 2.0, 4.0])
    _, high = calibrate(rng.normal(size=(30, 3)) * growth, same_signs(30), 30).interval(answers(1), 80)
    assert high[0, 0] < high[0, 1] < high[0, 2]
    np.testing.assert_allclose(high[0] / growth, 1.28, rtol=0.35)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.integers(1, 8), st.integers(0, 1000))
def test_wider_levels_have_wider_intervals(count: int, horizon: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    calibration = calibrate(rng.normal(size=(count, horizon)), rng.normal(size=(count, 4)), count)
    halves = np.array([np.interp(level, calibration.levels, calibration.half_widths[0]) for level in (10, 50, 80, 95)])
    assert (np.diff(halves) >= 0).all()
    assert np.isfinite(calibration.half_widths).all()


def test_windows_whose_errors_were_larger_get_wider_intervals() -> None:
    rng = np.random.default_rng(3)
    signs = np.column_stack([np.zeros(1000), rng.normal(size=(1000, 3))])
    errors = rng.normal(size=(1000, 3)) * np.exp(signs[:, 1:2])
    size = fit_difficulty(errors, signs, 1000).size(signs)
    assert np.corrcoef(np.log(size[:, 0]), signs[:, 1])[0, 1] > 0.98
    assert fit_difficulty(errors, signs, 1000).slope[1] == pytest.approx(1.0, abs=0.1)


def test_without_evidence_errors_are_in_proportion_to_the_scale() -> None:
    rng = np.random.default_rng(4)
    signs = rng.normal(size=(10, 4))
    difficulty = fit_difficulty(rng.normal(size=(10, 3)) * np.exp(signs[:, :1]), signs, 0.5)
    sizes = difficulty.size(np.zeros((2, 4)) + np.array([[0.0], [math.log(5)]]))
    assert sizes[1, 0] / sizes[0, 0] == pytest.approx(5, rel=0.3)


def test_an_interval_under_a_logarithm_stays_positive() -> None:
    calibration = calibrate(np.full((20, 3), 50.0), same_signs(20), 20)
    low, high = calibration.interval(answers(1, shape=replace(SHAPE, transform="log")), 95)
    assert (low > 0).all()
    assert np.isfinite(high).all()


def test_a_fold_is_covered_by_the_other_only() -> None:
    errors = np.repeat([[1.0], [100.0]], 50, axis=0) * np.ones((1, 3))
    residuals = Residuals(errors, answers(100), np.repeat([0, 1], 50), 100)
    low, high = residuals.cross_intervals([80.0])[80.0]
    np.testing.assert_allclose(high[:50], 100)
    np.testing.assert_allclose(high[50:], 1)
    np.testing.assert_array_equal(low, -high)


def test_answers_are_the_median_and_tell_how_far_the_networks_disagree() -> None:
    windows = answers(2, scale=10.0).windows
    outputs = np.array([[[1.0] * 3, [2.0] * 3, [9.0] * 3], [[4.0] * 3] * 3], np.float32)
    made = make_answers(windows, np.zeros((2, 3)), outputs)
    np.testing.assert_allclose(made.outputs, [[2.0] * 3, [4.0] * 3])
    assert made.signs[0, 3] == pytest.approx(math.log(np.std([1, 2, 9]) * 10))
    assert made.signs[1, 3] == pytest.approx(math.log(1e-5))
