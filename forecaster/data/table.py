"""A file → a strict table: every cell text as it stands in the file, a number only where asked, with its line number.

Nothing is converted on the way in: `007` and `NA` stay the ids they are. Every row has as many cells as the header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from forecaster.base.arrow import EMPTY, ZERO, from_texts, to_numpy
from forecaster.base.errors import DataError, ResourceError, shown
from forecaster.config import ReadSettings
from forecaster.data.dialect import MISSING, Dialect, detect_dialect, number_pattern, records, split_header
from forecaster.data.source import LINE_END, Data, Source, count_lines, decode, read_source


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """The columns of a file.

    Attributes:
        source: The path as given.
        sha256: Hash of the file.
        columns: Name → cells: text for CSV, typed for Parquet.
        rows: How many rows.
        dialect: How the file is written; None for Parquet.
        ends_in_newline: False when the last line may have been cut off.
        text: The file as UTF-8 from the first row on, to find line numbers in.
        first_line: The line number of its first line.
    """

    source: str
    sha256: str
    columns: dict[str, pa.ChunkedArray]
    rows: int
    dialect: Dialect | None
    ends_in_newline: bool = True
    text: memoryview = field(default_factory=lambda: memoryview(b""))
    first_line: int = 1

    def line_of(self, row: int) -> int:
        """Return the line of the file, counted from 1, that a row of the table, counted from 0, begins on.

        Quoted line breaks and blank lines are counted. For Parquet, which has no lines, the row counted from 1.
        """
        if self.dialect is None:
            return row + 1
        if not re.search(rb'"|\r|\n\n|\A\n', self.text):
            return self.first_line + row
        lines = (line for line, _ in records(self.text, self.dialect.separator))
        return self.first_line + next(islice(lines, row, None))

    def lines_of(self, rows: Sequence[int]) -> list[int]:
        """Return `line_of` each of some rows, in one pass over the file at most."""
        if self.dialect is None:
            return [row + 1 for row in rows]
        if self._is_one_line_a_row():
            return [self.first_line + row for row in rows]
        wanted, found = sorted(set(rows)), {}
        numbered = enumerate(records(self.text, self.dialect.separator))
        for row in wanted:
            found[row] = next(line for at, (line, _) in numbered if at == row)
        return [self.first_line + found[row] for row in rows]

    def _is_one_line_a_row(self) -> bool:
        """Return whether no cell holds a line break and no line is blank."""
        size = 1 << 24
        parts = (self.text[at : at + size] for at in range(0, len(self.text), size))
        ends = sum(int(np.count_nonzero(np.frombuffer(part, np.uint8) == ord("\n"))) for part in parts)
        return ends + (not self.ends_in_newline) == self.rows

    def place(self, row: int) -> str:
        """Return `FILE, line N`, for messages."""
        return f"{self.source}, {'row' if self.dialect is None else 'line'} {self.line_of(row)}"

    def numbers(self, *names: str) -> npt.NDArray[np.float64]:
        """Return columns as float64, one after the other in one array, missing cells as NaN.

        Raises:
            DataError: A cell that is neither a number in the dialect nor a known spelling of missing, or is infinite.
        """
        if self.dialect is None:
            return np.concatenate([self._typed_numbers(name) for name in names])
        whole = pa.chunked_array([chunk for name in names for chunk in self.columns[name].chunks], pa.string())
        cells = whole.combine_chunks() if len(names) > 1 else whole  # many columns of few rows: once, not each
        decimal, thousands = self.dialect.decimal, self.dialect.thousands
        missing = pc.is_in(cells, _missing())
        plain = pc.if_else(missing, ZERO, cells)
        values = _plain_numbers(plain) if decimal == "." and thousands is None else None
        if values is None:
            cells = pc.utf8_trim_whitespace(cells)
            missing = pc.is_in(cells, _missing())
            plain = pc.if_else(missing, ZERO, cells)
            right = to_numpy(pc.match_substring_regex(plain, number_pattern(decimal, thousands)))
            if not right.all():
                raise self._bad_cell(names, ~right)
            if thousands:
                plain = pc.replace_substring(plain, thousands, "")
            values = to_numpy(pc.cast(pc.replace_substring(plain, decimal, "."), pa.float64()))
        if not np.isfinite(values).all():
            raise self._bad_cell(names, ~np.isfinite(values))
        return np.where(to_numpy(missing), np.nan, values)

    def _typed_numbers(self, name: str) -> npt.NDArray[np.float64]:
        column = self.columns[name]
        if not is_number_type(column.type):
            raise DataError(f"{self.source}: column {name!r} holds {column.type}, not numbers", hint="Pass --target")
        valid = to_numpy(column.is_valid())
        values = np.asarray(to_numpy(column.cast(pa.float64(), safe=False)), np.float64)
        values = np.where(valid, values, np.nan)
        if np.isinf(values).any():
            raise self._bad_cell((name,), np.isinf(values))
        return values

    def _bad_cell(self, names: tuple[str, ...], wrong: npt.NDArray[np.bool_]) -> DataError:
        at, count = int(np.argmax(wrong)), int(wrong.sum())
        name, row = names[at // self.rows], at % self.rows
        cell = str(self.columns[name][row].as_py()).strip()
        more = f" ({count} such cells)" if count > 1 else ""
        infinite = re.fullmatch(r"[+-]?(inf|infinity|[\d.]+e\+?\d+)", cell.lower())
        fault = "is not finite" if infinite else "is not a number"
        return DataError(
            f"{self.place(row)}, column {shown(name)}: {shown(cell)} {fault}{more}", hint=_number_hint(cell)
        )


def is_number_type(kind: pa.DataType) -> bool:
    """Return whether an Arrow type holds numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _plain_numbers(texts: pa.ChunkedArray) -> npt.NDArray[np.float64] | None:
    """Return texts as float64 by Arrow's own parser; None where a cell is not a bare number."""
    try:
        return np.asarray(to_numpy(pc.cast(texts, pa.float64())), np.float64)
    except pa.ArrowInvalid:
        return None


