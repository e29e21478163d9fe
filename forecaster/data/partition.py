"""Tables, one after the other → parts, each with whole series, in memory that stays flat.

Which part a series is in follows from its name alone: a hash of it. So the same series are together however the input
is cut, and rows of a series stay in the order that they came in.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from forecaster.base.arrow import from_numpy, text, to_numpy
from forecaster.base.errors import DataError, UsageError
from forecaster.base.rowfile import RowWriter, measured, writing_rows
from forecaster.base.words import split_names
from forecaster.config import ReadSettings
from forecaster.data.columns import Columns, find_columns, holds_numbers, require_column
from forecaster.data.marks import settle_numbers
from forecaster.data.stamps import Ints
from forecaster.data.table import Table, is_number_type

GLUE = text("\x1f")
"""What stands between the names that several columns give to a series, where their hash is taken."""


class TextInNumbersError(Exception):
    """A column that held numbers so far holds something else: it is to be written as text."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What is written of each column of a file.

    Attributes:
        by: Columns that name a series.
        numbers: Columns of texts that are written as numbers.
        strict: Those of them that hold nothing but numbers: the target.
        first: The first table: how its numbers are written.
    """

    by: tuple[str, ...]
    numbers: tuple[str, ...]
    strict: tuple[str, ...]
    first: Table

    def columns_of(self, table: Table) -> dict[str, pa.Array]:
        """Return the columns of a table as they are written: names and stamps as they stand, numbers as numbers.

        Raises:
            DataError: A cell of the target is not a number.
            TextInNumbersError: One of another column is not.
        """
        read = replace(table, dialect=self.first.dialect, units=self.first.units, na_values=self.first.na_values)
        written = {}
        for name, column in table.columns.items():
            if name in self.numbers and pa.types.is_string(column.type):
                try:
                    written[name] = measured(read.numbers(name))
                except DataError:
                    if name in self.strict:
                        raise
                    raise TextInNumbersError(name) from None
            else:
                flat = column.combine_chunks()
                written[name] = pa.concat_arrays(flat.chunks) if isinstance(flat, pa.ChunkedArray) else flat
        return written


def plan_layout(table: Table, by: tuple[str, ...], settings: ReadSettings, texts: Sequence[str] = ()) -> Layout:
    """Decide by the first rows of a file which of its columns hold numbers.

    Args:
        table: The first rows.
        by: Columns that name a series.
        settings: What the user says of the file.
        texts: Columns that are texts, whatever their first rows hold.

    Raises:
        DataError: A column is missing, or it is not clear which is the time column; the hint names the flag.
    """
    for name in by:
        require_column(table, name, "--by")
    columns = _columns_of(table, by, settings)
    own = {*by, *columns.time.split(","), *texts}
    strict = tuple(name for name in columns.targets if name not in own)
    others = [name for name in table.columns if name not in own and name not in strict and holds_numbers(table, name)]
    numbers = strict + tuple(name for name in others if pa.types.is_string(table.columns[name].type))
    settled = settle_numbers(table, replace(columns, past=tuple(others), future=(), static=()), settings)
    return Layout(by=by, numbers=numbers, strict=strict, first=settled)


def _columns_of(table: Table, by: tuple[str, ...], settings: ReadSettings) -> Columns:
    """Return which column is what; several that together are a name or a stamp count as none of the others."""
    times = split_names(settings.time)
    for name in times if settings.time != "none" else ():
        require_column(table, name, "--time")
    if len(by) == 1 and len(times) <= 1 and settings.time != "none":
        return find_columns(table, replace(settings, id=by[0]))
    targets = split_names(settings.target)
    for name in targets:
        require_column(table, name, "--target")
    return Columns("long", ",".join(times), by[0], targets, ())


def parts_of_rows(columns: dict[str, pa.Array], by: tuple[str, ...], parts: int) -> Ints:
    """Return which part [R] each row is in, from 0.

    The names of a row are taken as text: 7 and `7` are one name, whichever type a file has.
    """
    import pyarrow.compute as pc

    names = [pc.fill_null(columns[name].cast(pa.string()), "") for name in by]
    joined = names[0] if len(names) == 1 else pc.binary_join_element_wise(*names, GLUE)
    coded = joined.dictionary_encode()
    hashes = np.array([zlib.crc32(name.encode()) for name in coded.dictionary.to_pylist()], np.int64)
    found: Ints = (hashes % parts)[to_numpy(coded.indices)]
    return found


@dataclass(eq=False)
class PartWriter:
    """Holds rows back until they are worth a write, and writes each to the file of its part.

    Attributes:
        folder: Where the parts are written.
        layout: What is written.
        parts: How many.
        most: Bytes that are held back at most.
        rows: Rows in each part.
    """

    folder: Path
    layout: Layout
    parts: int
    most: int
    rows: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.rows = np.zeros(self.parts, np.int64)
        self._held: dict[int, list[pa.Table]] = {}
        self._bytes = 0
        self._writers: dict[int, RowWriter] = {}
        self._files = ExitStack()

    def __enter__(self) -> PartWriter:
        self._files.__enter__()
        return self

    def __exit__(self, *fault: object) -> None:
        try:
            if fault[0] is None:
                self._flush()
        finally:
            self._files.__exit__(*fault)  # type: ignore[arg-type]

    def add(self, columns: dict[str, pa.Array]) -> None:
        """Add rows; those of a part are written in the order that they come in."""
        where = parts_of_rows(columns, self.layout.by, self.parts)
        order = np.argsort(where, kind="stable")
        table = pa.table(columns).take(from_numpy(order))
        counts = np.bincount(where, minlength=self.parts)
        ends = np.cumsum(counts)
        for part in np.flatnonzero(counts).tolist():
            self._held.setdefault(part, []).append(table.slice(int(ends[part] - counts[part]), int(counts[part])))
        self.rows += counts
        self._bytes += table.nbytes
        if self._bytes > self.most:
            self._flush()

    def _flush(self) -> None:
        for part in sorted(self._held):
            whole = pa.concat_tables(self._held.pop(part)).combine_chunks()
            if part not in self._writers:
                path = self.folder / name_of_part(part, self.parts)
                self._writers[part] = self._files.enter_context(writing_rows(path))
            self._writers[part].write(dict(zip(whole.column_names, whole.columns, strict=True)))
        self._bytes = 0
        pa.default_memory_pool().release_unused()


def name_of_part(part: int, parts: int) -> str:
    """Return the name of the file of a part: they sort in their order."""
    return f"part-{part + 1:0{len(str(parts))}d}.parquet"


def write_parts(tables: Iterable[Table], writer: PartWriter) -> Iterator[int]:
    """Write tables into parts; yield after each how many rows were read in all.

    Raises:
        UsageError: A table of a typed format has a column of another type than before.
    """
    read, kinds = 0, dict[str, pa.DataType]()
    with writer:
        for table in tables:
            columns = writer.layout.columns_of(table)
            for name, column in columns.items():
                columns[name] = _fitted(column, kinds.setdefault(name, _settled(column.type)), (table.source, name))
            writer.add(columns)
            read += table.rows
            yield read


def _settled(kind: pa.DataType) -> pa.DataType:
    """Return the type that a column is written as: whole numbers stay whole, parts may have fractions later."""
    return pa.string() if pa.types.is_null(kind) else kind


def _fitted(column: pa.Array, kind: pa.DataType, where: tuple[str, str]) -> pa.Array:
    if column.type == kind:
        return column
    try:
        return column.cast(kind)
    except pa.ArrowException:
        path, name = where
        fault = f"{path}: column {name!r} holds {column.type}, and the parts before it {kind}"
        both = is_number_type(column.type) and is_number_type(kind)
        hint = "Write all files with one type" + (", such as double" if both else "")
        raise UsageError(fault, hint=hint) from None
