"""Case B075: large integers."""

from __future__ import annotations

from tests.faulttools import write


def make() -> None:
    write("data.csv", f"ds,y\n2024-01-01,{2**24 + 1}\n2024-01-02,{2**53 - 1}\n2024-01-03,-{2**53 - 1}\n")
