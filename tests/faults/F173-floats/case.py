"""Case F173: floats."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import table


def check(out: str) -> None:
    for row in table("forecasts.csv"):
        for name, cell in row.items():
            if name.startswith("forecast"):
                assert repr(float(cell)) == cell
    assert out == Path("forecasts.csv").read_text()
