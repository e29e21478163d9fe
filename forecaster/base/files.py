"""The only room that writes, and the one that reads back what it wrote.

Everything is built as bytes first, written to a temporary sibling, flushed to the disk and renamed: a reader sees the
old file or the new one, never half of one. A folder is published by the same four moves, and removed by a rename and
a sweep. A version of a model is never changed after its rename.

Below a root that is ours (the folder of models, of runs, a ledger) no symbolic link is followed: each folder on the way
is opened through the descriptor of the one before it, so what a link points to is never written.

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
import shutil
import stat
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forecaster.base.errors import AccessError, ModelError, OutputError, StorageError, TryAgainError
from forecaster.base.system import explained

TEMPORARY, OURS = ".tmp-", ".forecast"
"""How the names of what is being built begin and end; what is called so and has no owner any more may be swept."""

PIPE_PATIENCE = 10.0
"""Seconds to wait for somebody who reads a named pipe that is written to."""

_ENDING = r"[0-9a-f]{16}" + re.escape(OURS)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}


def sha256(data: bytes) -> str:
    """Return the SHA-256 of the bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write_file(path: Path, data: bytes, *, root: Path | None = None) -> None:
    """Replace a file by these bytes, atomically: see `replacing`."""
    with replacing(path, root=root) as stream:
        stream.write(data)


