"""Memory of training and forecasting: windows are never materialised, so it follows the data and not the windows."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.measure import FORECAST, bound, run, table

TRAIN = ["--lookback", "96", "--segment", "24", "--horizon", "24", "--season-length", "24", "--steps", "100"]
ONCE = ["--ensemble", "1", "--preset", "fast"]


def measure() -> str:
    """Return the table of peak memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = {
            "1 series × 1,000": (1, 1_000),
            "1 series × 1,000,000": (1, 1_000_000),
            "10,000 series × 200": (10_000, 200),
        }
        rows, own = [], 0.0
        for label, (series, length) in sizes.items():
            write_panel(folder / "data.csv", series, length)
            done = run([*FORECAST, "train", "data.csv", *TRAIN, *ONCE], folder)
            own = own or done.megabytes
            data = series * length * 4 / 2**20
            windows = series * (length - 24 - 4)
            most = own + 4 * data
            allowed = bound((done.megabytes, most, f"≤ {most:.0f} MB")) if series * length > 1_000 else ""
            spent = [f"{done.seconds:.1f} s", f"{done.megabytes:.0f} MB"]
            rows.append([f"train, {label}", f"{windows:,}", *spent, allowed])
        write_panel(folder / "data.csv", 2_000, 60)
        run([*FORECAST, "train", "data.csv", "--horizon", "6", "--steps", "20", "--ensemble", "3"], folder)
        write_panel(folder / "data.csv", 100_000, 60)
        done = run([*FORECAST, "predict", "data.csv"], folder)
        label = "predict, 100,000 series × 60"
        allowed = bound((done.seconds, 90, "≤ 90 s"), (done.megabytes, 4096, "≤ 4 GB"))
        rows.append([label, "100,000", f"{done.seconds:.1f} s", f"{done.megabytes:.0f} MB", allowed])
    return table(["what", "windows", "wall time", "peak memory", "bound"], rows)


def write_panel(path: Path, series: int, length: int) -> None:
    """Write a panel with an integer index and a season of 24 steps; without an id column where it is one series."""
    rng, steps = np.random.default_rng(0), np.arange(length)
    season = 10 * np.sin(2 * np.pi * steps / 24)
    with path.open("w") as stream:
        stream.write("t,y\n" if series == 1 else "id,t,y\n")
        for s in range(series):
            prefix = "" if series == 1 else f"s{s},"
            values = 100 + season + rng.normal(size=length)
            stream.writelines(f"{prefix}{t},{v:.4f}\n" for t, v in zip(steps, values, strict=True))
