"""Intervals from residuals: right quantiles, honest coverage, wider where errors are larger."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecaster.model.bands import fitter
from forecaster.model.calibration import (
    Answers,
    Residuals,
    answer_windows,
    calibrate,
    error_size,
    fit_difficulty,
    recent_errors,
)
from forecaster.model.windows import Signals, Windows, WindowShape
from tests.origins import between

SHAPE = WindowShape(lookback=4, segment=2, horizon=3, season=1)


def answers(count: int, scale: float = 1.0, shape: WindowShape = SHAPE) -> Answers:
    windows = Windows(shape, np.zeros((count, 2, 3), np.float32), np.zeros((count, 3)), np.full((count, 1), scale))
    return Answers(windows, np.zeros((count, 3)), np.full((count, 4), math.log(scale)), np.empty((count, 0, 3)))


def same_signs(count: int) -> np.ndarray:
    return np.zeros((count, 4))


def test_the_quantile_is_the_conformal_one() -> None:
    errors = np.random.default_rng(0).normal(size=(999, 1))
    expected = np.sort(np.abs(errors[:, 0]))[math.ceil(1000 * 0.80) - 1]
    calibration = calibrate(np.abs(errors), same_signs(999), 999)
    size = calibration.difficulty.size(same_signs(1))[0, 0]
    half = np.interp(80, calibration.levels, calibration.half_widths[0]) * size
    assert half == pytest.approx(expected)


def test_coverage_of_new_windows_is_nominal() -> None:
    rng = np.random.default_rng(1)
    growth = np.array([1.0, 2.0, 3.0])
    calibration = calibrate(np.abs(rng.standard_t(4, size=(400, 3))) * growth, same_signs(400), 400)
    fresh = rng.standard_t(4, size=(20_000, 3)) * growth
    for level in (50, 80, 95):
        low, high = calibration.interval(answers(20_000), level)
        assert ((low <= fresh) & (fresh <= high)).mean() == pytest.approx(level / 100, abs=0.03)


def test_few_windows_lend_each_other_their_errors() -> None:
    rng = np.random.default_rng(2)
    growth = np.array([1.0, 2.0, 4.0])
    _, high = calibrate(np.abs(rng.normal(size=(30, 3))) * growth, same_signs(30), 30).interval(answers(1), 80)
    assert high[0, 0] < high[0, 1] < high[0, 2]
    np.testing.assert_allclose(high[0] / growth, 1.28, rtol=0.35)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.integers(1, 8), st.integers(0, 1000))
def test_wider_levels_have_wider_intervals(count: int, horizon: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    calibration = calibrate(np.abs(rng.normal(size=(count, horizon))), rng.normal(size=(count, 4)), count)
    halves = np.array([np.interp(level, calibration.levels, calibration.half_widths[0]) for level in (10, 50, 80, 95)])
    assert (np.diff(halves) >= 0).all()
    assert np.isfinite(calibration.half_widths).all()


def test_windows_whose_errors_were_larger_get_wider_intervals() -> None:
    rng = np.random.default_rng(3)
    signs = np.column_stack([np.zeros(1000), rng.normal(size=(1000, 3))])
    errors = np.abs(rng.normal(size=(1000, 3))) * np.exp(signs[:, 1:2])
    size = fit_difficulty(errors, signs, 1000).size(signs)
    assert np.corrcoef(np.log(size[:, 0]), signs[:, 1])[0, 1] > 0.98
    assert fit_difficulty(errors, signs, 1000).slope[1] == pytest.approx(1.0, abs=0.1)


def test_without_evidence_errors_are_in_proportion_to_the_scale() -> None:
    rng = np.random.default_rng(4)
    signs = rng.normal(size=(10, 4))
    difficulty = fit_difficulty(np.abs(rng.normal(size=(10, 3))) * np.exp(signs[:, :1]), signs, 0.5)
    sizes = difficulty.size(np.zeros((2, 4)) + np.array([[0.0], [math.log(5)]]))
    assert sizes[1, 0] / sizes[0, 0] == pytest.approx(5, rel=0.3)


def test_an_interval_under_a_logarithm_stays_positive() -> None:
    calibration = calibrate(np.full((20, 3), 50.0), same_signs(20), 20)
    low, high = calibration.interval(answers(1, shape=replace(SHAPE, transform="log")), 95)
    assert (low > 0).all()
    assert np.isfinite(high).all()


def test_a_fold_is_covered_by_the_other_only() -> None:
    errors = np.repeat([[1.0], [100.0]], 50, axis=0) * np.ones((1, 3))
    residuals = Residuals(errors, answers(100), np.repeat([0, 1], 50), 100, fitter("conformal", ()))
    [(_, low, high)] = residuals.cross_intervals([80.0])
    np.testing.assert_allclose(high[:50], 100)
    np.testing.assert_allclose(high[50:], 1)
    np.testing.assert_array_equal(low, -high)


def test_a_sign_that_is_unknown_says_nothing() -> None:
    rng = np.random.default_rng(6)
    signs = np.column_stack([np.zeros(1000), rng.normal(size=1000)])
    sizes = np.exp(signs[:, 1:2]) * np.ones((1, 3))
    signs[:300, 1] = np.nan
    difficulty = fit_difficulty(sizes, signs, 1000)
    assert difficulty.slope[1] == pytest.approx(1.0, abs=0.1)
    unknown, middle = difficulty.size(np.array([[0.0, np.nan], [0.0, difficulty.centre[1]]]))
    assert unknown == pytest.approx(middle)
    never = np.column_stack([np.zeros(1000), np.full(1000, np.nan)])
    assert np.isfinite(fit_difficulty(sizes, never, 1000).size(never)).all()


def test_under_a_logarithm_the_size_is_the_factor_missed_by() -> None:
    log = replace(SHAPE, transform="log")
    np.testing.assert_allclose(error_size(np.log([[2.0, 0.5, 1.0]]), log), [[1.0, 1.0, 0.0]], atol=1e-12)
    np.testing.assert_allclose(error_size(np.array([[2.0, -0.5]]), SHAPE), [[2.0, 0.5]])
    calibration = calibrate(np.full((300, 3), 1.0), same_signs(300), 300)  # always off by a factor of two
    low, high = calibration.interval(answers(1, shape=log), 80)
    np.testing.assert_allclose([low[0], high[0]], [[0.5] * 3, [2.0] * 3])


VALUES = np.cumsum(np.random.default_rng(7).normal(size=40))


def disagreeing(inputs: np.ndarray) -> np.ndarray:
    """Three networks that answer one, two and nine units of the scale above the base path."""
    return np.repeat(np.array([[[1.0], [2.0], [9.0]]]), len(inputs), axis=0) * np.ones((1, 1, 3))


def test_answers_are_the_median_and_tell_how_far_the_networks_disagree() -> None:
    made = answer_windows(disagreeing, Signals(VALUES), between([0, 20], [20, 40]), SHAPE)
    np.testing.assert_allclose(made.outputs, np.full((2, 3), 2.0))
    np.testing.assert_allclose(made.signs[:, 0], np.log(made.windows.scale[:, 0]))
    np.testing.assert_allclose(made.signs[:, 3], math.log(np.std([1, 2, 9])))


def answers_of_the_first(inputs: np.ndarray) -> np.ndarray:
    return disagreeing(inputs)[:, :1]


@pytest.mark.parametrize("given", [True, False])
def test_the_first_network_alone_may_tell_how_wrong_they_lately_were(given: bool) -> None:
    asked: list[int] = []

    def first(inputs: np.ndarray) -> np.ndarray:
        asked.append(len(inputs))
        return answers_of_the_first(inputs)

    shape = replace(SHAPE, recent="first")
    made = answer_windows(disagreeing, Signals(VALUES), between([0, 20], [20, 40]), shape, first if given else None)
    whole = answer_windows(disagreeing, Signals(VALUES), between([0, 20], [20, 40]), SHAPE)
    alone = recent_errors(answers_of_the_first, Signals(VALUES), between([0, 20], [20, 40]), SHAPE)
    np.testing.assert_allclose(np.exp(made.signs[:, 4]) * made.windows.scale[:, 0], alone[:, 0])
    np.testing.assert_array_equal(made.signs[:, :4], whole.signs[:, :4])
    np.testing.assert_array_equal(made.outputs, whole.outputs)
    assert asked == ([2, 2, 2] if given else [])


def test_recent_errors_are_those_of_the_last_three_horizons() -> None:
    expected = []
    for earlier in (17, 14, 11):
        window = VALUES[earlier - 4 : earlier]
        forecast = VALUES[earlier - 1] + 2 * window.std()
        expected.append(np.abs(VALUES[earlier : earlier + 3] - forecast).mean())
    found = recent_errors(disagreeing, Signals(VALUES), between([0], [20]), SHAPE)
    np.testing.assert_allclose(found, [[np.mean(expected)]])
    short = recent_errors(disagreeing, Signals(VALUES), between([14, 16], [21, 22]), SHAPE)
    assert np.isfinite(short[0]).all()  # one earlier forecast from four values
    assert np.isnan(short[1]).all()
