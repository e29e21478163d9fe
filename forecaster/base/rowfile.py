"""Rows that come in blocks of columns → a CSV or Parquet file, of which no more than a block is ever in memory.

A column is an Arrow array: numbers, stamps, or texts as a dictionary of the distinct ones (`categories`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from forecaster.base.arrow import from_numpy, from_texts, text
from forecaster.base.errors import UsageError
from forecaster.base.files import replacing

Columns = Mapping[str, pa.Array]

SPECIAL = re.compile(r'[,"\r\n]')
"""What a cell is quoted for."""

SLICE = 2**17
"""Rows that are turned into text at once."""

COMMA, LINE_END, NOTHING, POINT_ZERO = text(","), text("\n"), text(""), text(".0")
EMPTY = pa.nulls(1, pa.float64())[0]  # `pyarrow.scalar` would import pandas


class RowWriter(Protocol):
    """Writes one block after the other; each has the same columns."""

    def write(self, columns: Columns) -> None:
        """Append a block of rows."""


def is_parquet(path: Path) -> bool:
    """Return whether a file of this name is Parquet.

    Raises:
        UsageError: Its suffix is neither that of CSV nor that of Parquet.
    """
    if path.suffix.lower() in (".parquet", ".pq"):
        return True
    if path.suffix.lower() in (".csv", ".txt", "") or (path.exists() and not path.is_file()):  # /dev/stdout, a FIFO
        return False
    raise UsageError(f"{path}: expected a name that ends in .csv or .parquet, received {path.suffix!r}")


OTHERS = {
    *".xlsx .xls .ods .json .jsonl .ndjson .feather .arrow .orc .html .md .pdf .png .svg".split(),
    *".gz .bz2 .xz .zst .zip .db .sqlite .duckdb .toml .yaml .yml .pkl".split(),
}
"""Ends of names that promise another format than those that are written."""


def check_ending(path: str | Path, flag: str) -> None:
    """Refuse a name that promises a format in which no rows are written.

    Raises:
        UsageError: It does.
    """
    ending = Path(path).suffix.lower()
    if ending in OTHERS:
        fault = f"{flag} {path}: CSV or Parquet is written, and a file that ends in {ending} holds something else"
        raise UsageError(fault, hint=f"Such as {flag} {Path(path).with_suffix('.csv')}")


def check_promise(path: Path, flag: str, ending: str) -> None:
    """Refuse a name that promises another format than the one that is written: it may be a data file of the user's.

    Args:
        path: The file to write; one without an ending, or with one that promises nothing, is fine.
        flag: Its flag.
        ending: That of what is written, such as `.html`.

    Raises:
        UsageError: It does.
    """
    found = path.suffix.lower()
    if found != ending and found in OTHERS | {".csv", ".tsv", ".parquet"}:
        fault = f"{flag} {path}: the file that is written is no {found}, its name should end in {ending}"
        raise UsageError(fault, hint=f"Such as {flag} {path.with_suffix(ending)}")


@contextmanager
def writing_rows(path: Path) -> Iterator[RowWriter]:
    """Give a writer whose rows replace the file once the block has ended well; see `files.replacing`."""
    with replacing(path) as stream, _open(stream, parquet=is_parquet(path)) as writer:
        yield writer


@contextmanager
def maybe_writing_rows(path: Path | None) -> Iterator[RowWriter | None]:
    """Give the writer of `writing_rows`, or None where no file is wanted."""
    if path is None:
        yield None
        return
    with writing_rows(path) as writer:
        yield writer


def categories(distinct: Sequence[str], codes: npt.NDArray[np.int64]) -> pa.DictionaryArray:
    """Return a column of texts: those of `distinct` that the codes [N] name."""
    return pa.DictionaryArray.from_arrays(from_numpy(codes).cast(pa.int32()), from_texts(distinct))


def measured(values: npt.NDArray[np.float64]) -> pa.Array:
    """Return a column of numbers, NaN as an empty cell."""
    array = from_numpy(values)
    return pc.if_else(pc.is_nan(array), EMPTY, array) if np.isnan(values).any() else array


def stamp_column(stamps: npt.NDArray[np.int64], tz: str | None) -> pa.Array:
    """Return a column of times: int64 nanoseconds in UTC, shown in a zone, or naive where there is none."""
    return from_numpy(stamps).cast(pa.timestamp("ns", tz))


def _open(stream: io.RawIOBase, *, parquet: bool) -> AbstractContextManager[RowWriter]:
    return _ParquetRows(stream) if parquet else _CsvRows(stream)


class _CsvRows:
    """RFC 4180 with LF: a cell is quoted where it must be, numbers are the shortest that read back equal."""

    def __init__(self, stream: io.RawIOBase) -> None:
        self._stream = stream
        self._begun = False

    def __enter__(self) -> _CsvRows:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave closing to whoever opened the stream."""

    def write(self, columns: Columns) -> None:
        if not self._begun:
            self._stream.write((",".join(map(_quoted, columns)) + "\n").encode())
            self._begun = True
        rows = len(next(iter(columns.values())))
        for at in range(0, rows, SLICE):
            cells = [pc.coalesce(_cells(column.slice(at, SLICE)), NOTHING) for column in columns.values()]
            self._stream.write(_lines_of(cells))


