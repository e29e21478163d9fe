"""An address → its bytes: http, https, s3 and what else fsspec opens. The network is touched only where DATA is one."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from glob import has_magic
from itertools import takewhile
from typing import Any

from forecaster.base.errors import AccessError, DataError, ForecastError, MissingError, TryAgainError
from forecaster.base.extras import check_extra
from forecaster.base.meter import tally

_PART = 1 << 22
_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)

REMOTE = ("http", "https", "s3", "gs", "gcs", "az", "abfs", "ftp", "sftp", "memory")
"""Schemes that fsspec is asked for."""

LISTED = tuple(scheme for scheme in REMOTE if scheme not in ("http", "https"))
"""Those of which a folder can be listed."""

_KEPT: ContextVar[dict[str, bytes] | None] = ContextVar("kept", default=None)


def scheme_of(path: str) -> str | None:
    """Return the scheme of an address (`https`, `sqlite`), in lower case; None for a path."""
    match = _ADDRESS.fullmatch(path)
    return match["scheme"].lower().partition("+")[0] if match else None


def without_password(address: str) -> str:
    """Return an address without the password in it: what may be shown, and recorded in a model."""
    return re.sub(r"(://[^/:@]*):[^/@]*@", r"\1@", address)


def fetch(address: str, most: int) -> bytes:
    """Return what lies at an address.

    Args:
        address: Its scheme is one of `REMOTE`.
        most: Bytes that it may have.

    Raises:
        UsageError: The extra `remote` is not installed.
        MissingError: Nothing is found.
        AccessError: It may not be read.
        TryAgainError: It cannot be reached, or ends early.
        DataError: It is too large.
    """
    kept = _KEPT.get()
    if kept is not None and address in kept:
        return kept[address]
    found = _fetch(address, most)
    if kept is not None:
        kept[address] = found
    return found


@contextmanager
def fetching_once() -> Iterator[None]:
    """Fetch what lies at an address once while this lasts, and keep it until then, in this thread."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def _fetch(address: str, most: int) -> bytes:
    name = without_password(address)
    check_extra("remote", f"reading {name}")
    import fsspec

    whole = io.BytesIO()
    with _faults_of(name), fsspec.open(_lowered(address), "rb") as stream:
        size = getattr(stream, "size", None)
        parts = iter(lambda: stream.read(_PART), b"")
        said = ("fetching", "MB", size / 1e6 if isinstance(size, int) else None)
        for part in tally(parts, lambda got: len(got) / 1e6, said):
            whole.write(part)
            if whole.tell() > most:
                raise DataError(f"{name} has more than {most >> 30} GiB", hint="Download it, and give a part")
    return whole.getvalue()


def is_folder_address(path: str) -> bool:
    """Return whether an address is that of many files: a folder, which ends in `/`, or a glob."""
    return scheme_of(path) in LISTED and (path.endswith("/") or has_magic(path))


def root_of(address: str) -> str:
    """Return the folder that all files of a folder, which ends in `/`, or of a glob are below, without its last `/`."""
    return "/".join(takewhile(lambda part: not has_magic(part), address.split("/")[:-1]))


def list_files(address: str) -> list[str]:
    """Return the addresses of all files below a folder, or of those that a glob matches, sorted.

    They begin as the address does: a file system names them by its own first scheme, and may leave out the host.

    Raises:
        ForecastError: As `fetch`.
    """
    name = without_password(address)
    check_extra("remote", f"reading {name}")
    import fsspec

    with _faults_of(name):
        system, root = fsspec.core.url_to_fs(_lowered(address))
        system.invalidate_cache()
        found = system.glob(root) if has_magic(root) else system.find(root)
    above = root_of(root if has_magic(root) else root.rstrip("/") + "/")
    return sorted(f"{root_of(address)}/{str(path).removeprefix(above).lstrip('/')}" for path in found)


@contextmanager
def _faults_of(name: str) -> Iterator[None]:
    """Raise our own faults for those of a file system."""
    try:
        yield
    except ForecastError:
        raise
    except FileNotFoundError as error:  # also what fsspec makes of a server that does not answer
        cause = error.__cause__
        is_unreached = type(cause).__name__.endswith("ConnectorError")
        if is_unreached or (cause is not None and getattr(cause, "status", 404) != 404):
            raise _fault(name, cause) from None
        raise MissingError(f"{name}: nothing found", hint="Check the address") from None
    except PermissionError:
        raise AccessError(f"{name} may not be read", hint="Check the credentials in the environment") from None
    except ImportError as error:
        raise MissingError(f"{name}: {error}", hint="Install what it names, or download the file") from None
    except Exception as error:  # noqa: BLE001 - every file system of fsspec has errors of its own
        raise _fault(name, error) from None


def _lowered(address: str) -> str:
    """Return an address with its scheme in lower case, as fsspec knows it: HTTPS is https."""
    scheme, mark, rest = address.partition("://")
    return scheme.lower() + mark + rest


def _fault(name: str, error: Any) -> AccessError | TryAgainError:
    """Return the fault of our own for one of a file system's."""
    status = getattr(error, "status", None)
    reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
    if status in (401, 403):
        return AccessError(f"{name} may not be read ({status})", hint="Check the credentials in the environment")
    return TryAgainError(f"{name} cannot be read: {reason}", hint="Check the address, and run again")
