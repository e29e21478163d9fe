"""Case C092: names of models."""

from __future__ import annotations

from tests.faulttools import days, write


def make_13() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day},{n % 7}\n" for n, day in enumerate(days(60))))
