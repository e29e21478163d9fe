"""Case B060: calendars."""

from __future__ import annotations

import numpy as np

from tests.faulttools import days, write


def make_1() -> None:
    write("data.csv", "ds,y\n2023-10-31,1\n2023-11-30,2\n2023-12-31,3\n")


def make_2() -> None:
    rows = [day for day in days(25) if np.is_busday(day)]
    write("data.csv", "\n".join(["ds,y", *(f"{day},{n}" for n, day in enumerate(rows))]) + "\n")


def make_3() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day},{n}\n" for n, day in enumerate(days(60, "2024-01-02")[::7])))


def make_4() -> None:
    write("data.csv", "ds,y\n2023-03-31,1\n2023-06-30,2\n2023-09-30,3\n2023-12-31,4\n")


def make_5() -> None:
    write("data.csv", "ds,y\n2024-01-31,1\n2024-03-31,2\n2024-05-31,3\n2024-07-31,4\n2024-08-31,5\n")
