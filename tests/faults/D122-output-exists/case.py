"""Case D122: output exists."""

from __future__ import annotations

import os
from pathlib import Path


def make() -> None:
    os.chmod("forecasts.csv", 0o640)
    os.link("forecasts.csv", "held.csv")


def check() -> None:
    assert os.stat("forecasts.csv").st_mode & 0o777 == 0o640
    assert Path("held.csv").read_text() == "the last good forecast\n"
