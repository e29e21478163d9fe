"""Case B047: whole numbers as dates."""

from __future__ import annotations

from tests.faulttools import write


def make_3() -> None:
    write("data.csv", "ds,y\n1704067200,1\n1704070800,2\n1704074400,3\n")


def make_4() -> None:
    write("data.csv", "ds,y\n1704067200,1\n1704070800,2\n1704074400,3\n")


def make_5() -> None:
    write("data.csv", "ds,y\n1704067200000,1\n1704070800000,2\n1704074400000,3\n")


def make_6() -> None:
    write("data.csv", "ds,y\n2024010100,1\n2024010101,2\n2024010102,3\n")


def make_7() -> None:
    write("data.csv", "ds,y\n20240101,1\n20240230,2\n")
