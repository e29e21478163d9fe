"""Issued forecasts beside what came: as counted by hand, of what was observed alone; an alarm only with a cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import DataError, UsageError
from forecaster.config import parse_limit
from forecaster.data.grid import read_panel
from forecaster.data.panel import panel_from_arrays
from forecaster.model.ledger import Issue
from forecaster.model.version import read_manifest
from forecaster.scoring.outcome import score_issues
from tests.model.test_ledger import issue_of
from tests.saved import NEWEST, version_of

WriteCsv = Callable[..., Path]


def panel_of(*series: list[float], start: int = 0) -> Any:
    return panel_from_arrays({f"s{i}": values for i, values in enumerate(series)}, start=start)


def issued(cutoff: int, values: list[list[float]], **changes: Any) -> Issue:
    """Return forecasts of s0, s1, … from one cutoff on an integer index; intervals are ± 1 and ± 2."""
    count, horizon = len(values), len(values[0])
    stamps = np.full((count, 1), cutoff) + np.arange(1, horizon + 1)
    return issue_of(values, cutoffs=np.full(count, cutoff), stamps=stamps, **changes)


def test_by_hand() -> None:
    panel = panel_of([10.0, 11.0, 12.0, 13.0], [0.0, 5.0, 0.0, 5.0])
    found = score_issues([issued(0, [[11.5, 12.0], [5.0, 4.0]]), issued(1, [[11.0, 16.0], [0.0, 5.0]])], panel)
    errors = np.array([0.5, 0.0, 0.0, 4.0, -1.0, 3.0, 0.0, 0.0])  # s0 from 0, s1 from 0, s0 from 1, s1 from 1
    assert (found.values, found.pending, found.issues) == (8, 0, 2)
    assert found.overall is not None
    assert found.overall["mae"] == pytest.approx(np.abs(errors).mean())
    assert found.overall["bias"] == pytest.approx(errors.mean())
    assert found.overall["mse"] == pytest.approx((errors**2).mean())
    assert found.overall["mase"] == pytest.approx(np.abs(errors).mean() / 0.5)
    assert found.overall["coverage-80"] == pytest.approx((np.abs(errors) <= 1).mean())
    assert found.overall["coverage-97.5"] == pytest.approx((np.abs(errors) <= 2).mean())
    assert "rmsse" not in found.overall
    assert found.by_lead["bias"] == pytest.approx([errors[::2].mean(), errors[1::2].mean()])
    assert found.by_series["mae"] == pytest.approx(
        [np.abs(errors[[0, 1, 4, 5]]).mean(), np.abs(errors[[2, 3, 6, 7]]).mean()]
    )
    assert found.counts.tolist() == [4, 4]


def test_a_zero_that_came_gives_null_never_infinity() -> None:
    found = score_issues([issued(0, [[1.0, 2.0]])], panel_of([3.0, 0.0, 0.0]))
    assert found.overall is not None
    assert (found.overall["mape"], found.overall["mae"]) == (None, 1.5)
    assert found.by_lead["mape"] == [None, None]


def test_a_series_without_a_scale_has_no_mase() -> None:
    found = score_issues([issued(0, [[1.0], [1.0]], scale=np.array([np.nan, 0.5]))], panel_of([3.0, 2.0], [3.0, 1.5]))
    assert found.overall is not None
    assert found.overall["mase"] == 1.0
    assert found.by_series["mase"] == [None, 1.0]
    assert (found.counts.tolist(), found.scaled.tolist()) == ([2], [1])


def test_what_has_not_come_is_pending() -> None:
    found = score_issues([issued(1, [[1.0, 2.0, 3.0]]), issued(3, [[4.0, 5.0]])], panel_of([0.0, 0.0, 1.0]))
    assert (found.values, found.pending, found.counts.tolist()) == (1, 4, [1, 0, 0])
    nothing = score_issues([issued(2, [[4.0, 5.0]])], panel_of([0.0, 0.0, 1.0]))
    assert (nothing.values, nothing.pending, nothing.overall) == (0, 2, None)


def test_what_was_filled_in_is_no_observation(write_csv: WriteCsv) -> None:
    path = write_csv("id,t,y\ns0,0,1\ns0,1,2\ns0,2,\ns0,4,5\n")
    found = score_issues([issued(1, [[3.0, 4.0, 5.5]])], read_panel(path))
    assert found.counts.tolist() == [0, 0, 1]
    assert found.overall is not None
    assert found.overall["bias"] == 0.5


def test_the_last_forecast_from_a_cutoff_counts() -> None:
    panel = panel_of([0.0, 0.0, 0.0, 0.0])
    old = issued(1, [[1.0, 1.0]], issued="2026-01-01T00:00:00+00:00")
    new = issued(1, [[2.0]], version="v000002", issued="2026-01-02T00:00:00+00:00")
    other = issued(0, [[4.0, 4.0]], issued="2026-01-03T00:00:00+00:00")
    for order in ([old, new, other], [other, new, old]):
        found = score_issues(order, panel)
        assert found.by_lead["bias"] == [3.0, 4.0]
        assert found.counts.tolist() == [2, 1]


def test_levels_that_all_have_are_scored() -> None:
    grid = np.array([[0.0]])
    other = issued(0, [[0.0]], intervals=((90.0, grid, grid), (97.5, grid - 9, grid + 9)), issued="2027")
    assert score_issues([issued(0, [[0.0]]), other], panel_of([0.0, 0.0])).levels == (97.5,)
    assert score_issues([issued(0, [[0.0]], intervals=())], panel_of([0.0, 0.0])).levels == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ids": ("other",)}, "forecast was 'other', the data has 's0'"),
        ({"stamps": np.array([[-5]])}, "no value at the stamps"),
    ],
)
def test_data_that_no_forecast_meets(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        score_issues([replace(issued(0, [[1.0]]), **changes)], panel_of([0.0, 0.0]))


def test_only_some_series_came() -> None:
    found = score_issues([issued(0, [[1.0], [2.0]], ids=("s0", "gone"))], panel_of([0.0, 0.0]))
    assert found.values == 1


@given(st.data())
def test_as_a_plain_loop_would(data: st.DataObject) -> None:
    length, horizon = data.draw(st.integers(2, 8)), data.draw(st.integers(1, 4))
    actual = [data.draw(st.lists(st.integers(-3, 3).map(float), min_size=length, max_size=length)) for _ in range(2)]
    cutoffs = data.draw(st.lists(st.integers(0, length), min_size=1, max_size=5, unique=True))
    issues = [issued(c, [[float(c), *[1.0] * (horizon - 1)], [2.0] * horizon]) for c in cutoffs]
    errors: dict[int, list[float]] = {h: [] for h in range(horizon)}
    for issue in issues:
        for s in range(2):
            for h in range(horizon):
                if issue.stamps[s, h] < length:
                    errors[h].append(issue.values[s, h] - actual[s][issue.stamps[s, h]])
    found = score_issues(issues, panel_of(*actual))
    assert found.counts.tolist() == [len(errors[h]) for h in range(horizon)]
    for h in range(horizon):
        expected = np.mean(errors[h]) if errors[h] else None
        assert found.by_lead["bias"][h] == (None if expected is None else pytest.approx(expected))


# ------------------------------------------------------------------------------------------------------- the alarm


def test_training_is_compared_at_the_same_lead_times() -> None:
    found = score_issues([issued(0, [[1.0, 2.0]]), issued(1, [[1.0, 2.0]])], panel_of([0.0, 0.0, 0.0]))
    assert found.counts.tolist() == [2, 1]
    measured = read_manifest(version_of(NEWEST)).metrics
    training = replace(measured, by_lead={"mase": [1.0, 4.0], "coverage-80": [0.5, None], "coverage-97.5": [1.0, 1.0]})
    assert found.compared(training, "mase") == pytest.approx(((2 * 2 + 1 * 4) / 3, (2 * 1 + 1 * 4) / 3))
    assert found.compared(training, "coverage-80") == (1.0, 0.5)
    assert found.compared(training, "mae") is None
    assert found.compared(replace(measured, by_lead={}), "mase") is None


@pytest.mark.parametrize(
    ("text", "limit"), [("0.9", (0.9, False)), ("1.5x", (1.5, True)), (" 2X ", (2.0, True)), (".5", (0.5, False))]
)
def test_limits(text: str, limit: tuple[float, bool]) -> None:
    assert parse_limit(text, "--max-mase") == limit


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "1e3", "1.5 times", "80%", "1,5"])
def test_what_is_no_limit(text: str) -> None:
    with pytest.raises(UsageError, match=r"--max-mase: expected a number, or a multiple such as 1\.5x, received"):
        parse_limit(text, "--max-mase")


def test_a_coverage_is_a_share() -> None:
    assert parse_limit("1", "--min-coverage", 1.0) == (1.0, False)
    assert parse_limit("1.05x", "--min-coverage", 1.0) == (1.05, True)
    with pytest.raises(UsageError, match="expected a number from 0 to 1"):
        parse_limit("80", "--min-coverage", 1.0)
