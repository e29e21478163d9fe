"""Case G203: a query that writes."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.faulttools import days


def make() -> None:
    with closing(sqlite3.connect("shop.db")) as connection:
        connection.execute("CREATE TABLE sales (ds TEXT, y REAL)")
        connection.executemany("INSERT INTO sales VALUES (?, ?)", [(day, k % 7) for k, day in enumerate(days())])
        connection.commit()
