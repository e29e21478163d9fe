"""Case B061: two frequencies."""

from __future__ import annotations

from tests.faulttools import days, write


def make() -> None:
    rows = [f"a,{day},{n}" for n, day in enumerate(days(30))] + [
        f"b,2024-{month:02d}-01,{month}" for month in range(1, 13)
    ]
    write("data.csv", "\n".join(["id,ds,y", *rows]) + "\n")
