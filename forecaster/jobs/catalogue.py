"""The models that there are, and whether they are whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecaster import store
from forecaster.errors import ForecastError, MissingError, ModelError
from forecaster.jobs.names import models_folder

FACTS = ("created", "series", "frequency", "horizon", "mase", "skill")


def list_models(models_dir: Path | None) -> list[dict[str, Any]]:
    """Return one row for each model: its current version, when it was made, from what, and how good it is.

    A model that cannot be read has a `fault`, and hides no other.
    """
    root = models_folder(models_dir)
    return [_describe(root, name) for name in store.list_models(root)]


def show_model(name: str, models_dir: Path | None) -> dict[str, Any]:
    """Return a version's manifest, with the list of all versions of the model."""
    root = models_folder(models_dir)
    folder, name, _ = store.find_version(root, name)
    return {"folder": str(folder), "versions": store.list_versions(root / name), **store.read_manifest(folder)}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a check found.

    Attributes:
        name: The model.
        version: The version, or an empty text for the model itself.
        current: Whether it is the one that is used.
        fault: What is wrong, or None.
    """

    name: str
    version: str
    current: bool
    fault: str | None


def check_models(reference: str | None, models_dir: Path | None) -> list[Checked]:
    """Check one version, all versions of a model, or of all models: hashes, schema, graph, weights, probe, pointer.

    Args:
        reference: NAME, NAME@VERSION, or None for all models.
        models_dir: Folder of all models, or None for the default.

    Raises:
        MissingError: There is no such model or version. Anything else that is wrong is a row of the answer.
    """
    root = models_folder(models_dir)
    if reference is None:
        return [row for name in store.list_models(root) for row in _check_model(root, name, None)]
    name, _, version = reference.partition("@")
    if version:
        store.find_version(root, reference)
    elif not store.list_versions(store.find_model(root, name)):
        raise MissingError(f"model {name!r} has no version yet", hint="Run: forecast train DATA")
    return _check_model(root, name, version or None)


def _check_model(root: Path, name: str, version: str | None) -> list[Checked]:
    home = root / name
    try:
        current, fault = store.find_version(root, name)[2], None
    except ModelError as error:
        current, fault = "", error.message
    versions = [version] if version else store.list_versions(home)
    rows = [
        Checked(name=name, version=each, current=each == current, fault=_fault_of(root, f"{name}@{each}"))
        for each in versions
    ]
    return rows if fault is None else [*rows, Checked(name=name, version="", current=False, fault=fault)]


def _fault_of(root: Path, reference: str) -> str | None:
    try:
        store.load_model(root, reference)
    except ForecastError as error:
        return error.message
    return None


def _describe(root: Path, name: str) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "version": None, **dict.fromkeys(FACTS), "fault": None}
    try:
        folder, _, row["version"] = store.find_version(root, name)
        manifest = store.read_manifest(folder)
    except ForecastError as error:
        return row | {"fault": error.message}
    data, metrics = manifest["data"], manifest["metrics"]
    facts = (
        manifest["created"], data["series"], data["frequency"], manifest["window"]["horizon"],
        metrics["model"]["mase"], metrics["skill"],
    )  # fmt: skip
    return row | dict(zip(FACTS, facts, strict=True))
