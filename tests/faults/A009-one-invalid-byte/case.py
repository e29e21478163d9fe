"""Case A009: one invalid byte."""

from __future__ import annotations

from tests.faulttools import write


def make_1() -> None:
    write("data.csv", b"ds,y\n" + b"2024-01-01,1\n" * 90_000 + b"2024-01-01,\xff\n" + b"2024-01-01,1\n" * 9)


def make_2() -> None:
    write("data.csv", b"ds,y\r" + b"2024-01-01,1\r" * 90 + b"2024-01-01,\xff\r" + b"2024-01-01,1\r" * 9)
