"""ETTh1, horizon 96: one model trained on the first 16 months, then forecasts from every hour of the 4 months after.

The split is the one of Zhou et al. (Informer, AAAI 2021): 8,640 rows to train on, 2,880 to validate on, 2,880 to test
on; here the first two parts are one file, of which `forecast train` holds out what it needs. Errors are of values
standardised by mean and standard deviation of the training part, averaged over columns, windows and lead times, as is
usual for this data. `--data FOLDER` names a folder with `ETTh1.csv.gz` (https://github.com/zhouhaoyi/ETDataset).
"""

from __future__ import annotations

import csv
import gzip
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import FORECAST, Run, run, table

TRAIN, KNOWN, ALL = 8640, 11520, 14400
"""Rows up to the end of the training, the validation and the test part."""

HORIZON = 96
COLUMNS = {"OT": ["--target", "OT"], "all seven": ["--wide"]}


def measure(data: Path, presets: Sequence[str], seeds: Sequence[int]) -> str:
    """Return the table of errors."""
    with gzip.open(data.resolve() / "ETTh1.csv.gz", "rt") as stream:
        rows = list(csv.reader(stream))
    found = []
    for columns in COLUMNS:
        for preset in presets:
            for seed in seeds:
                mse, mae, training = _score(rows, columns, preset, seed)
                shown = [f"{mse:.3f}", f"{mae:.3f}", f"{training.seconds:.0f} s", f"{training.megabytes:.0f} MB"]
                found.append(["ETTh1", columns, preset, seed, *shown])
    found.append(["ETTh1", "all seven", "SegRNN, as published", "", "0.341 to 0.368", "", "", ""])
    return table(["data", "columns", "preset", "seed", "MSE", "MAE", "train", "peak memory"], found)


def _score(rows: list[list[str]], columns: str, preset: str, seed: int) -> tuple[float, float, Run]:
    """Train on what was known, forecast from every hour of the test part, and score in plain loops."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, end in (("known.csv", KNOWN), ("all.csv", ALL)):
            with (folder / file).open("w", newline="") as stream:
                csv.writer(stream).writerows(rows[: end + 1])
        options = ["--horizon", str(HORIZON), "--preset", preset, "--seed", str(seed), "--name", "ett"]
        training = run([*FORECAST, "train", "known.csv", *COLUMNS[columns], *options], folder)
        windows = ["--windows", str(ALL - KNOWN - HORIZON + 1), "--step", "1", "--predictions", "predictions.csv"]
        run([*FORECAST, "evaluate", "all.csv", "--model", "ett", *windows], folder)
        with (folder / "predictions.csv").open() as stream:
            predictions = csv.DictReader(stream)
            spread = {
                column: statistics.pstdev(float(row[place]) for row in rows[1 : TRAIN + 1])
                for place, column in enumerate(rows[0])
                if place
            }
            squares, sizes, count = defaultdict(float), defaultdict(float), defaultdict(int)
            for row in predictions:
                column = row.get("series", "OT")
                error = (float(row["actual"]) - float(row["forecast"])) / spread[column]
                squares[column] += error * error
                sizes[column] += abs(error)
                count[column] += 1
    mse, mae = (statistics.mean(total[c] / count[c] for c in count) for total in (squares, sizes))
    return mse, mae, training
