"""Case B046: one date decides."""

from __future__ import annotations

from pathlib import Path

from forecaster.data.panel import Panel
from tests.faulttools import write


def check_1(panel: Panel) -> None:
    assert "%d/%m/%Y" in panel.findings[0].message


def make_2() -> None:
    write("data.csv", Path("data.csv").read_text() + "02/13/2024,4\n")
