"""A file → Panel: what a user's file becomes, and what is refused with which words."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecaster.base.errors import (
    AccessError,
    DataError,
    ForecastError,
    MissingError,
    ModelError,
    TryAgainError,
    UsageError,
)
from forecaster.base.records import build, dump
from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.holes import fill
from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.data.schema import Schema

Read = Callable[..., Panel]
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that writes content to a file and reads it as a panel."""

    def read(content: str | bytes, name: str = "data.csv", schema: Schema | None = None, **flags: object) -> Panel:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_panel(path, ReadSettings(**flags), schema)  # type: ignore[arg-type]

    return read


def codes(panel: Panel) -> list[str]:
    return [finding.code for finding in panel.findings]


DAILY = "date,sales\n2024-01-01,1\n2024-01-02,2\n2024-01-03,4\n"
LONG = "unique_id,ds,y\nNA,2024-01-01,1\n007,2024-01-01,5\nNA,2024-02-01,2\n007,2024-02-01,6\nNA,2024-03-01,3\n"


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


def test_long_ids_are_exact_text(read: Read) -> None:
    panel = read(LONG)
    assert panel.ids == ("NA", "007")
    assert [panel.series(k).tolist() for k in range(2)] == [[1, 2, 3], [5, 6]]
    assert panel.future_stamps(1).tolist() == [["2024-04-01"], ["2024-03-01"]]
    assert (panel.schema.shape, panel.frequency.alias) == ("long", "MS")


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


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none(), min_size=3, max_size=30))
def test_filled_values_lie_between_their_neighbours(cells: list[float | None]) -> None:
    values = np.array([0.0, *(np.nan if cell is None else cell for cell in cells), 1.0])
    holes = np.isnan(values)
    fill(values, holes, "interpolate")
    assert np.isfinite(values).all()
    known = pd.Series(np.where(holes, np.nan, values))
    low, high = np.fmin(known.ffill(), known.bfill()), np.fmax(known.ffill(), known.bfill())
    slack = 1e-9 * np.maximum(np.abs(low), np.abs(high))
    assert ((values >= low - slack) & (values <= high + slack)).all()


def test_unsorted_rows_are_sorted_and_announced(read: Read) -> None:
    panel = read("ds,y\n2024-01-03,3\n2024-01-01,1\n2024-01-02,2\n")
    assert panel.values.tolist() == [1, 2, 3]
    assert codes(panel) == ["unsorted"]


def test_bad_series_are_skipped_and_named(read: Read) -> None:
    rows = [f"a,2024-01-{day:02d},{day}" for day in range(1, 29)] + ["b,2024-01-01,", "b,2024-01-02,", "c,2024-01-01,1"]
    rows += ["c,2024-01-28,1"]
    panel = read("id,ds,y\n" + "\n".join(rows) + "\n")
    assert panel.ids == ("a",)
    assert [name for name, _ in panel.skipped] == ["b", "c"]
    assert "missing" in panel.skipped[0][1]
    with pytest.raises(DataError, match="all its values are missing"):
        read("ds,y\n2024-01-01,NA\n2024-01-02,NA\n")


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


def test_without_some_series(read: Read) -> None:
    panel = read("id,ds,y\n" + "".join(f"{name},2024-01-0{d},{d}\n" for name in "abc" for d in (1, 2, 3)))
    rest = panel.without(np.array([False, True, False]), "why")
    assert (rest.ids, rest.skipped, rest.offsets.tolist()) == (("a", "c"), (("b", "why"),), [0, 3, 6])
    assert rest.series(1).tolist() == [1, 2, 3]
    assert rest.future_stamps(1).tolist() == [["2024-01-04"], ["2024-01-04"]]
    assert panel.n_series == 3


def test_similar_ids_stay_apart(read: Read) -> None:
    panel = read("id,ds,y\nA,2024-01-01,1\nA ,2024-01-01,2\nA,2024-01-02,1\nA ,2024-01-02,2\n")
    assert panel.ids == ("A", "A ")
    assert codes(panel) == ["similar-ids"]


# ---------------------------------------------------------------------------------------------------- zones


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


# ---------------------------------------------------------------------------------------------------- predict


