"""Which version of a model is used, and which stay."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from forecaster.base.errors import MissingError, ModelError, UsageError
from forecaster.config import PruneSettings, check_bounds
from forecaster.jobs.names import models_folder
from forecaster.model import store


@dataclass(frozen=True, kw_only=True)
class Switch:
    """Another version was made current.

    Attributes:
        name: The model.
        before: The version that was current, or None where the pointer was lost.
        version: The one that is.
    """

    name: str
    before: str | None
    version: str

    def summary(self) -> dict[str, Any]:
        """Return it as JSON-safe data."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """Old versions were removed.

    Attributes:
        name: The model.
        removed: Versions that are gone, oldest first.
        kept: Versions that are left.
    """

    name: str
    removed: list[str]
    kept: list[str]

    def summary(self) -> dict[str, Any]:
        """Return it as JSON-safe data."""
        return asdict(self)


def promote_version(reference: str, models_dir: Path | None, lock_wait: float) -> Switch:
    """Check a version, and make it the current one.

    Raises:
        UsageError: No version is named.
        MissingError: There is no such version.
        ModelError: It is not whole; what was current stays so.
        TryAgainError: Somebody else changes the model.
    """
    root = models_folder(models_dir)
    name, _, version = reference.partition("@")
    store.find_model(root, name)
    if not version:
        versions = store.list_versions(root / name)
        raise UsageError(
            f"{reference!r} names no version of the model; its versions: {', '.join(versions) or 'none'}",
            hint=f"Name one: forecast models promote {name}@{versions[-1] if versions else 'v000001'}",
        )
    with store.hold_model(root, name, lock_wait, "forecast models promote") as home:
        store.load_model(root, reference)
        before = _current_or_none(home)
        if before != version:
            store.set_current(home, version)
        return Switch(name=name, before=before, version=version)


def roll_back(name: str, models_dir: Path | None, lock_wait: float) -> Switch:
    """Make the version that was current before the current one, current again.

    Raises:
        MissingError: There is no such model, or no version to go back to.
        ModelError: That version is not whole; what was current stays so.
        TryAgainError: Somebody else changes the model.
    """
    root = models_folder(models_dir)
    store.find_model(root, name)
    with store.hold_model(root, name, lock_wait, "forecast models rollback") as home:
        version, before = store.previous_version(home), _current_or_none(home)
        if version is None:
            others = [each for each in store.list_versions(home) if each != before]
            hint = f"To use {others[-1]}: forecast models promote {name}@{others[-1]}" if others else ""
            raise MissingError(f"model {name!r} has no version before {before} to go back to", hint=hint)
        store.load_model(root, f"{name}@{version}")
        store.go_back(home, version)
        return Switch(name=name, before=before, version=version)


def prune_versions(name: str, settings: PruneSettings, models_dir: Path | None, lock_wait: float) -> Pruned:
    """Remove the oldest versions of a model; the current one always stays, and never fewer than two are kept.

    Raises:
        UsageError: Fewer are to stay.
        MissingError: There is no such model.
        ModelError: It is not known which version is current; nothing was removed.
        TryAgainError: Somebody else changes the model.
        AccessError, StorageError: Not all could be removed; what is left is whole.
    """
    check_bounds(settings)
    root = models_folder(models_dir)
    store.find_model(root, name)
    with store.hold_model(root, name, lock_wait, "forecast models prune") as home:
        current = store.find_version(root, name)[2]
        removed = [version for version in store.list_versions(home)[: -settings.keep] if version != current]
        for version in removed:
            store.remove_version(home, version)
        return Pruned(name=name, removed=removed, kept=store.list_versions(home))


def _current_or_none(home: Path) -> str | None:
    try:
        return store.current_version(home)
    except (ModelError, MissingError):
        return None
