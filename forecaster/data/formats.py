"""DATA → a table: the one place that knows which formats, containers and places there are.

    to add a format      a reader `(source, asked) -> Table` here, in READERS, and how its content begins, in `kind_of`
    to add a container   how it is unpacked, in `packed`
    to add a place       its scheme, in `remote` (files) or `database` (queries)

A reader gives each row a place (`places`: line, row of a sheet, part of a folder), so that errors name it, and columns
of text where the format has no types, which the dialect then reads, or typed columns. Nothing else in the program asks
what a file was.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecaster.base.errors import DataError, ForecastError, ResourceError, UsageError
from forecaster.base.extras import check_extra
from forecaster.config import ReadSettings
from forecaster.data.database import as_array, is_database, read_query
from forecaster.data.dialect import ROWS_BELOW, Dialect, check_marks, names_of_rows, second_header
from forecaster.data.folders import Part, parts_at, parts_of, path_of
from forecaster.data.nested import flat, records_in
from forecaster.data.places import Numbered, PartPlaces
from forecaster.data.recipe import Recipe
from forecaster.data.remote import without_password
from forecaster.data.source import ARROW_STREAM, Data, Source, decode, read_source
from forecaster.data.table import Table, check_names, read_csv


@dataclass(frozen=True)
class Reading:
    """How a file is to be read.

    Attributes:
        settings: What the user says.
        dialect: That of a model; None where it is found out.
        recipe: The sheet and the query.
    """

    settings: ReadSettings
    dialect: Dialect | None
    recipe: Recipe


def read_data(path: Data, settings: ReadSettings, dialect: Dialect | None, recipe: Recipe) -> Table:
    """Read DATA into a table: a file, `-`, a folder or a glob of parts, an address, or a database.

    Raises:
        DataError: The content is not a table; the message says where.
        UsageError: A flag does not fit what DATA is, or a package is missing.
        ForecastError: Anything that `read_source` raises.
    """
    asked = Reading(settings, dialect, recipe)
    if is_database(path) and not isinstance(path, Source):
        return _with_empty_cells(read_query(str(path), recipe.sql))
    if recipe.sql and not dialect:
        raise UsageError(f"--sql is for a database, and {path} is none", hint="Such as sqlite:///shop.db")
    parts = [path_of(path)] if isinstance(path, Part) else parts_of(path) or parts_at(path)
    if parts is not None:
        return _read_parts(without_password(str(path)), parts, asked)
    return _read_one(path, asked)


def _read_one(path: Data, asked: Reading) -> Table:
    source = read_source(path)
    if source.kind not in ("excel", "json") and asked.settings.sheet:
        raise UsageError(f"--sheet is for a workbook or JSON, and {source.path} is neither")
    footer = asked.dialect.skip_footer if asked.dialect else asked.settings.skip_footer
    if footer and source.kind not in ("csv", "excel", "json"):
        raise UsageError(f"--skip-footer is for texts and workbooks, and {source.path} has types of its own")
    try:
        table = _with_empty_cells(READERS[source.kind](source, asked))
        if table.dialect is None and (asked.dialect or asked.settings.decimal or asked.settings.thousands):
            table = replace(table, dialect=asked.dialect or _text_dialect(asked.settings))  # numbers stored as texts
        return _above(table, footer) if footer and source.kind == "json" else table
    except MemoryError:
        raise ResourceError(f"{source.path} does not fit into memory") from None


def _above(table: Table, rows: int) -> Table:
    """Return a table without its last rows.

    Raises:
        DataError: It has no more than these.
    """
    if rows >= table.rows:
        fault = f"{table.source}: nothing stands above its last {rows:,} rows"
        raise DataError(fault, hint="Pass a smaller --skip-footer")
    return table.without(range(table.rows - rows, table.rows))


def _with_empty_cells(table: Table) -> Table:
    """Return a table whose texts are missing as they are in a CSV file: an empty cell, as is all of an empty column."""
    columns = {}
    for name, column in table.columns.items():
        if pa.types.is_null(column.type):
            columns[name] = pa.chunked_array([pa.repeat("", table.rows)])
        elif pa.types.is_string(column.type) and column.null_count:
            columns[name] = pc.fill_null(column, "")
    return replace(table, columns=table.columns | columns) if columns else table


# ---------------------------------------------------------------------------------------------------- parts


def _read_parts(name: str, paths: Sequence[Path | str], asked: Reading) -> Table:
    """Return the rows of several files, which have the same columns, one after the other."""
    tables: list[Table] = []
    names = [without_password(str(path)) for path in paths]
    for path, own in zip(paths, names, strict=True):
        known = tables[0].dialect if tables and asked.dialect is None else asked.dialect
        table = _read_one(path, replace(asked, dialect=known))
        keys = folder_keys(PurePath(path), table.rows)
        table = replace(table, columns=table.columns | keys, keys=tuple(keys))
        if tables and table.columns.keys() != tables[0].columns.keys():
            odd = sorted(table.columns.keys() ^ tables[0].columns.keys())
            raise DataError(
                f"{own} has other columns than {names[0]}: {', '.join(odd[:5])}", hint="Give files of one kind"
            )
        tables.append(table)
    columns = {column: _stacked([table.columns[column] for table in tables]) for column in tables[0].columns}
    starts = np.cumsum([0, *(table.rows for table in tables)]).tolist()
    digest = hashlib.sha256("".join(table.sha256 for table in tables).encode()).hexdigest()
    places = PartPlaces(tuple(names), tuple(starts[:-1]), tuple(table.places for table in tables))
    kind = f"{len(tables)} parts of {tables[0].kind}" if len(tables) > 1 else tables[0].kind
    return replace(
        tables[0],
        source=name,
        sha256=digest,
        columns=columns,
        rows=starts[-1],
        kind=kind,
        places=places,
        ends_in_newline=all(table.ends_in_newline for table in tables),
    )


def folder_keys(path: PurePath, rows: int) -> dict[str, pa.ChunkedArray]:
    """Return the columns that folders named `key=value` give to a part."""
    pairs = [part.split("=", 1) for part in path.parts[:-1] if "=" in part[1:]]
    return {key: pa.chunked_array([pa.repeat(pa.scalar(value), rows)]) for key, value in pairs}


def _stacked(columns: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    kinds = {column.type for column in columns if not pa.types.is_null(column.type)}
    if len(kinds) > 1:
        numbers = all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in kinds)
        columns = [column.cast(pa.float64() if numbers else pa.string()) for column in columns]
    elif kinds:
        columns = [column.cast(next(iter(kinds))) for column in columns]
    return pa.chunked_array([chunk for column in columns for chunk in column.chunks], columns[0].type)


# ---------------------------------------------------------------------------------------------------- formats


def _read_text(source: Source, asked: Reading) -> Table:
    return read_csv(source, asked.settings, asked.dialect)


@contextmanager
def sound(name: str, kind: str) -> Iterator[None]:
    """Raise that a file is not sound for what pyarrow raises, or the types of pandas that it makes of a column.

    Raises:
        DataError: It is not.
        MemoryError: It does not fit into memory.
    """
    try:
        yield
    except MemoryError:  # as one of pyarrow's errors too
        raise
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        raise DataError(f"{name} is not a sound {kind} file", hint="Copy or export it again") from None


def read_column(path: Data, name: str) -> Table | None:
    """Return one column of a Parquet file, without the others; None where that cannot be: then the file is read."""
    if isinstance(path, Source) or "://" in str(path) or not str(path).lower().endswith((".parquet", ".pq", ".parq")):
        return None
    import pyarrow.parquet as pq

    try:
        with sound(str(path), "Parquet"), pq.ParquetFile(path, memory_map=True) as file:
            if name not in file.schema_arrow.names or not file.metadata.num_rows:
                return None
            return typed_table(Source(str(path), b"", ""), file.read(columns=[name]), "Parquet")
    except ForecastError:
        return None


def _read_parquet(source: Source, asked: Reading) -> Table:
    import pyarrow.parquet as pq  # only where there is such a file

    with sound(source.path, "Parquet"):
        table = pq.read_table(pa.BufferReader(source.data))
    return typed_table(source, table, "Parquet")


def _read_arrow(source: Source, asked: Reading) -> Table:
    import pyarrow.feather as feather

    with sound(source.path, "Arrow"):
        if source.data.startswith(ARROW_STREAM):
            with pa.ipc.open_stream(source.data) as stream:
                table = stream.read_all()
        else:
            table = feather.read_table(pa.BufferReader(source.data))
    return typed_table(source, table, "Arrow")


def typed_table(source: Source, table: pa.Table, kind: str) -> Table:
    """Return a table whose columns have types of their own."""
    columns = {}
    for name, field, stored in zip(table.column_names, table.schema, table.columns, strict=True):
        try:
            if (unit := _unit_of_periods(field)) is not None:
                columns[name] = _first_moments(stored, unit)
                continue
        except (KeyError, TypeError, ValueError):
            fault = f"{source.path}, column {name!r}: no sound periods of pandas"
            raise DataError(fault, hint="Write it as dates, such as 2018-01") from None
        column = stored.cast(stored.type.value_type) if pa.types.is_dictionary(stored.type) else stored
        text = pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type)
        columns[name] = column.cast(pa.string()) if text else column
    check_names(source.path, table.column_names)
    if not table.num_rows:
        raise DataError(f"{source.path} has no rows")
    return Table(
        source=source.path,
        sha256=source.sha256,
        columns=columns,
        rows=table.num_rows,
        dialect=None,
        kind=kind,
    )


def _unit_of_periods(field: pa.Field) -> str | None:
    """Return the frequency of a column of pandas' periods, which Parquet and Arrow hold as numbers; else None.

    Raises:
        KeyError, TypeError, ValueError: The file does not say which.
    """
    if isinstance(field.type, pa.BaseExtensionType):
        return str(field.type.freq) if field.type.extension_name == "pandas.period" else None
    facts = field.metadata or {}
    if facts.get(b"ARROW:extension:name") != b"pandas.period":
        return None
    return str(json.loads(facts[b"ARROW:extension:metadata"])["freq"])


def _first_moments(column: pa.ChunkedArray, unit: str) -> pa.ChunkedArray:
    """Return the first moment of each of pandas' periods.

    Raises:
        TypeError, ValueError: pandas does not know the unit, or it is before 1678 or after 2262.
    """
    import pandas as pd

    whole = column.combine_chunks()
    numbers = whole.storage if isinstance(whole, pa.ExtensionArray) else whole
    known = numbers.is_valid()
    index: Any = pd.PeriodIndex  # whose stubs do not know all of it
    stamps = index.from_ordinals(numbers.fill_null(0).to_numpy(), freq=unit).to_timestamp(how="start")
    found = pa.array(stamps.to_numpy().astype("M8[ns]"))
    return pa.chunked_array([pc.if_else(known, found, pa.scalar(None, found.type))])


def _read_json(source: Source, asked: Reading) -> Table:
    """Read JSON lines, an array of records, or an object of columns."""
    text, name = decode(source, asked.settings.encoding)[0], source.path
    noun: str = "line"
    numbers: tuple[int, ...] = ()
    try:
        if text.lstrip()[:1] == b"{" and (rows := _json_lines(text)) is not None:
            records, numbers = [record for _, record in rows], tuple(line for line, _ in rows)
        else:
            value, noun = json.loads(text), "row"
            records = records_in(value, name, asked.settings.sheet or asked.recipe.sheet)
    except (ValueError, RecursionError) as error:
        fault = "nested too deep" if isinstance(error, RecursionError) else _json_fault(error)
        hint = "Export the data as CSV, Parquet or JSON lines"
        raise DataError(f"{name} is not JSON: {fault}", hint=hint) from None
    if not records or not all(isinstance(record, dict) for record in records) or not any(records):
        hint = 'Each line or element is an object, such as {"ds": "2024-01-01", "y": 5}'
        raise DataError(f"{name} is JSON, but holds no records", hint=hint)
    records = [flat(record) for record in records]
    names = list(dict.fromkeys(key for record in records for key in record))
    if odd_name := next(filter(_is_half_a_character, names), None):
        raise DataError(f"{name}: the name {odd_name!r} holds half a character", hint="Write the name in UTF-8")
    check_names(name, names)
    for key in names:
        for fault, hint, is_odd in _ODD_CELLS:
            odd = next((k for k, record in enumerate(records) if is_odd(record.get(key))), None)
            if odd is not None:
                where = numbers[odd] if numbers else odd + 1
                raise DataError(f"{name}, {noun} {where}, column {key!r}: {fault}", hint=hint)
    columns = {key: pa.chunked_array([as_array([record.get(key) for record in records])]) for key in names}
    return Table(
        source=name,
        sha256=source.sha256,
        columns=columns,
        rows=len(records),
        dialect=asked.dialect or _text_dialect(asked.settings),
        kind="JSON lines" if noun == "line" else "JSON",
        places=Numbered(noun, 1, numbers),
    )


def _is_half_a_character(value: Any) -> bool:
    """Return whether a text holds an escape such as \\ud800 alone, which no file can be written with."""
    return isinstance(value, str) and not value.isascii() and re.search("[\ud800-\udfff]", value) is not None


_ODD_CELLS: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("not one value", "Write it into columns", lambda value: isinstance(value, (dict, list))),
    ("half a character", "Write the text in UTF-8", _is_half_a_character),
)
"""What no cell of a record may be: what it is, what to do, how to see it."""


def _json_fault(error: ValueError) -> str:
    """Return where a text stops being JSON."""
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, from character {error.colno} on"
    return "a number of several thousand digits" if "digits" in str(error) else str(error)


def _json_lines(text: bytes) -> list[tuple[int, Any]] | None:
    """Return the objects of JSON lines with their lines; None where the first line is no whole one."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    try:
        json.loads(lines[0][1])
    except ValueError:
        return None
    rows = []
    for number, line in lines:
        try:
            rows.append((number, json.loads(line)))
        except ValueError as error:
            at = f", from character {error.colno} on" if isinstance(error, json.JSONDecodeError) else ""
            raise ValueError(f"line {number}{at}") from None
    return None if len(rows) == 1 and not _is_record(rows[0][1]) else rows


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) and not any(isinstance(cell, (dict, list)) for cell in value.values())


