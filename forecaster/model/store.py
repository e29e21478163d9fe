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
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import ClassVar

from forecaster.base import files
from forecaster.base.errors import MissingError, ModelError, OutputError, UsageError
from forecaster.data.folders import LEDGER
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
    "home_of",
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
MOST_VERSIONS = 999_999
OWN_FILES = ("LOCK", "CURRENT", "HISTORY", "CHECKPOINT", "versions")
LARGEST_HISTORY = 16 * 1024 * 1024


def check_name(name: str, hint: str = "See which there are: forecast models list") -> str:
    """Return the name if it may be a folder's.

    Args:
        name: What the user gave.
        hint: What to do if it may not.

    Raises:
        UsageError: It may not: names are data from the user, never paths.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"model name {name[:80]!r}: expected [A-Za-z0-9][A-Za-z0-9._-]{{0,63}}", hint=hint)
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
    files.make_folder(home / "versions", root)
    _refuse_links(home)
    with files.locked(home / "LOCK", wait, holder, root=root):
        files.sweep(home)
        files.sweep(home / "versions")
        yield home


def publish_model(home: Path, draft: Draft, *, current: bool = True) -> SavedModel:
    """Save a draft as the next version, check it, and make it current unless asked not to. Needs `hold_model`.

    Raises:
        OutputError, AccessError, StorageError: It cannot be written; what was current is untouched.
        ModelError: The version read back is not what was trained.
    """
    version = _next_version(home)
    final = home / "versions" / version
    built = files.temporary_name(final)
    files.build_folder(built, contents_of(home.name, version, draft), home.parent)
    try:
        model = read_version(built, home.name, version)
        files.publish_folder(built, final, home.parent)
    except BaseException:
        files.sweep(home / "versions")
        raise
    if current:
        set_current(home, version)
    return replace(model, folder=final)


def _next_version(home: Path) -> str:
    """Return the number after the newest version; a name that something else has is passed over.

    Raises:
        OutputError: No number is left.
    """
    taken = {entry.name for entry in (home / "versions").iterdir()}
    first = max((int(v[1:]) for v in list_versions(home)), default=0) + 1
    found = next((name for number in range(first, MOST_VERSIONS + 1) if (name := f"v{number:06d}") not in taken), None)
    if found is None:
        raise OutputError(f"{home}: no number is left for another version", hint="Train under another --name")
    return found


def _refuse_links(home: Path) -> None:
    """Refuse a model of which a file that we write is a symbolic link: what it points to is somebody else's.

    Raises:
        OutputError: One is.
    """
    for name in OWN_FILES:
        if (home / name).is_symlink():
            raise OutputError(
                f"{home / name} is a symbolic link: what it points to is not written",
                hint=f"Remove it: rm {home / name}",
            )


def set_current(home: Path, version: str) -> None:
    """Make a version the one that is used, after the one that is now. Needs `hold_model`, and a checked version."""
    history = read_history(home)
    with suppress(ModelError, MissingError):
        current = current_version(home)
        history = [*(history[: history.index(current)] if current in history else history), current]
    history = [*(each for each in history if each != version), version]
    files.write_file(home / "HISTORY", "".join(f"{each}\n" for each in history).encode(), root=home.parent)
    files.write_file(home / "CURRENT", f"{version}\n".encode(), root=home.parent)


def go_back(home: Path, version: str) -> None:
    """Make a version from before the one that is used now current again. Needs `hold_model`, and a checked version."""
    files.write_file(home / "CURRENT", f"{version}\n".encode(), root=home.parent)


def remove_version(home: Path, version: str) -> None:
    """Remove a version that is not the current one. Needs `hold_model`."""
    files.remove_folder(home / "versions" / version, home.parent)


# ---------------------------------------------------------------------------------------------------- finding


def list_models(root: Path) -> list[str]:
    """Return the names of the models in a folder, sorted; a training that never published is none."""
    if not root.is_dir():
        return []
    found = (entry for entry in root.iterdir() if NAME.fullmatch(entry.name))
    return sorted(home.name for home in found if (home / "CURRENT").exists() or list_versions(home))


def list_versions(home: Path) -> list[str]:
    """Return a model's versions, oldest first: folders with a manifest. What else is called so is passed over."""
    folder = home / "versions"
    if not folder.is_dir():
        return []
    named = (entry for entry in folder.iterdir() if VERSION.fullmatch(entry.name))
    return sorted(each.name for each in named if not each.is_symlink() and os.path.lexists(each / "manifest.json"))


def find_model(root: Path, name: str) -> Path:
    """Return the folder of a model.

    Raises:
        MissingError: There is no such model.
    """
    home = root / check_name(name)
    if not home.is_dir():
        known = list_models(root)
        near = difflib.get_close_matches(name, known, 1, 0.6)
        hint = "See which there are: forecast models list" if known else "Run: forecast train DATA"
        hint = f"Did you mean {near[0]}?" if near else hint
        raise MissingError(f"no model {name!r} in {root} (models: {', '.join(known) or 'none'})", hint=hint)
    return home


def home_of(path: Path, flag: str = "") -> Path | None:
    """Return the folder of the model that a file is a part of, by whatever links; None where it is a part of none.

    Args:
        path: The file, which need not exist.
        flag: What names it: `--storage` may name the file of searches, which other flags may not.
    """
    real = Path(os.path.realpath(path))
    for home in real.parents:
        if (home / "versions").is_dir() and os.path.lexists(home / "LOCK"):
            part = real.relative_to(home).parts[0]
            return home if part in (*OWN_FILES, LEDGER) or (part == "TUNING" and flag != "--storage") else None
    return None


