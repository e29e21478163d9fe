"""Case A027: no end of line."""

from __future__ import annotations

from tests.faulttools import write


def make_1() -> None:
    write("data.csv", "ds,y\n2024-01-01,120\n2024-01-02,121\n2024-01-03,12")


def make_2() -> None:
    write("data.csv", "ds,y\n2024-01-01,120\n2024-01-02,121\n2024-01")
