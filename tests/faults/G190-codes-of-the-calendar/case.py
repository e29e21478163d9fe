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


def make_6() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{d[8:]}{d[5:7]}{d[:4]},{k}\n" for k, d in enumerate(days())))


def make_7() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{m:02d}{y},{m}\n" for y in range(2000, 2009) for m in range(1, 13)))


def make_8() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{y}{w:02d},{w}\n" for y in (21, 22, 23) for w in range(1, 53)))


def make_9() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{1704067200 + 3600 * k}.0,{k}\n" for k in range(100)))
