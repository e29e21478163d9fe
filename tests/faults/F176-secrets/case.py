"""Case F176: secrets."""

from __future__ import annotations

from pathlib import Path


def check() -> None:
    assert "hunter2" not in Path("log.jsonl").read_text()
    assert "hunter2" not in Path("models/shops/versions/v000001/manifest.json").read_text()
