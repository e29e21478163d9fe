"""A file → Panel: laid on the grid of its frequency, and holes filled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import (
    DataError,
    UsageError,
)
from forecaster.data.grid import read_panel
from tests.data.conftest import DAILY, Bad, Read, quick, refuse, written

BAD: Bad = {
    "one row": ("ds,y\n2024-01-01,1\n", "one stamp"),
    "irregular": ("t,y\n1,1\n4,1\n9,2\n14,1\n", "closest 5"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(read: Read, name: str) -> None:
    refuse(read, BAD[name])


def test_single(read: Read) -> None:
    panel = read(DAILY)
    assert (panel.n_series, panel.rows, panel.ids, panel.frequency.alias, panel.season_length) == (1, 3, ("",), "D", 7)
    assert panel.values.tolist() == [1, 2, 4]
    assert panel.starts[0] == np.datetime64("2024-01-01")
    assert panel.ends[0] == np.datetime64("2024-01-03")
    assert panel.future_stamps(2).tolist() == [["2024-01-04", "2024-01-05"]]
    assert (panel.schema.shape, panel.schema.time, panel.schema.id, panel.schema.target) == (
        "single",
        "date",
        None,
        "sales",
    )
    assert not panel.findings


@pytest.mark.parametrize(
    ("stamps", "alias", "after"),
    [
        (["1", "2", "4"], "1", [5]),
        (["2024-01-31", "2024-02-29", "2024-03-31"], "ME", ["2024-04-30"]),
        (["2024-01", "2024-02", "2024-03"], "MS", ["2024-04"]),
        (["2024-Q1", "2024-Q2", "2024-Q3"], "QS-JAN", ["2024-Q4"]),
        (["Jan 2004", "Feb 2004", "Mar 2004"], "MS", ["Apr 2004"]),
        (["01.02.2024", "13.02.2024", "25.02.2024"], "12D", ["08.03.2024"]),
        (["12/30/2023", "12/31/2023", "1/1/2024"], "D", ["1/2/2024"]),
        (["2024-01-01T00:00Z", "2024-01-01T00:15Z", "2024-01-01T00:30Z"], "15min", ["2024-01-01T00:45Z"]),
        (["2024-01-01 00:00:00+01:00", "2024-01-01 01:00:00+01:00"], "h", ["2024-01-01 02:00:00+01:00"]),
        (["2024-01-01 00:00:00.500", "2024-01-01 00:00:01.000"], "500ms", ["2024-01-01 00:00:01.500"]),
        (["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"], "B", ["2024-01-10"]),
        (["1/1/2024 11:00 PM", "1/2/2024 12:00 AM", "1/13/2024 1:00 AM"], "h", ["1/13/2024 2:00 AM"]),
    ],
)
def test_stamps_go_out_as_they_came_in(read: Read, stamps: list[str], alias: str, after: list[object]) -> None:
    panel = read("time,y\n" + "".join(f"{stamp},{k}\n" for k, stamp in enumerate(stamps)), max_missing=1)
    assert panel.frequency.alias == alias
    assert panel.future_stamps(1)[0].tolist() == after


def test_holes_are_filled_and_counted(read: Read) -> None:
    text = "ds,y\n2024-01-01,NA\n2024-01-02,1\n2024-01-03,\n2024-01-05,4\n2024-01-06,5\n2024-01-07,-\n"
    panel = read(text)
    assert panel.values.tolist() == [1, 2, 3, 4, 5]
    assert panel.filled.tolist() == [False, True, True, False, False]
    assert {finding.code: finding.count for finding in panel.findings} == {
        "leading": 1,
        "trailing": 1,
        "missing": 1,
        "gaps": 1,
    }
    assert panel.future_stamps(1).tolist() == [["2024-01-07"]]
    assert read(text, on_gap="ffill").values.tolist() == [1, 1, 1, 4, 5]
    assert read(text, on_gap="zero").values.tolist() == [1, 0, 0, 4, 5]
    with pytest.raises(DataError, match="no value at 2024-01-03"):
        read(text, on_gap="error")


def test_series_of_another_frequency_are_skipped_only_when_asked(read: Read) -> None:
    rows = [f"a,2024-01-{day:02d} 00:00,{day}" for day in range(1, 9)]
    rows += [f"b,2024-01-01 {hour:02d}:30,1" for hour in range(9)]
    with pytest.raises(DataError, match="'a' is D, 'b' is h"):
        read("id,ds,y\n" + "\n".join(rows) + "\n")
    panel = read("id,ds,y\n" + "\n".join(rows) + "\n", freq="D")
    assert panel.ids == ("a",)
    assert panel.skipped == (("b", "its stamps are not on the frequency D"),)


def test_one_row_with_a_frequency(read: Read) -> None:
    panel = read("ds,y\n2024-01-01,5\n", freq="MS")
    assert panel.future_stamps(2).tolist() == [["2024-02-01", "2024-03-01"]]


@pytest.mark.parametrize(
    "flags", [{"freq": "hourly"}, {"tz": "Mars/Base"}, {"date_format": "%Q"}, {"wide": True, "id": "a"}]
)
def test_bad_flags(read: Read, flags: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        read(DAILY, **flags)


@quick
@given(seed=st.integers(0, 2**32))
def test_the_order_of_rows_does_not_matter(tmp_path: Path, seed: int) -> None:
    rows = [f"{name},2024-01-{day:02d},{day / 7}" for name in "abc" for day in range(1, 9) if day != 4 or name != "b"]
    shuffled = np.random.default_rng(seed).permutation(rows).tolist()
    one, two = (
        read_panel(written(tmp_path / f"{name}.csv", "id,ds,y\n" + "\n".join(lines) + "\n"))
        for name, lines in (("one", rows), ("two", shuffled))
    )
    assert {name: one.series(k).tolist() for k, name in enumerate(one.ids)} == {
        name: two.series(k).tolist() for k, name in enumerate(two.ids)
    }
