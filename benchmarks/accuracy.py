"""Accuracy on public data: train and predict as a user does, scored by plain loops that share no code with the package.

The data is not part of the project. `--data FOLDER` names a folder with `m4_weekly_train.csv.gz`,
`m4_weekly_test.csv.gz`, `m4_hourly_train.csv.gz` and `m4_hourly_test.csv.gz`, each with the columns `unique_id`, `ds`
and `y` (the files of https://github.com/Mcompetitions/M4-methods in long form). The test files are used for scoring
only.
"""

from __future__ import annotations

import csv
import gzip
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import FORECAST, Run, bound, run, table


@dataclass(frozen=True)
class Task:
    """One part of the M4 competition.

    Attributes:
        name: Start of the file names.
        horizon: Steps to forecast.
        season: m, as the organisers set it for MASE and MSIS.
        naive_smape: sMAPE of Naive 2.
        naive_mase: MASE of Naive 2.
    """

    name: str
    horizon: int
    season: int
    naive_smape: float
    naive_mase: float


TASKS = (Task("m4_weekly", 13, 1, 9.161, 2.777), Task("m4_hourly", 48, 24, 18.383, 2.395))
PUBLISHED = (
    ("ES-RNN (M4 winner)", {"m4_weekly": 0.851, "m4_hourly": 0.440}),
    ("FFORMA (M4 second)", {"m4_weekly": 0.796, "m4_hourly": 0.484}),
    ("Theta", {"m4_weekly": 0.971, "m4_hourly": 1.006}),
    ("best of all M4 entries", {"m4_weekly": 0.739, "m4_hourly": 0.410}),
)
BOUNDS = {
    ("m4_weekly", "default"): 0.69,
    ("m4_hourly", "default"): 0.43,
    ("m4_weekly", "best"): 0.68,
    ("m4_hourly", "best"): 0.388,
}
"""OWA that a preset must reach on a set."""


@dataclass(frozen=True)
class Score:
    """Means over all series; `owa` is the M4 organisers' overall weighted average against Naive 2.

    Without intervals in the forecast file `msis` is None and `covered` empty.
    """

    owa: float
    smape: float
    mase: float
    msis: float | None
    covered: dict[int, float]


def measure(data: Path, presets: Sequence[str], seeds: Sequence[int]) -> str:
    """Return the table of accuracy, published figures below."""
    rows = []
    for task in TASKS:
        for preset in presets:
            for seed in seeds:
                done, training = train_and_predict(data, task, preset, seed)
                rows += [_row(task, preset, seed, done, training)]
        for name, owa in PUBLISHED:
            rows.append([task.name, name, "", f"{owa[task.name]:.3f}", *[""] * 8])
    head = ["data", "preset", "seed", "OWA", "sMAPE", "MASE", "MSIS", "cov. 80", "cov. 95", "train", "peak memory"]
    return table([*head, "bound"], rows)


def _row(task: Task, preset: str, seed: int, score: Score, training: Run) -> list[object]:
    most = BOUNDS.get((task.name, preset))
    allowed = "" if most is None else bound((score.owa, most, f"OWA ≤ {most:g}"))
    cost = [f"{training.seconds:.0f} s", f"{training.megabytes:.0f} MB"]
    return [task.name, preset, seed, *figures(score), *cost, allowed]


def figures(score: Score) -> list[str]:
    """Return OWA, sMAPE, MASE, MSIS and both coverages as they are shown."""
    points = [f"{score.owa:.3f}", f"{score.smape:.3f}", f"{score.mase:.3f}"]
    if score.msis is None:
        return [*points, "", "", ""]
    return [*points, f"{score.msis:.2f}", *(f"{score.covered[level]:.1%}" for level in (80, 95))]


def train_and_predict(data: Path, task: Task, preset: str, seed: int) -> tuple[Score, Run]:
    """Run both commands in a folder of their own, and score the forecast file."""
    train, test = (data.resolve() / f"{task.name}_{part}.csv.gz" for part in ("train", "test"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = ["--horizon", str(task.horizon), "--preset", preset, "--seed", str(seed)]
        training = run([*FORECAST, "train", train, *options], folder)
        run([*FORECAST, "predict", train], folder)
        return score(read(train), read(test), read(folder / "forecasts.csv"), task), training


def read(path: Path) -> dict[str, list[dict[str, str]]]:
    """Return the rows of a long file by series."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as stream:
        for row in csv.DictReader(stream):
            rows[row["unique_id"]].append(row)
    return rows


def score(
    train: dict[str, list[dict[str, str]]],
    test: dict[str, list[dict[str, str]]],
    forecast: dict[str, list[dict[str, str]]],
    task: Task,
) -> Score:
    """Score a forecast file by the M4 organisers' definitions (Makridakis et al., IJF 2020), in plain loops."""
    smape = mase = msis = 0.0
    has_intervals = "forecast-lo-95" in next(iter(forecast.values()))[0]
    hits, count = ({80: 0, 95: 0} if has_intervals else {}), 0
    for series, actual in test.items():
        rows, m = forecast[series], task.season
        if [row["ds"] for row in rows] != [row["ds"] for row in actual]:
            raise RuntimeError(f"{series}: the forecast's stamps are not the test part's")
        history = [float(row["y"]) for row in train[series]]
        scale = sum(abs(history[t] - history[t - m]) for t in range(m, len(history))) / (len(history) - m)
        errors = spread = width = 0.0
        for row, truth in zip(rows, actual, strict=True):
            y, f = float(truth["y"]), float(row["forecast"])
            errors += abs(y - f)
            spread += 200 * abs(y - f) / (abs(y) + abs(f))
            if has_intervals:
                low, high = float(row["forecast-lo-95"]), float(row["forecast-hi-95"])
                width += high - low + 40 * max(low - y, 0.0) + 40 * max(y - high, 0.0)
            for level in hits:
                hits[level] += float(row[f"forecast-lo-{level}"]) <= y <= float(row[f"forecast-hi-{level}"])
            count += 1
        smape += spread / len(actual)
        mase += errors / len(actual) / scale
        msis += width / len(actual) / scale
    smape, mase, msis = smape / len(test), mase / len(test), msis / len(test)
    owa = (smape / task.naive_smape + mase / task.naive_mase) / 2
    return Score(owa, smape, mase, msis if has_intervals else None, {level: hit / count for level, hit in hits.items()})
