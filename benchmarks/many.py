"""Many series in one process: processor time and memory of forecasting 100,000, beside what cannot be saved."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from benchmarks.measure import FORECAST, Run, bound, run, table

SERIES, STEPS, LEARNED = 100_000, 60, 3_000
ROUNDS = 3

ARROW = "import sys, pyarrow.csv as c; t = c.read_csv(sys.argv[1]); t['unique_id'].dictionary_encode()"
NETWORK = """
import json, sys, time
from pathlib import Path
import numpy as np
shape = json.loads((next(Path("models/some/versions").iterdir()) / "manifest.json").read_text())
net, window = shape["network"], shape["window"]
multiplied, read = 0, net["channels"]
for width in [net["units"]] * net["layers"]:
    multiplied, read = multiplied + 4 * width * (read + width), width
one = multiplied * net["segments"] * shape["fit"]["members"] + read * window["horizon"] * shape["fit"]["members"]
side = np.random.default_rng(0).random((1024, 1024), np.float32)
began = time.process_time()
for _ in range(10):
    side @ side
rate = 10 * side.size * len(side) / (time.process_time() - began)
print(f"{int(sys.argv[1]) * one / rate:.1f}")
"""


def measure() -> str:
    """Return the table of processor seconds and memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "data.csv", SERIES)
        write(folder / "some.csv", LEARNED)
        run([*FORECAST, "train", "some.csv", "--steps", "60"], folder)
        asked = [*FORECAST, "predict", "data.csv", "--output", "a.csv", "--ledger", "none", "--model"]
        rows = [
            [*row("reading by Arrow alone", median([sys.executable, "-c", ARROW, "data.csv"], folder))[:3], ""],
            row("`predict`, built-in network", median([*asked, "builtin"], folder)),
            row("`predict`, trained with `--preset default`", median([*asked, "some"], folder)),
        ]
        run([sys.executable, "-c", NETWORK, str(SERIES)], folder)
        seconds = (folder / "output.txt").read_text().strip()
        rows.insert(1, ["the multiplications of its networks alone, once a series", f"{seconds} s", "", ""])
    return table(["what", "processor time", "peak memory", "bound"], rows)


def median(command: list[str], folder: Path) -> Run:
    """Return the median of some runs."""
    runs = [run(command, folder) for _ in range(ROUNDS)]
    wall, cpu = (statistics.median(getattr(r, name) for r in runs) for name in ("seconds", "cpu"))
    return Run(wall, statistics.median(r.megabytes for r in runs), cpu)


def row(label: str, done: Run) -> list[str]:
    """Return a line of the table."""
    allowed = bound((done.cpu, 15, "≤ 15 s"), (done.megabytes, 1024, "≤ 1 GB"))
    return [label, f"{done.cpu:.1f} s", f"{done.megabytes:.0f} MB", allowed]


def write(path: Path, series: int) -> None:
    """Write months of some series, each with a season and noise of its own size."""
    rng, steps = np.random.default_rng(0), np.arange(STEPS)
    season = np.sin(2 * np.pi * (steps + rng.integers(0, 12, (series, 1))) / 12) * rng.uniform(0, 0.3, (series, 1))
    noise = rng.normal(0, 0.1, (series, STEPS))
    values = rng.lognormal(4, 1, (series, 1)) * np.maximum(1 + season + noise, 0.01)
    months = np.array([f"{2019 + k // 12}-{k % 12 + 1:02d}-01" for k in steps])
    names = np.repeat(np.array([f"item_{k:06d}" for k in range(series)]), STEPS)
    columns = {"unique_id": names, "ds": np.tile(months, series), "y": np.round(values, 2).ravel()}
    pacsv.write_csv(pa.table(columns), path, pacsv.WriteOptions(quoting_style="none"))
