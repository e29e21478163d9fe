"""Case D123: output is a link."""

from __future__ import annotations

import os

from tests.faulttools import write


def make() -> None:
    os.mkdir("real")
    write("real/file.csv", "old")
    os.chmod("real/file.csv", 0o604)
    os.symlink("real/file.csv", "link.csv")


def check() -> None:
    assert os.stat("real/file.csv").st_mode & 0o777 == 0o604
    assert os.readlink("link.csv") == "real/file.csv"
