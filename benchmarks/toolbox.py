"""Every cell, loss, optimiser, schedule and kind of interval on two files of `sample_data/`, one setting at a time.

`forecast train FILE --preset fast OPTIONS`, and what it measured on the windows that it held out. Parity is the largest
difference, in scaled units, of the saved ONNX graph from the trained network on the windows of the model's probe.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.measure import FORECAST, run, table
from forecaster.model import store

FILES = {"co2_monthly": "CO₂", "nyc_departures_daily": "NYC"}
"""Files of `sample_data/`, and what stands for each at the head of its columns."""

SAMPLES = Path(__file__).parent.parent / "sample_data"
OPTIONS = (
    "--cell lstm",
    "--cell gru",
    "--cell peephole",
    "--cell rnn",
    "--bidirectional",
    "--attention",
    "--units 128,64",
    "--segment 1",
    "--activation relu",
    "--loss mae",
    "--loss huber",
    "--loss log-cosh",
    "--loss quantile",
    "--intervals quantile",
    "--intervals mc-dropout",
    "--optimizer adamw",
    "--optimizer sgd --learning-rate 0.1",
    "--optimizer rmsprop",
    "--schedule constant",
    "--schedule plateau",
    "--weight-decay 0.01",
)
"""The first is what `--preset fast` does anyway: LSTM, MSE, Adam, cosine, conformal intervals."""

MEASURES = ("MASE", "MSIS", "cov. 80", "cov. 95", "train", "parity")


def measure() -> str:
    """Return the table."""
    head = [
        "options",
        *(f"{short}: {MEASURES[0]}" if k == 0 else name for short in FILES.values() for k, name in enumerate(MEASURES)),
    ]
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            [f"`{options}`", *(cell for name in FILES for cell in cells_of(name, options, Path(folder)))]
            for options in OPTIONS
        ]
    return table(head, rows)


def cells_of(name: str, options: str, folder: Path) -> list[str]:
    """Train once, and return what was measured."""
    asked = ["--preset", "fast", "--models-dir", "models", *options.split()]
    done = run([*FORECAST, "train", SAMPLES / f"{name}.csv", *asked], folder)
    model = store.load_model(folder / "models", name)
    scores = model.manifest["metrics"]["model"]
    with np.load(model.folder / "calibration.npz", allow_pickle=False) as probe:
        parity = np.abs(model.server.answer(probe["probe_inputs"]) - probe["probe_outputs"]).max()
    inside = (f"{100 * scores[f'coverage-{level}']:.1f}%" for level in (80, 95))
    return [f"{scores['mase']:.3f}", f"{scores['msis-95']:.2f}", *inside, f"{done.seconds:.0f} s", f"{parity:.0e}"]