def _missing() -> pa.Array:
    return from_texts(MISSING)


def _number_hint(cell: str) -> str:
    if re.fullmatch(r"[+-]?\d+,\d+", cell):
        return "Pass --decimal , or --thousands ,"
    if re.fullmatch(r"[+-]?\d{1,3}([,.' \u00a0\u202f\u2009]\d{3})+([.,]\d+)?", cell):
        return "Pass --thousands and --decimal"
    if "\u2212" in cell:
        return "Write the minus as a plain hyphen"
    return "Write plain numbers, and missing ones as an empty cell"


# ---------------------------------------------------------------------------------------------------- reading


def read_table(path: Data, settings: ReadSettings, dialect: Dialect | None = None) -> Table:
    """Read a file into a table of texts.

    Args:
        path: A local file, `-` for standard input, or what was read from one.
        settings: What the user says about it; the rest is detected.
        dialect: The dialect of a saved model: then nothing is detected.

    Raises:
        DataError: The content is not a table in one dialect; the message says where.
        ForecastError: Anything that `read_source` raises.
    """
    source = read_source(path)
    try:
        return _read_parquet(source) if source.is_parquet else _read_csv(source, settings, dialect)
    except (MemoryError, pa.ArrowMemoryError):
        raise ResourceError(f"{source.path} does not fit into memory") from None


def _read_parquet(source: Source) -> Table:
    import pyarrow.parquet as pq  # only where there is such a file

    try:
        table = pq.read_table(pa.BufferReader(source.data))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{source.path} is not a sound Parquet file: {str(error).splitlines()[0]}") from None
    columns = {}
    for name, stored in zip(table.column_names, table.columns, strict=True):
        column = stored.cast(stored.type.value_type) if pa.types.is_dictionary(stored.type) else stored
        text = pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type)
        columns[name] = column.cast(pa.string()) if text else column
    _check_names(source.path, table.column_names)
    if not table.num_rows:
        raise DataError(f"{source.path} has no rows")
    return Table(source=source.path, sha256=source.sha256, columns=columns, rows=table.num_rows, dialect=None)


def _read_csv(source: Source, settings: ReadSettings, dialect: Dialect | None) -> Table:
    data, encoding = decode(source, dialect.encoding if dialect else settings.encoding)
    if not data.strip():
        raise DataError(f"{source.path} holds only blank lines: no header row found")
    body = memoryview(data)[_skip(data, dialect.skip_rows if dialect else settings.skip_rows) :]
    skipped = count_lines(data[: len(data) - len(body)])
    dialect = dialect or detect_dialect(source.path, body, encoding, settings)
    names, body, lines = split_header(source.path, body, dialect)
    text = body
    columns = _parse(source.path, body, names, dialect, skipped + lines + 1)
    rows = len(next(iter(columns.values())))
    if not rows:
        raise DataError(f"{source.path} has a header but no data rows")
    return Table(
        source=source.path,
        sha256=source.sha256,
        columns=columns,
        rows=rows,
        dialect=dialect,
        ends_in_newline=data.endswith((b"\n", b"\r")),
        text=text,
        first_line=skipped + lines + 1,
    )


def _skip(data: bytes, lines: int) -> int:
    ends = [match.end() for match in islice(LINE_END.finditer(data), lines)]
    return 0 if not lines else ends[-1] if len(ends) == lines else len(data)


def _check_names(path: str, names: list[str]) -> None:
    seen: dict[str, int] = {}
    for k, name in enumerate(names):
        other = names[seen.setdefault(name.strip().casefold(), k)]
        if seen[name.strip().casefold()] != k:
            twice = (
                f"column {name!r} appears twice"
                if other == name
                else f"columns {other!r} and {name!r} differ only in case"
            )
            raise DataError(f"{path}: {twice}", hint="Rename one")


def _parse(path: str, body: memoryview, names: list[str], dialect: Dialect, line: int) -> dict[str, pa.ChunkedArray]:
    """Return all cells as text."""
    titles = [name or ("" if k == len(names) - 1 else f"column{k + 1}") for k, name in enumerate(names)]
    _check_names(path, titles)
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
    for at, record in records(body, separator):
        if len(record) != width:
            return DataError(
                f"{path}, line {at + line}: {len(record)} cells where the header has {width}",
                hint="Correct the line, or pass --sep",
            )
    return None
