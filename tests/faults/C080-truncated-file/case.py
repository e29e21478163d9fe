"""Case C080: truncated file."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def make(k: int, kept: dict[str, Any]) -> None:
    version = Path("models/shops/versions/v000001")
    files = ["calibration.npz", "manifest.json", "metrics.json", "network.onnx", "weights.npz"]
    for name, data in kept.items():
        (version / name).write_bytes(data)
    kept.update((path.name, path.read_bytes()) for path in version.iterdir())
    path = version / files[k // 3]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 * (k % 3 == 0)])
    if k % 3 == 2:
        path.unlink()
