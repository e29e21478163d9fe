"""Case B052: hour that does not exist."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make_3() -> None:
    write("data.csv", Path("data.csv").read_text().replace("2024-03-31 02:30,3\n", ""))


def make_4() -> None:
    write("data.csv", Path("data.csv").read_text().replace("2024-03-31 02:30,3\n", ""))