def test_schema_round_trip_and_reuse(read: Read) -> None:
    text = "unique_id;ds;menge\na;01.02.2024;1,5\na;02.02.2024;2,5\na;13.02.2024;4\n"
    panel = read(text, max_missing=1, season_length=3)
    schema = build(Schema, dump(panel.schema), "schema", {})
    assert schema == panel.schema
    later = read("unique_id;ds;menge\na;01.03.2024;1,125\na;02.03.2024;2\nb;02.03.2024;7\n", schema=schema)
    assert later.values.tolist() == [1.125, 2, 7]
    assert (later.season_length, later.schema) == (3, schema)
    assert later.future_stamps(1).tolist() == [["03.03.2024"], ["03.03.2024"]]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("ds,y\n2024-01-01 00:00,1\n2024-01-01 01:00,2\n", DataError, "does not match %Y-%m-%d"),
        ("date,sale\n2024-01-01,1\n", DataError, "no column 'sales'"),
        (
            "date,sales\n2024-01-01,1\n2024-02-01,2\n2024-03-01,1\n2024-04-01,2\n",
            ModelError,
            "the model is D, the data is MS",
        ),
        ("date;sales\n2024-01-01;1,5\n2024-01-02;1,5\n", DataError, "one column when it is read with a comma"),
        ("date,sales\n01/02/2024,1\n", DataError, "line 2.*does not match %Y-%m-%d"),
    ],
)
def test_data_that_does_not_fit_the_model(read: Read, text: str, error: type[ForecastError], message: str) -> None:
    schema = read(DAILY).schema
    with pytest.raises(error, match=message):
        read(text.replace("ds,y", "date,sales"), schema=schema)


def test_corrupt_schema(read: Read) -> None:
    good = dump(read(DAILY).schema)
    cases: list[object] = [
        {**good, "extra": 1},
        {key: value for key, value in good.items() if key != "frequency"},
        {**good, "season_length": "7"},
        {**good, "shape": "tall"},
        {**good, "dialect": {"separator": 1}},
        [],
    ]
    for bad in cases:
        with pytest.raises(ModelError):
            build(Schema, bad, "schema", {})


# ---------------------------------------------------------------------------------------------------- bad input