def _text_dialect(settings: ReadSettings) -> Dialect:
    """Return how texts are written in a format that has types too."""
    decimal = settings.decimal or ("," if settings.thousands == "." else ".")
    check_marks(decimal, settings.thousands)
    return Dialect(
        decimal=decimal,
        thousands=settings.thousands,
        header=not settings.no_header,
        header_rows=settings.header_rows,
        skip_rows=settings.skip_rows,
        skip_footer=settings.skip_footer,
    )


def _read_excel(source: Source, asked: Reading) -> Table:
    """Read one sheet of a workbook: XLSX, XLS, ODS."""
    check_extra("excel", f"reading the workbook {source.path}")
    from io import BytesIO

    from python_calamine import CalamineError, CalamineWorkbook

    name = source.path
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(source.data))
        sheets = {sheet: book.get_sheet_by_name(sheet).to_python(skip_empty_area=False) for sheet in book.sheet_names}
    except (CalamineError, OSError, ValueError):
        raise DataError(f"{name} is not a sound workbook", hint="Save it again, or export CSV") from None
    chosen = _sheet(name, sheets, asked.settings.sheet or asked.recipe.sheet)
    rows = [(number, row) for number, row in enumerate(sheets[chosen], 1) if any(cell != "" for cell in row)]
    dialect = asked.dialect or _text_dialect(asked.settings)
    rows = [(number, row) for number, row in rows if number > dialect.skip_rows]
    rows = rows[: max(len(rows) - dialect.skip_footer, 0)]
    if len(rows) < 2:
        raise DataError(f"{name}, sheet {chosen!r} has no rows below its header")
    width = max(k + 1 for _, row in rows for k, cell in enumerate(row) if cell != "")
    if dialect.header and not dialect.skip_rows and (above := _titles_above(rows, width)):
        hint = f"Pass --skip-rows {above}"
        raise DataError(f"{name}: the header is not in row {rows[0][0]} but in row {above + 1}", hint=hint)
    taken = dialect.header_rows
    head = [[_title(cell) for cell in row[:width]] for _, row in rows[: max(taken, ROWS_BELOW + 3)]]
    if dialect.header and taken == 1 and (more := second_header(head)):
        raise DataError(f"{name}: the header takes {more} rows", hint=f"Pass --header-rows {more}")
    named = names_of_rows(head[:taken]) if taken > 1 else head[0]
    titles = [title or f"column{k + 1}" for k, title in enumerate(named)]
    if not dialect.header:
        titles = [str(k + 1) for k in range(width)]
    body = rows[taken:] if dialect.header else rows
    if not body:
        raise DataError(f"{name}, sheet {chosen!r} has no rows below its header")
    check_names(name, titles)
    cells = {title: [None if row[k] == "" else row[k] for _, row in body] for k, title in enumerate(titles)}
    return Table(
        source=name,
        sha256=source.sha256,
        columns={title: pa.chunked_array([_excel_column(own)]) for title, own in cells.items()},
        rows=len(body),
        dialect=dialect,
        kind=f"sheet {chosen!r} of a workbook",
        places=Numbered("row", 1, tuple(number for number, _ in body)),
    )


