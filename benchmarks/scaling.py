"""Many series in parts: time and memory against the number of series, in one process, with one worker, and with two."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import FORECAST, table

STEPS, PART = 60, 15_625
"""Steps of a series, and series of a part: 1,000,000 series are 64 parts."""

SIZES = (62_500, 250_000, 1_000_000)
ONE_CORE = ("taskset", "--cpu-list", "0")
WAYS = {
    "this process": ((), ()),
    "one worker, one core": (ONE_CORE, ("--cluster", "local")),
    "two workers": ((), ("--workers", "2")),
}
"""What stands before the command, and its flags. `local` starts a worker for each core that it may use."""

PAUSE = 0.25
"""Seconds between two looks at the memory of all processes."""


@dataclass(frozen=True)
class TreeRun:
    """A command and all processes that it began.

    Attributes:
        seconds: Wall time.
        cpu: Processor time of all of them.
        megabytes: Most memory of all of them together; what they share counts once.
    """

    seconds: float
    cpu: float
    megabytes: float


def measure(sizes: tuple[int, ...] = SIZES) -> str:
    """Return the table."""
    rows = []
    for series in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write(folder / "parts", series)
            runs = {way: forecast(folder, way) for way in WAYS}
        one = runs["one worker, one core"]
        rows += [
            [
                f"{series:,}",
                way,
                f"{done.seconds:.0f} s",
                f"{one.seconds / done.seconds:.2f} ×",
                f"{done.cpu:.0f} s",
                f"{1e6 * done.cpu / series:.0f} µs",
                f"{done.megabytes:,.0f} MB",
            ]
            for way, done in runs.items()
        ]
    head = [
        "series",
        "by",
        "wall time",
        "against one worker",
        "processor time",
        "a series",
        "peak memory, all processes",
    ]
    return table(head, rows)


def write(folder: Path, series: int) -> None:
    """Write months of so many series, `PART` in a part."""
    folder.mkdir()
    steps = np.arange(STEPS)
    months = pa.array((np.datetime64("2019-01", "M") + steps).astype("M8[s]"))
    for k, first in enumerate(range(0, series, PART)):
        rng, count = np.random.default_rng(k), min(PART, series - first)
        season = np.sin(2 * np.pi * (steps + rng.integers(0, 12, (count, 1))) / 12) * rng.uniform(0, 0.3, (count, 1))
        noise = rng.normal(0, 0.1, (count, STEPS))
        values = np.round(rng.lognormal(4, 1, (count, 1)) * np.maximum(1 + season + noise, 0.01), 2)
        columns = {
            "unique_id": pa.array(np.repeat([f"item_{first + n:07d}" for n in range(count)], STEPS)),
            "ds": months.take(pa.array(np.tile(steps, count))),
            "y": pa.array(values.ravel()),
        }
        pq.write_table(pa.table(columns), folder / f"part-{k:03d}.parquet")


def forecast(folder: Path, way: str) -> TreeRun:
    """Forecast all parts with the built-in network in one of the ways."""
    output = f"{way.replace(', ', '-').replace(' ', '-')}/"
    asked = ("predict", "parts", "--model", "builtin", "--horizon", "6", "--freq", "MS", "--ledger", "none")
    before, flags = WAYS[way]
    return run_tree([*before, *FORECAST, *asked, "--output", output, *flags], folder)


def run_tree(command: list[str], cwd: Path) -> TreeRun:
    """Run a command to its end, and look at the memory of all its processes now and then.

    Raises:
        RuntimeError: It did not exit with 0.
    """
    began, most = time.perf_counter(), 0.0
    process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL)
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        most = max(most, sum(map(proportional, tree(process.pid))))
        time.sleep(PAUSE)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} exited with {process.returncode}")
    return TreeRun(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, most / 1024)


def tree(pid: int) -> list[int]:
    """Return a process and all that it began."""
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text().split()
        except OSError:
            continue
        found += [each for child in children for each in tree(int(child))]
    return found


def proportional(pid: int) -> float:
    """Return the kilobytes of a process, of what it shares its part."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith("Pss:")), 0.0)
