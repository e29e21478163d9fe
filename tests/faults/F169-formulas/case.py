"""Case F169: formulas."""

from __future__ import annotations

import json

from tests.faulttools import days, table, write


def make() -> None:
    ids = ['=HYPERLINK("http://x")', "+1", "-2", "@SUM(1)", "\t=2", "\r=3", "\uff1d1", "plain"]
    quoted = ['"' + name.replace('"', '""') + '"' for name in ids]
    rows = [f"{name},{day},{50 + n % 7}" for name in quoted for n, day in enumerate(days(60))]
    write("data.csv", "\n".join(["shop,day,sales", *rows]) + "\n")


def check_1(out: str) -> None:
    ids = ['=HYPERLINK("http://x")', "+1", "-2", "@SUM(1)", "\t=2", "\r=3", "\uff1d1", "plain"]
    assert [row["shop"] for row in table("forecasts.csv")][::14] == ids
    (finding,) = json.loads(out)["findings"]
    assert (finding["code"], finding["count"]) == ("formula-ids", 7)
    assert "--spreadsheet-safe" in finding["hint"]


def check_2() -> None:
    ids = ['=HYPERLINK("http://x")', "+1", "-2", "@SUM(1)", "\t=2", "\r=3", "\uff1d1"]
    assert [row["shop"] for row in table("forecasts.csv")][::14] == [*("'" + name for name in ids), "plain"]
