"""Rare demand: what the upper ends of its intervals must at least be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.data.panel import panel_from_arrays
from forecaster.model.builtin import bind
from forecaster.model.intermittent import RECENT, least_upper
from forecaster.model.origins import Origins

LEVELS = (50.0, 80.0, 95.0)


def least_of(values: list[float]) -> list[float]:
    one = np.array(values)
    return list(least_upper(one, np.array([0]), np.array([len(one)]), LEVELS)[0])


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
    assert least_upper(np.zeros(3), none, none, LEVELS).shape == (0, 3)
    values = np.array([0.0, 0.0, 4.0, 8.0, 0.0, np.nan, 0.0, 2.0])
    found = least_upper(values, np.array([0, 3]), np.array([3, 8]), LEVELS)
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
