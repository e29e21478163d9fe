"""Case B049: impossible times."""

from __future__ import annotations

from tests.faulttools import write


def make_1(k: int) -> None:
    day = ["0001-01-01", "9999-12-31", "20224-01-01", "1900-02-29", "2024-02-30", "2024-13-01", "2024-00-10"][min(k, 6)]
    stamp = [day, "2024-01-03 23:59:60", "2024-01-03 12:60"][max(0, k - 6)]
    rest = ["", " 00:00:00", " 00:00"][max(0, k - 6)]
    write("data.csv", f"ds,y\n2024-01-01{rest},1\n2024-01-02{rest},2\n{stamp},3\n")


def make_2() -> None:
    write("data.csv", "ds,y\n2024-01-01 00:00,1\n2024-01-02 00:00,2\n2024-01-02 24:00,3\n")


def make_3() -> None:
    write("data.csv", "ds,y\n2024-01-01 00:00,1\n2024-01-02 00:00,2\n2024-01-02 24:01,3\n")
