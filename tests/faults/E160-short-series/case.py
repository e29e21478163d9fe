"""Case E160: short series."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import days, table, write


def make() -> None:
    write("data.csv", Path("shops.csv").read_text() + "".join(f"new,{day},{n + 1}\n" for n, day in enumerate(days(5))))


def check() -> None:
    rows = table("forecasts.csv")
    assert [row["method"] for row in rows] == ["lstm"] * 70 + ["seasonal_naive"] * 14
    assert Path("forecasts.csv").read_text().startswith(Path("expected.csv").read_text())
