"""DATA → one table after the other, each of some rows: files larger than memory are read so.

CSV, plain or compressed, and Parquet are read in blocks, and a folder or glob of parts one part after the other. What
is read whole elsewhere (workbooks, JSON, databases, standard input) is one block.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from forecaster.base.errors import DataError, TryAgainError, UsageError
from forecaster.config import ReadSettings
from forecaster.data.folders import parts_of
from forecaster.data.formats import folder_keys, read_data, sound, typed_table
from forecaster.data.places import Numbered
from forecaster.data.rows import recipe_of
from forecaster.data.source import Data, Source, of_one_byte, os_fault
from forecaster.data.table import Table, read_block, read_header

_TEXT, _PARQUET = (".csv", ".tsv", ".txt"), (".parquet", ".pq", ".parq")
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
_ENDS = (".gz", ".bz2", ".xz", ".zst", ".zstd")
_UTF8 = ("utf-8", "utf8", "utf-8-sig", "ascii")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Cutting:
    """How blocks are cut: the user's settings, bytes of text, or of columns, in one, and who hears how far it is."""

    settings: ReadSettings
    size: int
    on_share: Callable[[float], None]


def read_blocks(
    path: Data, settings: ReadSettings, size: int, on_share: Callable[[float], None] = lambda _: None
) -> Iterator[Table]:
    """Yield the rows of DATA in order, some at a time; all blocks have the same columns in the same order.

    Args:
        path: A file, a folder or glob of parts, or anything else that `read_data` reads.
        settings: How it is written, where that is not to be found out.
        size: About how many bytes of text, or of columns in memory, a block has.
        on_share: Called now and then with which share of all files was read, from 0 to 1.

    Raises:
        DataError: The content is not a table, or a part has other columns than the first.
        TryAgainError: A file changed while it was read.
        ForecastError: Anything that `read_data` raises.
    """
    names: list[str] = []
    first = ""
    parts: Sequence[Data] = parts_of(path) or [path]
    sizes = [Path(str(part)).stat().st_size if Path(str(part)).is_file() else 1 for part in parts]
    for k, part in enumerate(parts):
        before, own, whole = sum(sizes[:k]), sizes[k], max(sum(sizes), 1)

        def report(share: float, before: float = before, own: float = own, whole: float = whole) -> None:
            on_share((before + share * own) / whole)

        for table in _blocks_of(part, Cutting(settings, size, report)):
            names, first = names or list(table.columns), first or str(part)
            if table.columns.keys() != set(names):
                odd = ", ".join(sorted(table.columns.keys() ^ set(names))[:5])
                raise DataError(f"{part} has other columns than {first}: {odd}", hint="Give files of one kind")
            yield replace(table, columns={name: table.columns[name] for name in names})


def _blocks_of(part: Data, asked: Cutting) -> Iterator[Table]:
    name = str(part).lower()
    plain = next((name.removesuffix(end) for end in _ENDS if name.endswith(end)), name)
    if isinstance(part, Source) or not Path(part).is_file() or not plain.endswith((*_TEXT, *_PARQUET)):
        yield read_data(part, asked.settings, None, recipe_of(asked.settings, None))
        return
    path = Path(part)
    with _unchanged(path):
        for table in (_parquet if plain == name and name.endswith(_PARQUET) else _text)(path, asked):
            keys = folder_keys(path, table.rows)
            yield replace(table, columns=table.columns | keys, keys=tuple(keys))


@contextmanager
def _unchanged(path: Path) -> Iterator[None]:
    """Refuse a file that is another one at the end of the block than at its beginning."""
    try:
        before = path.stat()
        yield
        after = path.stat()
    except OSError as error:
        raise os_fault(str(path), error) from None
    if (before.st_ino, before.st_size, before.st_mtime_ns) != (after.st_ino, after.st_size, after.st_mtime_ns):
        raise TryAgainError(f"{path} changed while it was read", hint="Run again when its writer has finished")


# ---------------------------------------------------------------------------------------------------- Parquet


def _parquet(path: Path, asked: Cutting) -> Iterator[Table]:
    import pyarrow.parquet as pq

    with sound(str(path), "Parquet"), pq.ParquetFile(path) as file:
        facts = file.metadata
        width = sum(facts.row_group(k).total_byte_size for k in range(facts.num_row_groups)) / max(facts.num_rows, 1)
        rows = int(np.clip(asked.size / max(width, 8.0 * facts.num_columns), 1_000, 1 << 20))
        done = 0
        for batch in file.iter_batches(batch_size=rows):
            if not batch.num_rows:
                continue
            table = typed_table(Source(str(path), b"", ""), pa.Table.from_batches([batch]), "Parquet")
            yield replace(table, places=Numbered("row", done + 1))
            done += batch.num_rows
            asked.on_share(done / facts.num_rows)


