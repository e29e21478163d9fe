"""Case A041: changed while read."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faulttools import write


def make() -> None:
    write("data.csv", Path("shops.csv").read_bytes())


def during_1() -> None:
    write("data.csv", Path("shops.csv").read_text() + "shop-0,2024-03-01,50\n")


def during_2() -> None:
    os.utime("data.csv", ns=(1, 1))
    write("data.csv", Path("shops.csv").read_text().replace("1", "2"))


def during_3() -> None:
    write("new", Path("shops.csv").read_text().replace("1", "2"))
    os.replace("new", "data.csv")


def during_4() -> None:
    os.unlink("data.csv")
