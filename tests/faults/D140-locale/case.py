"""Case D140: locale."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make() -> None:
    write("data.csv", Path("shops.csv").read_text().replace("shop-", "Αθήνα "))
    write("wanted.csv", Path("expected.csv").read_text().replace("shop-", "Αθήνα "))
