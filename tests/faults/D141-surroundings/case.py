"""Case D141: surroundings."""

from __future__ import annotations

import os


def check_1() -> None:
    assert os.stat("new.csv").st_mode & 0o777 == 0o600


def check_2() -> None:
    assert os.stat("new.csv").st_mode & 0o777 == 0o666
