"""Case B074: all series bad."""

from __future__ import annotations

from tests.faulttools import days, write


def make() -> None:
    write("data.csv", "shop,day,sales\n" + "".join(f"{s},{day},\n" for s in range(9) for day in days(60)))
