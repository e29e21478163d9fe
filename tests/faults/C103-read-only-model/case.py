"""Case C103: read only model."""

from __future__ import annotations

from pathlib import Path


def make() -> None:
    for path in [*Path("models").rglob("*"), Path("models")]:
        path.chmod(0o500 if path.is_dir() else 0o400)


def check() -> None:
    for path in [Path("models"), *Path("models").rglob("*")]:
        path.chmod(0o755)
