"""Case G189: hidden by their size."""

from __future__ import annotations

import numpy as np

from tests.faulttools import days, write


def make_1() -> None:
    values = (50 + np.random.default_rng(0).normal(size=150)).tolist()
    values[65], values[105] = (4294967295, 900)
    write("data.csv", "ds,y\n" + "".join((f"{day},{y}\n" for day, y in zip(days(150), values, strict=False))))


def make_2() -> None:
    values = [-200 if k % 5 == 2 else 50 + k % 7 * 1.5 for k in range(150)]
    write("data.csv", "ds,y\n" + "".join(f"{day},{y}\n" for day, y in zip(days(150), values, strict=False)))


def make_3() -> None:
    values = [-200 if k % 5 == 2 else 50 + k % 7 * 1.5 for k in range(150)]
    write("data.csv", "ds,y\n" + "".join(f"{day},{y}\n" for day, y in zip(days(150), values, strict=False)))


def make_4() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day},{5 + k % 7}e305\n" for k, day in enumerate(days(150))))


def daily(values: list[object]) -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day},{y}\n" for day, y in zip(days(len(values)), values, strict=True)))


def make_5() -> None:
    values = np.zeros(400)
    values[::2], values[77] = 2, 1e12
    daily(values.tolist())


def make_6() -> None:
    values = [repr(float(50 + k % 7)) for k in range(200)]
    values[100] = "1.7976931348623157e308"
    daily(list(values))


def make_7() -> None:
    daily([-1 if k % 9 == 0 else 50 + k % 7 * 1.5 for k in range(200)])


def make_8() -> None:
    daily([4294967295 if k == 50 else 100 + 10 * (k % 7) for k in range(120)])


def make_9() -> None:
    daily(["-9999" if k % 11 == 3 else "9.96921e36" if k % 13 == 5 else str(50 + k % 7 * 1.5) for k in range(200)])


def make_10() -> None:
    make_9()