BAD = {
    "empty": (b"", "empty \\(0 bytes\\)"),
    "blank": ("\n \n\n", "no header row"),
    "header only": ("ds,y\n", "header but no data rows"),
    "one row": ("ds,y\n2024-01-01,1\n", "one stamp"),
    "no header": ("2024-01-01,1\n2024-01-02,2\n", "header looks like data"),
    "title": ("Report\nof 2024\nds,y\n2024-01-01,1\n2024-01-02,1\n", "line 3"),
    "long row": ("ds,y\n2024-01-01,1\n2024-01-02,1,5\n2024-01-03,2\n", "line 3: 3 cells where the header has 2"),
    "short row": ("ds,y\n2024-01-01,1\n2024-01-02\n2024-01-03,2\n", "line 3: 1 cells"),
    "all rows long": ("ds,y\n2024-01-01,1,2\n2024-01-02,1,3\n", "line 2: 3 cells"),
    "hanging values": ("ds,y\n2024-01-01,1,\n2024-01-02,1,\n" + "2024-01-03,1,7\n", "line 4: a value in column 3"),
    "quoted decimal comma": ('ds,y\n2024-01-01,"1,5"\n2024-01-02,2.5\n', "'1,5' is not a number"),
    "doubtful point": ("ds;y\n2024-01-01;1.500\n2024-01-02;2.250\n", "thousand or a fraction"),
    "doubtful comma": ("ds;y\n2024-01-01;1,500\n2024-01-02;2,250\n", "thousand or a fraction"),
    "thousands": ('ds,y\n2024-01-01,"1,234.50"\n2024-01-02,"2,5"\n', "line 2, column 'y': '1,234.50' is not a"),
    "spaces": ("ds y\n2024-01-01 1\n2024-01-02 2\n", "one column"),
    "two separators": ("a,b;c\n2024-01-01,1;2\n2024-01-02,2;2\n", "comma or semicolon"),
    "minus sign": ("ds,y\n2024-01-01,\u22125\n2024-01-02,2\n", "line 2.*is not a number"),
    "percent": ("ds,y\n2024-01-01,1\n2024-01-02,5%\n", "line 3.*'5%' is not a number"),
    "currency": ("ds,y\n2024-01-01,€5\n2024-01-02,€6\n2024-01-03,7\n", "2 such cells"),
    "hexadecimal": ("ds,y\n2024-01-01,0x1F\n2024-01-02,1\n", "'0x1F' is not a number"),
    "underscore": ("ds,y\n2024-01-01,1_000\n2024-01-02,1\n", "'1_000' is not a number"),
    "word": ("ds,y\n2024-01-01,1\n2024-01-02,broken\n", "line 3.*'broken' is not a number"),
    "infinite": ("ds,y\n2024-01-01,1\n2024-01-02,-inf\n", "line 3.*not finite"),
    "overflow": ("ds,y\n2024-01-01,1\n2024-01-02,1e400\n", "line 3.*not finite"),
    "duplicate column": ("ds,y,y\n2024-01-01,1,2\n", "'y' appears twice"),
    "similar columns": ("ds,y, Y \n2024-01-01,1,2\n", "differ only"),
    "open quote": ('ds,y\n2024-01-01,1\n2024-01-02,"2\n2024-01-03,3\n', "quote opened on line 3"),
    "NUL": (b"ds,y\n2024-01-01,1\n2024-01-02,2\0\n2024-01-03,1\n", "NUL byte at line 3"),
    "NUL tail": (b"ds,y\n2024-01-01,1\n" + bytes(4096), "NUL padding"),
    "UTF-16 without mark": ("ds,y\n2024-01-01,1\n".encode("utf-16-le"), "UTF-16"),
    "latin-1": ("ds,café\n2024-01-01,1\n".encode("latin-1"), "byte 0xE9 at line 1, column 7"),
    "HTML": ("<!DOCTYPE html><html><body>Sign in, please</body></html>", "HTML"),
    "XLSX": (b"PK\x03\x04\x14\x00", "ZIP"),
    "JSON": ('{"ds": 1, "y": 2}', "JSON"),
    "gzip as CSV": (gzip.compress(DAILY.encode()), "gzip"),
    "Parquet as CSV": (b"PAR1....", "Parquet"),
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
    "duplicate stamps": ("ds,y\n2024-01-01,1\n2024-01-02,2\n2024-01-02,3\n", "lines 3 and 4.*values 2 and 3"),
    "empty id": ("id,ds,y\na,2024-01-01,1\n,2024-01-02,2\n", "line 3"),
    "irregular": ("t,y\n1,1\n4,1\n9,2\n14,1\n", "closest 5"),
    "two tables": ("ds,y\n2024-01-01,1\n2024-01-02,2\n\nds,y\n2023-01-01,1\n", "line 6|line 5"),
    "two id columns": (
        "shop,item,ds,y\na,b,2024-01-01,1\na,c,2024-01-01,1\nd,c,2024-01-01,1\n",
        "could name the series",
    ),
    "two time columns": ("start,end,y\n2024-01-01,2024-01-02,1\n2024-01-02,2024-01-03,1\n", "several columns of dates"),
    "missing column": (DAILY, "no column 'sale'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(read: Read, name: str) -> None:
    content, message = BAD[name]
    flags = {"target": "sale"} if name == "missing column" else {}
    with pytest.raises(DataError, match=message) as caught:
        read(content, **flags)
    assert caught.value.exit_code == 65


def test_good_oddities(read: Read) -> None:
    same = read(DAILY).values.tolist()
    for content in (
        "\ufeff" + DAILY,
        DAILY.replace("\n", "\r\n"),
        DAILY.replace("\n", "\r"),
        DAILY.replace(",", "\t"),
        DAILY.replace(",", "|"),
        DAILY.replace("date", '"date"'),
        DAILY.replace("\n", ",\n"),
        DAILY.replace("2024-01-02,2\n", "\n\r\n2024-01-02, 2 \n"),
        DAILY.encode("utf-16"),
        "\ufeff" + DAILY.replace("date", '"date"'),
    ):
        assert read(content).values.tolist() == same
    assert read(gzip.compress(DAILY.encode()), "data.csv.gz").values.tolist() == same
    assert codes(read(DAILY.rstrip())) == ["no-line-end"]
    assert read("a title\n" + DAILY, skip_rows=1).values.tolist() == same
    assert read(DAILY.split("\n", 1)[1], no_header=True).values.tolist() == same


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


@pytest.mark.parametrize(
    "flags", [{"freq": "hourly"}, {"tz": "Mars/Base"}, {"date_format": "%Q"}, {"wide": True, "id": "a"}]
)
def test_bad_flags(read: Read, flags: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        read(DAILY, **flags)


def test_lines_after_quoted_line_breaks(read: Read) -> None:
    text = 'id,ds,y\n"a\nb",2024-01-01,1\n\n"a\nb",2024-01-02,x\n'
    with pytest.raises(DataError, match="line 5, column 'y': 'x'"):
        read(text)
    assert read(text.replace("x", "2")).ids == ("a\nb",)


def test_truncated_gzip(read: Read) -> None:
    with pytest.raises(DataError, match="ends early"):
        read(gzip.compress(DAILY.encode() * 50)[:-12], "data.csv.gz")


# ---------------------------------------------------------------------------------------------------- the file itself


def test_paths(tmp_path: Path) -> None:
    """Nothing but a file, and files of a folder: an address of a known kind is connected to elsewhere."""
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (
        empty,
        tmp_path / "none*.csv",
        tmp_path / "absent.csv",
        loop,
        pipe,
        "file:///etc/passwd",
        "gopher://127.0.0.1:9/x.csv",
        "a" * 5000,
        "a\0b",
    ):
        with pytest.raises(MissingError):
            read_panel(path)


def test_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.csv"
    path.write_text(DAILY)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AccessError):
        read_panel(path)


def test_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.csv"
    path.write_text(DAILY)
    opened = Path.open

    def append(self: Path, mode: str) -> io.BufferedReader:
        file = opened(self, mode)
        with opened(path, "a") as more:
            more.write("2024-01-04,5\n")
        return file  # type: ignore[return-value]

    monkeypatch.setattr(Path, "open", append)
    with pytest.raises(TryAgainError, match="changed while it was read"):
        read_panel(path)


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DAILY.encode())))
    panel = read_panel("-")
    assert (panel.source, panel.values.tolist()) == ("-", [1, 2, 4])


