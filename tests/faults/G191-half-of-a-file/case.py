"""Case G191: half of a file."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make() -> None:
    lines = Path("shops.csv").read_text().splitlines(keepends=True)
    gone = lines[-1].split(",")[0]
    write("half.csv", "".join(line for line in lines if not line.startswith(gone + ",")))


def make_3() -> None:
    lines = Path("shops.csv").read_text().splitlines(keepends=True)
    write("cut.csv", "".join(lines[:-5]))


def make_4() -> None:
    lines = Path("shops.csv").read_text().splitlines(keepends=True)
    write("cut.csv", "".join(lines[:-5]))
