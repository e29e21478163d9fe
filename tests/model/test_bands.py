"""Intervals by quantiles and by dropout: honest coverage, ends that never cross, what was saved comes back."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.model.bands import (
    DropoutBands,
    QuantileBands,
    fit_dropout,
    fit_quantiles,
    forms_of,
    from_arrays,
    to_arrays,
)
from forecaster.model.calibration import GRID, Answers, calibrate
from forecaster.model.windows import Windows, WindowShape

SHAPE = WindowShape(lookback=4, segment=2, horizon=3, season=1)
LEVELS = np.array([50.0, 80.0, 95.0])


def answers(spread: np.ndarray, shape: WindowShape = SHAPE, scale: float = 1.0) -> Answers:
    n = len(spread)
    windows = Windows(shape, np.zeros((n, 2, 3), np.float32), np.zeros((n, 3)), np.full((n, 1), scale))
    return Answers(windows, np.zeros((n, 3)), np.zeros((n, 5)), spread)


def of_width(width: np.ndarray) -> np.ndarray:
    """The spread of networks that say: below by the width, twice the width and thrice; above twice as far."""
    below = width[:, None, None] * np.array([1.0, 2.0, 3.0])[:, None] * np.ones(3)
    return np.concatenate([below, 2 * below], axis=1)


@pytest.mark.parametrize("count", [60, 400])
def test_quantiles_that_are_too_narrow_are_widened_by_the_same_factor(count: int) -> None:
    rng = np.random.default_rng(0)
    width = rng.uniform(0.5, 5, size=count)
    side = np.where(rng.random((count, 3)) < 0.5, -1.0, 2.0)
    errors = np.abs(rng.normal(size=(count, 3))) * side * width[:, None]
    bands = fit_quantiles(errors, answers(of_width(width)), count, LEVELS)
    fresh_width = rng.uniform(0.5, 5, size=20_000)
    side = np.where(rng.random((20_000, 3)) < 0.5, -1.0, 2.0)
    fresh = np.abs(rng.normal(size=(20_000, 3))) * side * fresh_width[:, None]
    for level in (50, 80, 95):
        low, high = bands.interval(answers(of_width(fresh_width)), level)
        assert ((low <= fresh) & (fresh <= high)).mean() == pytest.approx(level / 100, abs=0.06)
        np.testing.assert_allclose(high, -2 * low)  # the skew that the network learned is kept
    np.testing.assert_allclose(bands.half_widths.mean(axis=0), [0.674, 1.282 / 2, 1.96 / 3], rtol=0.25)


@given(
    levels=st.lists(st.floats(0.5, 99.5), min_size=2, max_size=8, unique=True),
    factors=st.lists(st.floats(0.01, 10), min_size=9, max_size=9),
    width=st.floats(1e-3, 1e3),
)
def test_ends_never_cross(levels: list[float], factors: list[float], width: float) -> None:
    bands = QuantileBands(LEVELS, np.array(factors).reshape(3, 3))
    asked = [bands.interval(answers(of_width(np.array([width]))), level) for level in sorted(levels)]
    for (low, high), (lower, higher) in itertools.pairwise(asked):
        assert (lower <= low + 1e-9).all()
        assert (high <= higher + 1e-9).all()


def test_a_level_between_the_learned_ones_lies_between() -> None:
    bands = QuantileBands(LEVELS, np.ones((3, 3)))
    ends = {level: bands.interval(answers(of_width(np.ones(1))), level)[1][0, 0] for level in (50, 65, 80, 95, 99)}
    assert (ends[50], ends[80], ends[95]) == pytest.approx((2, 4, 6))
    assert ends[50] < ends[65] < ends[80]
    assert ends[99] == pytest.approx(6 * 2.5758 / 1.95996, rel=1e-4)


def test_dropout_makes_hard_windows_wide_and_noise_keeps_easy_ones_from_being_nothing() -> None:
    rng = np.random.default_rng(1)
    deviation = np.repeat([[0.0], [3.0]], 10_000, axis=0) * np.ones((1, 3))
    errors = rng.normal(size=(20_000, 3)) * np.hypot(1.0, deviation)
    bands = fit_dropout(errors, answers(deviation[:, None, :]), 20_000)
    np.testing.assert_allclose(bands.noise, 1.0, rtol=0.25)
    _, high = bands.interval(answers(np.array([[[0.0] * 3], [[3.0] * 3]])), 80)
    np.testing.assert_allclose(high[0], 1.28, rtol=0.3)
    np.testing.assert_allclose(high[1] / high[0], np.hypot(1, 3), rtol=0.3)


def test_under_a_logarithm_ends_stay_positive_and_finite() -> None:
    log = replace(SHAPE, transform="log")
    errors = np.full((20, 3), 5.0)
    for bands in (
        fit_dropout(errors, answers(np.ones((20, 1, 3)), log), 20),
        fit_quantiles(errors, answers(of_width(np.ones(20)), log), 20, LEVELS),
    ):
        low, high = bands.interval(answers(of_width(np.ones(1)), log), 95)
        assert (low > 0).all()
        assert np.isfinite(high).all()


@pytest.mark.parametrize("kind", ["conformal", "quantile", "mc-dropout"])
def test_what_was_saved_comes_back(kind: str) -> None:
    bands = {
        "conformal": calibrate(np.ones((20, 3)), np.zeros((20, 5)), 20),
        "quantile": QuantileBands(LEVELS, np.ones((3, 3))),
        "mc-dropout": DropoutBands(GRID, np.ones((3, len(GRID))), np.ones(3)),
    }[kind]
    arrays = dict(to_arrays(bands))
    forms = forms_of(kind, len(bands.levels), 3)  # type: ignore[arg-type]
    assert {name: array.shape for name, array in arrays.items()} == {name: form.shape for name, form in forms.items()}
    back = from_arrays(kind, arrays)  # type: ignore[arg-type]
    made = answers(np.ones((4, 7, 3)))
    np.testing.assert_array_equal(back.interval(made, 80), bands.interval(made, 80))
