"""Case A021: duplicate columns."""

from __future__ import annotations

from tests.faulttools import write


def make_1() -> None:
    write("data.csv", "ds,y,y\n2024-01-01,1,2\n2024-01-02,1,2\n")


def make_2() -> None:
    write("data.csv", "ds,y, y \n2024-01-01,1,2\n2024-01-02,1,2\n")


def make_3() -> None:
    write("data.csv", "ds,y,Y\n2024-01-01,1,2\n2024-01-02,1,2\n")
