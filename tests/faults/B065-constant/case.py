"""Case B065: constant."""

from __future__ import annotations

from tests.faulttools import days, table, write


def make() -> None:
    write("data.csv", "shop,day,sales\n" + "".join(f"a,{day},9007199254740993\nb,{day},0.1\n" for day in days(60)))


def check() -> None:
    rows = table("forecasts.csv")
    assert {row["method"] for row in rows} == {"constant"}
    assert {float(cell) for row in rows for name, cell in row.items() if name.startswith("forecast")} == {
        9007199254740992.0,
        0.1,
    }
