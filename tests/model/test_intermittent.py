"""Rare demand: what the upper ends of its intervals must at least be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.data.panel import panel_from_arrays
from forecaster.model.builtin import bind
from forecaster.model.intermittent import RECENT, closed_cycles, least_upper
from forecaster.model.origins import Origins
from forecaster.model.pretrained.contexts import Contexts

LEVELS = (50.0, 80.0, 95.0)


def least_of(values: list[float]) -> list[float]:
    one = np.array(values)
    return list(least_upper(Contexts.of(one, np.array([0]), np.array([len(one)])), LEVELS)[0])


def test_the_share_of_the_past_that_the_level_says_is_not_above() -> None:
    assert least_of([0.0] * 18 + [5.0, 7.0]) == [0.0, 0.0, 5.0]
    assert least_of([0.0] * 11 + [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]) == [0.0, 5.0, 8.0]


@pytest.mark.parametrize(
    "values", [[0.0, 0.0, 1.0, 2.0], [0.0, 0.0, 0.0, -1.0], [float("nan"), float("nan")], [3.0, 3.0]]
)
def test_demand_that_is_not_rare_is_left_alone(values: list[float]) -> None:
    assert least_of(values) == [-np.inf] * 3


def test_the_recent_past_speaks() -> None:
    assert least_of([9.0] * 500 + [0.0] * (RECENT - 20) + [2.0] * 20) == [0.0, 0.0, 2.0]


def test_no_windows_and_windows_of_different_lengths() -> None:
    none = np.empty(0, np.int64)
    assert least_upper(Contexts.of(np.zeros(3), none, none), LEVELS).shape == (0, 3)
    values = np.array([0.0, 0.0, 4.0, 8.0, 0.0, np.nan, 0.0, 2.0])
    found = least_upper(Contexts.of(values, np.array([0, 3]), np.array([3, 8])), LEVELS)
    np.testing.assert_array_equal(found, [[0.0, 4.0, 4.0], [-np.inf] * 3])


@given(st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0, 2.0, 6.0]), min_size=1, max_size=60))
def test_an_interval_from_zero_on_would_hold_that_share(values: list[float]) -> None:
    for level, least in zip(LEVELS, least_of(values), strict=True):
        inside = np.mean(np.array(values) <= least)
        assert np.isinf(least) or (inside >= level / 100 - 1e-9 and least in values)


def test_intervals_of_rare_demand_hold_what_their_own_past_shows() -> None:
    rng = np.random.default_rng(7)
    demand = 5.0 * (rng.random(400) < 0.1)
    panel = panel_from_arrays([demand], freq="D")
    model = bind(panel, horizon=7)
    origins = Origins.of(panel, np.array([0]), np.array([400]))
    [block] = list(model.forecast(panel, origins, 7, (80.0, 95.0)))
    for level, low, high in block.intervals:
        held = ((demand >= low[0, :, None]) & (demand <= high[0, :, None])).mean()
        assert held >= level / 100 - 0.005, level


def closed_of(values: np.ndarray, seasons: tuple[int, ...], horizon: int) -> list[int]:
    return closed_cycles(Contexts.of(values, np.array([0]), np.array([len(values)])), seasons, horizon)[0].tolist()


def test_days_on_which_nothing_ever_happens() -> None:
    week = np.array([9.0, 8, 7, 9, 8, 5, 0])
    assert closed_of(np.tile(week, 5), (7,), 9) == [0, 0, 0, 0, 0, 0, 5, 0, 0]
    assert closed_of(np.tile(week, 5)[:-2], (7,), 9) == [0, 4, 0, 0, 0, 0, 0, 0, 4]  # the window ends on a Friday
    assert closed_of(np.tile(week, 3), (7,), 7) == [0] * 7  # too few weeks
    missing = np.tile(week, 6)
    missing[[6, 13]] = np.nan
    assert closed_of(missing, (7,), 7)[6] == 4
    once = np.tile(week, 6)
    once[20] = 3
    assert closed_of(once, (7,), 7) == [0] * 7  # it was open on one Sunday


def test_zeros_elsewhere_mean_rare_demand_and_no_closed_days() -> None:
    rng = np.random.default_rng(2)
    demand = 4.0 * (rng.random(140) < 0.3)
    demand[6::7] = 0
    assert closed_of(demand, (7,), 7) == [0] * 7
    assert closed_of(np.zeros(70), (7,), 7) == [0] * 7
    assert closed_of(np.tile([1.0, 0.0], 9), (1,), 3) == [0] * 3


def test_nights_and_weekends() -> None:
    hours = np.where((np.arange(24 * 7 * 6) % 24 < 6) | (np.arange(24 * 7 * 6) // 24 % 7 >= 5), 0.0, 20.0)
    found = np.array(closed_of(hours, (24, 168), 168))
    assert (found > 0).tolist() == (hours[:168] == 0).tolist()


def test_a_forecast_of_a_closed_day_is_certain() -> None:
    rng = np.random.default_rng(3)
    sales = np.round(900 + rng.normal(0, 60, 7 * 29))
    sales[6::7] = 0
    panel = panel_from_arrays([sales], freq="D")
    model = bind(panel, horizon=14)
    origins = Origins.of(panel, np.array([0]), np.array([len(sales)]))
    [block] = list(model.forecast(panel, origins, 14, (80.0, 95.0, 99.0)))
    sundays = np.arange(14) % 7 == 6
    assert (block.values[0, sundays] == 0).all()
    assert (block.values[0, ~sundays] > 800).all()
    for level, low, high in block.intervals:
        assert (low[0, sundays] == 0).all()
        assert (high[0, sundays] == 0).all() == (level < 97), level  # 29 weeks say no more than 29 in 30
        assert (low[0, ~sundays] < high[0, ~sundays]).all()
