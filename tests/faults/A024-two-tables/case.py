"""Case A024: two tables."""

from __future__ import annotations

from tests.faulttools import write


def make_1() -> None:
    write("data.csv", "ds,y\n2024-01-01,1\n2024-01-02,2\n\nds,y\n2024-02-01,1\n2024-02-02,2\n")


def make_2() -> None:
    write("data.csv", "ds,y\n2024-01-01,1\n2024-01-02,2\n\nid,ds,y\na,2024-02-01,1\na,2024-02-02,2\n")
