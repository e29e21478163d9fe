"""Case A005: byte order mark."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make_1() -> None:
    write("data.csv", "\ufeffds,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,4\n")


def make_2() -> None:
    write("data.csv", '\ufeff"ds",y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,4\n')


def make_3() -> None:
    write("data.csv", b"\xef\xbb\xbf" + Path("shops.csv").read_bytes())
