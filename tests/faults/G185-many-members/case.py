"""Case G185: many members."""

from __future__ import annotations

import gzip

from tests.faulttools import days, write


def make_1() -> None:
    write("data.csv.gz", gzip.compress(b"") * 100000)


def make_2() -> None:
    lines = ["ds,y\n", *(f"{day},{k % 7}\n" for k, day in enumerate(days()))]
    write("data.csv.gz", b"".join(gzip.compress(line.encode()) for line in lines) + bytes(100))
