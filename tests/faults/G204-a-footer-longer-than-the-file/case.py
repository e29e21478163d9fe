"""Case G204: a footer longer than the file."""

from __future__ import annotations

import json

from tests.faulttools import write


def make() -> None:
    rows = [f"2024-01-{day:02},{100 + day % 7}" for day in range(1, 31)]
    write("d.csv", "\n".join(["day,sales", *rows]) + "\n")
    records = [dict(zip(("day", "sales"), row.split(","), strict=True)) for row in rows]
    write("d.json", json.dumps(records))
