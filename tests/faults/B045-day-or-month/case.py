"""Case B045: day or month."""

from __future__ import annotations

from tests.faulttools import write


def make_4() -> None:
    write("data.csv", "ds,y\n01/02/03,1\n02/02/03,2\n03/02/03,3\n")
