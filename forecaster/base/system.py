"""An error of the operating system → the fault that it is for the user."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forecaster.base.errors import AccessError, ForecastError, OutputError, ResourceError, StorageError

EXHAUSTED = (
    "failed to map segment",
    "bad_alloc",
    "launch worker thread",
    "start new thread",
    "Cannot allocate memory",
    "pthread_create failed",
    "Failed to allocate memory",
    "Unable to allocate",
)
"""How libraries say that there is no memory left, or no thread to be had: each raises something else."""

LEAST_ADDRESSES = 700 << 20
"""Bytes of address space below which the libraries of NumPy and ONNX Runtime end the process, without a word."""

SMALLER = "Try fewer series at a time, or a smaller --batch-size"

_CANNOT_CREATE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EROFS, errno.ENAMETOOLONG, errno.EEXIST, errno.ELOOP}
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_exhausted(error: BaseException) -> bool:
    """Return whether an exception, whoever raised it, says that memory or threads ran out."""
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in EXHAUSTED)


def check_exhausted(error: BaseException) -> None:
    """Raise the fault that is meant where a library's exception says that memory or threads ran out.

    Raises:
        ResourceError: It does.
    """
    if is_exhausted(error):
        raise ResourceError("out of memory", hint=SMALLER) from error


def check_addresses() -> None:
    """Refuse to go on where the address space is limited to less than the libraries need.

    Raises:
        ResourceError: It is.
    """
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < LEAST_ADDRESSES:
        raise ResourceError(
            f"out of memory: {limit >> 20:,} MiB of addresses are allowed, and {LEAST_ADDRESSES >> 20:,} are needed",
            hint=f"Raise the limit: ulimit -v {2 * LEAST_ADDRESSES >> 10}",
        )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an OSError on writing `path` into the fault that it is for the user."""
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


def unforeseen(error: OSError) -> ForecastError:
    """Return the fault that an OSError stands for of which it is not known what was being done."""
    reason = error.strerror or str(error)
    message = f"{error.filename}: {reason}" if error.filename else reason
    if error.errno in (errno.EACCES, errno.EPERM):
        return AccessError(message)
    if error.errno in (errno.ENOMEM, errno.EAGAIN):
        return ResourceError(message, hint=SMALLER)
    return StorageError(message)
