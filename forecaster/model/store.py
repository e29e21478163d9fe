"""Saved models: immutable versions in a folder, each file under a hash, and one pointer to the current version.

    models/NAME/LOCK                    held while a command changes the model; never deleted
                CURRENT                 "v000007", written last
                HISTORY                 the versions that were current, one a line: what to go back to
                CHECKPOINT              an interrupted training, to go on from
                versions/v000007/       manifest.json  metrics.json  network.onnx  weights.npz  calibration.npz

A version is published by: build aside, flush, read back, check every hash, run the probe, rename, flip CURRENT. So a
reader, who takes no lock, finds one whole version at any moment.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from forecaster.base import files
from forecaster.base.errors import MissingError, ModelError, UsageError
from forecaster.model.version import Draft, FittedModel, SavedModel, contents_of, read_manifest, read_version

__all__ = [
    "Draft",
    "FittedModel",
    "SavedModel",
    "check_name",
    "current_version",
    "find_model",
    "find_version",
    "go_back",
    "hold_model",
    "list_models",
    "list_versions",
    "load_model",
    "previous_version",
    "publish_model",
    "read_history",
    "read_manifest",
    "read_version",
    "remove_version",
    "set_current",
]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
VERSION = re.compile(r"v\d{6}")
LARGEST_HISTORY = 16 * 1024 * 1024


def check_name(name: str) -> str:
    """Return the name if it may be a folder's.

    Raises:
        UsageError: It may not: names are data from the user, never paths.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"model name {name[:80]!r}: expected [A-Za-z0-9][A-Za-z0-9._-]{{0,63}}", hint="Give --name")
    return name


# ---------------------------------------------------------------------------------------------------- changing


@contextmanager
def hold_model(root: Path, name: str, wait: float, holder: str) -> Iterator[Path]:
    """Hold the lock of a model, new or not, and yield its folder; what an interrupted command left there is swept.

    Raises:
        OutputError, AccessError, StorageError: The folder cannot be made.
        TryAgainError: Somebody else holds the lock for longer than `wait` seconds.
    """
    home = root / check_name(name)
    files.make_folder(home / "versions")
    with files.locked(home / "LOCK", wait, holder):
        files.sweep(home)
        files.sweep(home / "versions")
        yield home


def publish_model(home: Path, draft: Draft, *, current: bool = True) -> SavedModel:
    """Save a draft as the next version, check it, and make it current unless told not to. Needs `hold_model`.

    Raises:
        OutputError, AccessError, StorageError: It cannot be written; what was current is untouched.
        ModelError: The version read back is not what was trained.
    """
    version = f"v{max((int(v[1:]) for v in list_versions(home)), default=0) + 1:06d}"
    final = home / "versions" / version
    built = files.temporary_name(final)
    files.build_folder(built, contents_of(home.name, version, draft))
    try:
        model = read_version(built, home.name, version)
        files.publish_folder(built, final)
    except BaseException:
        files.sweep(home / "versions")
        raise
    if current:
        set_current(home, version)
    return replace(model, folder=final)


def set_current(home: Path, version: str) -> None:
    """Make a version the one that is used, after the one that is now. Needs `hold_model`, and a checked version."""
    history = read_history(home)
    with suppress(ModelError, MissingError):
        current = current_version(home)
        history = [*(history[: history.index(current)] if current in history else history), current]
    history = [*(each for each in history if each != version), version]
    files.write_file(home / "HISTORY", "".join(f"{each}\n" for each in history).encode())
    files.write_file(home / "CURRENT", f"{version}\n".encode())


def go_back(home: Path, version: str) -> None:
    """Make a version from before the one that is used now current again. Needs `hold_model`, and a checked version."""
    files.write_file(home / "CURRENT", f"{version}\n".encode())


def remove_version(home: Path, version: str) -> None:
    """Remove a version that is not the current one. Needs `hold_model`."""
    files.remove_folder(home / "versions" / version)


# ---------------------------------------------------------------------------------------------------- finding