# ---------------------------------------------------------------------------------------------------- text


def _text(path: Path, asked: Cutting) -> Iterator[Table]:
    """Yield the rows of a CSV file, cut where a row ends."""
    if asked.settings.skip_footer:
        fault = "--skip-footer: a file that is read piece by piece is not known to end before it does"
        raise UsageError(fault, hint=f"Cut it first: head -n -{asked.settings.skip_footer} {path}")
    try:
        with path.open("rb") as raw, _opened(raw, asked.settings.encoding) as stream:
            chunks = _whole_rows(stream, asked.size)
            top = next(chunks, b"")
            if not top:
                raise DataError(f"{path} is empty (0 bytes)")
            header, body, line = read_header(Source(str(path), top, ""), asked.settings)
            while True:
                lines = _lines_in(body)
                if bytes(body[: 1 << 16]).strip() or bytes(body).strip():
                    yield read_block(header, body, line)
                line += lines
                asked.on_share(raw.tell() / max(path.stat().st_size, 1))
                chunk = next(chunks, None)
                if chunk is None:
                    return
                body = memoryview(_checked(chunk, path, line))
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, pa.ArrowException):
        raise DataError(
            f"{path} is not a sound compressed file: damaged, or cut off", hint="Copy or export it again"
        ) from None


def _checked(chunk: bytes, path: Path, line: int) -> bytes:
    """Return text that is sound UTF-8 without a NUL."""
    try:
        if not chunk.isascii():
            chunk.decode()
    except UnicodeDecodeError as error:
        at = line + _lines_in(chunk[: error.start])
        fault = f"{path}: byte 0x{chunk[error.start]:02X} at line {at} is not UTF-8"
        raise DataError(fault, hint=f"Try --encoding {of_one_byte(chunk)}") from None
    if (at := chunk.find(b"\0")) >= 0:
        raise DataError(f"{path}: NUL byte at line {line + _lines_in(chunk[:at])}", hint="Export or copy it again")
    return chunk


def _lines_in(text: bytes | memoryview) -> int:
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord("\n")))


@contextmanager
def _opened(raw: IO[bytes], encoding: str | None) -> Iterator[IO[bytes]]:
    """Give the text of a file that may be compressed, as UTF-8."""
    magic = raw.read(6)
    raw.seek(0)
    kind = next((kind for begin, kind in _PACKED.items() if magic.startswith(begin)), None)
    stream: Any = raw
    if kind == "zstd":
        stream = pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd")
    elif kind is not None:
        openers: dict[str, Callable[[IO[bytes]], Any]] = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}
        stream = openers[kind](raw)
    used = (encoding or ("utf-16" if magic.startswith(_WIDE_MARKS) else "utf-8")).lower().replace("_", "-")
    if used not in _UTF8:
        stream = _Recoded(stream, used)
    yield stream


class _Recoded:
    """A text in another encoding, read as UTF-8."""

    def __init__(self, stream: Any, encoding: str) -> None:
        self._text = io.TextIOWrapper(stream, encoding, newline="")

    def read(self, size: int) -> bytes:
        """Return at most so many characters."""
        try:
            return self._text.read(size).encode()
        except UnicodeError as error:
            raise DataError(f"it cannot be read as {self._text.encoding}: {error}", hint="Pass --encoding") from None


def _whole_rows(stream: IO[bytes], size: int) -> Iterator[bytes]:
    """Yield a text in pieces of about so many bytes that end where a row ends: at a line end that is in no quotes."""
    left = b""
    while part := stream.read(size):
        text = left + part
        end = _last_row_end(text)
        if end:
            yield text[:end]
        left = text[end:]
    if left:
        yield left


def _last_row_end(text: bytes) -> int:
    """Return the index after the last line end with an even number of quotes before it; 0 where there is none."""
    if b'"' not in text:
        return text.rfind(b"\n") + 1
    data = np.frombuffer(text, np.uint8)
    quotes, ends = np.flatnonzero(data == ord('"')), np.flatnonzero(data == ord("\n"))
    outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return int(outside[-1]) + 1 if len(outside) else 0
