"""Case C094: links in the model."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faulttools import write


def make_1() -> None:
    os.rename("models/shops/CURRENT", "elsewhere")
    os.symlink("../../elsewhere", "models/shops/CURRENT")


def make_2() -> None:
    version = Path("models/shops/versions/v000001")
    os.rename(version / "network.onnx", "elsewhere")
    os.symlink(Path("elsewhere").resolve(), version / "network.onnx")


def make_3() -> None:
    write("models/shops/CURRENT", "../../other\n")
