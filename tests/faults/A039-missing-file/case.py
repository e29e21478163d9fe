"""Case A039: missing file."""

from __future__ import annotations

import os


def make_4() -> None:
    os.symlink("nowhere", "data.csv")
