"""Case B068: logarithm of negative."""

from __future__ import annotations

from tests.faulttools import days, write


def make() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day},{n - 3}\n" for n, day in enumerate(days(200))))
