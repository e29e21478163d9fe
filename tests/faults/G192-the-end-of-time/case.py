"""Case G192: the end of time."""

from __future__ import annotations

from tests.faulttools import days, write


def make_1() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{1704067200000000000 + k * 3600 * 10**9},{k % 24}\n" for k in range(100)))


def make_2() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{year}-01-01,{year % 7}\n" for year in range(2201, 2262)))


def make_3() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{year}-01-01,{year % 7}\n" for year in range(1500, 1700)))


def make_4() -> None:
    names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    rows = (f"{name}-{year},{k}\n" for year in range(60, 76) for k, name in enumerate(names))
    write("data.csv", "ds,y\n" + "".join(rows))


def check_4(panel) -> None:
    assert str(panel.starts[0])[:10] == "1960-01-01", panel.starts


def make_5() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day} 00:00:00+00,{k}\n" for k, day in enumerate(days())))
