"""Case C081: flipped bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def make(k: int, kept: dict[str, Any]) -> None:
    version = Path("models/shops/versions/v000001")
    files = ["calibration.npz", "metrics.json", "network.onnx", "weights.npz"]
    for name, data in kept.items():
        (version / name).write_bytes(data)
    kept.update((path.name, path.read_bytes()) for path in version.iterdir())
    path = version / files[k % 4]
    data = bytearray(path.read_bytes())
    data[np.random.default_rng(k).integers(len(data))] ^= 1 << k % 8
    path.write_bytes(data)
