"""Case D120: output folder."""

from __future__ import annotations

import os


def make_5() -> None:
    os.mkdir("shut")
    os.chmod("shut", 0o500)
