"""Forecasts of 10,000 series and their sums that add up, by every method: seconds and memory of the whole command."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.measure import FORECAST, bound, free_cores, run, table

SERIES, DAYS, HORIZON = 10_000, 60, 14
METHODS = ("bottom-up", "top-down", "wls", "mint")


def measure() -> str:
    """Write ten regions of ten stores with a hundred items each, and forecast them with the built-in network."""
    rng, free = np.random.default_rng(0), free_cores()
    days = (np.datetime64("2024-01-01") + np.arange(DAYS).astype("m8[D]")).astype(str)
    season = 3 * np.sin(2 * np.pi * np.arange(DAYS) / 7)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "items.csv").open("w") as stream:
            stream.write("region,store,item,day,sales\n")
            for s in range(SERIES):
                head = f"r{s // 1000},t{s // 100},i{s % 100},"
                values = rng.poisson(5 + s % 7 + season)
                stream.write("".join(f"{head}{day},{value}\n" for day, value in zip(days, values, strict=True)))
        rows = []
        for method in METHODS:
            flags = ["--model", "builtin", "--hierarchy", "region,store,item", "--reconcile", method]
            before, began = spent(), time.monotonic()
            done = run([*FORECAST, "predict", "items.csv", *flags, "--horizon", str(HORIZON)], folder)
            wall = time.monotonic() - began
            rows.append(
                [
                    f"`{method}`",
                    f"{wall:.0f} s",
                    f"{spent() - before:.0f} s",
                    f"{done.megabytes:.0f} MB",
                    bound((wall, 60, "≤ 60 s")),
                ]
            )
    text = (
        f"{SERIES:,} series of {DAYS} days and their 111 sums, {HORIZON} days ahead. When it began, "
        f"{free:.1f} of {os.cpu_count()} cores were free."
    )
    return table(["method", "wall time", "processor time", "peak memory", "bound"], rows) + f"\n\n{text}"


def spent() -> float:
    """Return the seconds of processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
