"""`forecast compare` on M4 weekly and hourly: the kinds side by side, learning from the training part of each series.

`--data FOLDER` names the folder with the M4 files (see `accuracy.py`). Training and test part are one file, and the one
cutoff is where they meet. MASE and MSIS are scaled by the season that `forecast` finds (52 weeks, 24 hours); M4 itself
took 1 for the weekly data.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import FORECAST, run, table

KINDS = {
    "m4_weekly": (13, "lstm,seasonal-naive,naive,drift,theta,ets"),
    "m4_hourly": (48, "lstm,seasonal-naive,naive,drift,theta,mstl"),
}
"""Horizon and kinds; `ets` takes no season of more than 24 steps, `arima` takes hours on either."""

HEAD = ["data", "kind", "MASE", "sMAPE", "RMSE", "MSIS", "cov. 95", "time", "MASE to the best, 95 % interval"]


def measure(data: Path) -> str:
    """Return the table of both leaderboards."""
    rows = []
    for name, (horizon, kinds) in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            text = _read(data / f"{name}_train.csv.gz") + _read(data / f"{name}_test.csv.gz").partition("\n")[2]
            (Path(folder) / f"{name}.csv").write_text(text)
            options = ["--windows", "1", "--horizon", str(horizon), "--models", kinds, "--format", "json"]
            run([*FORECAST, "compare", f"{name}.csv", *options], Path(folder))
            rows += rows_of(name, json.loads((Path(folder) / "output.txt").read_text()))
    return table(HEAD, rows)


def rows_of(name: str, result: dict[str, Any]) -> list[list[object]]:
    """Return the rows of one leaderboard."""
    return [
        [
            name,
            row["kind"],
            f"{row['mase']:.3f}",
            f"{row['smape']:.2f}",
            f"{row['rmse']:,.0f}",
            f"{row['msis-95']:.2f}",
            f"{100 * row['coverage-95']:.1f}%",
            f"{row['seconds']:.0f} s",
            "best"
            if row["verdict"] == "best"
            else f"{row['verdict']}, {row['difference_low']:+.3f} to {row['difference_high']:+.3f}",
        ]
        for row in result["leaderboard"]
    ]


def _read(path: Path) -> str:
    with gzip.open(path, "rt") as stream:
        return stream.read()
