"""Case C083: version of another model."""

from __future__ import annotations

import shutil


def make() -> None:
    shutil.copytree("models/shops", "models/other")
