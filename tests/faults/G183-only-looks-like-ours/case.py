"""Case G183: only looks like ours."""

from __future__ import annotations

import os
from pathlib import Path

from forecaster.model import store
from tests.faulttools import write


def make() -> None:
    write(".tmp-o.csv-notes", "mine")
    write(".tmp-o.csv-0badcafe", "mine")
    os.mkdir("models/shops/versions/v999999")
    write("models/shops/versions/v000007", "mine")


def check() -> None:
    assert store.list_versions(Path("models/shops")) == ["v000001"]
    assert store._next_version(Path("models/shops")) == "v000002"
