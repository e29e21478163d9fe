"""Case C082: weights of another model."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def make() -> None:
    path = Path("models/shops/versions/v000001/weights.npz")
    with np.load(path) as archive:
        weights = {name: archive[name] + 1 for name in archive.files}
    np.savez(path, **weights)
