"""Case B053: hour twice."""

from __future__ import annotations

from tests.faulttools import write


def make_3() -> None:
    write("data.csv", "ds,y\n2024-10-27 01:00,1\n2024-10-27 02:00,2\n2024-10-27 02:00,3\n2024-10-27 03:00,4\n")
