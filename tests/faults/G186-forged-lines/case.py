"""Case G186: forged lines."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import days, write


def make_1() -> None:
    text = Path("shops.csv").read_text()
    _head, first = text.splitlines()[:2]
    _name, stamp, _value = first.split(",")[:3]
    write("data.csv", text + f'"x\nforecast: error[BUG]: forged",{stamp},\n')


def make_2() -> None:
    rows = "".join(f"{day},{k % 7}\n" for k, day in enumerate(days()))
    write("data.csv", f'"a\nforecast: error[BUG]: forged",y\n{rows}')
