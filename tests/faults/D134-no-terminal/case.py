"""Case D134: no terminal."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import write


def make_2() -> None:
    write("data.csv", Path("shops.csv").read_text().replace("shop-0", "a-very-long-name-" * 9))


def check_2(out: str) -> None:
    assert "a-very-long-name-" * 9 in out
    assert "\x1b" not in out
    assert "…" not in out
