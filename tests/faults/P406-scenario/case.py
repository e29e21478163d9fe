"""Case P406: scenario."""

from __future__ import annotations

from tests.faulttools import write


def make() -> None:
    write("a.csv", "day,promo\n2024-03-01,1\n")
    write("b.csv", "day,promo\n2024-03-01,0\n")
