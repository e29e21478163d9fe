"""Case A019: trailing comma."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make_2() -> None:
    write("data.csv", Path("data.csv").read_text().replace("ds,y", "ds,y,"))


def make_3() -> None:
    write("data.csv", Path("data.csv").read_text().replace(",3,", ",3,4"))


def make_4() -> None:
    write("data.csv", Path("data.csv").read_text().replace(",3,", ",3"))