def list_models(root: Path) -> list[str]:
    """Return the names of the models in a folder, sorted; a training that never published is none."""
    if not root.is_dir():
        return []
    found = (entry for entry in root.iterdir() if NAME.fullmatch(entry.name))
    return sorted(home.name for home in found if (home / "CURRENT").exists() or list_versions(home))


def list_versions(home: Path) -> list[str]:
    """Return a model's versions, oldest first."""
    folder = home / "versions"
    return sorted(entry.name for entry in folder.iterdir() if VERSION.fullmatch(entry.name)) if folder.is_dir() else []


def find_model(root: Path, name: str) -> Path:
    """Return the folder of a model.

    Raises:
        MissingError: There is no such model.
    """
    home = root / check_name(name)
    if not home.is_dir():
        known = list_models(root)
        near = difflib.get_close_matches(name, known, 1, 0.6)
        hint = f"Did you mean {near[0]}?" if near else "Run: forecast train DATA"
        raise MissingError(f"no model {name!r} in {root} (there: {', '.join(known) or 'none'})", hint=hint)
    return home


def find_version(root: Path, reference: str) -> tuple[Path, str, str]:
    """Return the folder, name and version that NAME or NAME@VERSION stands for.

    Raises:
        MissingError: There is no such model or version.
        ModelError: The pointer to the current version is none.
    """
    name, _, wanted = reference.partition("@")
    home = find_model(root, name)
    version = wanted or current_version(home)
    folder = home / "versions" / version
    if not VERSION.fullmatch(version) or not folder.is_dir():
        there = ", ".join(list_versions(home)) or "none"
        message = f"model {name!r} has no version {version[:20]!r} (there: {there})"
        raise MissingError(message) if wanted else ModelError(f"{message}, though CURRENT names it")
    if folder.is_symlink() or folder.parent.is_symlink():
        raise ModelError(f"{folder}: expected a folder, not a symbolic link")
    return folder, name, version


def current_version(home: Path) -> str:
    """Return the version that CURRENT names.

    Raises:
        MissingError: The model has no version yet.
        ModelError: CURRENT is missing though there are versions, or holds something else.
    """
    path = home / "CURRENT"
    if not path.is_symlink() and not path.exists():
        if not list_versions(home):
            raise MissingError(f"model {home.name!r} has no version yet", hint="Run: forecast train DATA")
        raise ModelError(f"{path} is missing", hint=f"Run: forecast models rollback {home.name}")
    text = files.read_own(path, 64).decode("ascii", "replace").removesuffix("\n")
    if not VERSION.fullmatch(text):
        raise ModelError(f"{path}: expected a version like v000001, received {text[:20]!r}")
    return text


def previous_version(home: Path) -> str | None:
    """Return the version that was current before the one that is; where that is not known, the newest before it.

    Where the pointer to the current version is lost, it is the last that was current.
    """
    there, known = list_versions(home), read_history(home)
    try:
        current = current_version(home)
    except ModelError:
        return next((version for version in [*reversed(known), *reversed(there)] if version in there), None)
    before = known[: known.index(current)] if current in known else [v for v in there if v < current]
    return next((version for version in reversed(before) if version in there), None)


def read_history(home: Path) -> list[str]:
    """Return the versions that were current, oldest first; what is no version's name is passed over."""
    try:
        lines = files.read_own(home / "HISTORY", LARGEST_HISTORY).decode("ascii", "replace").split("\n")
    except ModelError:
        return []
    return [line for line in lines if VERSION.fullmatch(line)]


# ---------------------------------------------------------------------------------------------------- reading


def load_model(root: Path, reference: str) -> SavedModel:
    """Load NAME, its current version, or NAME@VERSION.

    Raises:
        MissingError: There is no such model or version.
        ModelError: It is corrupt, or of a newer format.
    """
    try:
        folder, name, version = find_version(root, reference)
        try:
            return read_version(folder, name, version)
        except ModelError:
            if find_version(root, reference)[0] == folder:
                raise
            return load_model(root, reference)  # another version became current, and this one was pruned meanwhile
    except ModelError as error:
        name = reference.partition("@")[0]
        other = f"Run: forecast models check {name}, and then: forecast models rollback {name}"
        raise ModelError(error.message, hint=error.hint or other) from error
