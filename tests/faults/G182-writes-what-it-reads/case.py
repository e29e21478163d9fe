"""Case G182: writes what it reads."""

from __future__ import annotations

import os
import shutil

from tests.faulttools import write


def make_5() -> None:
    shutil.copytree("models/shops", "models/other")


def make_6() -> None:
    write("jobs.toml", '[[jobs]]\nname="a"\ncommand="predict"\nmodel="shops"\ndata="shops.csv"\noutput="./jobs.toml"\n')


def make_7() -> None:
    job = '[[jobs]]\nname="{}"\ncommand="predict"\nmodel="shops"\ndata="shops.csv"\noutput="{}"\n'
    os.symlink(".", "here")
    write("jobs.toml", job.format("a", "o.csv") + job.format("b", "here/o.csv"))
