"""Case D121: output is input."""

from __future__ import annotations

import json
import os
from pathlib import Path


def make_2() -> None:
    source = json.loads(Path("models/shops/versions/v000001/manifest.json").read_text())["data"]["source"]
    os.symlink(source, "trained-on.csv")


def make_3() -> None:
    os.symlink("shops.csv", "link.csv")


def make_4() -> None:
    os.link("shops.csv", "link.csv")
