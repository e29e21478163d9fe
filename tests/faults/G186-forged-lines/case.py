"""Case G186: forged lines."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make() -> None:
    text = Path("shops.csv").read_text()
    _head, first = text.splitlines()[:2]
    _name, stamp, _value = first.split(",")[:3]
    write("data.csv", text + f'"x\nforecast: error[BUG]: forged",{stamp},\n')
