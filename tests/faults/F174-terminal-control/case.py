"""Case F174: terminal control."""

from __future__ import annotations

from tests.faulttools import days, table, write


def make() -> None:
    ids = ["\x1b[31mred", "[red]", "[link=http://x]y[/link]", "\x07\x08", "\u202eevil"]
    rows = [f"{name},{day},{50 + n % 7}" for name in ids for n, day in enumerate(days(60))]
    write("data.csv", "\n".join(["shop,day,sales", *rows]) + "\n")


def check(out: str) -> None:
    assert "\\x1b[31mred" in out
    assert "[red]" in out
    assert "[link=http://x]y[/link]" in out
    assert all(c.isprintable() or c == "\n" for c in out)
    assert [row["shop"] for row in table("forecasts.csv")][::14][0] == "\x1b[31mred"
