"""Case C085: manifest of other content."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def make(k: int, kept: dict[str, Any]) -> None:
    path = Path("models/shops/versions/v000001/manifest.json")
    kept.setdefault("text", path.read_text())
    text = kept["text"]
    path.write_text(
        [
            "",
            "[]",
            "{}",
            "[" * 100_000,
            text.replace('"season"', '"seasons"'),
            text.replace('"season": 7', '"season": NaN'),
            text.replace('"season": 7', '"season": "7"'),
            text.replace('"horizon": 14', '"horizon": 1e400'),
        ][k]
    )
