"""Case B073: one series bad."""

from __future__ import annotations

import json
from pathlib import Path

from tests.faulttools import days, write


def make_1() -> None:
    rows = [f"hole,{day},1" for day in ("2024-01-01", "2024-02-29")]
    write("data.csv", Path("shops.csv").read_text() + "\n".join(rows) + "\n")


def make_2() -> None:
    write("data.csv", Path("shops.csv").read_text() + "".join(f"none,{day},\n" for day in days(60)))


def check_2(out: str) -> None:
    assert json.loads(out)["skipped"] == [{"series": "none", "reason": "all its values are missing"}]
