"""Case E154: type of a column."""

from __future__ import annotations

from tests.faulttools import days, write


def make_1() -> None:
    write("data.csv", "shop,day,sales\n" + "".join(f"a,{day},low\n" for day in days(60)))


def make_2() -> None:
    write("data.csv", "shop,day,sales\n" + "".join(f"a,{k},{k % 7}\n" for k in range(60)))
