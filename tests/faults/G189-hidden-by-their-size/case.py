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
