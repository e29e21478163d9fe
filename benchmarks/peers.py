"""Peers on the same data: neuralforecast's LSTM with its defaults, statsforecast's AutoTheta and AutoETS.

`make bench-peers M4=FOLDER` makes a venv for them; the part of this file below `main` runs in it, started as a script,
and imports nothing of the project. Fit times are of the fit alone; ours beside them are of the whole process.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__)
Fit = Callable[[Any, int, int], tuple[Any, float]]
"""A frame of `unique_id`, `ds`, `y`, the horizon and the season → a frame of forecasts, and the seconds of the fit."""

SEASONS = {"m4_weekly": 1, "m4_hourly": 24}
"""Season of the statistical models: what the organisers set for each frequency."""


def measure(data: Path, python: Path) -> str:
    """Return the table: each peer's score and time, beside `forecast train --preset fast` in the same run."""
    from benchmarks import accuracy
    from benchmarks.measure import run, table

    rows = []
    for task in accuracy.TASKS:
        train, test = (data.resolve() / f"{task.name}_{part}.csv.gz" for part in ("train", "test"))
        ours, training = accuracy.train_and_predict(data, task, "fast", 1)
        rows.append([task.name, "forecast, preset fast", *accuracy.figures(ours), f"{training.seconds:.0f} s", "1.00"])
        for peer in PEERS:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                run([python.absolute(), HERE.absolute(), peer, train, str(task.horizon), task.name], folder)
                score = accuracy.score(
                    accuracy.read(train), accuracy.read(test), accuracy.read(folder / "forecasts.csv"), task
                )
                seconds = json.loads((folder / "seconds.json").read_text())
            ratio = f"{seconds / training.seconds:.2f}"
            rows.append([task.name, peer, *accuracy.figures(score), f"{seconds:.0f} s", ratio])
    return table(["data", "model", "OWA", "sMAPE", "MASE", "MSIS", "cov. 80", "cov. 95", "fit", "fit / ours"], rows)


# ---------------------------------------------------------------------------------------- in the venv of the peers


def lstm(frame: Any, horizon: int, season: int) -> tuple[Any, float]:
    """Fit neuralforecast's LSTM, all settings its own but the documented ones of a first try."""
    from neuralforecast import NeuralForecast
    from neuralforecast.models import LSTM

    model = LSTM(h=horizon, input_size=3 * horizon, max_steps=1000, scaler_type="robust", random_seed=1)
    peer = NeuralForecast(models=[model], freq=1)
    began = time.perf_counter()
    peer.fit(frame)
    return peer.predict(), time.perf_counter() - began


def statistical(kind: str) -> Fit:
    """Return a function that fits one of statsforecast's models to every series."""

    def fit(frame: Any, horizon: int, season: int) -> tuple[Any, float]:
        from statsforecast import StatsForecast, models

        peer = StatsForecast(models=[getattr(models, kind)(season_length=season)], freq=1, n_jobs=-1)
        began = time.perf_counter()
        return peer.forecast(df=frame, h=horizon, level=[80, 95]), time.perf_counter() - began

    return fit


PEERS: dict[str, Fit] = {
    "neuralforecast LSTM": lstm,
    "statsforecast AutoTheta": statistical("AutoTheta"),
    "statsforecast AutoETS": statistical("AutoETS"),
}


def main(peer: str, path: str, horizon: int, name: str) -> None:
    """Fit a peer, and write its forecasts as `forecasts.csv`, with the columns of ours, and its time."""
    import pandas as pd

    frame = pd.read_csv(path)
    found, seconds = PEERS[peer](frame, horizon, SEASONS[name])
    point = next(c for c in found.columns if c not in ("unique_id", "ds") and "-lo" not in c and "-hi" not in c)
    with Path("forecasts.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        levels = [f"-{end}-{level}" for level in (80, 95) for end in ("lo", "hi") if f"{point}-lo-{level}" in found]
        writer.writerow(["unique_id", "ds", "forecast", *(f"forecast{level}" for level in levels)])
        writer.writerows(found[["unique_id", "ds", point, *(f"{point}{level}" for level in levels)]].to_numpy())
    Path("seconds.json").write_text(json.dumps(seconds))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
