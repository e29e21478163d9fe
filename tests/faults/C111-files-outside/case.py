"""Case C111: files outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def make(k: int, kept: dict[str, Any]) -> None:
    path = Path("models/shops/versions/v000001/manifest.json")
    kept.setdefault("text", path.read_text())
    path.write_text(kept["text"].replace('"weights.npz"', ['"../../x"', '"/etc/passwd"'][k]))
