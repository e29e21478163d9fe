"""The only room that writes, and the one that reads back what it wrote.

Everything is built as bytes first, written to a temporary sibling, flushed to the disk and renamed: a reader sees the
old file or the new one, never half of one. A folder is published by the same four moves, and removed by a rename and
a sweep. A version of a model is never changed after its rename.

Whatever changes the disk is a call of `os`, by that name: the tests put an injector in its place that lets the n-th
call fail, or ends the process there, for every n.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import os
import re
import secrets
import stat
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forecaster.base.errors import AccessError, ForecastError, ModelError, OutputError, StorageError, TryAgainError

TEMPORARY = ".tmp-"
"""Prefix of what is being built; what starts so and has no owner any more may be swept."""

_CANNOT_CREATE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EROFS, errno.ENAMETOOLONG, errno.EEXIST, errno.ELOOP}
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}


def sha256(data: bytes) -> str:
    """Return the SHA-256 of the bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write_file(path: Path, data: bytes) -> None:
    """Replace a file by these bytes, atomically: see `replacing`."""
    with replacing(path) as stream:
        stream.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[io.RawIOBase]:
    """Give a stream whose bytes replace a file once the block has ended well; mode, owner
    and symbolic link of it are kept.

    Whatever fails, in the block or after it, the old file stays as it is. A device or pipe cannot be replaced and is
    written to; so is an open descriptor (`/dev/stdout`, `/dev/fd/3`).

    Raises:
        OutputError: The folder does not exist, or the path is a folder.
        AccessError: Permission denied.
        StorageError: Disk full, or an I/O error; the old file is untouched.
    """
    with _explained(path):
        if (number := descriptor_of(path)) is not None:
            yield _Sink(number)  # opened anew, `>>` would lose what is there
            return
        before = _stat(path)
        if before is not None and not stat.S_ISREG(before.st_mode):
            with _opened(path, os.O_WRONLY) as handle:
                yield _Sink(handle)
            return
        target = Path(os.path.realpath(path))
        sweep_orphans(target.parent, re.escape(_prefix(target)))
        temporary, handle = _open_temporary(target)
        try:
            if before is not None:
                _take_after(handle, before)
            yield _Sink(handle)
            os.fsync(handle)
            os.replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        finally:
            os.close(handle)
        sync_folder(target.parent)


def descriptor_of(path: Path) -> int | None:
    """Return the number of the descriptor of this process that a path stands for."""
    match = re.fullmatch(r"/dev/std(in|out|err)|/(?:dev|proc/self)/fd/(\d+)", str(path))
    return match and (int(match[2]) if match[2] else ("in", "out", "err").index(match[1]))


def read_own(path: Path, most: int) -> bytes:
    """Read a file of a model's folder: regular, of bounded size, and not through a symbolic link.

    Raises:
        ModelError: It is missing, larger, or something else.
        AccessError, StorageError: It cannot be read.
    """
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > most:
                raise ModelError(f"{path}: expected a regular file of at most {most:,} bytes")
            return stream.read(most)
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing") from error
    except PermissionError as error:
        raise AccessError(f"cannot read {path}: permission denied") from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO):
            raise ModelError(f"{path}: expected a regular file, not a symbolic link or a folder") from error
        raise StorageError(f"cannot read {path}: {error.strerror}") from error


def check_writable(path: Path) -> None:
    """Find out before the long work whether `write_file` can succeed.

    Raises:
        OutputError: The folder does not exist, or the path is a folder.
        AccessError: Permission denied.
    """
    with _explained(path):
        if path.is_dir():
            raise OutputError(f"cannot write {path}: it is a folder", hint="Name a file with --output")
        if descriptor_of(path) is not None or (path.exists() and not path.is_file()):  # a device or a pipe
            return
        parent = Path(os.path.realpath(path)).parent
        if not parent.is_dir():
            raise OutputError(f"cannot write {path}: the folder {parent} does not exist", hint=f"mkdir -p {parent}")
        if not os.access(parent, os.W_OK):
            raise AccessError(f"cannot write {path}: permission denied on the folder {parent}")


