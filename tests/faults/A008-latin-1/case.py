"""Case A008: latin 1."""

from __future__ import annotations

from tests.faulttools import write


def make() -> None:
    write("data.csv", b"ds,caf\xe9\n2024-01-01,1\n2024-01-02,2\n")
