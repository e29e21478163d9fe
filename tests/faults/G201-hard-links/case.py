"""Case G201: hard links."""

from __future__ import annotations

import os

from tests.faulttools import write


def make() -> None:
    os.link("models/shops/versions/v000001/network.onnx", "linked.csv")
    write("settings.toml", "epochs = 3\n")
    os.link("settings.toml", "linked.toml")
    job = '[[jobs]]\nname = "{}"\ncommand = "predict"\nmodel = "shops"\ndata = "shops.csv"\n{}\n'
    write("jobs.toml", job.format("a", 'output = "o.csv"\ntotals = "3"\ntotals-output = "linked.csv"'))
    write("same.csv", "x\n")
    os.link("same.csv", "alike.csv")
    first, second = 'output = "same.csv"', 'output = "p.csv"\npaths = 5\npaths-output = "alike.csv"'
    write("twice.toml", job.format("a", first) + job.format("b", second))
