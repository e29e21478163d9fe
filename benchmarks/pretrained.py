"""The built-in network without any training: error and coverage on public sets, cold start, 100,000 series.

The data is not part of the project. `--data FOLDER` names a folder with a `_train.csv.gz` and a `_test.csv.gz` of each
set below, columns `unique_id`, `ds` and `y`. The network saw no part of them. M1, car parts and NN5 are the files of
the "Chronos zero-shot" tasks of https://github.com/autogluon/fev, whose published scores stand beside ours.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy import read
from benchmarks.measure import interleaved, table
from forecaster.model.pretrained import Builtin, open_builtin


@dataclass(frozen=True)
class Panel:
    """One public set.

    Attributes:
        name: Start of the file names.
        seasons: Season lengths that the network is told.
        horizon: Steps to forecast.
        lag: m of MASE, as the published scores have it.
        naive: MASE of the seasonal naive forecast.
        published: MASE of ARIMA, ETS, Theta, Chronos-Bolt tiny (9 M parameters) and TiRex (35 M).
    """

    name: str
    seasons: tuple[int, ...]
    horizon: int
    lag: int
    naive: float
    published: tuple[float, ...]


PANELS = (
    Panel("m1_yearly", (1,), 6, 1, 4.894, (3.486, 3.957, 3.659, 5.137, 3.703)),
    Panel("m1_quarterly", (4,), 8, 4, 2.078, (1.688, 1.661, 1.667, 1.895, 1.674)),
    Panel("m1_monthly", (12,), 18, 12, 1.314, (1.114, 1.089, 1.092, 1.163, 1.060)),
    Panel("car_parts", (12,), 12, 12, 1.201, (1.119, 1.220, 1.250, 0.863, 0.839)),
    Panel("nn5_daily", (7, 365), 56, 1, 1.292, (0.956, 1.039, 1.046, 0.723, 0.548)),
)
MORE = (Panel("m4_weekly", (52,), 13, 1, 2.777, ()), Panel("m4_hourly", (24, 168), 48, 24, 2.395, ()))
LEVELS = {"80": (2, 6), "95": (1, 7)}  # columns of the nine quantiles
MEDIAN = 4


@dataclass(frozen=True)
class Result:
    """What one set gave: mean MASE, coverage by level, seconds."""

    mase: float
    coverage: dict[str, float]
    seconds: float


def measure(data: Path) -> str:
    """Return the tables: zero-shot scores beside the published ones, coverage, times."""
    builtin = open_builtin()
    results = {panel.name: zero_shot(builtin, panel, data) for panel in (*PANELS, *MORE)}
    head = [
        "set (horizon)",
        "seasonal naive",
        "ARIMA",
        "ETS",
        "Theta",
        "Bolt tiny",
        "TiRex",
        "built-in",
        "80 %",
        "95 %",
    ]
    rows: list[Sequence[object]] = []
    for panel in (*PANELS, *MORE):
        one = results[panel.name]
        given = [f"{value:.3f}" for value in panel.published] or [""] * 5
        covered = [f"{one.coverage[level]:.3f}" for level in LEVELS]
        rows.append([f"{panel.name} ({panel.horizon})", f"{panel.naive:.3f}", *given, f"**{one.mase:.3f}**", *covered])
    columns = [
        *zip(*(panel.published for panel in PANELS), strict=True),
        [results[panel.name].mase for panel in PANELS],
    ]
    naive = [panel.naive for panel in PANELS]
    means = [f"{np.exp(np.mean(np.log(np.array(column) / naive))):.3f}" for column in columns]
    rows.append(["geometric mean of the first five, relative", "1", *means[:-1], f"**{means[-1]}**", "", ""])
    return f"{table(head, rows)}\n\n{_times(builtin)}"


def zero_shot(builtin: Builtin, panel: Panel, data: Path) -> Result:
    """Forecast the test part of a set from its training part."""
    train, test = (_values(data / f"{panel.name}_{part}.csv.gz") for part in ("train", "test"))
    names = [name for name in train if name in test]
    contexts = [train[name] for name in names]
    began = time.perf_counter()
    answers = builtin.forecast(contexts, panel.seasons, panel.horizon)
    seconds = time.perf_counter() - began
    errors, inside = [], {level: [] for level in LEVELS}
    for context, answer, name in zip(contexts, answers, names, strict=True):
        actual = test[name][: panel.horizon]
        ours = answer[: len(actual)]
        lag = panel.lag if len(context) > panel.lag else 1
        unit = np.nanmean(np.abs(context[lag:] - context[:-lag]))
        if unit > 0:
            errors.append(np.nanmean(np.abs(ours[:, MEDIAN] - actual)) / unit)
        known = np.isfinite(actual)
        slack = 1e-9 * (1 + np.abs(actual))
        for level, (low, high) in LEVELS.items():
            inside[level].append(((actual >= ours[:, low] - slack) & (actual <= ours[:, high] + slack))[known])
    coverage = {level: float(np.concatenate(found).mean()) for level, found in inside.items()}
    return Result(float(np.mean(errors)), coverage, seconds)


def _values(path: Path) -> dict[str, np.ndarray]:
    return {name: np.array([float(row["y"] or "nan") for row in rows]) for name, rows in read(path).items()}


def _times(builtin: Builtin) -> str:
    """Cold start and one large panel, as a table."""
    one = "import numpy as np; from forecaster.model.pretrained import open_builtin; "
    one += "open_builtin().forecast([np.sin(np.arange(1000.0))], (12,), 12)"
    with tempfile.TemporaryDirectory() as folder:
        commands = [[sys.executable, "-c", "import tensorflow"], [sys.executable, "-c", one]]
        heavy, ours = interleaved(commands, Path(folder), rounds=3)
    rng = np.random.default_rng(0)
    contexts = [*(50 + rng.normal(size=(100_000, 60)).cumsum(1))]
    began = time.perf_counter()
    builtin.forecast(contexts, (12,), 12)
    seconds = time.perf_counter() - began
    rows = [
        ['`python -c "import tensorflow"`', f"{heavy.seconds:.2f} s", f"{heavy.megabytes:.0f} MB"],
        ["cold start, one series of 1,000 values", f"{ours.seconds:.2f} s", f"{ours.megabytes:.0f} MB"],
        ["100,000 series × 60 values, 12 ahead", f"{seconds:.1f} s", ""],
    ]
    return table(["what", "wall time", "peak memory"], rows)
