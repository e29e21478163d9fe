"""Case A042: huge."""

from __future__ import annotations

from forecaster.data.panel import Panel
from tests.faulttools import days, write


def make_1() -> None:
    rows = [",".join(["ds", *(f"s{k}" for k in range(5_000))])]
    rows += [",".join([day, *["1"] * 5_000]) for day in days(8)]
    write("data.csv", "\n".join(rows) + "\n")


def check_1(panel: Panel) -> None:
    assert panel.n_series == 5_000


def make_2() -> None:
    write("data.csv", "ds,y\n2024-01-01,1\n2024-01-02," + "x" * 4_000_000 + "\n")
