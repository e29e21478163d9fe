"""Files of every shape → the same panel as the plain file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecaster.base.errors import DataError
from forecaster.base.records import build, dump
from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.data.schema import Schema

Made = tuple[str, dict[str, Any]]

HOURS = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=k) for k in range(24 * 15)]
DAYS = [date(2024, 1, 20) + timedelta(days=k) for k in range(30)]
MONTHS = [date(2019 + k // 12, k % 12 + 1, 1) for k in range(36)]
WEEKS = [date(2023, 12, 4) + timedelta(days=7 * k) for k in range(30)]
QUARTERS = [date(2016 + k // 4, k % 4 * 3 + 1, 1) for k in range(30)]
LENGTH = {"h": len(HOURS), "D": 30, "MS": 36, "W-MON": 30, "QS": 30}
STAMPS: dict[str, list[Any]] = {"h": HOURS, "D": DAYS, "MS": MONTHS, "W-MON": WEEKS, "QS": QUARTERS}


def value(k: int) -> int:
    return 1000 + 100 * (k % 7) + k


def lines(frequency: str, header: str, row: Callable[[Any, int], str]) -> str:
    return "\n".join([header, *(row(t, value(k)) for k, t in enumerate(STAMPS[frequency]))]) + "\n"


def across(names: list[str], form: str) -> str:
    """Return a file with one column a day, and one row a series: the values, and ten times the values."""
    head = ",".join(["", *(t.strftime(form) for t in DAYS)])
    rows = [",".join([name, *(str(value(k) * 10**s) for k in range(30))]) for s, name in enumerate(names)]
    return "\n".join([f"shop{head}", *rows]) + "\n"


def year_rows(form: str) -> str:
    months = [date(2019, k, 1).strftime(form) for k in range(1, 13)]
    rows = [",".join([str(2019 + y), *(str(value(12 * y + k)) for k in range(12))]) for y in range(3)]
    return "\n".join([",".join(["Year", *months]), *rows]) + "\n"


def split(row_of: Callable[[Any, int], list[str]], header: str, frequency: str = "D") -> str:
    """Return a file in which each value is in several rows."""
    rows = [line for k, t in enumerate(STAMPS[frequency]) for line in row_of(t, value(k))]
    return "\n".join([header, *rows]) + "\n"


def two(t: Any, v: int) -> list[str]:
    return [f"{t},a,{v - 400}", f"{t},b,400"]


ENDING = "Date,Hour,MW\n2023-12-31,24,1000\n" + "".join(
    f"{t - timedelta(hours=1):%Y-%m-%d},{(t - timedelta(hours=1)).hour + 1},{value(k)}\n"
    for k, t in enumerate(HOURS)
    if k
)
SHAPES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "plain days": ("D", lines("D", "ds,y", lambda t, v: f"{t},{v}"), {}),
    "date and hour": ("h", lines("h", "date,hr,y", lambda t, v: f"{t:%Y-%m-%d},{t.hour},{v}"), {}),
    "date and hour by one flag": (
        "h",
        lines("h", "d,u,y", lambda t, v: f"{t:%Y-%m-%d},{t.hour},{v}"),
        {"time": "d,u", "date_format": "%Y-%m-%d %H"},
    ),
    "date and clock": ("h", lines("h", "Date;Time;y", lambda t, v: f"{t:%d/%m/%Y};{t:%H:%M:%S};{v},5"), {"off": 0.5}),
    "date and clock with points": ("h", lines("h", "Date,Time,y", lambda t, v: f"{t:%d.%m.%Y},{t:%H.%M.%S},{v}"), {}),
    "date and clock of half a day": ("h", lines("h", "day,at,y", lambda t, v: f"{t:%Y-%m-%d},{t:%I:%M %p},{v}"), {}),
    "year, month, day, hour": (
        "h",
        lines("h", "No,year,month,day,hour,y", lambda t, v: f"{v},{t.year},{t.month},{t.day},{t.hour},{v}"),
        {"target": "y"},
    ),
    "year and month": ("MS", lines("MS", "Year,Month,y", lambda t, v: f"{t.year},{t.month},{v}"), {}),
    "year and name of a month": ("MS", lines("MS", "Year,Month,y", lambda t, v: f"{t.year},{t:%B},{v}"), {}),
    "month and year, told": ("MS", lines("MS", "m,y,v", lambda t, v: f"{t:%b},{t.year},{v}"), {"time": "m,y"}),
    "year and period": ("MS", lines("MS", "Year,Period,Value", lambda t, v: f"{t.year},M{t.month:02d},{v}"), {}),
    "year and quarter": ("QS", lines("QS", "year,quarter,y", lambda t, v: f"{t.year},{t.month // 3 + 1},{v}"), {}),
    "year and quarter with a letter": (
        "QS",
        lines("QS", "year,qtr,y", lambda t, v: f"{t.year},Q{t.month // 3 + 1},{v}"),
        {},
    ),
    "quarters": ("QS", lines("QS", "time,y", lambda t, v: f"{t.year}Q{t.month // 3 + 1},{v}"), {}),
    "quarters first": ("QS", lines("QS", "time,y", lambda t, v: f"Q{t.month // 3 + 1} {t.year},{v}"), {}),
    "ISO weeks": ("W-MON", lines("W-MON", "week,y", lambda t, v: f"{t:%G-W%V},{v}"), {}),
    "ISO weeks in two columns": ("W-MON", lines("W-MON", "year,week,y", lambda t, v: f"{t:%G},{t:%V},{v}"), {}),
    "ISO weeks told": (
        "W-MON",
        lines("W-MON", "w,y", lambda t, v: f"{t:%G/%V},{v}"),
        {"time": "w", "date_format": "%G/%V"},
    ),
    "days of the year": ("D", lines("D", "ds,y", lambda t, v: f"{t:%Y-%j},{v}"), {}),
    "months with an M": ("MS", lines("MS", "TIME,y", lambda t, v: f"{t:%YM%m},{v}"), {}),
    "short years": ("MS", lines("MS", "month,y", lambda t, v: f"{t:%b-%y},{v}"), {}),
    "counted years": ("MS", lines("MS", "Month,y", lambda t, v: f"{t.year - 2000}-{t:%m},{v}"), {}),
    "no stamps": (
        "MS",
        lines("MS", "y,z", lambda t, v: f"{v},x"),
        {"time": "none", "start": "2019-01", "freq": "MS", "target": "y"},
    ),
    "no stamps, weeks": (
        "W-MON",
        lines("W-MON", "y,z", lambda t, v: f"{v},"),
        {"time": "none", "start": "2023-12-04", "freq": "W-MON"},
    ),
    "one column": ("MS", lines("MS", "y", lambda t, v: f"{v}"), {"time": "none", "start": "2019-01", "freq": "MS"}),
    "hour ending": ("h", ENDING, {}),
    "dates across": ("D", across(["a"], "%Y-%m-%d"), {}),
    "dates across, of several series": ("D", across(["a", "b"], "%m/%d/%Y"), {}),
    "dates across, told": ("D", across(["a", "b"], "%Y%m%d"), {"dates_across": True, "date_format": "%Y%m%d"}),
    "months across": ("MS", year_rows("%b"), {}),
    "numbers of months across": ("MS", year_rows("%m").replace(",0", ","), {}),
    "seconds since 1970": ("h", lines("h", "t,y", lambda t, v: f"{t.timestamp():.0f},{v}"), {"date_format": "epoch-s"}),
    "milliseconds": ("h", lines("h", "t,y", lambda t, v: f"{t.timestamp():.0f}000,{v}"), {"date_format": "epoch-ms"}),
    "microseconds": (
        "h",
        lines("h", "t,y", lambda t, v: f"{t.timestamp():.0f}000000,{v}"),
        {"date_format": "epoch-us"},
    ),
    "offset of hours": ("h", lines("h", "t,y", lambda t, v: f"{t:%Y-%m-%d %H:%M:%S}+00,{v}"), {}),
    "UTC spelt out": ("h", lines("h", "t,y", lambda t, v: f"{t:%Y-%m-%d %H:%M:%S} UTC,{v}"), {}),
    "zulu": ("h", lines("h", "t,y", lambda t, v: f"{t:%Y%m%dT%H%M%SZ},{v}"), {}),
    "dollars": ("MS", lines("MS", "ds,y", lambda t, v: f'{t},"${v:,}.00"'), {}),
    "euros": ("MS", lines("MS", "ds;y", lambda t, v: f"{t};{v:,} €".replace(",", ".")), {"thousands": "."}),
    "percent": ("MS", lines("MS", "ds,y", lambda t, v: f"{t},{v} %"), {}),
    "thousands with spaces": ("MS", lines("MS", "ds;y", lambda t, v: f"{t};{v:,},00".replace(",", " ", 1)), {}),
    "two rows a day": ("D", split(two, "ds,kind,y"), {"aggregate": "sum", "freq": "D"}),
    "hours to days": (
        "D",
        split(lambda t, v: [f"{t} {h:02d}:00,{v}" for h in range(24)], "ds,y"),
        {"aggregate": "mean", "freq": "D"},
    ),
    "days to months": (
        "MS",
        split(lambda t, v: [f"{t + timedelta(days=d)},{v if d == 9 else 1}" for d in range(28)], "ds,y", "MS"),
        {"aggregate": "max", "freq": "MS"},
    ),
    "rows counted": (
        "D",
        split(lambda t, v: [f"{t} 10:{k % 60:02d}:{k // 60:02d},x" for k in range(v)], "at,what"),
        {"aggregate": "count", "freq": "D"},
    ),
    "the last of a day": ("D", split(lambda t, v: [f"{t},0", f"{t},{v}"], "ds,y"), {"on_duplicate": "last"}),
    "a marker for missing": (
        "D",
        lines("D", "ds,y", lambda t, v: f"{t},{v}") + "2024-02-19,-999\n",
        {"na_values": "-999.0,x"},
    ),
}


def panel_of(folder: Path, text: str, flags: dict[str, Any], schema: Schema | None = None) -> Panel:
    path = folder / "data.csv"
    path.write_text(text, "utf-8")
    settings = ReadSettings(**{name: flag for name, flag in flags.items() if name != "off"})
    return read_panel(path, ReadSettings() if schema else settings, schema)


def plain(frequency: str) -> tuple[np.ndarray, np.ndarray]:
    stamps = np.array(
        [np.datetime64(t.replace(tzinfo=None) if frequency == "h" else t, "ns") for t in STAMPS[frequency]]
    )
    return stamps, np.array([value(k) for k in range(LENGTH[frequency])], float)


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_panel_of_the_plain_file(tmp_path: Path, name: str) -> None:
    frequency, text, flags = SHAPES[name]
    panel = panel_of(tmp_path, text, flags)
    stamps, values = plain(frequency)
    np.testing.assert_array_equal(panel.stamps(0), stamps)
    np.testing.assert_allclose(panel.series(0), values + flags.get("off", 0))
    assert panel.frequency.alias.split("-")[0] == frequency.split("-")[0]
    again = panel_of(tmp_path, text, flags, build(Schema, dump(panel.schema), "schema", {}))
    np.testing.assert_array_equal(again.values, panel.values)
    np.testing.assert_array_equal(again.starts, panel.starts)
    assert again.schema == panel.schema


def test_several_columns_name_the_series(tmp_path: Path) -> None:
    rows = "".join(f"{t},{r},{s},{value(k)}\n" for r in "NS" for s in (1, 2) for k, t in enumerate(DAYS))
    panel = panel_of(tmp_path, "ds,region,store,y\n" + rows, {"id": "region,store"})
    assert panel.ids == ("N/1", "N/2", "S/1", "S/2")
    assert (panel.schema.id, panel.schema.recipe.id) == ("region/store", ("region", "store"))


def test_names_that_would_be_one_are_refused(tmp_path: Path) -> None:
    rows = "".join(f"{t},a/b,c,1\n{t},a,b/c,2\n" for t in DAYS)
    with pytest.raises(DataError, match="one name"):
        panel_of(tmp_path, "ds,p,q,y\n" + rows, {"id": "p,q"})


def test_an_hour_shown_twice(tmp_path: Path) -> None:
    utc = np.datetime64("2023-10-28T22:00") + np.arange(100).astype("m8[h]")
    local = [t + np.timedelta64(2 if t < np.datetime64("2023-10-29T01:00") else 1, "h") for t in utc]
    rows = [f"{t},{k}" for k, t in enumerate(local)]
    flags = {"tz": "Europe/Berlin"}
    with pytest.raises(DataError, match=r"line 4, .*exists twice") as caught:
        panel_of(tmp_path, "\n".join(["t,y", *rows]) + "\n", flags)
    assert "--on-ambiguous infer" in caught.value.hint
    for order in (rows, rows[::-1]):
        panel = panel_of(tmp_path, "\n".join(["t,y", *order]) + "\n", {**flags, "on_ambiguous": "infer"})
        np.testing.assert_array_equal(panel.stamps(0), utc.astype("M8[ns]"))
        assert panel.series(0).tolist() == list(range(100))
    without = "\n".join(["t,y", *rows[:3], *rows[4:]]) + "\n"
    with pytest.raises(DataError, match="is here once"):
        panel_of(tmp_path, without, {**flags, "on_ambiguous": "infer"})
    later = panel_of(tmp_path, without, {**flags, "on_ambiguous": "later"})
    assert later.filled.tolist()[:5] == [False, False, True, False, False]


def test_an_hour_that_is_skipped(tmp_path: Path) -> None:
    text = "t,y\n" + "".join(f"2024-03-31T{h:02d}:00,{h}\n" for h in (0, 1, 2, 4, 5, 6, 7, 8))
    with pytest.raises(DataError, match="does not exist") as caught:
        panel_of(tmp_path, text, {"tz": "Europe/Berlin"})
    assert "--on-nonexistent shift" in caught.value.hint
    panel = panel_of(tmp_path, text, {"tz": "Europe/Berlin", "on_nonexistent": "shift"})
    assert panel.series(0).tolist() == [0, 1, 2, 4, 5, 6, 7, 8]


def test_numbers_with_two_currencies_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a number"):
        panel_of(tmp_path, lines("D", "ds,y", lambda t, v: f"{t},{'$' if v % 2 else '€'}{v}"), {})


def test_business_days_with_holidays_are_business_days(tmp_path: Path) -> None:
    days = [d for k in range(500) if (d := date(2023, 1, 2) + timedelta(days=k)).weekday() < 5]
    closed = {date(2023, 4, 7), date(2023, 12, 25), date(2024, 1, 1), date(2023, 7, 4)}
    text = "Date,Close\n" + "".join(f"{d},{value(k)}\n" for k, d in enumerate(days) if d not in closed)
    panel = panel_of(tmp_path, text, {})
    assert (panel.frequency.alias, int(panel.filled.sum())) == ("B", 4)
