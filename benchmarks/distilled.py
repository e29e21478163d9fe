"""What one network that learned from an ensemble keeps of its accuracy: M4 weekly and hourly, see `accuracy`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.accuracy import TASKS, Task, figures, read, score
from benchmarks.measure import FORECAST, interleaved, run, table

KINDS = {
    "ensemble": ("ensemble of three", []),
    "distilled": ("one network, `--distill ensemble`", ["--distill", "ensemble"]),
    "alone": ("one network, `--ensemble 1`", ["--ensemble", "1"]),
}


def measure(data: Path) -> str:
    """Return the table."""
    head = ["data", "model", "OWA", "sMAPE", "MASE", "MSIS", "cov. 80", "cov. 95", "train", "file", "predict"]
    return table(head, [row for task in TASKS for row in _rows(data.resolve(), task)])


def _rows(data: Path, task: Task) -> list[list[object]]:
    train, test = (data / f"{task.name}_{part}.csv.gz" for part in ("train", "test"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = []
        for model, (_, options) in KINDS.items():
            horizon = [] if "--distill" in options else ["--horizon", task.horizon]
            command = [*FORECAST, "train", train, "--name", model, *map(str, horizon), *options]
            seconds.append(run(command, folder).seconds)
        predicting = [[*FORECAST, "predict", train, "--model", m, "--output", f"{m}.csv"] for m in KINDS]
        times = interleaved(predicting, folder, rounds=5)
        rows = []
        for k, (model, (text, _)) in enumerate(KINDS.items()):
            graph = folder / "models" / model / "versions" / "v000001" / "network.onnx"
            reached = figures(score(read(train), read(test), read(folder / f"{model}.csv"), task))
            size = f"{graph.stat().st_size / 1e6:.1f} MB"
            rows.append([task.name, text, *reached, f"{seconds[k]:.0f} s", size, f"{times[k].seconds:.2f} s"])
        return rows
