"""Case G188: numbers out of range."""

from __future__ import annotations

import os

from tests.faulttools import write


def make_4() -> None:
    rows = ",".join(f'{{"ds":"2024-01-{d:02d}","y":{"9" * 400 if d == 3 else d}}}' for d in range(1, 9))
    write("big.json", f"[{rows}]")


def make_5() -> None:
    write("deep.json", "[" * 200_000)


def make_6() -> None:
    os.mkfifo("pipe")
