"""Case G192: the end of time."""

from __future__ import annotations

from tests.faulttools import write


def make_1() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{1704067200000000000 + k * 3600 * 10**9},{k % 24}\n" for k in range(100)))


def make_2() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{year}-01-01,{year % 7}\n" for year in range(2201, 2262)))
