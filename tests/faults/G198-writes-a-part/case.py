"""Case G198: writes a part."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.faulttools import days, write


def make() -> None:
    Path("parts").mkdir()
    for name, start in (("one", "2024-01-01"), ("two", "2024-02-10")):
        write(f"parts/{name}.csv", "ds,y\n" + "".join(f"{day},{k % 7}\n" for k, day in enumerate(days(40, start))))
    with closing(sqlite3.connect("shop.csv")) as base:
        base.execute("create table sales (ds text, y real)")
        base.commit()
