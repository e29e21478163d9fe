"""How a CSV file is written: separator, decimal mark, header. Taken only when one dialect fits, and then frozen."""

from __future__ import annotations

import csv
import io
import re
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice, pairwise
from typing import Any

from forecaster.base.arrow import from_texts
from forecaster.base.errors import DataError, UsageError
from forecaster.config import ReadSettings
from forecaster.data.notation import looks_like_date
from forecaster.data.places import records
from forecaster.data.stamps import parse
from forecaster.data.units import number_pattern

MISSING = (
    *(
        "",
        "NA",
        "na",
        "N/A",
        "n/a",
        "#N/A",
        "#NA",
        "#N/A N/A",
        "<NA>",
        "N.A.",
        "n.a.",
        "NaN",
        "nan",
        "NAN",
        "-nan",
        "-NaN",
    ),
    *("NULL", "null", "Null", "None", "none", "NONE", "-", "--", ".", "?"),
    *(":", "..", "...", "\u2026", "\u2013", "\\N", "(null)", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?"),
)
"""How a missing value may be written; any other word among numbers is an error."""

csv.field_size_limit(sys.maxsize)  # the default of 128 KiB would be taken for a quote that is never closed

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_HEAD_BYTES, _HEAD_ROWS = 1 << 18, 200


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        encoding: Text encoding, in lower case.
        separator: One character between cells.
        decimal: `.` or `,`.
        thousands: Mark between thousands, or None where there is none.
        header: Whether the first row names the columns; else they are `1`, `2`, `3`, …
        header_rows: Rows that the header takes.
        skip_rows: Lines above the header.
        skip_footer: Rows at the end that are no data.
    """

    encoding: str = "utf-8"
    separator: str = ","
    decimal: str = "."
    thousands: str | None = None
    header: bool = True
    header_rows: int = 1
    skip_rows: int = 0
    skip_footer: int = 0

    @property
    def marks(self) -> tuple[str, str | None]:
        """The decimal mark and that between thousands."""
        return self.decimal, self.thousands

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, ready for JSON."""
        return asdict(self)

    def oddities(self) -> str:
        """Return in words what is not as in most files; empty where all is."""
        marks = SEPARATORS | {" ": "space", ".": "point", "'": "apostrophe"}
        parts = [
            ("encoding", self.encoding, "utf-8"),
            ("separator", self.separator, ","),
            ("decimal mark", self.decimal, "."),
            ("thousands mark", self.thousands, None),
        ]
        return ", ".join(f"{what} {marks.get(mark or '', mark)}" for what, mark, usual in parts if mark != usual)


def _top(body: memoryview) -> bytes:
    """Return the beginning of a file: three lines at least, however long."""
    ends = [match.end() for match in islice(re.finditer(rb"\r?\n|\r", body), 3)]
    return bytes(body[: max(_HEAD_BYTES, *ends, 0)] if ends else body)


def _head(body: memoryview, separator: str) -> list[tuple[int, list[str]]]:
    """Return the first records of a file, each with the line it begins on, counted from 0."""
    head, rows = _top(body), []
    try:
        for row in records(head, separator):
            rows.append(row)
            if len(rows) > _HEAD_ROWS:
                break
    except DataError:  # a separator that is none, or a record longer than the head: judged by what came before
        pass
    return rows[:-1] if len(rows) > 1 and len(head) < len(body) else rows


def check_marks(decimal: str, thousands: str | None) -> None:
    """Refuse marks in numbers that could not be distinguished from digits, signs or each other.

    Raises:
        UsageError: They could not.
    """
    if decimal not in (".", ",") or thousands == decimal:
        raise UsageError("--decimal must be . or , and differ from --thousands")
    if thousands is not None and (len(thousands) != 1 or thousands.isalnum() or thousands in '+-"\r\n'):
        fault = f"--thousands must be one mark that stands in no number otherwise, received {thousands!r}"
        raise UsageError(fault, hint="Such as --thousands ',' or --thousands ' '")


def detect_dialect(path: str, body: memoryview, encoding: str, settings: ReadSettings) -> Dialect:
    """Return the one dialect in which the first rows all have the same number of cells."""
    made = Dialect(
        encoding=encoding,
        decimal=settings.decimal or ("," if settings.thousands == "." else "."),
        thousands=settings.thousands,
        header=not settings.no_header,
        header_rows=settings.header_rows,
        skip_rows=settings.skip_rows,
        skip_footer=settings.skip_footer,
    )
    check_marks(made.decimal, made.thousands)
    if settings.sep:
        separator = {"\\t": "\t", "tab": "\t", "TAB": "\t"}.get(settings.sep, settings.sep)
        if len(separator) != 1 or not separator.isascii() or separator in '"\r\n':
            raise UsageError(f"--sep must be one ASCII character, received {settings.sep!r}")
        return replace(made, separator=separator)
    _refuse_top(path, body)
    heads = {mark: _head(body, mark) for mark in SEPARATORS}
    fits = [mark for mark, rows in heads.items() if _is_even([row for _, row in rows])]
    if len(fits) == 1:
        return replace(made, separator=fits[0])
    if fits:
        found = " or ".join(SEPARATORS[mark] for mark in fits)
        error = DataError(f"{path} can be read with {found} as separator", hint="Pass --sep")
        raise error.choosing(*(f"--sep {shlex.quote(mark)}" for mark in fits))
    best = max(heads, key=lambda mark: Counter(len(row) for _, row in heads[mark] if len(row) > 1).total())
    widths = [len(row) for _, row in heads[best]]
    if max(widths, default=1) < 2 and settings.time == "none":  # rows in order: one column of values is enough
        return made
    if max(widths, default=1) < 2 and path.lower().endswith((".json", ".jsonl", ".ndjson")):
        hint = 'Write objects, such as {"ds": "2024-01-01", "y": 5}, one a line or in an array'
        raise DataError(f"{path} is called JSON, but holds no records", hint=hint)
    if max(widths, default=1) < 2:
        hint = "Pass --sep ' '" if heads[best] and " " in heads[best][-1][1][0].strip() else "Pass --sep"
        error = DataError(f"{path} has one column: a time and a value column are needed", hint=hint)
        raise error.choosing("--time none --start 2020-01-01 --freq D")
    _refuse_header(path, [heads.pop(best), *heads.values()])
    return replace(made, separator=best)  # ragged: the strict parser says on which line


MOST_ABOVE = 30
"""Lines above a header at most."""

ROWS_BELOW = 3
"""Rows of the same number of cells below a header that is not in the first line."""


def _header_below(rows: Sequence[tuple[int, list[str]]]) -> int:
    """Return the line, from 0, of a header that stands below other text: all rows from it on are alike; 0 for none."""
    widths = [len(row) for _, row in rows]
    width = widths[-1] if widths else 0
    start = len(rows)
    while start and widths[start - 1] == width:
        start -= 1
    if width < 2 or not 0 < start <= MOST_ABOVE or len(rows) - start <= ROWS_BELOW:
        return 0
    line, header = rows[start]
    named = [cell for cell in header if cell.strip()]
    if not named or looks_like_date(named[0]) or re.match(number_pattern(".", None), named[0].strip()):
        return 0  # a row of data
    return line


def _refuse_header(path: str, heads: list[list[tuple[int, list[str]]]]) -> None:
    """Refuse a header that is not in the first line, or names one column less than there are.

    Args:
        path: What messages call the file.
        heads: Its first rows, by each separator, the likeliest first.

    Raises:
        DataError: It is such a header.
    """
    widths = [len(row) for _, row in heads[0]]
    below = [row for _, row in heads[0][1:]]
    is_named = below and all(row[0] and row[-1] and not looks_like_date(row[0]) for row in below[:ROWS_BELOW])
    if is_named and len({*widths[1:]}) == 1 and widths[1] == widths[0] + 1 > 2:
        fault = f"{path}: rows have one cell more than the header, as where rows have names"
        flags = "--skip-rows 1 --no-header"
        raise DataError(fault, hint=f"Name the first column, or pass {flags}").choosing(flags)
    above = next(k for k, width in enumerate(widths) if width > 1)
    titles = heads[0][above][0] if above and len(set(widths[above:])) == 1 else 0
    for line in (titles, *map(_header_below, heads)):
        if line:
            hint = f"Pass --skip-rows {line}"
            raise DataError(f"{path}: the header is not in line 1 but in line {line + 1}", hint=hint)


def _titles_above(rows: Sequence[tuple[int, list[str]]]) -> int:
    """Return the line, from 0, of a header that stands below titles with empty cells next to them; 0 for none."""
    filled = [sum(bool(cell.strip()) for cell in row) for _, row in rows[:MOST_ABOVE]]
    if len(rows) < ROWS_BELOW or len(rows[0][1]) < ROWS_BELOW or filled[0] != 1:
        return 0
    at = next((k for k, count in enumerate(filled) if count > 1), 0)
    below = filled[at : at + ROWS_BELOW]
    is_header = at and filled[at] == max(below) and not any(looks_like_date(cell) for cell in rows[at][1])
    return rows[at][0] if is_header else 0


def names_of_rows(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the names of columns whose header takes several rows: of merged cells, the first holds the name."""
    width = max(map(len, rows))
    levels: list[list[str]] = []
    for row in reversed(rows):
        cells = [str(cell).strip() for cell in row] + [""] * (width - len(row))
        cells = ["" if re.fullmatch(r"[-=+:|]+", cell) else cell for cell in cells]
        for place in range(1, width):
            if any(below[place] for below in levels):  # a merged cell reaches as far as there are names below it
                cells[place] = cells[place] or cells[place - 1]
        levels.insert(0, cells)
    return [" ".join(dict.fromkeys(filter(None, cells))) for cells in zip(*levels, strict=True)]


def second_header(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows a header takes where that is more than one: words above columns of numbers; else 0."""
    if len(rows) < ROWS_BELOW + 2:
        return 0

    def digits(row: Sequence[str]) -> set[int]:
        return {k for k, cell in enumerate(row) if re.search(r"\d", str(cell))}

    body = set.intersection(*map(digits, rows[-ROWS_BELOW:]))
    for taken in (3, 2):
        below = rows[taken : taken + ROWS_BELOW]
        if len(body) > 1 and len(below) == ROWS_BELOW and all(body <= digits(row) for row in below):
            above = [row for row in rows[1:taken] if not body & digits(row)]
            words = [k for row in above for k in body if k < len(row) and str(row[k]).strip()]
            if len(above) == taken - 1 and words:
                return taken
    return 0


def even_separator(body: memoryview | bytes, separator: str) -> str | None:
    """Return another separator than this one that cuts all rows into as many cells; None where none does."""
    heads = ((mark, _head(memoryview(body), mark)) for mark in SEPARATORS if mark != separator)
    return next((mark for mark, rows in heads if _is_even([row for _, row in rows])), None)


def _refuse_top(path: str, body: memoryview) -> None:
    """Refuse lines above the header that say something about the file.

    Raises:
        DataError: There are some; the hint says how many lines to skip.
    """
    if re.match(rb'"?sep=.', body):
        raise DataError(f"{path}: line 1 is a note for spreadsheets, not the header", hint="Pass --skip-rows 1")
    if comments := _comments_above(body):
        fault = f"{path}: the header is not in line 1 but in line {comments + 1}"
        raise DataError(fault, hint=f"Pass --skip-rows {comments}")


def _comments_above(body: memoryview) -> int:
    """Return how many lines at the top begin with `#` and are no header; the last may be one, `# date,value`."""
    lines = _top(body).splitlines()
    count = next((k for k, line in enumerate(lines) if not line.startswith(b"#")), 0)
    if not count:
        return 0
    named, data = (max(line.count(mark.encode()) for mark in SEPARATORS) for line in lines[count - 1 : count + 1])
    return count - 1 if named == data > 0 and re.search(rb"\d", lines[count]) else count


def _is_even(rows: list[list[str]]) -> bool:
    """Return whether all rows have the same number of cells, two or more; one empty cell may hang over the header."""
    if not rows or len(rows[0]) < 2:
        return False
    width = len(rows[0])
    return all(len(row) == width or (len(row) == width + 1 and not row[-1]) for row in rows)


def date_headers(names: list[str], date_format: str | None = None) -> list[str]:
    """Return the names of columns that are dates: in this format, or written like dates, or years without a gap."""
    if date_format:
        return [name for name in names if parse(from_texts([name.strip()]), date_format)[1][0]]
    if dated := [name for name in names if looks_like_date(name)]:
        return dated
    years = [name for name in names if re.fullmatch(r"1[6-9]\d\d|2[01]\d\d", name.strip())]
    steps = {int(two) - int(one) for one, two in pairwise(years)}
    return years if len(years) > 2 and len(steps) == 1 else []


def split_header(
    path: str, body: memoryview, dialect: Dialect, *, is_single: bool = False
) -> tuple[list[str], memoryview, int]:
    """Return the column names, the text below them, and how many lines they took."""
    numbered = _head(body, dialect.separator)
    rows = [row for _, row in numbered]
    if not rows:
        raise DataError(f"{path}: no header row found, or it is not closed")
    if not dialect.header:
        return [str(k) for k in range(1, len(rows[0]) + 1)], body, 0
    cells, taken = _header_of(path, numbered, dialect), dialect.header_rows
    is_other = len(cells) == 1 and any(mark in cells[0] for mark in SEPARATORS if mark != dialect.separator)
    if len(cells) < 2 and (not is_single or is_other):
        name = SEPARATORS.get(dialect.separator, repr(dialect.separator))
        raise DataError(
            f"{path} has one column when it is read with a {name} as separator",
            hint="Correct the file, or pass --sep or --skip-rows",
        )
    pattern = number_pattern(".", None)
    of_dates = set(date_headers(cells))
    across = {k for k, cell in enumerate(cells) if cell in of_dates}
    if len(across) > 2 and len(rows) > 1 and taken == 1:  # one column a date: below are numbers, not other dates
        across -= {k for k, cell in enumerate(rows[1][: len(cells)]) if looks_like_date(cell)}
    dated = [k for k, cell in enumerate(cells) if looks_like_date(cell) and not (len(across) > 2 and k in across)]
    if dated or all(re.match(pattern, cell) or not cell for cell in cells):
        raise DataError(f"{path}: the header looks like data ({', '.join(cells[:3])})", hint="Pass --no-header")
    lines, size = _extent(body, dialect.separator, taken)
    if len(rows) > 1 and len(rows[1]) == len(cells) + 1 and not rows[1][-1]:
        cells.append("")  # a separator at the end of every row
    return cells, body[size:], lines


def _header_of(path: str, numbered: list[tuple[int, list[str]]], dialect: Dialect) -> list[str]:
    """Return the names in the first rows of a text.

    Raises:
        DataError: The header is in another line, or takes more or fewer rows.
    """
    rows = [row for _, row in numbered]
    if line := _titles_above(numbered):
        raise DataError(f"{path}: the header is not in line 1 but in line {line + 1}", hint=f"Pass --skip-rows {line}")
    taken = dialect.header_rows
    if taken >= len(rows) and taken > 1:
        fault = f"{path}: no row stands below {taken} rows of a header"
        raise DataError(fault, hint="Pass a smaller --header-rows")
    if taken > 1:
        return names_of_rows(rows[:taken])
    if more := second_header(rows[: ROWS_BELOW + 3]):
        raise DataError(f"{path}: the header takes {more} rows", hint=f"Pass --header-rows {more}")
    return [cell.strip() for cell in rows[0]]


def _extent(body: memoryview, separator: str, rows: int) -> tuple[int, int]:
    """Return how many lines and bytes the first rows of a text take."""
    head = io.TextIOWrapper(io.BytesIO(_top(body)), encoding="utf-8", errors="replace", newline="")
    reader = csv.reader(iter(head.readline, ""), delimiter=separator)
    for _ in range(rows):
        while not next(reader):
            pass
    lines = reader.line_num
    head.seek(0)
    size = sum(len(head.readline().encode()) for _ in range(lines))
    return lines, size
