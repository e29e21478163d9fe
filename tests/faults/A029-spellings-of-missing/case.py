"""Case A029: spellings of missing."""

from __future__ import annotations

from forecaster.data.panel import Panel
from tests.faulttools import days, write


def make_1() -> None:
    cells = ["N.A.", "-", "#N/A", "null", "", "NaN", "?"]
    rows = [f"{day},{cells[n // 2] if n % 2 and n < 14 else n}" for n, day in enumerate(days(20))]
    write("data.csv", "\n".join(["ds,y", *rows]) + "\n")


def check_1(panel: Panel) -> None:
    assert panel.findings[0].count == 7


def make_2() -> None:
    write("data.csv", "ds,y\n2024-01-01,1\n2024-01-02,closed\n2024-01-03,3\n")
