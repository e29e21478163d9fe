"""Case B063: infinite."""

from __future__ import annotations

from tests.faulttools import write


def make(k: int) -> None:
    cell = ["inf", "-inf", "1e400", "Infinity", "-1e999"][k]
    write("data.csv", f"ds,y\n2024-01-01,1\n2024-01-02,{cell}\n2024-01-03,3\n")
