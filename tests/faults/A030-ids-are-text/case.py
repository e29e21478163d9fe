"""Case A030: ids are text."""

from __future__ import annotations

from tests.faulttools import days, table, write


def make() -> None:
    ids = ["NA", "null", "None", "007", "1e5", "TRUE", "7", "0x1F", "-", "inf", " lead", "#N/A"]
    rows = [f"{name},{day},{50 + n % 7 + k}" for k, name in enumerate(ids) for n, day in enumerate(days(60))]
    write("data.csv", "\n".join(["shop,day,sales", *rows]) + "\n")


def check() -> None:
    ids = ["NA", "null", "None", "007", "1e5", "TRUE", "7", "0x1F", "-", "inf", " lead", "#N/A"]
    assert [row["shop"] for row in table("forecasts.csv")][::14] == ids
