"""Case A025: nul."""

from __future__ import annotations

from tests.faulttools import write


def make() -> None:
    write("data.csv", "ds,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n2024-01-04,\0004\n2024-01-05,5\n" * 9)
