"""Case B059: irregular."""

from __future__ import annotations

from tests.faulttools import write


def make_2() -> None:
    times = ["00:00", "00:07", "00:30", "01:11", "01:12", "03:40", "03:59", "07:21"]
    write("data.csv", "ds,y\n" + "".join(f"2024-01-01 {time},1\n" for time in times))
