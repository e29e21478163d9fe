"""Case A036: no regular file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tests.faulttools import write


def make_1() -> None:
    Path("empty").mkdir()
    write("empty/notes.md", "ds,y")


def make_2() -> None:
    os.mkfifo("data.csv")


def make_4() -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind("data.csv")
