"""The models that there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from forecaster import store
from forecaster.jobs.names import models_folder


def list_models(models_dir: Path | None) -> list[dict[str, Any]]:
    """Return one row for each model: its current version, when it was made, from what, and how good it is."""
    root, rows = models_folder(models_dir), []
    for name in store.list_models(root):
        folder, _, current = store.find_version(root, name)
        manifest = store.read_manifest(folder)
        rows.append({
            "name": name,
            "version": current,
            "created": manifest["created"],
            "series": manifest["data"]["series"],
            "frequency": manifest["data"]["frequency"],
            "horizon": manifest["window"]["horizon"],
            "mase": manifest["metrics"]["model"]["mase"],
            "skill": manifest["metrics"]["skill"],
        })  # fmt: skip
    return rows


def show_model(name: str, models_dir: Path | None) -> dict[str, Any]:
    """Return a version's manifest, with the list of all versions of the model."""
    root = models_folder(models_dir)
    folder, name, _ = store.find_version(root, name)
    return {"folder": str(folder), "versions": store.list_versions(root / name), **store.read_manifest(folder)}
