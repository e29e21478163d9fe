"""Tests of `alarms.py`: which values are judged, how far outside they are, and which are one run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from forecaster.base.errors import UsageError
from forecaster.data.panel import panel_from_arrays
from forecaster.model import builtin
from forecaster.scoring.alarms import Alarms, _on_grid, judge, values_to_judge

MODEL: Any = SimpleNamespace(name="m")


def alarms(
    actual: list[float], at: list[int], series: list[int] | None = None, low: float = 0, high: float = 10
) -> Alarms:
    count = len(actual)
    return Alarms(
        series=np.array(series or [0] * count),
        at=np.array(at),
        actual=np.array(actual, float),
        expected=np.full(count, (low + high) / 2),
        low=np.full(count, float(low)),
        high=np.full(count, float(high)),
        unjudged=0,
    )


def test_the_ends_of_an_interval_are_inside() -> None:
    found = alarms([0, 10, 10.5, -1], [0, 1, 2, 3])
    assert found.outside.tolist() == [False, False, True, True]
    assert found.rate == 0.5
    assert found.distances().tolist() == pytest.approx([0, 0, 0.05, -0.1])


def test_an_interval_without_width_has_no_unit_to_measure_in() -> None:
    found = alarms([5, 6], [0, 1], low=5, high=5).distances()
    assert found[0] == 0
    assert np.isnan(found[1])


def test_nothing_judged_is_no_alarm() -> None:
    assert alarms([], []).rate == 0
    assert alarms([], []).runs().tolist() == []


def test_a_run_ends_at_a_gap_at_another_side_and_at_another_series() -> None:
    #        above  above  gap    below  below  other series
    found = alarms([11, 12, 5, 13, -1, -2, -3], [3, 4, 5, 6, 7, 8, 9], [0, 0, 0, 0, 0, 0, 1])
    assert found.runs().tolist() == [1, 1, 2, 3, 3, 4]


def test_the_last_values_or_those_after_the_training() -> None:
    panel = panel_from_arrays([[1, 2, 3, 4, 5], [1, 2, 3]], start=10)
    last = values_to_judge(MODEL, panel, 2, None)
    assert (last.series.tolist(), last.ends.tolist()) == ([0, 0, 1], [3, 4, 7])  # two are always seen before
    after = values_to_judge(MODEL, panel, None, 12)
    assert (after.series.tolist(), after.ends.tolist()) == ([0, 0], [3, 4])


@pytest.mark.parametrize(
    ("until", "message"), [(None, "does not know the data it was trained on"), (99, "no value came after those")]
)
def test_nothing_to_judge_is_said(until: int | None, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        values_to_judge(MODEL, panel_from_arrays([[1, 2, 3]]), None, until)
    assert "--last 30" in caught.value.hint


def test_values_judged_by_the_builtin_network_are_their_own() -> None:
    """Its forecasts come in an order of its own: each value is set against the one that was made for it."""
    rng = np.random.default_rng(0)
    panel = panel_from_arrays({"a": rng.normal(10, 1, 60), "b": rng.normal(1000, 1, 60)}, freq="D")
    model = builtin.bind(panel, horizon=1)
    alarms = judge(model, panel, values_to_judge(model, panel, 20, None), 95)
    assert len(alarms.at) == 40
    assert (np.abs(alarms.expected - alarms.actual) < 20).all()
    assert alarms.rate < 0.3


def test_a_month_without_demand_is_not_below_a_hundredth() -> None:
    """Whole numbers, mostly 0: the lower end of an interval is a hair above 0, and 0 is inside."""
    rng = np.random.default_rng(2)
    demand = [np.where(rng.random(60) < 0.75, 0.0, rng.integers(1, 5, 60)) for _ in range(4)]
    panel = panel_from_arrays(demand, freq="MS")
    model = builtin.bind(panel, None, 1)
    found = judge(model, panel, values_to_judge(model, panel, 24, None), 80)
    assert not (found.outside & (found.actual == 0)).any()
    assert not (np.abs(np.nan_to_num(found.distances()[found.outside])) < 0.005).any()


def test_an_end_reaches_to_the_nearest_value() -> None:
    low, high = _on_grid(np.array([0.4, 0.6, -0.4]), np.array([5.4, 5.6, 0.2]), 0)
    assert low.tolist() == [0.0, 0.6, -0.4]
    assert high.tolist() == [5.4, 6.0, 0.2]
    assert _on_grid(np.array([0.3004]), np.array([0.3]), 1)[0].tolist() == [0.3]
