"""Case A022: no header."""

from __future__ import annotations

from tests.faulttools import write


def make_2() -> None:
    write("data.csv", "1,10\n2,11\n3,12\n")


def make_3() -> None:
    write("data.csv", "north,2024-01-01,10\nnorth,2024-01-02,11\nnorth,2024-01-03,12\n")


def make_4() -> None:
    write("data.csv", "north,1,10\nnorth,2,11\nnorth,3,12\n")
