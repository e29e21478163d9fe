"""The only room that writes.

Everything is built as bytes first, written to a temporary sibling, flushed to the disk and renamed: a reader sees the
old file or the new one, never half of one. A folder is published by the same four moves. A version of a model is
never changed after its rename.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from forecaster.errors import AccessError, ForecastError, OutputError, StorageError, TryAgainError

TEMPORARY = ".tmp-"
"""Prefix of what is being built; anything that starts so may be swept by whoever holds the lock."""

_CANNOT_CREATE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EROFS, errno.ENAMETOOLONG, errno.EEXIST}


def sha256(data: bytes) -> str:
    """Return the SHA-256 of the bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write_file(path: Path, data: bytes) -> None:
    """Replace a file by these bytes, atomically: see `replacing`."""
    with replacing(path) as stream:
        stream.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a stream whose bytes replace a file once the block has ended well; mode and symbolic link of it are kept.

    Whatever fails, in the block or after it, the old file stays as it is. A device or pipe (`/dev/stdout`, a FIFO)
    cannot be replaced and is written to.

    Raises:
        OutputError: The folder does not exist, or the path is a folder.
        AccessError: Permission denied.
        StorageError: Disk full, or an I/O error; the old file is untouched.
    """
    with _explained(path):
        mode = _mode_of(path)
        if mode is not None and not stat.S_ISREG(mode):
            with path.open("wb") as stream:
                yield stream
            return
        target = Path(os.path.realpath(path))
        temporary = target.with_name(f"{TEMPORARY}{target.name[:64]}-{secrets.token_hex(4)}")
        try:
            with _synced(temporary, 0o666 if mode is None else stat.S_IMODE(mode), exact=mode is not None) as stream:
                yield stream
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(target.parent)


def check_writable(path: Path) -> None:
    """Find out before the long work whether `write_file` can succeed.

    Raises:
        OutputError: The folder does not exist, or the path is a folder.
        AccessError: Permission denied.
    """
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder", hint="Name a file with --output")
    if path.exists() and not path.is_file():  # a device or a pipe
        return
    parent = Path(os.path.realpath(path)).parent
    if not parent.is_dir():
        raise OutputError(f"cannot write {path}: the folder {parent} does not exist", hint=f"mkdir -p {parent}")
    if not os.access(parent, os.W_OK):
        raise AccessError(f"cannot write {path}: permission denied on the folder {parent}")


def build_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Create `folder` with these files and flush all of it to the disk. The folder must not exist.

    Raises:
        OutputError, AccessError, StorageError: As `write_file`; what was begun is removed.
    """
    with _explained(folder):
        folder.mkdir(parents=True)
        try:
            for name, data in files.items():
                with _synced(folder / name, 0o666) as stream:
                    stream.write(data)
            sync_folder(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def publish_folder(built: Path, final: Path) -> None:
    """Move a built folder to its final name, which must be free, and flush the rename."""
    with _explained(final):
        os.rename(built, final)
        sync_folder(final.parent)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents where missing.

    Raises:
        OutputError, AccessError, StorageError: As `write_file`.
    """
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)


def sweep(folder: Path) -> None:
    """Remove what an interrupted run left half built. Only for the holder of the lock."""
    for entry in folder.glob(f"{TEMPORARY}*"):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, wait: float) -> Iterator[None]:
    """Hold the exclusive lock of a model. The kernel frees it when the process dies; the file is never deleted.

    Args:
        path: The lock file, created where missing.
        wait: Seconds to wait for another holder.

    Raises:
        TryAgainError: Somebody else still holds it.
    """
    with _explained(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        deadline = time.monotonic() + wait
        while not _try_lock(handle):
            if time.monotonic() >= deadline:
                holder = os.pread(handle, 200, 0).decode("utf-8", "replace").strip() or "another process"
                raise TryAgainError(f"{path.parent} is locked by {holder}", hint="Try again, or wait with --lock-wait")
            time.sleep(0.1)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"pid {os.getpid()} on {os.uname().nodename}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a rename survives a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _synced(path: Path, mode: int, *, exact: bool = False) -> Iterator[BinaryIO]:
    """Create a file, give its stream, and flush it to the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(handle, "wb") as stream:
        if exact:
            os.fchmod(handle, mode)
        yield stream
        stream.flush()
        os.fsync(handle)


def _mode_of(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn an OSError into the fault that it is for the user."""
    try:
        yield
    except OSError as error:
        raise explain(error, path) from error


def explain(error: OSError, path: Path) -> ForecastError:
    """Return the fault that an OSError on writing `path` stands for."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    message = f"cannot write {path}: {reason}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageError(message, hint="Free some space and run the same command again; nothing was changed")
    if error.errno in (errno.EACCES, errno.EPERM):
        return AccessError(message)
    if error.errno in _CANNOT_CREATE:
        return OutputError(message)
    return StorageError(message)
