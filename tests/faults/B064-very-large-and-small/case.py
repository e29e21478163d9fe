"""Case B064: very large and small."""

from __future__ import annotations

import numpy as np

from tests.faulttools import days, table, write


def make(k: int) -> None:
    factor = [1e300, 1e-300][k % 2]
    rows = [f"big,{day},{(1 + n % 7 / 7 + n / 100) * factor!r}" for n, day in enumerate(days(60))]
    write("data.csv", "\n".join(["shop,day,sales", *rows]) + "\n")
    write("forecasts.csv", "")


def check_1(k: int) -> None:
    names = ["forecast", "forecast-lo-80", "forecast-hi-80", "forecast-lo-95", "forecast-hi-95"]
    found = np.array([[float(row[name]) for name in names] for row in table("forecasts.csv")]) / [1e300, 1e-300][k]
    assert (found > 0.1).all()
    assert (found < 30).all()


def make_2(k: int) -> None:
    factor = [1e305, 5e-320][k]
    rows = [f"big,{day},{(1 + n % 7 / 7 + n / 100) * factor!r}" for n, day in enumerate(days(60))]
    write("data.csv", "\n".join(["shop,day,sales", *rows]) + "\n")


def make_3() -> None:
    write("data.csv", "day,sales\n" + "".join(f"{day},{(-1) ** n * 1.7e308!r}\n" for n, day in enumerate(days(60))))


make_4 = make_3
