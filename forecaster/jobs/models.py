"""The models that there are, and whether they are whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecaster.base.errors import ForecastError, MissingError, ModelError
from forecaster.base.meter import one, tally
from forecaster.base.records import dump
from forecaster.jobs.names import models_folder
from forecaster.model import builtin, store
from forecaster.model.manifest import Manifest

FACTS = ("created", "series", "frequency", "horizon", "mase", "skill")
HISTORY = ("created", "rows", "series", "last", "mase", "skill")
"""What is shown of a model, and of each version of one."""


def list_models(models_dir: Path | None) -> list[dict[str, Any]]:
    """Return one row for each model: its current version, when it was made, from what, and how good it is.

    A model that cannot be read has a `fault`, and hides no other.
    """
    root = models_folder(models_dir)
    return [{"name": name, **_describe(root, name, FACTS)} for name in store.list_models(root)]


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """The facts of a version.

    Attributes:
        folder: Of the version.
        versions: All versions of the model, oldest first.
        history: One row for each of them, as `read_history` returns it.
        manifest: Of the version.
    """

    folder: Path
    versions: list[str]
    history: list[dict[str, Any]]
    manifest: Manifest

    def summary(self) -> dict[str, Any]:
        """Return all of it as JSON-safe data."""
        own: dict[str, Any] = {"folder": str(self.folder), "versions": self.versions, "history": self.history}
        return own | self.manifest.to_json()


@dataclass(frozen=True, kw_only=True)
class BuiltinFacts:
    """The facts of the built-in network.

    Attributes:
        version: The beginning of the hash of its graph.
        card: Its card: parameters, data, licences, scores, limits, hashes.
        sizes: Bytes of each of its files.
    """

    version: str
    card: dict[str, Any]
    sizes: dict[str, int]

    def summary(self) -> dict[str, Any]:
        """Return all of it as JSON-safe data."""
        return {"name": builtin.NAME, "version": self.version, "bytes": self.sizes, **self.card}


def show_builtin(reference: str) -> BuiltinFacts:
    """Return the card of the built-in network, once its files are known to be whole.

    Raises:
        MissingError: The version that is asked for is not the one that is installed.
        ModelError: A file is missing or changed.
    """
    builtin.is_builtin(reference)
    card = builtin.open_network().card
    sizes = {name: (builtin.HOME / name).stat().st_size for name in sorted(card["files"])}
    return BuiltinFacts(version=builtin.version_of_card(card), card=card, sizes=sizes)


def show_model(name: str, models_dir: Path | None) -> ModelFacts:
    """Return a version's manifest, with the list of all versions of the model and its history."""
    root = models_folder(models_dir)
    folder, name, _ = store.find_version(root, name)
    versions, history = store.list_versions(root / name), read_history(root, name)
    return ModelFacts(folder=folder, versions=versions, history=history, manifest=store.read_manifest(folder))


def read_history(root: Path, name: str) -> list[dict[str, Any]]:
    """Return one row for each version of a model, oldest first: when it was made, from what, and what became of it.

    `state` is `current`; `was current`; `rolled back`, where the model went back to an older one; `set aside`, where it
    was saved and not used, or rolled back and then passed over by a later one; None where that is not known.
    """
    home = root / name
    known = store.read_history(home)
    try:
        current = store.current_version(home)
    except ModelError:
        current = ""
    return [
        {**_describe(root, f"{name}@{version}", HISTORY), "state": _state_of(version, current, known)}
        for version in store.list_versions(home)
    ]


def _state_of(version: str, current: str, known: list[str]) -> str | None:
    """Return what became of a version, as the versions that were current, oldest first, tell it."""
    if version == current:
        return "current"
    if version not in known:
        return "set aside" if known else None
    return "rolled back" if current in known and known.index(version) > known.index(current) else "was current"


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
    if reference is not None and reference.partition("@")[0] == builtin.NAME:
        return [_check_builtin(reference)]
    if reference is None:
        names = tally(store.list_models(root), one, ("checking", "models", None))
        return [row for name in names for row in _check_model(root, name, None)]
    name, _, version = reference.partition("@")
    if version:
        store.find_version(root, reference)
    elif not store.list_versions(store.find_model(root, name)):
        raise MissingError(f"model {name!r} has no version yet", hint="Run: forecast train DATA")
    return _check_model(root, name, version or None)


def _check_builtin(reference: str) -> Checked:
    version, fault = reference.partition("@")[2], None
    try:
        version = show_builtin(reference).version
    except ModelError as error:
        fault = error.message
    return Checked(name=builtin.NAME, version=version, current=True, fault=fault)


def _check_model(root: Path, name: str, version: str | None) -> list[Checked]:
    home = root / name
    try:
        current, fault = store.find_version(root, name)[2], None
    except ModelError as error:
        current, fault = "", error.message
    versions = [version] if version else store.list_versions(home)
    rows = [
        Checked(name=name, version=each, current=each == current, fault=_fault_of(root, f"{name}@{each}"))
        for each in tally(versions, one, ("checking", "versions", len(versions)))
    ]
    return rows if fault is None else [*rows, Checked(name=name, version="", current=False, fault=fault)]


def _fault_of(root: Path, reference: str) -> str | None:
    try:
        store.load_model(root, reference)
    except ForecastError as error:
        return error.message
    return None


def _describe(root: Path, reference: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Return some facts of a version, by name; where it cannot be read, its `fault`."""
    row: dict[str, Any] = {"version": None, **dict.fromkeys(names), "fault": None}
    try:
        folder, _, row["version"] = store.find_version(root, reference)
        manifest = store.read_manifest(folder)
    except ForecastError as error:
        return row | {"version": row["version"] or reference.partition("@")[2] or None, "fault": error.message}
    facts = {
        **dump(manifest.data),
        "created": manifest.created,
        "horizon": manifest.window.horizon,
        "mase": manifest.metrics.model["mase"],
        "skill": manifest.metrics.skill,
    }
    return row | {name: facts.get(name) for name in names}
