"""Case F175: long cell."""

from __future__ import annotations

from tests.faulttools import write


def make_1() -> None:
    write("data.csv", "ds,y\n2024-01-01,1\n2024-01-02," + "x" * 5_000_000 + "\n")


def check_1(err: str) -> None:
    assert len(err) < 400


def make_2() -> None:
    write("data.csv", "ds,y\n" + "2" * 5_000_000 + ",1\n2024-01-02,1\n")


def check_2(err: str) -> None:
    assert len(err) < 400


def make_3() -> None:
    write("data.csv", "ds," + "y" * 5_000_000 + "\n2024-01-01,x\n")


def check_3(err: str) -> None:
    assert len(err) < 400
