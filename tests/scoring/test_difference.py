"""Differences of forecasts: steps are laid beside each other by their stamps, and the parts add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.scoring.difference import PARTS, Difference, Stage, align


def stage(values: list[list[float]], ends: list[int], ids: str = "ab") -> Stage:
    return Stage(
        ids=tuple(ids), ends=np.array(ends), phases=np.zeros(len(ends), np.int64), values=np.array(values, float)
    )


def panel(ids: str = "ab") -> Panel:
    """Daily series that end on 2000-01-05, position 10961 of the grid of days."""
    return panel_from_arrays({name: np.arange(5.0) for name in ids}, freq="D")


END = int(panel().frequency.split(panel().ends.astype(np.int64))[0][0])


def test_steps_are_aligned_by_their_stamps() -> None:
    """The old data of `a` ends two days earlier, that of `b` one."""
    old = stage([[1, 2, 3, 4], [10, 20, 30, 40]], [END - 2, END - 1])
    new = stage([[3.5, 4.5, 5.5], [20.5, 30.5, 40.5]], [END, END])
    found = align([old, old, new, stage([[3, 4, 5, 6], [20, 30, 40, 50]], [END, END])], panel())
    assert found.values[0].tolist()[0][:2] == [3, 4]
    assert found.values[0].tolist()[1] == [20, 30, 40]
    assert found.stamps[0].tolist() == ["2000-01-06", "2000-01-07", "2000-01-08"]
    assert found.shared.tolist() == [[True, True, False], [True, True, True]]
    assert found.overall() == {
        "steps": 5,
        "old": 19.4,
        "revision": 0.0,
        "new_rows": pytest.approx(0.5),
        "model": pytest.approx(-0.5),
        "total": pytest.approx(0.0),
        "new": 19.4,
    }
    assert [row["series"] for row in found.records()] == ["a"] * 3 + ["b"] * 3
    assert found.records()[2]["old"] is None
    assert found.records()[2]["model"] == -0.5


def test_only_series_that_every_stage_knows() -> None:
    old, new = stage([[1], [2]], [END, END], "ba"), stage([[3], [4]], [END, END], "ac")
    found = align([old, old, new, new], panel("ac"))
    assert found.ids == ("a",)
    assert found.values[:, 0, 0].tolist() == [2, 2, 3, 3]


def test_no_step_in_common() -> None:
    old, new = stage([[1, 2]], [END - 2], "a"), stage([[3, 4]], [END], "a")
    found = align([old, old, new, stage([[3, 8]], [END], "a")], panel("a"))
    assert found.overall() == {
        "steps": 0,
        "old": None,
        "revision": None,
        "new_rows": None,
        "model": None,
        "total": None,
        "new": None,
    }
    assert (found.size(), found.by_series()) == ({"revision": None, "new_rows": None, "model": 2.0}, [])


@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_the_parts_add_up(series: int, horizon: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(4, series, horizon)) * 1e3
    found = Difference(
        ids=tuple(map(str, range(series))), stamps=np.full((series, horizon), "t", object), values=values
    )
    for row in [found.overall(), *found.by_series(), *found.records()]:
        assert sum(row[part] for part in PARTS) == pytest.approx(row["total"])
        assert row["old"] + row["total"] == pytest.approx(row["new"])
