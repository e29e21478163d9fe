"""Case E152: extra columns."""

from __future__ import annotations

import json
from pathlib import Path

from tests.faulttools import write


def make() -> None:
    header, *rows = Path("shops.csv").read_text().splitlines()
    write("data.csv", "\n".join([f"note,{header},price", *(f"x,{row},9" for row in rows)]) + "\n")


def check(out: str) -> None:
    assert [f["message"] for f in json.loads(out)["findings"]] == ["columns not used: note, price"]