MOST_TITLES = 20
"""Rows of a sheet among which its header is looked for."""


def _titles_above(rows: Sequence[tuple[int, Sequence[Any]]], width: int) -> int:
    """Return how many rows of a sheet stand above its header: the first row that names every column; 0 for none."""

    def is_named(row: Sequence[Any]) -> bool:
        cells = row[:width]
        return all(isinstance(cell, str) and cell.strip() for cell in cells) and len({*cells}) == width

    if all(cell != "" for cell in rows[0][1][:width]):
        return 0
    pairs = pairwise(rows[1:MOST_TITLES])
    return next((number - 1 for (number, row), (_, below) in pairs if is_named(row) and not is_named(below)), 0)


def _sheet(name: str, sheets: dict[str, Any], asked: str | None) -> str:
    """Return the sheet to read: the user's, else the only one that is not empty."""
    if asked is not None:
        if asked in sheets:
            return asked
        raise DataError(f"{name} has no sheet {asked!r}", hint=f"Its sheets: {', '.join(sheets)}")
    filled = [sheet for sheet, rows in sheets.items() if any(cell != "" for row in rows for cell in row)]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        raise DataError(f"{name} has no cells")
    raise DataError(f"{name} has several sheets: {', '.join(filled[:8])}", hint=f"Pass --sheet {filled[0]!r}")


def _title(cell: Any) -> str:
    """Return a cell of the header as a name; a date as ISO 8601."""
    if hasattr(cell, "isoformat"):
        return str(cell.isoformat()).removesuffix("T00:00:00")
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _excel_column(cells: list[Any]) -> pa.Array:
    """Return a column of a sheet: every number of one is a float there, whole or not."""
    known = [cell for cell in cells if cell is not None]
    if known and all(isinstance(cell, float) and cell.is_integer() and abs(cell) < 1 << 53 for cell in known):
        return pa.array([None if cell is None else int(cell) for cell in cells], pa.int64())
    kinds = {type(cell).__name__ for cell in known}
    if kinds == {"date", "datetime"}:
        return pa.array([None if cell is None else str(cell.isoformat())[:10] for cell in cells])
    return as_array(cells)


READERS: dict[str, Callable[[Source, Reading], Table]] = {
    "csv": _read_text,
    "parquet": _read_parquet,
    "arrow": _read_arrow,
    "json": _read_json,
    "excel": _read_excel,
}
"""The reader of each kind of content that `source.kind_of` tells apart."""