def remove_file(path: Path) -> None:
    """Remove a file where there is one, and flush that.

    Raises:
        AccessError, StorageError: As `write_file`.
    """
    with _explained(path):
        try:
            os.unlink(path)
        except FileNotFoundError:
            return
        sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents where missing, and flush the entries.

    Raises:
        OutputError, AccessError, StorageError: As `write_file`.
    """
    with _explained(folder):
        missing = [folder, *folder.parents]
        while missing and missing[-1].is_dir():
            missing.pop()
        for each in reversed(missing):
            try:
                os.mkdir(each)
            except FileExistsError:  # somebody else was faster, or it is a file
                if not each.is_dir():
                    raise
            sync_folder(each.parent)


def build_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Create `folder` with these files and flush all of it to the disk. The folder must not exist.

    Raises:
        OutputError, AccessError, StorageError: As `write_file`; what was begun is removed.
    """
    with _explained(folder):
        os.mkdir(folder)
        try:
            for name, data in files.items():
                with _opened(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as handle:
                    _write(handle, data)
                    os.fsync(handle)
            sync_folder(folder)
        except BaseException:
            with suppress(OSError):
                _remove_tree(folder)
            raise


def publish_folder(built: Path, final: Path) -> None:
    """Move a built folder to its final name, which must be free, and flush the rename."""
    with _explained(final):
        os.rename(built, final)
        sync_folder(final.parent)


def remove_folder(folder: Path) -> None:
    """Remove a published folder: by one rename it is gone whole, then its space is freed.

    Raises:
        AccessError, StorageError: It cannot be removed, or not all of it: the rest is swept by the next `sweep`.
    """
    with _explained(folder):
        gone = temporary_name(folder)
        os.rename(folder, gone)
        try:
            sync_folder(folder.parent)
        finally:
            with suppress(OSError):
                _remove_tree(gone)
        if gone.exists():
            _remove_tree(gone)


def sweep(folder: Path) -> None:
    """Remove what an interrupted run left half built or half removed. Only for the holder of the lock."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(TEMPORARY):
                with suppress(OSError):
                    _remove_tree(Path(entry.path))


def sweep_orphans(folder: Path, beginning: str) -> None:
    """Remove temporary files whose writers died: a living one would hold the file's lock.

    Args:
        folder: Where they were written; it may be anybody's, with files of others in it.
        beginning: Regular expression of how their names begin.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if re.match(beginning, entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError), _opened(Path(entry.path), os.O_RDWR | os.O_NOFOLLOW) as handle:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(entry.path)


def temporary_name(final: Path) -> Path:
    """Return a free name beside `final` for what is to become it, or what is left of it."""
    return final.with_name(f"{_prefix(final)}{secrets.token_hex(4)}")


@contextmanager
def locked(path: Path, wait: float, holder: str = "forecast") -> Iterator[None]:
    """Hold the exclusive lock of a model. The kernel frees it when the process dies; the file is never deleted.

    On a file system without locks the work goes on, with a warning for the log.

    Args:
        path: The lock file, created where missing.
        wait: Seconds to wait for another holder.
        holder: What the lock is held for: the command, for others to read.

    Raises:
        TryAgainError: Somebody else still holds it; the message says who, and since when.
    """
    with ExitStack() as stack:
        with _explained(path):
            handle = stack.enter_context(_opened(path, os.O_RDWR | os.O_CREAT))
            deadline = time.monotonic() + wait
            while not _try_lock(handle):
                if time.monotonic() >= deadline:
                    who = f"{path.parent} is locked by {_holder_of(handle)}"
                    raise TryAgainError(who, hint="Try again, or wait with --lock-wait")
                time.sleep(0.1)
        with suppress(OSError):  # a courtesy to whoever waits; a full disk must not keep us from making room
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"pid {os.getpid()} ({holder}) on {os.uname().nodename}\n".encode(), 0)
        yield


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a rename survives a power cut."""
    with _opened(folder, os.O_RDONLY | os.O_DIRECTORY) as handle:
        os.fsync(handle)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    handle = os.open(path, flags | os.O_CLOEXEC, 0o666)
    try:
        yield handle
    finally:
        os.close(handle)


class _Sink(io.RawIOBase):
    """A stream whose every write is done when it returns: nothing is left to be flushed by whoever drops it."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        _write(self.handle, data)
        return len(data)


def _write(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _prefix(final: Path) -> str:
    name = os.fsencode(final.name)[:64].decode("utf-8", "ignore")  # a name may have 255 bytes, ours is longer
    return f"{TEMPORARY}{name}-"


def _open_temporary(target: Path) -> tuple[Path, int]:
    """Create a temporary sibling and hold its lock, which tells others that it has an owner."""
    while True:
        path = temporary_name(target)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        if _try_lock(handle) and os.fstat(handle).st_nlink:
            return path, handle
        os.close(handle)  # taken for an orphan, and swept, in the moment before it was locked


def _take_after(handle: int, before: os.stat_result) -> None:
    """Give a new file the owner, where that is allowed, and the mode of the old one."""
    ours = os.fstat(handle)
    if (ours.st_uid, ours.st_gid) != (before.st_uid, before.st_gid):
        with suppress(PermissionError):
            os.fchown(handle, before.st_uid, before.st_gid)
    os.fchmod(handle, stat.S_IMODE(before.st_mode))


def _remove_tree(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        with os.scandir(path) as entries:
            for entry in list(entries):
                _remove_tree(Path(entry.path))
        os.rmdir(path)
    else:
        os.unlink(path)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        warnings.warn("the file system has no locks: run one command at a time on a model", stacklevel=2)
    return True


def _holder_of(handle: int) -> str:
    """Return who holds a lock, as it wrote itself, and since when: the time at which it wrote that."""
    name = os.pread(handle, 200, 0).decode("utf-8", "replace").strip() or "another process"
    since = datetime.fromtimestamp(os.fstat(handle).st_mtime, UTC)
    return f"{name} since {since:%Y-%m-%d %H:%M:%S} UTC"


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
    if error.errno in _NO_SPACE:
        return StorageError(message, hint="Free some space and run the same command again; nothing was changed")
    if error.errno in (errno.EACCES, errno.EPERM):
        return AccessError(message)
    if error.errno in _CANNOT_CREATE:
        return OutputError(message)
    return StorageError(message)
