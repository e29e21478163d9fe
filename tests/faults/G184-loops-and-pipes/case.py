"""Case G184: loops and pipes."""

from __future__ import annotations

import os


def make_1() -> None:
    os.symlink("loop", "loop")


def make_2() -> None:
    os.mkfifo("pipe")
