"""DataFrames as data: what becomes a column, what is refused, and stamps on the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecaster.base.errors import DataError, UsageError
from forecaster.data.frames import as_data, as_times
from forecaster.data.grid import read_panel
from forecaster.data.source import Source

MONTHS = pd.date_range("2020-01-01", periods=36, freq="MS")
VALUES = np.arange(36.0) + 1


def test_a_path_stays_a_path() -> None:
    for path in ("sales.csv", Path("sales.csv"), "-"):
        assert as_data(path) is path


@pytest.mark.parametrize(
    ("frame", "time"),
    [
        (pd.DataFrame({"month": MONTHS, "sales": VALUES}), "month"),
        (pd.DataFrame({"sales": VALUES}, index=MONTHS.rename("month")), "month"),
        (pd.DataFrame({"sales": VALUES}, index=MONTHS), "time"),
        (pd.DataFrame({"sales": VALUES}, index=MONTHS.to_period("M")), "time"),
        (pd.DataFrame({"month": MONTHS.to_period("M"), "sales": VALUES}), "month"),
        (pd.DataFrame({"month": MONTHS.strftime("%Y-%m-%d"), "sales": VALUES}), "month"),
        (pd.DataFrame({"month": MONTHS.date, "sales": VALUES}), "month"),
        (pd.DataFrame({"month": MONTHS, "sales": VALUES}, index=range(5, 41)), "month"),
        (pd.Series(VALUES, MONTHS, name="sales"), "time"),
    ],
)
def test_what_becomes_the_time_column(frame: Any, time: str) -> None:
    panel = read_panel(as_data(frame))
    assert (panel.schema.time, panel.schema.target, panel.frequency.alias) == (time, "sales", "MS")
    assert panel.values.tolist() == VALUES.tolist()
    assert panel.source == "DataFrame"


def test_a_long_frame_with_categories_and_holes() -> None:
    frame = pd.DataFrame(
        {
            "shop": pd.Categorical(["b"] * 36 + ["a"] * 36),
            "month": [*MONTHS, *MONTHS],
            "sales": [*VALUES, *VALUES],
        }
    )
    frame.loc[3, "sales"] = np.nan
    panel = read_panel(as_data(frame))
    assert panel.ids == ("b", "a")
    assert panel.filled.nonzero()[0].tolist() == [3]


def test_the_same_frame_has_the_same_hash() -> None:
    frame = pd.DataFrame({"month": MONTHS, "sales": VALUES})
    one, again, other = (as_data(f) for f in (frame, frame.copy(), frame.assign(sales=0.0)))
    assert isinstance(one, Source)
    assert isinstance(again, Source)
    assert isinstance(other, Source)
    assert one.sha256 == again.sha256 != other.sha256


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"sales": [1, "two", None]}),
        pd.DataFrame([[1.0, 2.0]], columns=["sales", "sales"]),
        pd.DataFrame({"sales": [{1: 2}, 3]}),
    ],
)
def test_what_no_file_holds_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="DataFrame") as caught:
        as_data(frame)
    assert "one of numbers, texts or times" in caught.value.hint


def test_what_is_neither_is_refused() -> None:
    with pytest.raises(UsageError, match="data: expected a path, a DataFrame or a Series, received list"):
        as_data([1, 2])  # type: ignore[arg-type]


def test_stamps_come_back_as_pandas_has_them() -> None:
    stamps = np.array(["2024-03-30T23", "2024-03-31T01"], "M8[ns]")
    assert as_times(np.array([1, 2]), None).tolist() == [1, 2]
    assert as_times(stamps, None).tolist() == [pd.Timestamp("2024-03-30 23:00"), pd.Timestamp("2024-03-31 01:00")]
    assert [str(t) for t in as_times(stamps, "Europe/Berlin")] == [
        "2024-03-31 00:00:00+01:00",
        "2024-03-31 03:00:00+02:00",
    ]
    assert str(as_times(stamps, "+02:00")[0]) == "2024-03-31 01:00:00+02:00"
