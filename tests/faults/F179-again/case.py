"""Case F179: again."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make() -> None:
    write("forecasts.csv", Path("expected.csv").read_bytes())
