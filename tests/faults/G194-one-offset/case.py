"""Case G194: one offset."""

from __future__ import annotations

from tests.faulttools import days, write


def make() -> None:
    def local(name, start, count, offset, more=""):
        write(
            name,
            "ds,y\n" + "".join(f"{day}T00:00:00{offset},{k % 7}\n" for k, day in enumerate(days(count, start))) + more,
        )

    local("summer.csv", "2024-06-01", 100, "+02:00")
    local("winter.csv", "2024-01-10", 40, "-05:00")
    local("fixed.csv", "2024-01-10", 40, "+05:30")
    local(
        "both.csv",
        "2024-06-01",
        149,
        "+02:00",
        "".join(f"{day}T00:00:00+01:00,{k % 7}\n" for k, day in enumerate(days(9, "2024-10-28"))),
    )


def make_4() -> None:
    rows = [f"{day}T00:00:00+02:00" for day in days(149, "2024-06-01")]
    write("summer.csv", "ds,y\n" + "".join(f"{stamp},{k % 7}\n" for k, stamp in enumerate(rows[:100])))
    rows += [f"{day}T00:00:00+01:00" for day in days(9, "2024-10-28")]
    write("all.csv", "ds,y\n" + "".join(f"{stamp},{k % 7}\n" for k, stamp in enumerate(rows)))
