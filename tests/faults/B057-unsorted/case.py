"""Case B057: unsorted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.faulttools import write


def make_1() -> None:
    header, *rows = Path("shops.csv").read_text().splitlines()
    rows = [rows[k] for shop in range(5) for k in 60 * shop + np.random.default_rng(0).permutation(60)]
    write("data.csv", "\n".join([header, *rows]) + "\n")


def make_2() -> None:
    header, *rows = Path("shops.csv").read_text().splitlines()
    write("data.csv", "\n".join([header, *sorted(rows, key=lambda row: row.split(",")[1])]) + "\n")


def make_3() -> None:
    write("data.csv", "ds,y\n2024-01-03,3\n2024-01-01,1\n2024-01-02,2\n")
