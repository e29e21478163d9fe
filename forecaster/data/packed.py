"""Bytes that are compressed → what they hold: bzip2, xz, Zstandard, and a ZIP archive of one file."""

from __future__ import annotations

import bz2
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from forecaster.base.errors import DataError

_PART = 1 << 24
_NOT_DATA = ("__MACOSX/", ".DS_Store")

PACKED = {b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "Zstandard"}
"""How compressed content begins; gzip has a reader of its own in `source`, ZIP in `unzip`."""


def unpack(raw: bytes, name: str, most: int) -> bytes:
    """Return what bzip2, xz or Zstandard holds; anything else as it is.

    Args:
        raw: The bytes.
        name: What messages call them.
        most: Bytes from which they are taken for a bomb.

    Raises:
        DataError: They are damaged, cut short, or too many.
    """
    kind = next((kind for magic, kind in PACKED.items() if raw.startswith(magic)), None)
    if kind is None:
        return raw
    try:
        return _opened(kind, raw, lambda size: _check_size(size, name, most))
    except (OSError, EOFError, lzma.LZMAError, ValueError):
        raise DataError(
            f"{name} is not a sound {kind} file: damaged, or cut off", hint="Copy or export it again"
        ) from None


def _opened(kind: str, raw: bytes, check: Callable[[int], None]) -> bytes:
    whole = io.BytesIO()
    with _stream(kind, raw) as stream:
        while part := stream.read(_PART):
            whole.write(part)
            check(whole.tell())
    return whole.getvalue()


def _stream(kind: str, raw: bytes) -> Any:
    if kind == "Zstandard":
        import pyarrow as pa

        return pa.CompressedInputStream(pa.BufferReader(raw), "zstd")
    return bz2.BZ2File(io.BytesIO(raw)) if kind == "bzip2" else lzma.LZMAFile(io.BytesIO(raw))


def _check_size(size: int, name: str, most: int) -> None:
    if size > most:
        hint = "Decompress it yourself, if it is meant so"
        raise DataError(f"{name} expands to more than {most >> 20:,} MiB", hint=hint)


def unzip(raw: bytes, name: str, most: int) -> bytes:
    """Return the one file that a ZIP archive holds; a workbook, which is such an archive, as it is.

    Raises:
        DataError: It is damaged, holds no file or several, or too much.
    """
    if not raw.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return raw
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
        if "[Content_Types].xml" in names or "mimetype" in names:
            return raw
        files = [file for file in names if not file.startswith(_NOT_DATA) and not file.endswith(_NOT_DATA)]
        if len(files) != 1:
            listed = ", ".join(files[:5]) or "none"
            raise DataError(f"{name} holds {len(files)} files ({listed})", hint="Unpack it, and give one or the folder")
        _check_size(archive.getinfo(files[0]).file_size, name, most)
        return archive.read(files[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        fault = "damaged, or cut off"
        if isinstance(error, NotImplementedError):
            fault = "packed in a way that is not known here"
        elif isinstance(error, RuntimeError):
            fault = "it wants a password"
        raise DataError(f"{name} is not a sound ZIP file: {fault}", hint="Copy or export it again") from None
