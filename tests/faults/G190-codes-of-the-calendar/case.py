"""Case G190: codes of the calendar."""

from __future__ import annotations

from tests.faulttools import days, write


def make_1() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{y}{w:02d},{w}\n" for y in (2022, 2023) for w in range(1, 53)))


def make_2() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{y}{d:03d},{d}\n" for y in (2022, 2023) for d in range(1, 366)))


def make_3() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{y}{q},{q}\n" for y in range(1990, 2010) for q in range(1, 5)))


def make_4() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{y}{m:02d},{m}\n" for y in range(92, 99) for m in range(1, 13)))


def make_5() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day.replace('-', '')}000000,{k}\n" for k, day in enumerate(days())))
