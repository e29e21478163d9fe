"""Case B070: just long enough."""

from __future__ import annotations

from tests.faulttools import days, write


def make_1() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day},{n % 5}\n" for n, day in enumerate(days(9))))


def make_2() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day},{n % 5}\n" for n, day in enumerate(days(10))))


def make_3() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day},{n % 5}\n" for n, day in enumerate(days(11))))
