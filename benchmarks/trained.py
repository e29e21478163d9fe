"""Training that begins with the built-in network: error and coverage on the public sets of `pretrained.py`.

`forecast train FILE --horizon H --preset PRESET --seed SEED`, then `forecast predict FILE`, scored on the test part.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.measure import FORECAST, run, table
from benchmarks.pretrained import SETS, PublicSet, Result, means, score_file


def measure(data: Path, presets: Sequence[str], seeds: Sequence[int]) -> str:
    """Return one row a set, preset and seed, and the geometric mean of each preset."""
    head = ["set (horizon)", "preset", "seed", "MASE", "relative", "80 %", "95 %", "weights", "train"]
    rows: list[Sequence[object]] = []
    for preset in presets:
        for seed in seeds:
            errors = []
            for each in SETS:
                result, weights, seconds = train(each, data, (preset, seed))
                errors.append([*each.published, result.mase])
                shown = [f"{result.mase:.3f}", f"{result.mase / each.published[0]:.3f}", *result.cells(), weights]
                rows.append([f"{each.name} ({each.horizon})", preset, seed, *shown, f"{seconds:.0f} s"])
                print(rows[-1], flush=True)
            rows += [[row[0], preset, seed, "", row[7], "", "", "", ""] for row in means(np.array(errors))]
    return table(head, rows)


def train(each: PublicSet, data: Path, how: tuple[str, int]) -> tuple[Result, str, float]:
    """Train on one set and forecast it; return the score, the weights in words and the seconds of training."""
    preset, seed = how
    file = data.resolve() / f"{each.name}_train.csv.gz"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = ["--horizon", str(each.horizon), "--preset", preset, "--seed", str(seed), "--name", "m"]
        training = run([*FORECAST, "train", file, *options], folder)
        run([*FORECAST, "predict", file, "--model", "m"], folder)
        [manifest] = folder.glob("models/m/versions/*/manifest.json")
        share = json.loads(manifest.read_text()).get("companion")
        words = "trained alone"
        if share:
            words = f"pretrained {share['pretrained']:.0%}, trained here {share['trained']:.0%}"
        return score_file(each, data, folder / "forecasts.csv")[1], words, training.seconds
