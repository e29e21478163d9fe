"""Case B048: now."""

from __future__ import annotations

from tests.faulttools import write


def make(k: int) -> None:
    word = ["now", "today", "NaT", "Monday"][k]
    write("data.csv", f"ds,y\n2024-01-01,1\n2024-01-02,2\n{word},3\n")
