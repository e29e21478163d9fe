"""Case C093: ids are no paths."""

from __future__ import annotations

from tests.faulttools import days, table, write

IDS = [
    "../../x",
    "/etc/passwd",
    "a/b",
    ".",
    "..",
    "-rf",
    "~",
    "$HOME",
    "%s",
    "x" * 5000,
    "\U0001f600",
    "CON",
    "a\\b",
]


def make() -> None:
    rows = [f"{name},{day},{50 + n % 7}" for name in IDS for n, day in enumerate(days(60))]
    write("data.csv", "\n".join(["shop,day,sales", *rows]) + "\n")


def check() -> None:
    assert [row["shop"] for row in table("forecasts.csv")][::14] == IDS
