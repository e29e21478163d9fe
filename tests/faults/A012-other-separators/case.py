"""Case A012: other separators."""

from __future__ import annotations

from tests.faulttools import write


def make_1() -> None:
    write("data.csv", "ds\ty\n2024-01-01\t1\n2024-01-02\t2\n")


def make_2() -> None:
    write("data.csv", "ds|y\n2024-01-01|1\n2024-01-02|2\n")


def make_3() -> None:
    write("data.csv", "ds y\n2024-01-01 1\n2024-01-02 2\n")


def make_4() -> None:
    write("data.csv", "ds           y\n2024-01-01   1\n2024-01-02  12\n")
