"""Case F170: quoting."""

from __future__ import annotations

from pathlib import Path

from forecaster.config import ReadSettings
from forecaster.data.formats import read_data
from forecaster.data.recipe import PLAIN
from tests.faulttools import days, table, write


def make_1() -> None:
    ids = ['say "hi"', "a,b", "two\nlines", "a\rb", "a\r\nb", '"', "it's", " spaces ", "a;b", "\t"]
    quoted = ['"' + name.replace('"', '""') + '"' for name in ids]
    rows = [f"{name},{day},{50 + n % 7}" for name in quoted for n, day in enumerate(days(60))]
    write("data.csv", "\n".join(["shop,day,sales", *rows]) + "\n")


def check_1() -> None:
    ids = ['say "hi"', "a,b", "two\nlines", "a\rb", "a\r\nb", '"', "it's", " spaces ", "a;b", "\t"]
    assert [row["shop"] for row in table("forecasts.csv")][::14] == ids
    again = read_data("forecasts.csv", ReadSettings(), None, PLAIN)
    assert again.columns["shop"].to_pylist()[::14] == ids


def make_2() -> None:
    write("data.csv", Path("shops.csv").read_text().replace("shop,day", "method,day"))
