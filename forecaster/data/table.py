"""A file → a strict table: every cell text as it stands in the file, a number only where asked, with its line number.

Nothing is converted on the way in: `007` and `NA` stay the ids they are. Every row has as many cells as the header.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from forecaster.base.arrow import EMPTY, ZERO, from_numpy, from_texts, to_numpy
from forecaster.base.errors import DataError, MissingError, shown
from forecaster.config import ReadSettings
from forecaster.data.dialect import MISSING, Dialect, detect_dialect, even_separator, split_header
from forecaster.data.places import Chosen, Numbered, Places, TextLines, records
from forecaster.data.source import LINE_END, Source, count_lines, decode
from forecaster.data.units import (
    MEANT,
    NEGATIVE,
    marked_by,
    number_pattern,
    plain_numbers,
    read_numbers,
    with_plain_minus,
    without_units,
)

MOST_MARKS = 1000
"""Cells that are looked at, to see whether one word stands for all missing values."""

MOST_NOTES = 8
"""Rows below the data that may be notes."""

MOST_LOOKED_UP = 500
"""Rows that are looked up for them."""

NUMBER_COLUMNS = "--skip-rows 1 --no-header"
"""Flags with which the names in a header do not matter."""

MOST_LINES = 5
"""Lines that an error names."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """The columns of a file.

    Attributes:
        source: The path as given.
        sha256: Hash of the file.
        columns: Name → cells: text for CSV, typed where the format has types.
        rows: How many rows.
        dialect: How texts are written; None for Parquet and Arrow, where only what is typed as numbers is numbers.
        kind: The format, as a person calls it.
        ends_in_newline: False when the last line may have been cut off.
        places: Where the rows stand in the file.
        na_values: What else means that a value is missing.
        units: What may stand next to every number of a column.
        keys: Columns that the folders of parts give: never a target.
        joined: Columns that have become parts of another one: name → cells, as in `columns`.
    """

    source: str
    sha256: str
    columns: dict[str, pa.ChunkedArray]
    rows: int
    dialect: Dialect | None
    kind: str = "CSV"
    ends_in_newline: bool = True
    places: Places = field(default_factory=Numbered)
    na_values: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    joined: dict[str, pa.ChunkedArray] = field(default_factory=dict)

    def line_of(self, row: int) -> int:
        """Return the line of the file (the row, where it has no lines), from 1, that a row of the table begins on."""
        return self.places.lines_of([row])[0]

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """Return `line_of` each of some rows, in one pass over the file at most."""
        return self.places.lines_of(rows)

    def place(self, row: int) -> str:
        """Return `FILE, line N`, for messages."""
        return f"{self.places.name_of(row) or self.source}, {self.places.noun} {self.line_of(row)}"

    def fault(self, rows: Sequence[int], message: str, hint: str) -> DataError:
        """Return an error about some rows, which knows them and where the first few stand."""
        chosen = [int(row) for row in rows]
        lines = dict.fromkeys(self.lines_of(chosen[:MOST_LOOKED_UP]))  # of dates across, many rows are one line
        return DataError(message, hint=hint, rows=chosen, lines=[*lines][:MOST_LINES])

    def without(self, rows: Sequence[int]) -> Table:
        """Return the table without some of its rows; the others stay where they are in the file.

        Raises:
            MissingError: None is left.
        """
        kept = np.setdiff1d(np.arange(self.rows), np.asarray(rows, np.int64))
        if not len(kept):
            raise MissingError(f"{self.source}: no row is left")
        columns = {name: column.take(from_numpy(kept)) for name, column in self.columns.items()}
        return replace(self, columns=columns, rows=len(kept), places=Chosen(self.places, kept))

    def numbers(self, *names: str) -> npt.NDArray[np.float64]:
        """Return columns as float64, one after the other in one array, missing cells as NaN.

        Raises:
            DataError: A cell that is neither a number in the dialect nor a known spelling of missing, or is infinite.
        """
        typed = [name for name in names if not pa.types.is_string(self.columns[name].type)]
        if typed:
            return np.concatenate([self._typed_numbers(n) if n in typed else self._written_numbers(n) for n in names])
        return self._written_numbers(*names)

    def _written_numbers(self, *names: str) -> npt.NDArray[np.float64]:
        decimal, thousands = (self.dialect or Dialect()).marks
        whole = pa.chunked_array([chunk for name in names for chunk in self.columns[name].chunks], pa.string())
        cells = whole.combine_chunks() if len(names) > 1 else whole  # many columns of few rows: once, not each
        is_plain = decimal == "." and thousands is None
        if is_plain and not self.na_values and not cells.null_count:  # most files: numbers alone
            values = plain_numbers(cells)
            if values is not None and np.isfinite(values).all():
                return values
        missing = self._is_missing(cells)
        values = plain_numbers(pc.if_else(missing, ZERO, cells)) if is_plain else None
        if values is None:
            cells = pc.utf8_trim_whitespace(cells)
            missing = self._is_missing(cells)
            plain = without_units(pc.if_else(missing, ZERO, cells), self._units_of(cells, missing))
            right = to_numpy(pc.match_substring_regex(plain, number_pattern(decimal, thousands)))
            if not right.all():
                raise self._bad_cell(names, ~right)
            values = read_numbers(plain, decimal, thousands)
        if not np.isfinite(values).all():
            raise self._bad_cell(names, ~np.isfinite(values))
        return self._without_missing(np.where(to_numpy(missing), np.nan, values))

    def _is_missing(self, cells: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.or_(pc.is_in(cells, from_texts([*MISSING, *self.na_values])), pc.is_null(cells))

    def _units_of(self, cells: pa.ChunkedArray, missing: pa.ChunkedArray) -> tuple[str, ...]:
        """Return the units of a column where every cell of it has one; a number without is another number."""
        if not self.units:
            return ()
        marked = marked_by(self.units)
        others = tuple(unit for unit in self.units if unit in MEANT)
        if not marked:
            return others
        bare = with_plain_minus(cells, self.units) if NEGATIVE in others else cells
        found = pc.and_(pc.equal(bare, without_units(bare, marked)), pc.invert(missing))
        return others if pc.any(found).as_py() else self.units

    def _without_missing(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return values with those as NaN that mean a missing one, in whatever way they are written."""
        numbers = [float(text) for text in self.na_values if re.fullmatch(number_pattern(".", None), text)]
        return np.where(np.isin(values, numbers), np.nan, values) if numbers else values

    def _typed_numbers(self, name: str) -> npt.NDArray[np.float64]:
        column = self.columns[name]
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        if not is_number_type(column.type):
            raise DataError(f"{self.source}: column {name!r} holds {column.type}, not numbers", hint="Pass --target")
        valid = to_numpy(column.is_valid())
        values = np.asarray(to_numpy(column.cast(pa.float64(), safe=False)), np.float64)
        values = np.where(valid, values, np.nan)
        if np.isinf(values).any():
            raise self._bad_cell((name,), np.isinf(values))
        return self._without_missing(values)

    def _bad_cell(self, names: tuple[str, ...], wrong: npt.NDArray[np.bool_]) -> DataError:
        at, count = int(np.argmax(wrong)), int(wrong.sum())
        name, row = names[at // self.rows], at % self.rows
        cell = str(self.columns[name][row].as_py()).strip()
        more = f" ({count} such cells)" if count > 1 else ""
        infinite = re.fullmatch(r"[+-]?(inf|infinity|[\d.]+e\+?\d+)", cell.lower())
        fault = "is not finite" if infinite else "is not a number"
        message = f"{self.place(row)}, column {shown(name)}: {shown(cell)} {fault}{more}"
        error = self.fault(np.unique(np.flatnonzero(wrong) % self.rows).tolist(), message, _number_hint(cell))
        marks = {
            str(self.columns[names[k // self.rows]][k % self.rows].as_py()).strip()
            for k in np.flatnonzero(wrong)[:MOST_MARKS]
        }
        is_mark = count > 1 and len(marks) == 1 and not re.search(r"\d", cell)
        return error.choosing(f"--na-values {shlex.quote(cell)}") if is_mark else error


def is_number_type(kind: pa.DataType) -> bool:
    """Return whether an Arrow type holds numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _number_hint(cell: str) -> str:
    if re.fullmatch(r"[+-]?\d+,\d+", cell):
        return "Pass --decimal ','" + " or --thousands ','" * bool(re.search(r"^[+-]?\d{1,3},\d{3}$", cell))
    if match := re.fullmatch(r"[+-]?\d{1,3}(?:([,.'\u2019 \u00a0\u202f\u2009])\d{3})+(?:([.,])\d+)?", cell):
        thousands, decimal = match[1], match[2] or ("," if match[1] == "." else ".")
        mark = f'"{thousands}"' if thousands == "'" else shlex.quote(thousands)
        return f"Pass --thousands {mark} --decimal {decimal}"
    if re.fullmatch(r"[<>\u2264\u2265] ?[\d.,]+", cell):
        return f"Pass --na-values {shlex.quote(cell)} if it is to be missing, else write a number"
    if re.fullmatch(r"[+-]?[\d.,]*\d\s?[^\W\d_][\w/%]*", cell):
        return "Write all numbers of the column in one unit, or without"
    if "\u2212" in cell:
        return "Write the minus as a plain hyphen"
    return "Write plain numbers, and missing ones as an empty cell"


# ---------------------------------------------------------------------------------------------------- reading


def read_csv(source: Source, settings: ReadSettings, dialect: Dialect | None) -> Table:
    """Read a text into a table of texts.

    Args:
        source: What was read.
        settings: What the user says about it; the rest is detected.
        dialect: The dialect of a saved model: then nothing is detected.

    Raises:
        DataError: The content is not a table in one dialect; the message says where.
    """
    data, encoding = decode(source, dialect.encoding if dialect else settings.encoding)
    if not data.strip():
        raise DataError(f"{source.path} holds only blank lines: no header row found")
    body = _below(source.path, data, dialect.skip_rows if dialect else settings.skip_rows)
    skipped = count_lines(data[: len(data) - len(body)])
    if (dialect.separator if dialect else settings.sep) == " ":
        body = _with_single_spaces(body)
    body = _above(source.path, body, dialect.skip_footer if dialect else settings.skip_footer)
    is_single = dialect is not None or settings.time == "none"
    dialect = dialect or detect_dialect(source.path, body, encoding, settings)
    names, body, lines = split_header(source.path, body, dialect, is_single=is_single)
    text = body
    columns = _parse(source.path, body, names, dialect, skipped + lines + 1)
    rows = len(next(iter(columns.values())))
    if not rows:
        raise DataError(f"{source.path} has a header but no data rows")
    table = Table(
        source=source.path,
        sha256=source.sha256,
        columns=columns,
        rows=rows,
        dialect=dialect,
        ends_in_newline=data.endswith((b"\n", b"\r")),
        places=TextLines(text, dialect.separator, skipped + lines + 1, rows),
    )
    return _without_blank_rows(table)


def _without_blank_rows(table: Table) -> Table:
    """Return a table without rows that hold nothing but separators, as spreadsheets leave them below the last row."""
    blank = None
    for column in table.columns.values():
        empty = to_numpy(pc.equal(column, EMPTY))
        blank = empty if blank is None else blank & empty
        if not blank.any():
            return table
    return table if blank is None or blank.all() else table.without(np.flatnonzero(blank).tolist())


@dataclass(frozen=True)
class Header:
    """How a text is written, and what its columns are called.

    Attributes:
        path: What messages call it.
        names: Of the columns.
        dialect: How cells are written.
    """

    path: str
    names: list[str]
    dialect: Dialect


def read_header(source: Source, settings: ReadSettings) -> tuple[Header, memoryview, int]:
    """Read the beginning of a text: how it is written, the text below its header, and the line that begins on.

    Raises:
        DataError: It has no header, or is no table in one dialect.
    """
    data, encoding = decode(source, settings.encoding)
    if not data.strip():
        raise DataError(f"{source.path} holds only blank lines: no header row found")
    body = _below(source.path, data, settings.skip_rows)
    dialect = detect_dialect(source.path, body, encoding, settings)
    names, rest, lines = split_header(source.path, body, dialect)
    return Header(source.path, names, dialect), rest, count_lines(data[: len(data) - len(body)]) + lines + 1


def read_block(header: Header, text: bytes | memoryview, line: int) -> Table:
    """Read some whole rows of a text, as UTF-8, the first of which stands on this line of it.

    Raises:
        DataError: A row has another number of cells, or a quote is never closed.
    """
    body = memoryview(text)
    columns = _parse(header.path, body, header.names, header.dialect, line)
    rows = len(next(iter(columns.values())))
    places = TextLines(body, header.dialect.separator, line, rows)
    return Table(source=header.path, sha256="", columns=columns, rows=rows, dialect=header.dialect, places=places)


def _below(path: str, data: bytes, lines: int) -> memoryview:
    """Return what stands below some lines.

    Raises:
        DataError: Nothing does.
    """
    if not lines:
        return memoryview(data)
    ends = [match.end() for match in islice(LINE_END.finditer(data), lines)]
    body = memoryview(data)[ends[-1] if len(ends) == lines else len(data) :]
    if not bytes(body[:1_000]).strip() and not bytes(body).strip():
        raise DataError(f"{path}: nothing stands below its first {lines:,} lines", hint="Pass a smaller --skip-rows")
    return body


def _with_single_spaces(body: memoryview) -> memoryview:
    """Return text whose columns stand below one another, with one space between two cells; quoted ones stay."""
    text = bytes(body)
    if b'"' in text:
        return body
    text = re.sub(rb"[ \t]+", b" ", text)
    return memoryview(re.sub(rb"^ | (?=\r?$)", b"", text, flags=re.MULTILINE))


def _above(path: str, body: memoryview, lines: int) -> memoryview:
    """Return what stands above some lines at the end, of which blank ones do not count.

    Raises:
        DataError: Nothing does.
    """
    if not lines:
        return body
    text = bytes(body)
    end = len(text.rstrip())
    for _ in range(lines):
        if not end:
            break
        line = text.rfind(b"\n", 0, end)
        end = max(line, text.rfind(b"\r", max(line, 0), end)) + 1
        while end and text[end - 1 : end].isspace():
            end -= 1
    if not end:
        raise DataError(f"{path}: nothing stands above its last {lines:,} lines", hint="Pass a smaller --skip-footer")
    return body[:end]


def check_names(path: str, names: list[str]) -> None:
    """Refuse columns whose names are one, or differ only in case.

    Raises:
        DataError: Two do.
    """
    seen: dict[str, int] = {}
    for k, name in enumerate(names):
        other = names[seen.setdefault(name.strip().casefold(), k)]
        if seen[name.strip().casefold()] != k:
            twice = (
                f"column {name!r} appears twice"
                if other == name
                else f"columns {other!r} and {name!r} differ only in case or blanks"
            )
            hint = f"Rename one, or pass {NUMBER_COLUMNS} to number the columns"
            raise DataError(f"{path}: {twice}", hint=hint).choosing(NUMBER_COLUMNS)


def _parse(path: str, body: memoryview, names: list[str], dialect: Dialect, line: int) -> dict[str, pa.ChunkedArray]:
    """Return all cells as text."""
    titles = [name or ("" if k == len(names) - 1 else f"column{k + 1}") for k, name in enumerate(names)]
    check_names(path, titles)
    if not len(body):
        return {name: pa.chunked_array([], pa.string()) for name in titles}
    quoted = re.search(b'"', body) is not None
    if quoted:
        _check_quotes(path, body, dialect.separator, line)
    try:
        table = _parse_cells(body, len(names), dialect.separator, quoted)
    except pa.ArrowInvalid as error:
        raise _ragged(path, body, len(names), dialect.separator, line) or DataError(
            f"{path} is not a table: {str(error).splitlines()[0]}"
        ) from None
    columns = dict(zip(titles, table.columns, strict=True))
    if (last := columns.pop("", None)) is not None and not pc.all(empty := pc.equal(last, EMPTY)).as_py():
        at = next(islice(records(body, dialect.separator), int(np.argmin(to_numpy(empty))), None))[0] + line
        raise DataError(f"{path}, line {at}: a value in column {len(names)}, which has no name", hint="Name it")
    return columns


def _parse_cells(body: memoryview, width: int, separator: str, quoted: bool) -> pa.Table:
    """Return all cells as text, in columns without names.

    Raises:
        pa.ArrowInvalid: A row has another number of cells.
    """
    names = [str(k) for k in range(width)]

    def read(block: int) -> pa.Table:
        return pacsv.read_csv(
            pa.BufferReader(pa.py_buffer(body)),
            pacsv.ReadOptions(column_names=names, block_size=block),
            pacsv.ParseOptions(delimiter=separator, quote_char='"' if quoted else False, newlines_in_values=quoted),
            pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )

    if width <= 1000:
        try:
            return read(1 << 22)
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error):  # a row must fit into a block
                raise
    return read(min(len(body) + 1, (1 << 31) - 1))


def _check_quotes(path: str, body: memoryview, separator: str, line: int) -> None:
    """Refuse a quote that is never closed, before the rest of the file becomes one cell."""
    if _quotes_are_paired(body, separator):
        return
    try:
        for _ in records(body, separator):
            pass
    except DataError as error:
        number = int(re.search(r"line (\d+)", error.message)[1])  # type: ignore[index]
        raise DataError(
            f"{path}: the quote opened on line {number + line - 1} is never closed, or text follows it"
        ) from None


def _quotes_are_paired(body: memoryview, separator: str) -> bool:
    """Return whether every second quote opens at the start of a cell and the next one closes at its end.

    A doubled quote inside a cell closes and opens at once. False says only that a slower look is needed.
    """
    data = np.frombuffer(body, np.uint8)
    at = np.flatnonzero(data == ord('"'))
    if len(at) % 2:
        return False
    edges = np.frombuffer(b'"\r\n' + separator.encode(), np.uint8)
    before, after = at[::2] - 1, at[1::2] + 1
    inside = data[before[before >= 0]], data[after[after < len(data)]]
    return all(bool(np.isin(found, edges).all()) for found in inside)


def _ragged(path: str, body: memoryview, width: int, separator: str, line: int) -> DataError | None:
    rows = records(body, separator)
    for at, record in rows:
        if len(record) != width:
            fault = f"{path}, line {at + line}: {len(record)} cells where the header has {width}"
            notes = [record, *(cells for _, cells in islice(rows, MOST_NOTES))]
            if at and len(notes) <= MOST_NOTES and all(is_note(cells[0]) for cells in notes):
                return DataError(fault, hint=f"Pass --skip-footer {len(notes)} if these last rows are no data")
            other = even_separator(body, separator)
            return DataError(fault, hint=f"Correct the line{f', or pass --sep {shlex.quote(other)}' if other else ''}")
    return None


def is_note(cell: str) -> bool:
    """Return whether the first cell of a row at the end says that it is no data: empty, or a word or a mark first."""
    return not cell.strip() or bool(re.match(r"[^\W\d]|[*#(\[†‡¹²³-]", cell.strip()))
