"""Case C087: other files as models."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np


def make(k: int) -> None:

    class Canary:
        def __reduce__(self):
            return os.mkdir, ("canary",)

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("config.json", '{"class_name": "Lambda"}')
    version = Path("models/shops/versions/v000001")
    objects = io.BytesIO()
    np.savez(objects, levels=np.array([Canary()], dtype=object))
    name, data = [
        ("network.onnx", packed.getvalue()),
        ("calibration.npz", pickle.dumps(Canary())),
        ("calibration.npz", objects.getvalue()),
    ][k]
    (version / name).write_bytes(data)


def check() -> None:
    assert not Path("canary").exists()
