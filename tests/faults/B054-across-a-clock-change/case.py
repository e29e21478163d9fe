"""Case B054: across a clock change."""

from __future__ import annotations

import numpy as np

from tests.faulttools import write


def make_1() -> None:
    hours = [str(np.datetime64("2024-03-30T00:00") + k * 60) + "Z" for k in range(48)]
    write("data.csv", "\n".join(["ds,y", *(f"{hour},{n}" for n, hour in enumerate(hours))]) + "\n")


def make_2() -> None:
    days = [f"2024-03-{day}T00:00+01:00" for day in (28, 29, 30, 31)] + [
        f"2024-04-0{day}T00:00+02:00" for day in (1, 2)
    ]
    write("data.csv", "\n".join(["ds,y", *(f"{day},{n}" for n, day in enumerate(days))]) + "\n")