def test_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "item_id": [7, 7, 8, 8],
            "timestamp": pd.to_datetime(["2024-01-01", "2024-01-02"] * 2),
            "target": [1.0, None, 3, 4],
        }
    )
    path = tmp_path / "data.parquet"
    frame.to_parquet(path)
    panel = read_panel(path, ReadSettings(max_missing=1))
    assert (panel.ids, panel.schema.dialect, panel.frequency.alias) == (("7", "8"), None, "D")
    assert panel.future_stamps(1).tolist() == [["2024-01-02"], ["2024-01-03"]]
    frame.assign(timestamp=frame["timestamp"].dt.tz_localize("Europe/Berlin"), target=[1, 2, 3, 4]).to_parquet(path)
    panel = read_panel(path)
    assert (panel.schema.tz, panel.frequency.alias) == ("Europe/Berlin", "D")
    assert panel.future_stamps(1)[0].tolist() == ["2024-01-03 00:00:00+01:00"]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="Parquet"):
        read_panel(path)


# ---------------------------------------------------------------------------------------------------- properties


@quick
@given(seed=st.integers(0, 2**32))
def test_the_order_of_rows_does_not_matter(tmp_path: Path, seed: int) -> None:
    rows = [f"{name},2024-01-{day:02d},{day / 7}" for name in "abc" for day in range(1, 9) if day != 4 or name != "b"]
    shuffled = np.random.default_rng(seed).permutation(rows).tolist()
    one, two = (
        read_panel(_write(tmp_path / f"{name}.csv", "id,ds,y\n" + "\n".join(lines) + "\n"))
        for name, lines in (("one", rows), ("two", shuffled))
    )
    assert {name: one.series(k).tolist() for k, name in enumerate(one.ids)} == {
        name: two.series(k).tolist() for k, name in enumerate(two.ids)
    }


def _write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


@quick
@given(
    values=st.lists(st.floats(-1e15, 1e15), min_size=2, max_size=20),
    ids=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1, max_size=3, unique=True
    ),
    separator=st.sampled_from(",;\t|"),
    decimal=st.sampled_from(".,"),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
    quote_all=st.booleans(),
)
def test_any_dialect_reads_back_equal_or_is_refused(tmp_path: Path, **drawn: object) -> None:
    values, ids, separator = drawn["values"], drawn["ids"], str(drawn["separator"])
    assert isinstance(values, list)
    assert isinstance(ids, list)
    always = drawn["quote_all"]

    def cell(text: str) -> str:
        plain = not always and not set(text) & {separator, '"', "\n", "\r"}
        return text if plain else '"' + text.replace('"', '""') + '"'

    rows = [["unique_id", "ds", "y"]]
    for name in ids:
        rows += [
            [name, f"2024-01-{day:02d}", repr(value).replace(".", str(drawn["decimal"]))]
            for day, value in enumerate(values, 1)
        ]
    text = str(drawn["end"]).join(separator.join(map(cell, row)) for row in rows) + str(drawn["end"])
    path = _write(tmp_path / "data.csv", ("\ufeff" if drawn["mark"] else "") + text)
    try:
        panel = read_panel(path)
    except DataError:
        return
    assert list(panel.ids) == ids
    for k in range(len(ids)):
        assert panel.series(k).tolist() == values


