"""Case B056: duplicates that differ."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make_2() -> None:
    write("data.csv", Path("shops.csv").read_text() + "shop-3,2024-01-05,1\n")


def make_3() -> None:
    write("data.csv", "ds,y\n2024-01-01T00:00+00:00,1\n2024-01-02T00:00+00:00,2\n2024-01-02T01:00+01:00,3\n")
