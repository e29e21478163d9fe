"""Case A023: title lines."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make_3() -> None:
    write("data.csv", "Report, of sales, 2024\n" + Path("data.csv").read_text())


def make_4() -> None:
    write("data.csv", "sep=;\nds;y\n2024-01-01;1\n2024-01-02;2\n")


def make_5() -> None:
    write("data.csv", Path("data.csv").read_text().replace("\n", "\r"))
