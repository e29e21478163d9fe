from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.model.conformal import (
    AS_GIVEN,
    DEVIATIONS,
    LEVELS,
    Correction,
    Fan,
    Misses,
    experience,
    fit_correction,
)

QUANTILES = (0.005, 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975, 0.995)
KNOTS = np.array([NormalDist().inv_cdf(level) for level in QUANTILES])


def fan_of(middle: float, steps: list[float]) -> Fan:
    """Return a fan of one window and one step, from the distances between its quantiles."""
    values = np.cumsum([0.0, *steps])
    return Fan(QUANTILES, (values - values[4] + middle)[None, None])


def fit(distances: np.ndarray, independent: float, stretches: float = 1e6) -> Correction:
    return fit_correction(Misses(distances, np.zeros(distances.shape, bool), independent, stretches))


steps = st.lists(st.floats(1e-3, 1e3), min_size=8, max_size=8)


@given(st.floats(-1e4, 1e4), steps, st.floats(0.05, 6))
def test_an_end_lies_as_far_as_it_was_put(middle: float, gaps: list[float], far: float) -> None:
    fan = fan_of(middle, gaps)
    for end in fan.reach(np.array([far])):
        assert fan.distance(end)[0, 0] == pytest.approx(far, rel=1e-4)


@given(steps, st.lists(st.floats(0, 12), min_size=1, max_size=60), st.floats(1, 1e4))
def test_a_higher_level_is_always_wider(gaps: list[float], misses: list[float], independent: float) -> None:
    correction = fit(np.array(misses)[:, None], independent)
    fan = fan_of(10.0, gaps)
    ends = [fan.reach(correction.deviations(level, 1)) for level in (1.0, 20.0, 50.0, 80.0, 95.0, 99.0, 99.9, 99.99)]
    low, high = np.array([end[0][0, 0] for end in ends]), np.array([end[1][0, 0] for end in ends])
    assert (np.diff(low) < 0).all()
    assert (np.diff(high) > 0).all()


def test_the_quantiles_themselves_are_the_ends_where_nothing_is_corrected() -> None:
    fan = fan_of(5.0, [4.0, 3.0, 2.0, 1.0, 1.0, 2.0, 3.0, 4.0])
    for level, at in ((50.0, 3), (80.0, 2), (95.0, 1), (99.0, 0)):
        low, high = fan.interval(level, AS_GIVEN)
        assert low[0, 0] == pytest.approx(fan.values[0, 0, at])
        assert high[0, 0] == pytest.approx(fan.values[0, 0, 8 - at])


def test_a_value_that_many_quantiles_share_counts_as_near() -> None:
    zeros = Fan(QUANTILES, np.array([[[0.0, 0, 0, 0, 0, 0, 1, 2, 3]]]))
    assert zeros.distance(np.array([[0.0]]))[0, 0] == 0
    assert zeros.distance(np.array([[1.0]]))[0, 0] == pytest.approx(KNOTS[6])


def test_what_never_varies_has_no_distance_but_to_itself() -> None:
    flat = Fan(QUANTILES, np.full((1, 1, 9), 7.0))
    assert flat.distance(np.array([[7.0]]))[0, 0] == 0
    assert flat.distance(np.array([[8.0]]))[0, 0] == 12


def test_honest_quantiles_are_left_as_they_are() -> None:
    errors = np.abs(np.random.default_rng(0).normal(size=(4000, 6)))
    reach = fit(errors, 4000).reach
    assert reach.shape == (3, len(LEVELS))
    assert reach == pytest.approx(np.tile(DEVIATIONS, (3, 1)), rel=0.08)


def test_quantiles_that_are_too_narrow_are_widened_as_far_as_the_past_says() -> None:
    errors = 2 * np.abs(np.random.default_rng(0).normal(size=(2000, 1)))
    assert fit(errors, 2000).reach[0, 4] == pytest.approx(2 * DEVIATIONS[4], rel=0.05)
    few = fit(errors[:8], 8).reach[0]
    assert DEVIATIONS[4] < few[4] < 2 * DEVIATIONS[4]
    assert fit(errors[:0], 0.0) is AS_GIVEN
    assert fit(np.full((3, 2), np.nan), 3.0) is AS_GIVEN


def test_lead_times_differ_where_there_is_enough_to_tell() -> None:
    rng = np.random.default_rng(1)
    errors = np.abs(rng.normal(size=(1000, 8))) * np.array([1, 1, 1, 1, 1, 1, 3, 3])
    correction = fit(errors, 1000)
    first, last = correction.deviations(80.0, 8)[[0, 7]]
    assert last > 1.5 * first
    pooled = fit(errors, 100).deviations(80.0, 8)
    assert pooled == pytest.approx(np.full(8, pooled[0]))


def test_many_series_over_one_stretch_of_time_move_intervals_less_than_over_many() -> None:
    errors = 2 * np.abs(np.random.default_rng(0).normal(size=(2000, 1)))
    one, ten = (fit(errors, 2000, stretches).reach[0, 4] / DEVIATIONS[4] for stretches in (1, 10))
    assert np.log(one) == pytest.approx(np.log(2) / 3, rel=0.05)
    assert one < ten < 2


def test_quantiles_of_short_contexts_are_moved_further_apart() -> None:
    short, middle, long = experience(np.array([5, 12, 2000]))
    assert short > middle > long > 0
    fan = fan_of(5.0, [4.0, 3.0, 2.0, 1.0, 1.0, 2.0, 3.0, 4.0]).apart(np.log([2.0]))
    assert fan.values[0, 0].tolist() == [-15.0, -7.0, -1.0, 3.0, 5.0, 7.0, 11.0, 17.0, 25.0]
    counts = Fan(QUANTILES, np.array([[[0.0, 0.0, 0.0, 0.1, 0.3, 1.0, 2.0, 3.0, 4.0]]])).apart(np.log([2.0]))
    assert counts.values.min() == 0
    assert (np.diff(counts.values) >= 0).all()


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_a_lower_end_at_zero_stays_there(factor: float) -> None:
    counts = Fan(QUANTILES, np.array([[[0.0, 0.0, 0.0, 0.1, 0.3, 1.0, 2.0, 3.0, 4.0]]]))
    narrow = Correction(np.ones(1), DEVIATIONS[None] * factor, 50.0)
    assert counts.interval(80.0, narrow)[0][0, 0] <= 0
    assert (counts.interval(20.0, narrow)[0] > 0).all()


def test_zeros_within_a_lower_end_at_zero_are_held_whatever_the_correction() -> None:
    counts = np.random.default_rng(0).poisson(0.5, (4000, 1)).astype(float)
    fan = Fan(QUANTILES, np.tile([0.0, 0.0, 0.0, 0.1, 0.3, 0.6, 1.1, 1.9, 3.2], (4000, 1, 1)))
    misses = Misses(fan.distance(counts), fan.floored & (counts == 0), 4000, 1e6)
    low, high = fan.interval(80.0, fit_correction(misses))
    held = ((counts >= low) & (counts <= high)).mean()
    assert 0.9 <= held < 0.93