def _lines_of(cells: Sequence[pa.Array]) -> memoryview:
    """Return columns of texts as lines of a CSV file."""
    *others, last = cells
    ended = pc.binary_join_element_wise(last, LINE_END, NOTHING)
    lines = pc.binary_join_element_wise(*others, ended, COMMA)
    begin, end = np.frombuffer(lines.buffers()[1], np.int32)[[lines.offset, lines.offset + len(lines)]]
    return memoryview(lines.buffers()[2])[begin:end]


def csv_of(columns: Mapping[str, npt.NDArray[Any] | pa.DictionaryArray]) -> str:
    """Return columns as the text that Python's `csv` would write, with LF, and sooner.

    They are of numbers, objects, or `categories`. Floats are the shortest that read back equal, as `repr` has them.
    """
    parts = [",".join(map(_quoted, columns)) + "\n"]
    whole = [_cells(column) if isinstance(column, pa.DictionaryArray) else column for column in columns.values()]
    for at in range(0, len(whole[0]), SLICE):
        cells = [_cells_of(column[at : at + SLICE]) for column in whole]
        parts.append(str(_lines_of(cells), "utf-8"))
    return "".join(parts)


def parquet_of(columns: Mapping[str, Any]) -> bytes:
    """Return columns, of Arrow or of numbers, as the bytes of a Parquet file."""
    import pyarrow.parquet as pq

    arrays = {name: from_numpy(each) if isinstance(each, np.ndarray) else each for name, each in columns.items()}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays), sink)
    return bytes(sink.getvalue())


def _cells_of(column: npt.NDArray[Any] | pa.Array) -> pa.Array:
    if isinstance(column, pa.Array):
        return column
    if column.dtype.kind == "f":
        return _shortest(np.ascontiguousarray(column, np.float64))
    if column.dtype.kind == "i":
        return from_numpy(column).cast(pa.string())
    values = column.tolist()
    distinct = {value: code for code, value in enumerate(dict.fromkeys(values))}
    codes = np.fromiter(map(distinct.__getitem__, values), np.int64, len(values))
    return from_texts([_quoted(str(value)) for value in distinct]).take(from_numpy(codes))


def _shortest(values: npt.NDArray[np.float64]) -> pa.Array:
    """Return floats as `repr` writes them. Arrow writes the same digits, and differs in three ways that are mended.

    It leaves out `.0`, turns to exponents at 1e10 and not at 1e16, and from there not before 1e-6.
    """
    size = np.abs(values)
    texts = from_numpy(values).cast(pa.string())
    ordinary = ((size >= 1e-4) & (size < 1e10)) | (size == 0)  # false for what is not finite
    whole = ordinary & (values == np.trunc(values))
    if whole.any():
        texts = pc.if_else(from_numpy(whole), pc.binary_join_element_wise(texts, POINT_ZERO, NOTHING), texts)
    if not ordinary.all():
        others = from_texts([repr(value) for value in values[~ordinary].tolist()])
        texts = pc.replace_with_mask(texts, from_numpy(~ordinary), others)
    return texts


def _cells(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.DictionaryArray):
        return from_texts([_quoted(cell) for cell in column.dictionary.to_pylist()]).take(column.indices)
    return column.cast(pa.string())


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if SPECIAL.search(cell) else cell


class _ParquetRows:
    """Parquet, one row group a block."""

    def __init__(self, stream: io.RawIOBase) -> None:
        self._stream = stream
        self._writer: pa.parquet.ParquetWriter | None = None

    def __enter__(self) -> _ParquetRows:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, columns: Columns) -> None:
        from pyarrow.parquet import ParquetWriter

        table = pa.table(dict(columns))
        if self._writer is None:
            self._writer = ParquetWriter(self._stream, table.schema)
        self._writer.write_table(table)
