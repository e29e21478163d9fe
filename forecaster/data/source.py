"""A path → the bytes of the file, whole and unchanged while they were read, and what they are."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import stat
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

from forecaster.base.errors import (
    AccessError,
    DataError,
    ForecastError,
    MissingError,
    StorageError,
    TryAgainError,
    UsageError,
    shown,
)
from forecaster.data.packed import unpack, unzip
from forecaster.data.remote import REMOTE, fetch, scheme_of, without_password

MOST_BYTES = 4 << 30
"""Most bytes that standard input may hold, and a .gz may expand to."""

MOST_RATIO, FREE_BYTES = 200, 256 << 20
"""A .gz that expands to so many times its size, from so many bytes on, is a bomb: tables reach about 30 times."""

LINE_END = re.compile(rb"\r\n?|\n")

_MAGIC = (
    (b"%PDF", "a PDF"),
    (b"SQLite format 3", "a SQLite database"),
    (b"FEA1", "a Feather file of the old version 1"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"7z\xbc\xaf", "a 7-Zip file"),
    (b"\x89PNG", "a picture"),
    (b"{\\rtf", "an RTF document"),
    *((bytes([0x80, protocol]), "a Python pickle") for protocol in range(2, 6)),
)
_MARKUP = tuple(b"<" + tag for tag in (b"!doctype", b"html", b"?xml", b"!--", b"head", b"body", b"script", b"svg"))
_MARK = b"\xef\xbb\xbf"
_MARKS = (
    *((mark, "utf-32") for mark in (b"\xff\xfe\0\0", b"\0\0\xfe\xff")),  # before that of UTF-16, which it begins with
    *((mark, "utf-16") for mark in (b"\xff\xfe", b"\xfe\xff")),
)
_ENCODINGS = "Pass another --encoding, such as --encoding utf-8 or latin-1"


@dataclass(frozen=True, eq=False)
class Source:
    """The content of a data file, or of data in memory that is read like one.

    Attributes:
        path: As the user gave it; `-` is standard input. Of data in memory, what messages call it.
        data: Its bytes, decompressed.
        sha256: Hash of the bytes as they lie on disk.
        kind: `csv`, `parquet`, `arrow`, `json` or `excel`.
    """

    path: str
    data: bytes
    sha256: str
    kind: str = "csv"

    def __str__(self) -> str:
        return self.path


Data = str | Path | Source
"""Where data comes from: a path, `-` for standard input, or content that has been read."""


def read_source(path: Data) -> Source:
    """Read a file, an address, or standard input for `-`, once; what has been read is returned as it is.

    Raises:
        MissingError: No such file, a folder, a device or a pipe, or an address of an unknown kind.
        AccessError: It may not be read.
        DataError: It is empty, or its content is of a kind that is not read.
        TryAgainError: It changed while it was read.
        StorageError: Reading failed.
    """
    if isinstance(path, Source):
        return path
    name = str(path)
    scheme = scheme_of(name)
    raw = _read_stdin() if name == "-" else fetch(name, MOST_BYTES) if scheme in REMOTE else _read_file(name)
    name = without_password(name) if scheme else name
    if not raw:
        raise DataError(f"{name} is empty (0 bytes)")
    packed = raw.startswith(b"\x1f\x8b")
    if name != "-" and not scheme and packed != name.lower().endswith(".gz"):
        raise DataError(
            f"{name} is {'a gzip file' if packed else 'not a gzip file'}", hint="Rename it after what it is"
        )
    most = min(MOST_BYTES, max(FREE_BYTES, MOST_RATIO * len(raw)))
    data = unzip(_inflate(raw, name) if packed else unpack(raw, name, most), name, most)
    kind = kind_of(data)
    if name != "-" and not scheme and (kind == "parquet") != _plain_name(name).endswith((".parquet", ".pq", ".parq")):
        fault = "Parquet" if kind == "parquet" else "not Parquet"
        raise DataError(f"{name} is {fault}", hint="Rename it after what it is")
    if kind == "csv" and (foreign := _foreign(data)):
        raise DataError(f"{name} looks like {foreign}, not CSV", hint="Export the data as CSV or Parquet")
    return Source(name, data, hashlib.sha256(raw).hexdigest(), kind)


ARROW_STREAM = b"\xff\xff\xff\xff"
"""How a stream of Arrow begins, which has no index as a file has."""


def kind_of(data: bytes) -> str:
    """Return what content is, by how it begins: `csv` for all that is nothing else."""
    if data.startswith(b"PAR1"):
        return "parquet"
    if data.startswith((b"ARROW1", ARROW_STREAM)):
        return "arrow"
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "excel"
    return "json" if data[:512].removeprefix(_MARK).lstrip().startswith((b"{", b"[")) else "csv"


def _plain_name(name: str) -> str:
    """Return a name in lower case without the ends of compression."""
    return re.sub(r"\.(gz|bz2|xz|zst|zstd|zip)$", "", name.lower())


def _read_stdin() -> bytes:
    whole = io.BytesIO()
    while part := sys.stdin.buffer.read(1 << 20):
        whole.write(part)
        if whole.tell() > MOST_BYTES:
            raise DataError(f"standard input holds more than {MOST_BYTES >> 30} GiB", hint="Give a file")
    return whole.getvalue()


def _read_file(name: str) -> bytes:
    if scheme := scheme_of(name):
        known = "http, https, s3 and databases such as sqlite:///shop.db"
        raise MissingError(f"{without_password(name)}: {scheme} addresses are not read", hint=f"Read are {known}")
    try:
        before = Path(name).stat()
        if not stat.S_ISREG(before.st_mode):
            kind = "a folder" if stat.S_ISDIR(before.st_mode) else "not a regular file"
            raise MissingError(f"{name} is {kind}", hint="Give a file, or - for standard input")
        with Path(name).open("rb") as file:
            data = file.read()
        after = Path(name).stat()
    except (OSError, ValueError) as error:
        raise os_fault(name, error) from None
    if len(data) != after.st_size or _identity(before) != _identity(after):
        raise TryAgainError(f"{name} changed while it was read", hint="Run again when its writer has finished")
    return data


def _identity(info: os.stat_result) -> tuple[int, ...]:
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns


def os_fault(name: str, error: OSError | ValueError) -> ForecastError:
    """Return the fault of our own for one of the system's."""
    if isinstance(error, ValueError):
        return MissingError(f"{name} is not a path: {error}")
    reason = (error.strerror or str(error)).lower()
    if error.errno in (errno.EACCES, errno.EPERM):
        return AccessError(f"{name}: {reason}", hint=f"Check its permissions: ls -l {name}")
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG):
        return MissingError(f"{name}: {reason}")
    return StorageError(f"{name}: {reason}")


