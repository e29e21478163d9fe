"""Case A026: nul padding."""

from __future__ import annotations

from tests.faulttools import write


def make() -> None:
    write("data.csv", b"ds,y\n2024-01-01,1\n2024-01-02,2\n2024-" + bytes(4096))
