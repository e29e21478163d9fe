"""Stamps, values and ids of rows: exact ids, one format of stamps, hours around a change of the clock."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forecaster.base.errors import (
    DataError,
)
from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel
from tests.data.conftest import LONG, Bad, Read, codes, refuse

BAD: Bad = {
    "ambiguous dates": ("ds,y\n03/04/2026,1\n04/04/2026,2\n", "line 2.*%d/%m/%Y or as %m/%d/%Y"),
    "two formats": ("ds,y\n2024-01-02,1\n03/04/2024,2\n", "line 3.*does not match %Y-%m-%d"),
    "no such day": ("ds,y\n2024-02-28,1\n2024-02-30,2\n", "line 3"),
    "hour 24": ("ds,y\n2024-02-28 23:00,1\n2024-02-28 24:30,2\n", "line 3"),
    "leap second": ("ds,y\n2024-02-28 23:59:59,1\n2024-02-28 23:59:60,2\n", "line 3"),
    "year 20224": ("ds,y\n2024-02-28,1\n20224-02-29,2\n", "line 3"),
    "year 9999": ("ds,y\n2024-02-28,1\n9999-02-28,2\n", "line 3"),
    "now": ("ds,y\nnow,1\ntoday,2\n", "'now'"),
    "now among dates": ("ds,y\n2024-01-01,1\nnow,2\n", "line 3.*'now'"),
    "digits for dates": ("ds,y\n20240101,1\n20240102,2\n", "date or a number"),
    "epoch": ("ds,y\n1704067200,1\n1704153600,2\n", "since 1970"),
    "no time": ("ds,y\n2024-01-01,1\n,2\n", "line 3"),
    "naive and aware": ("ds,y\n2024-01-01T00:00,1\n2024-01-01T01:00Z,2\n", "line 3"),
    "empty id": ("id,ds,y\na,2024-01-01,1\n,2024-01-02,2\n", "line 3"),
    "two tables": ("ds,y\n2024-01-01,1\n2024-01-02,2\n\nds,y\n2023-01-01,1\n", "line 6|line 5"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(read: Read, name: str) -> None:
    refuse(read, BAD[name])


def test_long_ids_are_exact_text(read: Read) -> None:
    panel = read(LONG)
    assert panel.ids == ("NA", "007")
    assert [panel.series(k).tolist() for k in range(2)] == [[1, 2, 3], [5, 6]]
    assert panel.future_stamps(1).tolist() == [["2024-04-01"], ["2024-03-01"]]
    assert (panel.schema.shape, panel.frequency.alias) == ("long", "MS")


def test_daily_on_a_local_calendar_over_a_clock_change(read: Read) -> None:
    text = "ds,y\n2024-03-30T00:00:00+01:00,1\n2024-03-31T00:00:00+01:00,2\n2024-04-01T00:00:00+02:00,3\n"
    panel = read(text, tz="Europe/Berlin")
    assert panel.frequency.alias == "D"
    assert panel.future_stamps(1).tolist() == [["2024-04-02T00:00:00+02:00"]]
    with pytest.raises(DataError) as caught:
        read(text)
    assert "--tz" in caught.value.hint


def test_hours_that_do_not_exist_or_exist_twice(read: Read) -> None:
    spring = "ds,y\n2024-03-31 01:30,1\n2024-03-31 02:30,1\n2024-03-31 03:30,2\n"
    with pytest.raises(DataError, match=r"line 3.*does not exist in Europe/Berlin"):
        read(spring, tz="Europe/Berlin")
    assert read(spring).schema.tz is None
    autumn = "ds,y\n2024-10-27 01:00,1\n2024-10-27 02:00,1\n2024-10-27 02:00,2\n"
    with pytest.raises(DataError, match=r"line 3.*exists twice in Europe/Berlin: ambiguous"):
        read(autumn, tz="Europe/Berlin")


def test_hourly_with_mixed_offsets_is_counted_in_utc(read: Read) -> None:
    text = "ds,y\n2024-03-31T01:00+01:00,1\n2024-03-31T03:00+02:00,2\n2024-03-31T04:00+02:00,3\n"
    panel = read(text)
    assert (panel.frequency.alias, panel.schema.tz, codes(panel)) == ("h", "UTC", ["offsets"])
    assert read(text, tz="Europe/Berlin").future_stamps(1).tolist() == [["2024-03-31T05:00+02:00"]]


def test_flags_that_settle_ambiguity(read: Read) -> None:
    dates_ = "ds,y\n03/04/2026,1\n04/04/2026,2\n"
    assert read(dates_, date_format="%d/%m/%Y").frequency.alias == "D"
    assert read(dates_, date_format="%m/%d/%Y").frequency.alias == "MS"
    assert read("ds,y\n20240101,1\n20240102,2\n", date_format="%Y%m%d").future_stamps(1).tolist() == [["20240103"]]
    epoch = read("ds,y\n1704067200,1\n1704153600,2\n", date_format="epoch-s")
    assert (epoch.frequency.alias, epoch.future_stamps(1).tolist()) == ("D", [[1704240000]])
    assert read("ds;y\n2024-01-01;1.500\n2024-01-02;2.250\n", decimal=".").values.tolist() == [1.5, 2.25]
    assert read("ds;y\n2024-01-01;1.500\n2024-01-02;2,25\n", thousands=".", decimal=",").values.tolist() == [1500, 2.25]
    assert read('ds,y\n2024-01-01,"1,500"\n2024-01-02,2\n', thousands=",").values.tolist() == [1500, 2]
    assert read("year,y\n2001,1\n2002,2\n", freq="YS").future_stamps(1).tolist() == [["2003"]]
    assert read("ds,café\n2024-01-01,1\n2024-01-02,2\n".encode("latin-1"), encoding="latin-1").schema.target == "café"


NOTES = {
    "a total": "Total,123\n",
    "a total of all stores, without a time": ",123\nGrand total,5\n",
    "a note behind an empty line": "\nSource: Bureau of Statistics\n* provisional\n",
    "a quoted note": ',\nTotal,100\n"Note: adjusted, and revised",\n',
}


@pytest.mark.parametrize("notes", NOTES.values(), ids=NOTES.keys())
def test_what_stands_below_the_data_is_refused_with_the_flag_that_leaves_it_out(tmp_path: Path, notes: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text("ds,y\n" + "".join(f"2024-01-{k:02},{k}\n" for k in range(1, 29)) + notes)
    with pytest.raises(DataError) as refused:
        read_panel(path)
    flag = re.search(r"Pass --skip-footer (\d)", refused.value.hint)
    assert flag
    panel = read_panel(path, ReadSettings(skip_footer=int(flag[1])))
    assert panel.values.tolist() == [float(k) for k in range(1, 29)]
    assert panel.schema.dialect is not None
    path.write_text("ds,y\n" + "".join(f"2024-02-{k:02},{k}\n" for k in range(1, 29)) + notes)
    assert read_panel(path, schema=panel.schema).rows == 28  # a later file of the same kind ends in the same way


def test_a_sum_is_known_by_its_name_where_its_time_is_empty(tmp_path: Path) -> None:
    rows = "".join(f"{store},2024-01-{k:02},{k}\n" for store in "ab" for k in range(1, 29))
    (tmp_path / "x.csv").write_text(f"store,ds,y\n{rows}Total,,812\n")
    with pytest.raises(DataError, match="line 58, column 'ds': 'Total' is no time"):
        read_panel(tmp_path / "x.csv")
    (tmp_path / "x.csv").write_text(f"n,ds,y\n{rows.replace('a,', '1,').replace('b,', '2,')},,812\n")
    with pytest.raises(DataError, match="'' is no time") as fault:
        read_panel(tmp_path / "x.csv")
    assert "--skip-footer 1" in fault.value.hint
    (tmp_path / "x.csv").write_text(f"store,ds,y\n{rows}b,,812\n")
    with pytest.raises(DataError, match="where a time is needed"):
        read_panel(tmp_path / "x.csv")
