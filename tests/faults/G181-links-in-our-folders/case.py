"""Case G181: links in our folders."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faulttools import write


def make() -> None:
    write("victim", "PRECIOUS")


def check() -> None:
    assert Path("victim").read_text() == "PRECIOUS"


def make_1() -> None:
    write("victim", "PRECIOUS")
    os.unlink("models/shops/LOCK")
    os.symlink(os.path.abspath("victim"), "models/shops/LOCK")


def make_2() -> None:
    write("victim", "PRECIOUS")
    os.unlink("models/shops/CURRENT")
    os.symlink("../../victim", "models/shops/CURRENT")


def make_3() -> None:
    write("victim", "PRECIOUS")
    os.symlink("../../victim", "models/shops/CHECKPOINT")


def make_4() -> None:
    os.mkdir("elsewhere")
    os.rename("models/shops", "elsewhere/shops")
    os.symlink("../elsewhere/shops", "models/shops")
    write("victim", "PRECIOUS")
