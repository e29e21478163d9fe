"""Case A001: empty."""

from __future__ import annotations

from tests.faulttools import write


def make() -> None:
    write("data.csv", "")