def _inflate(raw: bytes, name: str) -> bytes:
    """Decompress gzip, of one member or a million: the time is that of the bytes, however they are cut."""
    whole, view, at = io.BytesIO(), memoryview(raw), 0
    most = min(MOST_BYTES, max(FREE_BYTES, MOST_RATIO * len(raw)))
    while at < len(raw):
        member, size = zlib.decompressobj(wbits=31), 512
        try:
            while not member.eof and at < len(raw):
                part = member.unconsumed_tail or view[at : at + size]
                at, size = at if member.unconsumed_tail else at + len(part), min(2 * size, 1 << 24)
                whole.write(member.decompress(part, 1 << 24))
                if whole.tell() > most:
                    hint = "Decompress it yourself, if it is meant so"
                    raise DataError(f"{name} expands to more than {most >> 20:,} MiB", hint=hint)
        except zlib.error:
            raise DataError(
                f"{name} is not a sound gzip file: damaged, or cut off", hint="Copy or export it again"
            ) from None
        if not member.eof:
            lines = count_lines(whole.getvalue())
            raise DataError(f"{name}: the gzip stream ends early, after {lines} lines", hint="Copy it again")
        at -= len(member.unused_data)
        while raw.startswith(b"\0", at):
            at += 1
    return whole.getvalue()


def count_lines(data: bytes | memoryview) -> int:
    """Return how many lines end in this part of a file: at LF, CR LF, or CR alone."""
    return sum(1 for _ in LINE_END.finditer(data))


def _foreign(data: bytes) -> str | None:
    """Return what content is when it is known not to be CSV."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    head = data[:512].removeprefix(_MARK).lstrip().lower()
    if head.startswith(_MARKUP):
        return "HTML or XML"
    return None


def decode(source: Source, encoding: str | None) -> tuple[bytes, str]:
    """Return the text of a source as UTF-8 without a byte order mark, and the encoding that it was in.

    Args:
        source: The file.
        encoding: The user's; None takes a byte order mark's, else UTF-8.

    Raises:
        DataError: A byte that is not text in this encoding (line and column are named), or a NUL.
    """
    data, name = source.data, source.path
    found = next((found for mark, found in _MARKS if data.startswith(mark)), "utf-8")
    used = (encoding or found).lower()
    if used.replace("_", "-") in ("utf-8", "utf8", "utf-8-sig", "ascii"):
        used, data = "utf-8", data.removeprefix(_MARK)
        _check_utf8(data, name)
    else:
        try:
            data = data.decode(used).removeprefix("\ufeff").encode()
        except LookupError:
            fault = f"{name} cannot be read as {shown(used)}: there is no such encoding"
            raise UsageError(fault, hint=_ENCODINGS) from None
        except UnicodeError as error:
            where = f" after {error.start:,} bytes" if isinstance(error, UnicodeDecodeError) else ""
            raise DataError(f"{name} cannot be read as {used}: other bytes{where}", hint=_ENCODINGS) from None
    if (at := data.find(b"\0")) >= 0:
        _refuse_nul(data, at, name)
    return data, used


def _check_utf8(data: bytes, name: str) -> None:
    if data.isascii():
        return
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if (at := data.find(b"\0")) >= 0:
            _refuse_nul(data, at, name)
        start = error.start
        line, column = count_lines(data[:start]) + 1, start - max(data.rfind(end, 0, start) for end in (b"\n", b"\r"))
        raise DataError(
            f"{name}: byte 0x{data[start]:02X} at line {line}, column {column} is not UTF-8",
            hint=f"Try --encoding {of_one_byte(data)}",
        ) from None


def of_one_byte(data: bytes) -> str:
    """Return the likeliest encoding of text that is not UTF-8: Windows' where there are signs that Latin-1 has not."""
    return "cp1252" if re.search(rb"[\x80-\x9f]", data) else "latin-1"


def _refuse_nul(data: bytes, at: int, name: str) -> None:
    if not data[at:].strip(b"\0"):
        raise DataError(f"{name} ends in NUL padding: a truncated copy?", hint="Copy it again")
    if data[:200].count(b"\0") * 3 > min(len(data), 200):
        kind = "utf-32" if b"\0\0" in data[:200] else "utf-16"
        order = "be" if data[0] == 0 else "le"
        fault = f"{name} is full of NUL bytes: it looks like {kind.upper()}"
        raise DataError(fault, hint=f"Pass --encoding {kind}-{order}")
    raise DataError(f"{name}: NUL byte at line {count_lines(data[:at]) + 1}", hint="Export or copy it again")
