"""Case D148: log rotated."""

from __future__ import annotations

import json
from pathlib import Path


def check() -> None:
    assert [json.loads(line)["event"] for line in Path("log.1").read_text().splitlines()][-1] == "end"
    assert json.loads(Path("log.1").read_text().splitlines()[-1])["exit_code"] == 0
