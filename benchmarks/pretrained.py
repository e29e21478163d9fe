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
from benchmarks.measure import FORECAST, interleaved, run, table
from forecaster.model.pretrained import Builtin, open_builtin


@dataclass(frozen=True)
class PublicSet:
    """One public set.

    Attributes:
        name: Start of the file names.
        seasons: Season lengths that the network is told.
        horizon: Steps to forecast.
        lag: m of MASE, as the published scores have it.
        published: MASE of the seasonal naive forecast, ARIMA, ETS, Theta, Chronos-Bolt tiny (9 M parameters) and
            TiRex (35 M); of the first alone where no more were published.
    """

    name: str
    seasons: tuple[int, ...]
    horizon: int
    lag: int
    published: tuple[float, ...]


SETS = (
    PublicSet("m1_yearly", (1,), 6, 1, (4.894, 3.486, 3.957, 3.659, 5.137, 3.703)),
    PublicSet("m1_quarterly", (4,), 8, 4, (2.078, 1.688, 1.661, 1.667, 1.895, 1.674)),
    PublicSet("m1_monthly", (12,), 18, 12, (1.314, 1.114, 1.089, 1.092, 1.163, 1.060)),
    PublicSet("car_parts", (12,), 12, 12, (1.201, 1.119, 1.220, 1.250, 0.863, 0.839)),
    PublicSet("nn5_daily", (7, 365), 56, 1, (1.292, 0.956, 1.039, 1.046, 0.723, 0.548)),
)
MORE = (PublicSet("m4_weekly", (52,), 13, 1, (2.777,)), PublicSet("m4_hourly", (24, 168), 48, 24, (2.395,)))
NN5_WEEK = 0.711
"""MASE (m = 1) of the value of seven days ago on NN5: what is published as seasonal naive there is the last value."""

LEVELS = {80: (2, 6), 95: (1, 7)}  # columns of the nine quantiles
MEDIAN = 4

Ends = dict[int, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Result:
    """What one set gave: mean MASE, and the share of actuals inside the interval of each level."""

    mase: float
    coverage: dict[int, float]

    def cells(self) -> list[str]:
        """Return the coverages as they are shown."""
        return [f"{self.coverage[level]:.3f}" for level in LEVELS]


def measure(data: Path) -> str:
    """Return the table: zero-shot scores beside the published ones, and coverage."""
    builtin = open_builtin()
    head = ["set (horizon)", "seasonal naive", "ARIMA", "ETS", "Theta", "Bolt tiny", "TiRex", "built-in"]
    head += ["80 %, network", "95 %", "80 %, forecast", "95 %"]
    rows: list[Sequence[object]] = []
    ours = []
    for each in (*SETS, *MORE):
        network, product = zero_shot(builtin, each, data)
        ours.append(product.mase)
        given = [*(f"{value:.3f}" for value in each.published), *[""] * (6 - len(each.published))]
        covered = [*network.cells(), *product.cells()]
        rows.append([f"{each.name} ({each.horizon})", *given, f"**{product.mase:.3f}**", *covered])
    rows += means(np.array([[*each.published, mase] for each, mase in zip(SETS, ours, strict=False)]))
    return table(head, rows)


def means(errors: np.ndarray) -> list[list[object]]:
    """Return rows of geometric means of errors relative to the first column, once with NN5's weekly pattern in it."""
    rows: list[list[object]] = []
    for name, naive in (("as published", errors[-1, 0]), ("NN5 by the value of a week ago", NN5_WEEK)):
        relative = errors / np.append(errors[:-1, 0], naive)[:, None]
        found = [f"{value:.3f}" for value in np.exp(np.log(relative).mean(0))]
        first = "1" if name == "as published" else found[0]
        label = f"geometric mean of the first five, relative, {name}"
        rows.append([label, first, *found[1:-1], f"**{found[-1]}**", *[""] * 4])
    return rows


@dataclass(frozen=True, eq=False)
class Parts:
    """Values of the N series of a set's test part.

    Attributes:
        train: N arrays, oldest first, NaN where missing.
        test: [N, H], NaN where missing.
    """

    train: list[np.ndarray]
    test: np.ndarray


def zero_shot(builtin: Builtin, each: PublicSet, data: Path) -> tuple[Result, Result]:
    """Forecast the test part of a set from its training part: by the network alone, and by `forecast predict`.

    The latter corrects intervals on the training part's own past.
    """
    options = ["--model", "builtin", "--horizon", str(each.horizon)]
    options += ["--season-length", ",".join(map(str, each.seasons))]
    file = data.resolve() / f"{each.name}_train.csv.gz"
    with tempfile.TemporaryDirectory() as name:
        run([*FORECAST, "predict", file, *options], Path(name))
        parts, product = score_file(each, data, Path(name) / "forecasts.csv")
    answers = builtin.forecast(parts.train, each.seasons, each.horizon)
    ends = {level: (answers[..., low], answers[..., high]) for level, (low, high) in LEVELS.items()}
    return score(each, parts, answers[..., MEDIAN], ends), product


def score_file(each: PublicSet, data: Path, forecasts: Path) -> tuple[Parts, Result]:
    """Score a forecast file, and return what it was scored by.

    Raises:
        RuntimeError: A stamp of the test part is not in it.
    """
    train, test = (read(data / f"{each.name}_{part}.csv.gz") for part in ("train", "test"))
    rows = {name: found[: each.horizon] for name, found in read(forecasts).items() if name in test}
    actual = np.full((len(test), each.horizon), np.nan)
    for i, (name, known) in enumerate(test.items()):
        at = {row["ds"]: step for step, row in enumerate(rows.get(name, []))}
        if missing := [row["ds"] for row in known[: each.horizon] if row["ds"] not in at]:
            raise RuntimeError(f"{name}: the forecast has no row for {missing[0]}")
        for row in known[: each.horizon]:
            actual[i, at[row["ds"]]] = float(row["y"] or "nan")

    def column(key: str) -> np.ndarray:
        return np.array([[float(row[key]) for row in rows[name]] for name in test])

    parts = Parts([np.array([float(row["y"] or "nan") for row in train[name]]) for name in test], actual)
    ends = {level: (column(f"forecast-lo-{level}"), column(f"forecast-hi-{level}")) for level in LEVELS}
    return parts, score(each, parts, column("forecast"), ends)


def score(each: PublicSet, parts: Parts, points: np.ndarray, ends: Ends) -> Result:
    """Score point forecasts and interval ends, [N, H] each."""
    actual, errors = parts.test, []
    for row, context in enumerate(parts.train):
        lag = each.lag if len(context) > each.lag else 1
        unit = np.nanmean(np.abs(context[lag:] - context[:-lag]))
        if unit > 0:
            errors.append(np.nanmean(np.abs(points[row] - actual[row])) / unit)
    known, slack = np.isfinite(actual), 1e-9 * (1 + np.abs(actual))
    inside = {level: (actual >= low - slack) & (actual <= high + slack) for level, (low, high) in ends.items()}
    return Result(float(np.mean(errors)), {level: float(found[known].mean()) for level, found in inside.items()})


def times() -> str:
    """Return the table of a cold start and of one large panel."""
    builtin = open_builtin()
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