@quick
@given(st.binary(max_size=200) | st.text("ds,y\n;0123456789-\"'.:\t TZ+", max_size=200).map(str.encode))
def test_random_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("data.csv", "data.csv.gz", "data.parquet"):
        path = tmp_path / name
        path.write_bytes(content)
        with contextlib.suppress(DataError):
            read_panel(path)


def test_panel_from_arrays() -> None:
    panel = panel_from_arrays({"a": [1, 2, 3], "b": [4, 5]}, freq="MS", start="2024-01-01")
    assert panel.future_stamps(1).tolist() == [["2024-04-01"], ["2024-03-01"]]
    assert panel_from_arrays([[1, 2, 3]]).future_stamps(2).tolist() == [[3, 4]]
    assert panel_from_arrays([np.arange(5)], freq="W-MON").season_length == 52
    with pytest.raises(DataError):
        panel_from_arrays([[1, np.nan]])


def spiked() -> str:
    """Two daily series with a weekly season; the second has a spike on its 31st day."""
    rng = np.random.default_rng(0)
    lines = ["shop,day,sales"]
    for name in ("a", "b"):
        for i in range(60):
            value = 999 if (name, i) == ("b", 30) else 50 + 10 * (i % 7) + rng.normal()
            lines.append(f"{name},{np.datetime64('2024-01-01') + i},{value:.2f}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("on_outlier", "low", "high"), [("clip", 70, 85), ("interpolate", 65, 75)])
def test_outliers_are_treated_counted_and_remembered(read: Read, on_outlier: str, low: float, high: float) -> None:
    panel = read(spiked(), on_outlier=on_outlier)
    assert low < panel.values[90] < high
    [finding] = [finding for finding in panel.findings if finding.code == "outliers"]
    assert (finding.count, finding.series) == (1, "b")
    assert "series 'b', 2024-01-31: 999 became" in finding.message
    kept = read(spiked())
    assert kept.values[90] == 999
    assert "outliers" not in codes(kept)
    np.testing.assert_array_equal(panel.observed(np.arange(120)), kept.values)
    np.testing.assert_array_equal(np.flatnonzero(panel.values != kept.values), [90])


def test_a_model_treats_outliers_as_its_training_did(read: Read) -> None:
    schema = read(spiked(), on_outlier="clip").schema
    assert schema.on_outlier == "clip"
    assert read(spiked(), schema=build(Schema, dump(schema), "schema", {})).values[90] < 85
    older = dump(schema)
    del older["on_outlier"]  # a model of before
    assert read(spiked(), schema=build(Schema, older, "schema", {})).values[90] == 999


def test_outliers_of_an_integer_index_are_judged_by_the_season_of_the_values(read: Read) -> None:
    noise = np.random.default_rng(0).normal(size=120) / 10
    values = [50 + 40 * (i % 6 == 0) + noise[i] for i in range(120)]
    values[60] = 50.0  # not itself unusual, but for its phase
    panel = read("t,y\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values)), on_outlier="interpolate")
    assert panel.values[60] == pytest.approx(90, abs=1)


def test_a_filled_value_is_no_outlier(read: Read) -> None:
    lines = [line for line in spiked().splitlines() if "2024-01-28" not in line]  # a Sunday, the top of the week
    panel = read("\n".join(lines) + "\n", on_outlier="clip")
    assert panel.outliers.at.tolist() == [90]


def test_holes_are_not_observed(read: Read) -> None:
    panel = read("ds,y\n2024-01-01,1\n2024-01-02,\n2024-01-03,3\n2024-01-04,4\n")
    assert np.isnan(panel.observed(np.array([[0, 1], [2, 3]]))).tolist() == [[False, True], [False, False]]
