"""Whether two paths are one file, by whatever name or link: its device and inode are compared, not its name."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from forecaster.base.errors import UsageError

Identity = tuple[int, int, str]


def identity_of(path: Path | str) -> Identity | None:
    """Return the device, the inode, and an empty text; of a file that does not exist those of its folder, and its name.

    `-` is standard input. What is no regular file (a device, a pipe, a folder), and what cannot be looked at, has none.
    """
    try:
        status = os.fstat(sys.stdin.fileno()) if str(path) == "-" else Path(path).stat()
        return (status.st_dev, status.st_ino, "") if stat.S_ISREG(status.st_mode) else None
    except FileNotFoundError:
        folder, name = os.path.split(os.path.realpath(path))
    except (OSError, ValueError):
        return None
    try:
        status = Path(folder).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, name


def check_apart(outputs: Mapping[str, Path | str | None], inputs: Iterable[tuple[str, Path | str | None]] = ()) -> None:
    """Refuse to write one file twice, or over one that is read.

    Args:
        outputs: What is written, by the flag that names it; None and `-` are no files.
        inputs: What is read: what it is, and where.

    Raises:
        UsageError: Two of them are one file, by whatever name or link.
    """
    known: dict[Identity, str] = {}
    for what, path in inputs:
        if path is not None and (identity := identity_of(path)) is not None:
            known.setdefault(identity, what)
    for flag, path in outputs.items():
        if path is None or str(path) == "-" or (identity := identity_of(path)) is None:
            continue
        if identity in known:
            other = known[identity]
            fault = f"{flag} {path} is {other} itself: it would be overwritten"
            raise UsageError(fault, hint=f"Name another file with {flag}")
        known[identity] = f"the file of {flag}"


def check_unlinked(outputs: Mapping[str, Path | str | None], root: Path) -> None:
    """Refuse to write a file that is one of the files of saved models by another name.

    Only a file with several names is looked for, so this costs nothing where there is none.

    Args:
        outputs: What is written, by the flag that names it; None and `-` are no files.
        root: Folder of all models.

    Raises:
        UsageError: One of them is such a file.
    """
    linked = dict[Identity, tuple[str, str]]()
    for flag, path in outputs.items():
        if path is not None and str(path) != "-" and _has_names(path) and (identity := identity_of(path)) is not None:
            linked[identity] = flag, str(path)
    if not linked:
        return
    for folder, _, names in os.walk(root):
        for name in names:
            identity = identity_of(Path(folder, name))
            if identity in linked:
                flag, path = linked[identity]
                fault = f"{flag} {path} is {Path(folder, name)} by another name: a file of a model"
                raise UsageError(fault, hint=f"Name another file with {flag}")


def _has_names(path: Path | str) -> bool:
    try:
        return Path(path).stat().st_nlink > 1
    except (OSError, ValueError):
        return False
