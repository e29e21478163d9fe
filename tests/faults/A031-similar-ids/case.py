"""Case A031: similar ids."""

from __future__ import annotations

from forecaster.data.panel import Panel
from tests.faulttools import days, write


def make(k: int) -> None:
    one, two = [("A", "A "), ("a", "A"), ("caf\u00e9", "cafe\u0301")][k]
    rows = [f"{name},{day},{n}" for name in (one, two) for n, day in enumerate(days(3))]
    write("data.csv", "\n".join(["id,ds,y", *rows]) + "\n")


def check(panel: Panel) -> None:
    assert "differ only in spaces, case or Unicode form" in panel.findings[0].message