@contextmanager
def replacing(path: Path, *, root: Path | None = None) -> Iterator[io.RawIOBase]:
    """Give a stream whose bytes replace a file once the block has ended well; its owner and mode stay.

    Whatever fails, in the block or after it, the old file stays as it is. A device or pipe cannot be replaced and is
    written to; so is an open descriptor (`/dev/stdout`, `/dev/fd/3`).

    Args:
        path: The file. A symbolic link stays one: the file that it points to is replaced.
        root: Of a file of our own, the folder below which no symbolic link is followed: one is refused.

    Raises:
        OutputError: The folder does not exist, the path is a folder, or a link below the root.
        AccessError: Permission denied.
        StorageError: Disk full, or an I/O error; the old file is untouched.
    """
    with explained(path):
        if root is None and (number := descriptor_of(path)) is not None:
            yield _Sink(number)  # opened anew, `>>` would lose what it holds
            return
        if root is None and (kind := _stat(path)) is not None and not stat.S_ISREG(kind.st_mode):
            with _opened_stream(path, kind) as handle:
                yield _Sink(handle)
            return
        target = Path(os.path.realpath(path)) if root is None else path
        with opened_folder(target.parent, root) as folder:
            _sweep_orphans(folder, re.escape(_prefix(target.name)))
            before = _stat_own(target, folder)
            temporary, handle = _open_temporary(target.name, folder)
            try:
                if before is not None:
                    _take_after(handle, before)
                yield _Sink(handle)
                os.fsync(handle)
                os.replace(temporary, target.name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
                raise
            finally:
                os.close(handle)
            os.fsync(folder)


@contextmanager
def opened_folder(folder: Path, root: Path | None = None) -> Iterator[int]:
    """Yield the descriptor of a folder; from `root` on, which may be a link itself, no symbolic link is followed."""
    handle = os.open(folder if root is None else root, _FOLDER)
    try:
        for part in () if root is None else folder.relative_to(root).parts:
            inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


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
    with explained(path):
        if path.is_dir():
            raise OutputError(f"cannot write {path}: it is a folder", hint="Name a file with --output")
        _stat(path)  # fails for a loop of links
        if descriptor_of(path) is not None or (path.exists() and not path.is_file()):  # a device or a pipe
            return
        parent = Path(os.path.realpath(path)).parent
        if not parent.is_dir():
            raise OutputError(f"cannot write {path}: the folder {parent} does not exist", hint=f"mkdir -p {parent}")
        if os.statvfs(parent).f_flag & os.ST_RDONLY:
            raise OSError(errno.EROFS, "")
        if not os.access(parent, os.W_OK):
            raise AccessError(f"cannot write {path}: permission denied on the folder {parent}")


def remove_file(path: Path, root: Path) -> None:
    """Remove a file of our own where there is one, following no link below the root, and flush that.

    Raises:
        OutputError, AccessError, StorageError: As `replacing`.
    """
    with explained(path), opened_folder(path.parent, root) as folder:
        try:
            os.unlink(path.name, dir_fd=folder)
        except FileNotFoundError:
            return
        os.fsync(folder)


def make_folder(folder: Path, root: Path | None = None) -> None:
    """Create a folder and its parents where missing, and flush the entries.

    Args:
        folder: The folder.
        root: Above it; below the root no symbolic link may lead there.

    Raises:
        OutputError, AccessError, StorageError: As `replacing`.
    """
    with explained(folder):
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
        if root is not None:
            with opened_folder(folder, root):
                pass


def build_folder(folder: Path, files: Mapping[str, bytes], root: Path | None = None) -> None:
    """Create `folder` with these files and flush all of it to the disk. The folder must not exist.

    Raises:
        OutputError, AccessError, StorageError: As `replacing`; what was begun is removed.
    """
    with explained(folder), opened_folder(folder.parent, root) as parent:
        os.mkdir(folder.name, dir_fd=parent)
        try:
            with opened_folder(folder, folder.parent if root is None else root) as handle:
                for name, data in files.items():
                    with _opened(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, handle) as file:
                        _write(file, data)
                        os.fsync(file)
                os.fsync(handle)
        except BaseException:
            with suppress(OSError):
                _remove_tree(folder)
            raise


@contextmanager
def building_folder(final: Path) -> Iterator[Path]:
    """Give a new folder next to `final` that takes its name, flushed, once the block has ended well.

    What a killed process left of another such folder is removed first.

    Raises:
        OutputError, AccessError, StorageError: As `replacing`; nothing is left.
    """
    with explained(final):
        with opened_folder(final.parent) as parent:
            _sweep_orphans(parent, re.escape(_prefix(final.name)))
        built = temporary_name(final)
        os.mkdir(built)
        with _opened(built, os.O_RDONLY | os.O_DIRECTORY) as handle:
            _try_lock(handle)  # tells others that it has an owner
            try:
                yield built
                for place, _, names in os.walk(built):
                    for name in names:
                        with _opened(Path(place, name), os.O_RDONLY) as file:
                            os.fsync(file)
                    sync_folder(Path(place))
                publish_folder(built, final)
            except BaseException:
                with suppress(OSError):
                    _remove_tree(built)
                raise


def publish_folder(built: Path, final: Path, root: Path | None = None) -> None:
    """Move a built folder to its final name next to it, which must be free, and flush the rename."""
    with explained(final), opened_folder(final.parent, root) as parent:
        os.rename(built.name, final.name, src_dir_fd=parent, dst_dir_fd=parent)
        os.fsync(parent)


def remove_folder(folder: Path, root: Path | None = None) -> None:
    """Remove a published folder: by one rename it is gone whole, then its space is freed.

    Raises:
        AccessError, StorageError: It cannot be removed, or not all of it: the rest is swept by the next `sweep`.
    """
    with explained(folder), opened_folder(folder.parent, root) as parent:
        gone = temporary_name(folder)
        os.rename(folder.name, gone.name, src_dir_fd=parent, dst_dir_fd=parent)
        try:
            os.fsync(parent)
        finally:
            with suppress(OSError):
                _remove_tree(gone)
        if gone.exists():
            _remove_tree(gone)


def sweep(folder: Path) -> None:
    """Remove what an interrupted run left half built or half removed. Only for the holder of the lock."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if re.fullmatch(f"{re.escape(TEMPORARY)}.*{_ENDING}", entry.name):
                with suppress(OSError):
                    _remove_tree(Path(entry.path))


def sweep_orphans(folder: Path, beginning: str) -> None:
    """Remove temporary files and folders whose writers died: a living one would hold the lock of its own.

    Args:
        folder: Where they were written; it may be anybody's, with files of others in it.
        beginning: Regular expression of all of their names but the mark by which they are known as ours.
    """
    with suppress(OSError), opened_folder(folder) as handle:
        _sweep_orphans(handle, beginning)


def _sweep_orphans(folder: int, beginning: str) -> None:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if re.fullmatch(beginning + _ENDING, entry.name) and not entry.is_symlink():
                with (
                    suppress(OSError),
                    _opened(entry.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, folder) as each,
                ):
                    fcntl.flock(each, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if entry.is_dir(follow_symlinks=False):
                        shutil.rmtree(entry.name, dir_fd=folder)
                    else:
                        os.unlink(entry.name, dir_fd=folder)


def temporary_name(final: Path) -> Path:
    """Return a free name next to `final` for what is to become it, or what is left of it."""
    return final.with_name(_temporary(final.name))


@contextmanager
def locked(path: Path, wait: float, holder: str = "forecast", *, root: Path | None = None) -> Iterator[None]:
    """Hold the exclusive lock of a model. The kernel frees it when the process dies; the file is never deleted.

    On a file system without locks the work goes on, with a warning for the log.

    Args:
        path: The lock file, created where missing.
        wait: Seconds to wait for another holder.
        holder: What the lock is held for: the command, for others to read.
        root: The folder below which no symbolic link is followed; by default the lock file alone is none.

    Raises:
        TryAgainError: Somebody else still holds it; the message says who, and since when.
        OutputError: It is a symbolic link, or something else than a file.
    """
    with ExitStack() as stack:
        with explained(path):
            folder = stack.enter_context(opened_folder(path.parent, root))
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
            handle = stack.enter_context(_opened(path.name, flags, folder))
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OutputError(f"cannot lock {path}: it is no regular file", hint="Remove it")
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
def _opened(path: Path | str, flags: int, folder: int | None = None) -> Iterator[int]:
    handle = os.open(path, flags | os.O_CLOEXEC, 0o666, dir_fd=folder)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _opened_stream(path: Path, kind: os.stat_result) -> Iterator[int]:
    """Open a device or a pipe to write to it; a named pipe that nobody reads is not waited for without end."""
    until = time.monotonic() + PIPE_PATIENCE
    with ExitStack() as stack:
        while True:
            try:
                handle = stack.enter_context(_opened(path, os.O_WRONLY | os.O_NONBLOCK))
                break
            except OSError as error:
                if error.errno != errno.ENXIO or not stat.S_ISFIFO(kind.st_mode):
                    raise
                if time.monotonic() >= until:
                    raise StorageError(
                        f"cannot write {path}: a pipe that nobody reads", hint="Start its reader"
                    ) from None
            time.sleep(0.05)
        os.set_blocking(handle, True)
        yield handle


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


def _prefix(name: str) -> str:
    short = os.fsencode(name)[:64].decode("utf-8", "ignore")  # a name may have 255 bytes, ours is longer
    return f"{TEMPORARY}{short}-"


def _temporary(name: str) -> str:
    return f"{_prefix(name)}{secrets.token_hex(8)}{OURS}"


def _open_temporary(name: str, folder: int) -> tuple[str, int]:
    """Create a temporary sibling in an open folder, and hold its lock, which tells others that it has an owner."""
    while True:
        path = _temporary(name)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=folder)
        if _try_lock(handle) and os.fstat(handle).st_nlink:
            return path, handle
        os.close(handle)  # taken for an orphan, and swept, in the moment before it was locked


def _take_after(handle: int, before: os.stat_result) -> None:
    """Give a new file the owner, where that is allowed, and the mode of the old one, but no setuid bits."""
    ours = os.fstat(handle)
    if (ours.st_uid, ours.st_gid) != (before.st_uid, before.st_gid):
        with suppress(PermissionError):
            os.fchown(handle, before.st_uid, before.st_gid)
    os.fchmod(handle, stat.S_IMODE(before.st_mode) & ~(stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX))


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


def _stat_own(path: Path, folder: int) -> os.stat_result | None:
    """Return what is at a path whose folder is open; a link, or what is no file, is not ours to replace."""
    try:
        status = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        what = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no regular file"
        raise OutputError(f"cannot write {path}: it is {what}", hint=f"Look at it, and remove it: ls -l {path}")
    return status


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
