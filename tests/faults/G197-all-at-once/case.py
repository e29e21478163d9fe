"""Case G197: all at once."""

from __future__ import annotations

from tests.faulttools import days, write


def make() -> None:
    rows = [[day, str(100 + k % 7)] for k, day in enumerate(days(60))]
    rows[4][1], rows[9][1], rows[14][0], rows[31] = "abc", "x", "2024-13-01", [*rows[30]]
    write("data.csv", "ds,y\n" + "".join(",".join(row) + "\n" for row in rows))
