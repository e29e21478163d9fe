"""Case A014: odd numbers."""

from __future__ import annotations

from tests.faulttools import write


def make(k: int) -> None:
    cell = ["+-5", "(5", "12%", "€5", "1_000", "0x1F", "5--", "１２", "1e", "1 2"][k]
    write("data.csv", f"ds,y\n2024-01-01,1\n2024-01-02,{cell}\n2024-01-03,2\n2024-01-04,{cell}\n")
