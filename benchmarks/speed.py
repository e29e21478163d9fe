"""Cold starts: a fresh process each time, against `python -c "import tensorflow"` in the same rounds."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.measure import FORECAST, bound, interleaved, run, table


def measure() -> str:
    """Return the table of cold starts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps = np.arange(10_000)
        values = 100 + 10 * np.sin(2 * np.pi * steps / 24) + np.random.default_rng(0).normal(size=len(steps))
        stamps = np.datetime64("2024-01-01T00", "s") + steps * np.timedelta64(3600, "s")
        rows = "".join(f"{s},{v:.3f}\n" for s, v in zip(stamps, values, strict=True))
        (folder / "series.csv").write_text("time,value\n" + rows)
        (folder / "short.csv").write_text("time,value\n" + "".join(rows.splitlines(keepends=True)[-1000:]))
        run([*FORECAST, "train", "series.csv", "--steps", "100", "--ensemble", "3"], folder)
        run([*FORECAST, "train", "short.csv", "--steps", "100", "--ensemble", "3"], folder)
        commands = [
            [sys.executable, "-c", "import tensorflow"],
            [*FORECAST, "--help"],
            [*FORECAST, "predict", "series.csv"],
            [*FORECAST, "predict", "short.csv"],
            [*FORECAST, "predict", "short.csv", "--model", "builtin"],
        ]
        runs = interleaved(commands, folder)
    labels = [
        '`python -c "import tensorflow"`',
        "`forecast --help`",
        "`forecast predict`, 1 series of 10,000 rows",
        "the same of 1,000 rows",
        "that with the built-in network",
    ]
    first, own, own_short, builtin = runs[0].seconds, runs[2], runs[3].seconds, runs[4]
    bounds = [
        "",
        bound((runs[1].seconds, 0.3, "≤ 0.3 s")),
        bound((own.seconds, 0.35 * first, "≤ 0.35 of the first"), (own.megabytes, 250, "≤ 250 MB")),
        "",
        bound((builtin.seconds, 1.3 * own_short, "≤ 1.3 of the one above"), (builtin.megabytes, 300, "≤ 300 MB")),
    ]
    rows = [
        [label, f"{r.seconds:.2f} s", f"{r.seconds / runs[0].seconds:.2f}", f"{r.megabytes:.0f} MB", allowed]
        for label, r, allowed in zip(labels, runs, bounds, strict=True)
    ]
    return table(["command", "wall time", "ratio", "peak memory", "bound"], rows)
