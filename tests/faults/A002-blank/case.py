"""Case A002: blank."""

from __future__ import annotations

from tests.faulttools import write


def make() -> None:
    write("data.csv", "\n \n\t\r\n\n")
