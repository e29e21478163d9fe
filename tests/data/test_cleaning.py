"""Subtotals between the data, means of years among months, names that stand once for many rows."""

from __future__ import annotations

import numpy as np
import pytest

from forecaster.base.errors import DataError, MissingError
from tests.data.conftest import Read, codes

MONTHS = [(year, month) for year in range(2015, 2019) for month in range(1, 13)]


def test_sums_between_the_data_are_left_out(read: Read) -> None:
    rows = "".join(
        f"{np.datetime64(f'{y}-{m:02d}').item():%b %Y},{m}\n" + (f"Total {y},78\n" if m == 12 else "")
        for y, m in MONTHS
    )
    with pytest.raises(DataError, match="'Total 2015' does not match") as fault:
        read(f"Period,Value\n{rows}")
    assert "--drop-rows 'Total*'" in fault.value.hint
    panel = read(f"Period,Value\n{rows}", drop_rows="Total*")
    assert panel.values.tolist() == [m for _, m in MONTHS]
    assert "dropped-rows" in codes(panel)
    later = read(f"Period,Value\n{rows}", schema=panel.schema)
    assert later.values.tolist() == panel.values.tolist()


@pytest.mark.parametrize(("form", "mean", "parts"), [("M{:02d}", "M13", 12), ("Q{:02d}", "Q05", 4)])
def test_means_of_years_are_named(read: Read, form: str, mean: str, parts: int) -> None:
    rows = "".join(
        "".join(f"X,{year},{form.format(k)},{k}\n" for k in range(1, parts + 1)) + f"X,{year},{mean},5\n"
        for year in range(2015, 2020)
    )
    with pytest.raises(DataError, match=f"holds {mean}, the mean of a year") as fault:
        read(f"Series ID,Year,Period,Value\n{rows}")
    assert f"--drop-rows {mean}" in fault.value.hint
    panel = read(f"Series ID,Year,Period,Value\n{rows}", drop_rows=mean)
    assert panel.lengths.tolist() == [5 * parts]


def test_names_that_stand_once_are_filled_down(read: Read) -> None:
    rows = "".join(
        f"{region if k == 0 else ''},{year}-{month:02d}-01,{k}\n"
        for region in ("North", "South")
        for k, (year, month) in enumerate(MONTHS)
    )
    with pytest.raises(DataError, match="column 'Region' is empty") as fault:
        read(f"Region,Month,Sales\n{rows}")
    assert "--fill-down Region" in fault.value.hint
    panel = read(f"Region,Month,Sales\n{rows}", fill_down="Region")
    assert panel.ids == ("North", "South")
    assert panel.lengths.tolist() == [48, 48]


def test_flags_that_name_nothing_are_told(read: Read) -> None:
    daily = "date,sales\n2024-01-01,1\n2024-01-02,2\n2024-01-03,4\n"
    assert codes(read(daily, drop_rows="Total*"))[0] == "dropped-rows"
    with pytest.raises(DataError, match="no column 'region'"):
        read(daily, fill_down="region")
    with pytest.raises(MissingError, match="no row is left"):
        read(daily, drop_rows="*")
