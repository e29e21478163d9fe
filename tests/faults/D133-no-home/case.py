"""Case D133: no home."""

from __future__ import annotations

import os


def make_3() -> None:
    os.mkdir("home")
