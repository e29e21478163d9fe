"""Case A028: line ends."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make(k: int) -> None:
    lines = Path("shops.csv").read_text().splitlines()
    ends = [["\r"], ["\r\n"], ["\r\n", "\n", "\n\n"]][k]
    write("forecasts.csv", "the last good forecast")
    write("data.csv", "".join(line + ends[n % len(ends)] for n, line in enumerate(lines)))
