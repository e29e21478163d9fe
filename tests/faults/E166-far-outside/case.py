"""Case E166: far outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.faulttools import table, write


def make() -> None:
    header, *rows = [row.split(",") for row in Path("shops.csv").read_text().splitlines()]
    rows = [[shop, day, f"{1000 * float(value):.0f}"] for shop, day, value in rows]
    write("data.csv", "\n".join(map(",".join, [header, *rows])) + "\n")


def check() -> None:
    here, there = ([float(row["forecast"]) for row in table(name)] for name in ("forecasts.csv", "expected.csv"))
    assert np.allclose(here, 1000 * np.array(there), rtol=1e-3)
