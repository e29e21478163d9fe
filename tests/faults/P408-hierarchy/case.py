"""Case P408: hierarchy."""

from __future__ import annotations

from tests.faulttools import write


def make_3() -> None:
    write("groups.csv", "shop,kind\nnobody,big\n")


def make_5() -> None:
    write("groups.csv", "shop,kind\nnobody,big\n")
