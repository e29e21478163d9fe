"""Case G193: years on any anchor."""

from __future__ import annotations

from tests.faulttools import write


def make() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{year},{year % 7}\n" for year in range(1980, 2020)))
