"""Case E162: missing series."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make() -> None:
    rows = [row for row in Path("shops.csv").read_text().splitlines() if not row.startswith("shop-2")]
    write("data.csv", "\n".join(rows) + "\n")


def check() -> None:
    kept = [row for row in Path("expected.csv").read_text().splitlines() if not row.startswith("shop-2")]
    assert Path("forecasts.csv").read_text().splitlines() == kept
