"""Case A007: utf 16 without mark."""

from __future__ import annotations

from tests.faulttools import write


def make() -> None:
    write("data.csv", "ds,y\n2024-01-01,1\n2024-01-02,2\n".encode("utf-16-le"))
