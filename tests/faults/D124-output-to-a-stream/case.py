"""Case D124: output to a stream."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faulttools import write


def make_3() -> None:
    write("out.csv", "kept\n")


def check_3() -> None:
    assert Path("out.csv").read_text() == "kept\n" + Path("expected.csv").read_text()


def make_4() -> None:
    write("out.csv", "kept\n")


def check_4() -> None:
    assert Path("out.csv").read_text() == "kept\n" + Path("expected.csv").read_text()


def make_5() -> None:
    os.mkfifo("pipe")


def check_7() -> None:
    assert Path("out.csv").read_bytes() == b""
