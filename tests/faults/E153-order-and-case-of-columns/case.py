"""Case E153: order and case of columns."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make_1() -> None:
    rows = [",".join(reversed(row.split(","))) for row in Path("shops.csv").read_text().splitlines()]
    write("data.csv", "\n".join(rows) + "\n")


def make_2() -> None:
    write("data.csv", Path("shops.csv").read_text().replace("sales", "Sales"))


def make_3() -> None:
    write("data.csv", Path("shops.csv").read_text().replace("shop,day,sales", "shop,sales,day"))