def find_version(root: Path, reference: str) -> tuple[Path, str, str]:
    """Return the folder, name and version that NAME or NAME@VERSION stands for.

    Raises:
        UsageError: Nothing stands after the @.
        MissingError: There is no such model or version.
        ModelError: The pointer to the current version is none.
    """
    name, mark, wanted = reference.partition("@")
    if mark and not wanted:
        raise UsageError(
            f"model {reference!r}: expected a version after @",
            hint=f"Such as --model {name}, or --model {name}@v000001",
        )
    home = find_model(root, name)
    version = wanted or current_version(home)
    folder = home / "versions" / version
    if not VERSION.fullmatch(version) or not folder.is_dir():
        known = ", ".join(list_versions(home)) or "none"
        message = f"model {name!r} has no version {version[:20]!r} (versions: {known})"
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
        raise ModelError(f"{path} is missing", hint=f"Run: forecast models rollback {home.name}{_where(home)}")
    text = files.read_own(path, 64).decode("ascii", "replace").removesuffix("\n")
    if not VERSION.fullmatch(text):
        raise ModelError(f"{path}: expected a version like v000001, received {text[:20]!r}")
    return text


def previous_version(home: Path) -> str | None:
    """Return the version that was current before the one that is; where that is not known, the newest before it.

    Where the pointer to the current version is lost, it is the last that was current.
    """
    versions, known = list_versions(home), read_history(home)
    try:
        current = current_version(home)
    except ModelError:
        return next((version for version in [*reversed(known), *reversed(versions)] if version in versions), None)
    before = known[: known.index(current)] if current in known else [v for v in versions if v < current]
    return next((version for version in reversed(before) if version in versions), None)


def read_history(home: Path) -> list[str]:
    """Return the versions that were current, oldest first; what is no version's name is passed over."""
    try:
        lines = files.read_own(home / "HISTORY", LARGEST_HISTORY).decode("ascii", "replace").split("\n")
    except ModelError:
        return []
    return [line for line in lines if VERSION.fullmatch(line)]


# ---------------------------------------------------------------------------------------------------- reading


Looks = frozenset[tuple[str, int, int, int, int]]
"""(name, inode, bytes, nanoseconds of the last write and of the last change) of each file of a folder."""


class _InMemory:
    """Versions that stay in memory, the least recently used first; none unless `keep_loaded` was called."""

    most = 0
    versions: ClassVar[OrderedDict[tuple[str, Looks], SavedModel]] = OrderedDict()
    lock = threading.Lock()


def keep_loaded(most: int) -> None:
    """From now on let so many versions stay in memory: for a process that answers many times.

    A version never changes, and which one is current is looked up each time: once CURRENT names another, that one is
    loaded.
    """
    with _InMemory.lock:
        _InMemory.most = most
        _InMemory.versions.clear()


def keep_at_least(most: int) -> None:
    """Let at least so many versions stay in memory: for a process that does one task after the other."""
    with _InMemory.lock:
        _InMemory.most = max(_InMemory.most, most)


def _looks(folder: Path) -> Looks:
    """Return by what a file of the folder that was changed since shows; nothing where the folder cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            stats = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
    except OSError:
        return frozenset()
    return frozenset((name, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in stats)


def _read_once(folder: Path, name: str, version: str) -> SavedModel:
    """Return a version, from memory where it stays there and is the same folder still."""
    looks = _looks(folder) if _InMemory.most else frozenset()
    if not looks:  # read_version says what is wrong with a folder that was pruned meanwhile
        return read_version(folder, name, version)
    key = (str(folder), looks)
    with _InMemory.lock:
        if key in _InMemory.versions:
            _InMemory.versions.move_to_end(key)
            return _InMemory.versions[key]
    model = read_version(folder, name, version)
    with _InMemory.lock:
        _InMemory.versions[key] = model
        while len(_InMemory.versions) > _InMemory.most:
            _InMemory.versions.popitem(last=False)
    return model


def load_model(root: Path, reference: str) -> SavedModel:
    """Load NAME, its current version, or NAME@VERSION.

    Raises:
        MissingError: There is no such model or version.
        ModelError: It is corrupt, or of a newer format.
    """
    try:
        folder, name, version = find_version(root, reference)
        try:
            return _read_once(folder, name, version)
        except ModelError:
            if find_version(root, reference)[0] == folder:
                raise
            return load_model(root, reference)  # another version became current, and this one was pruned meanwhile
    except ModelError as error:
        raise ModelError(error.message, hint=error.hint or _way_back(root / reference.partition("@")[0])) from error


def _way_back(home: Path) -> str:
    """Return what to do about a model that cannot be read: another version of it, where there is one, or a new one."""
    where = _where(home)
    checked = f"Run: forecast models check {home.name}{where}"
    if len(list_versions(home)) < 2:
        return f"{checked}; there is no other version: train it again, or take --model builtin"
    return f"{checked}, and then: forecast models rollback {home.name}{where}"


def _where(home: Path) -> str:
    """Return the flag that names the folder of a model's folder, where it is not the usual one."""
    root = home.parent
    return "" if root == Path(os.environ.get("FORECAST_MODELS") or "models") else f" --models-dir {quote(str(root))}"
