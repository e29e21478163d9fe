"""Case E161: unknown series."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make() -> None:
    write("data.csv", Path("shops.csv").read_text().replace("shop-0", "never seen"))


def check() -> None:
    assert Path("forecasts.csv").read_text() == Path("expected.csv").read_text().replace("shop-0", "never seen")
