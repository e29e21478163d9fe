"""Which column is what, and what is refused because several could be it."""

from __future__ import annotations

import numpy as np
import pytest

from forecaster.base.errors import (
    DataError,
)
from tests.data.conftest import DAILY, LONG, Bad, Read, codes, refuse

BAD: Bad = {
    "doubtful point": ("ds;y\n2024-01-01;1.500\n2024-01-02;2.250\n", "thousand or a fraction"),
    "doubtful comma": ("ds;y\n2024-01-01;1,500\n2024-01-02;2,250\n", "thousand or a fraction"),
    "two id columns": (
        "shop,item,ds,y\na,b,2024-01-01,1\na,c,2024-01-01,1\nd,c,2024-01-01,1\n",
        "could name the series",
    ),
    "two time columns": ("start,end,y\n2024-01-01,2024-01-02,1\n2024-01-02,2024-01-03,1\n", "several columns of dates"),
    "missing column": (DAILY, "no column 'sale'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(read: Read, name: str) -> None:
    refuse(read, BAD[name], **({"target": "sale"} if name == "missing column" else {}))


def test_wide(read: Read) -> None:
    text = "week,north,south\n2024-01-07,1,\n2024-01-14,2,5\n2024-01-21,3,6\n"
    panel = read(text, wide=True)
    assert panel.ids == ("north", "south")
    assert panel.lengths.tolist() == [3, 2]
    assert panel.frequency.alias == "W-SUN"
    assert codes(panel) == ["leading"]
    with pytest.raises(DataError) as caught:
        read(text)
    assert "--wide" in caught.value.hint
    assert "--target" in caught.value.hint


def test_extra_columns_are_listed(read: Read) -> None:
    panel = read("ds,y,temp,note\n2024-01-01,1,7,a\n2024-01-02,2,8,b\n", target="temp")
    assert panel.values.tolist() == [7, 8]
    assert panel.findings[0].message == "columns not used: y, note"


def test_numbers_that_look_like_months_are_numbers(read: Read) -> None:
    panel = read("ds,y\n2024-01-01,2024.01\n2024-01-02,12.2024\n")
    assert panel.values.tolist() == [2024.01, 12.2024]


def test_the_series_of_a_wide_file_are_named_in_ours(read: Read) -> None:
    assert read("ds,a,b\n2024-01-01,1,2\n2024-01-02,3,4\n", wide=True).id_column == "series"
    assert (read(LONG).id_column, read(DAILY).id_column) == ("unique_id", None)
    for name in ("method", "forecast", "forecast-lo-80", "series"):
        with pytest.raises(DataError, match=f"column '{name}' has the name of a column of the forecast file"):
            read(f"{name},a,b\n2024-01-01,1,2\n2024-01-02,3,4\n", wide=True)


DAYS_OF_SLOTS = [str(np.datetime64("2022-01-03") + day) for day in range(20)]


@pytest.mark.parametrize(("parts", "freq"), [(24, "h"), (48, "30min"), (96, "15min")])
def test_a_column_that_counts_parts_of_days_names_no_series(read: Read, parts: int, freq: str) -> None:
    rows = "".join(f"{day},{part},{part}\n" for day in DAYS_OF_SLOTS for part in range(1, parts + 1))
    with pytest.raises(DataError, match=f"counts {parts} parts of each day") as fault:
        read(f"SETTLEMENT_DATE,SETTLEMENT_PERIOD,ND\n{rows}")
    assert f"--time none --target ND --start 2022-01-03 --freq {freq}" in fault.value.hint
    panel = read(
        f"SETTLEMENT_DATE,SETTLEMENT_PERIOD,ND\n{rows}", time="none", target="ND", start="2022-01-03", freq=freq
    )
    assert panel.lengths.tolist() == [20 * parts]


def test_yes_and_no_name_no_series(read: Read) -> None:
    rows = "".join(
        f"{store},{dept},{day},{k},{'TRUE' if k % 9 == 0 else 'FALSE'}\n"
        for store in (1, 2)
        for dept in (1, 2)
        for k, day in enumerate(DAYS_OF_SLOTS)
    )
    with pytest.raises(DataError) as fault:
        read(f"Store,Dept,Date,Weekly_Sales,IsHoliday\n{rows}")
    assert "--id Store,Dept" in fault.value.hint


def test_stamps_that_cannot_be_read_get_no_invented_dates(read: Read) -> None:
    rows = "".join(f"FY{20 + k // 52} wk{k % 52 + 1},{k}\n" for k in range(60))
    with pytest.raises(DataError) as fault:
        read(f"Fiscal Week,Sales\n{rows}")
    assert fault.value.hint.endswith("--time none")
