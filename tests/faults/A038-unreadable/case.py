"""Case A038: unreadable."""

from __future__ import annotations

import os

from tests.faulttools import write


def make() -> None:
    write("data.csv", "ds,y\n")
    os.chmod("data.csv", 0)
