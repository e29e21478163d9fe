"""Case C096: current."""

from __future__ import annotations

from tests.faulttools import write


def make(k: int) -> None:
    write("models/shops/CURRENT", ["", "v000001\r\n", "v1\n", "v000001"[:5]][k])
