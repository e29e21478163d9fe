"""Case A034: gzip or not."""

from __future__ import annotations

import gzip

from tests.faulttools import write


def make_1() -> None:
    write("data.csv.gz", "ds,y\n2024-01-01,1\n")


def make_2() -> None:
    write("data.csv", gzip.compress(b"ds,y\n2024-01-01,1\n"))


def make_3() -> None:
    packed = bytearray(gzip.compress(b"ds,y\n2024-01-01,1\n2024-01-02,2\n", mtime=0))
    packed[-6] ^= 1
    write("data.csv.gz", bytes(packed))


def make_4() -> None:
    write("data.csv.gz", gzip.compress(b"ds,y\n2024-01-01,1\n") + gzip.compress(b"2024-01-02,2\n") + bytes(64))
