"""Case B066: zeros."""

from __future__ import annotations

from pathlib import Path

from tests.faulttools import days, table, write


def make_1() -> None:
    write(
        "data.csv",
        "id,ds,y\n" + "".join(f"a,{day},0\nb,{day},{5 * (n % 20 == 3)}\n" for n, day in enumerate(days(120))),
    )


def make_2() -> None:
    write("data.csv", "shop,day,sales\n" + "".join(f"a,{day},0\n" for day in days(60)))


def check_2() -> None:
    assert {(row["method"], float(row["forecast"])) for row in table("forecasts.csv")} == {("constant", 0.0)}


def make_3(k: int) -> None:
    value = [0, -3][k]
    rows = [f"closed,{day},{5 + n % 7 if n != 50 else value}" for n, day in enumerate(days(60))]
    write("data.csv", Path("shops.csv").read_text() + "\n".join(rows) + "\n")
    write("forecasts.csv", "")


def make_4() -> None:
    text = Path("shops.csv").read_text()
    write("data.csv", text.replace(text.splitlines()[1], "shop-0,2024-01-01,0"))


def check_4() -> None:
    columns = ["shop", "day", "forecast", "method"]  # the interval follows from fewer earlier forecasts
    assert [[row[c] for c in columns] for row in table("forecasts.csv")] == [
        [row[c] for c in columns] for row in table("expected.csv")
    ]


def make_5() -> None:
    write("data.csv", "shop,day,sales\n" + "".join(f"a,{day},{n % 7}\n" for n, day in enumerate(days(60))))
