"""Case A037: link loop."""

from __future__ import annotations

import os


def make() -> None:
    os.symlink("data.csv", "data.csv")
