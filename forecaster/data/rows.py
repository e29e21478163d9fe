"""A table → rows: one observation a row, as numbers: which series, which stamp, what value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from shlex import quote
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from forecaster.base.arrow import from_numpy, from_texts, integers, text, to_numpy
from forecaster.base.errors import DataError, ModelError, shown
from forecaster.config import ReadSettings
from forecaster.data.columns import Columns
from forecaster.data.dialect import MISSING
from forecaster.data.frequency import Frequency
from forecaster.data.notation import TOO_FAR, StampError, detect_format, too_far
from forecaster.data.recipe import Recipe
from forecaster.data.schema import Schema
from forecaster.data.stamps import (
    DAY,
    SECOND,
    Ints,
    Mask,
    has_clock,
    is_aware,
    last_of_two,
    localize,
    offsets_in,
    parse,
    to_local,
)
from forecaster.data.table import MOST_NOTES, Table, is_note
from forecaster.data.zones import frozen, is_offset, strangers

_HEAD = 10_000

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One thing to know about the data.

    Attributes:
        code: Short stable name, such as `gaps`.
        severity: `info`: detected or harmless; `warning`: repaired, look at it; `error`: refused.
        message: What and where, without a full stop.
        series: The series it is about, or the first of several; None for the whole file.
        line: The line of the file (row, in Parquet) of its first case.
        count: How many cases.
        hint: The flag or command that settles it.
    """

    code: str
    severity: Severity
    message: str
    series: str | None = None
    line: int | None = None
    count: int = 0
    hint: str = ""


@dataclass(frozen=True, eq=False)
class Clock:
    """The time column: distinct stamps, ascending, the code of each row [R], and how they are written."""

    unique: Ints
    codes: Ints
    time_format: str
    tz: str | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class Rows:
    """The observations of a table, one a cell.

    Attributes:
        series: Which series [N], numbered by first appearance.
        stamps: Code of the stamp [N], ascending with time.
        values: [N] float64, NaN where missing.
        lines: Row of the table [N].
        ids: The names of the series [S].
    """

    series: Ints
    stamps: Ints
    values: npt.NDArray[np.float64]
    lines: Ints
    ids: tuple[str, ...]

    def take(self, chosen: npt.NDArray[np.generic]) -> Rows:
        """Return some of the rows: an order, or a mask."""
        return Rows(self.series[chosen], self.stamps[chosen], self.values[chosen], self.lines[chosen], self.ids)


def distinct(column: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """Return the cells of a column that are worth a look of their own, and for each row which one it holds.

    Repeated cells (the days of a panel) come once, in order of first appearance. A column without repeats comes as it
    is: to hash it would take longer than to read it.
    """
    head = column.slice(0, _HEAD)
    if len(head) == _HEAD and len(pc.unique(head)) > _HEAD // 2:
        return _flat(column), np.arange(len(column))
    return _dictionary(column)


def _dictionary(column: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """Return the distinct cells of a column, in order of first appearance, and for each row which one it holds."""
    encoded = column.dictionary_encode().unify_dictionaries()
    codes = [to_numpy(chunk.indices) for chunk in encoded.chunks]
    return encoded.chunk(0).dictionary, np.concatenate(codes).astype(np.int64)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def read_clock(table: Table, columns: Columns, settings: ReadSettings, schema: Schema | None) -> Clock:
    """Return the stamps of the time column.

    Args:
        table: A plain table.
        columns: Which column is what.
        settings: What the user says of stamps; of a model, its schema and recipe say it.
        schema: The model's.

    Raises:
        DataError: A cell that is no stamp in the one format of the column; or no format, or several, fit all cells.
    """
    name = columns.time
    column = table.columns[name]
    if column.null_count:
        absent = np.flatnonzero(to_numpy(column.is_null()))
        raise table.fault(absent.tolist(), f"{table.place(int(absent[0]))}: column {name!r} has no time", "")
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _typed_clock(table, columns, settings, schema)
    if not (pa.types.is_string(column.type) or pa.types.is_integer(column.type)):
        raise DataError(f"{table.source}: column {name!r} holds {column.type}, not times", hint="Pass --time")
    if schema is None and not settings.skip_footer:
        refuse_footer(table, name)
    texts, codes = distinct(column.cast(pa.string()))
    texts = pc.utf8_trim_whitespace(texts)
    try:
        _refuse(to_numpy(pc.is_in(texts, from_texts(MISSING))), texts, "where a time is needed", "Complete the row")
        time_format = schema.time_format if schema else _named(texts, settings.date_format) or _detect(texts, settings)
        stamps, ok = parse(texts, time_format)
        odd = "" if ok.all() else too_far(texts[int(np.argmin(ok))].as_py(), time_format)
        hint = TOO_FAR if odd else "Correct it" if schema else "Correct it, or leave out --date-format"
        _refuse(~ok, texts, odd or f"does not match {time_format}", hint)
        tz = schema.tz if schema else settings.tz
        findings = [] if schema or settings.date_format else _announced(time_format)
        if is_aware(time_format):
            offsets = offsets_in(texts, time_format)
            findings += _of_offsets(offsets, schema, tz, np.sort(stamps))
            tz = tz or (offsets[0] if len(offsets) == 1 else "UTC")
        elif tz and has_clock(time_format):
            stamps = _settle_clock(stamps[codes], tz, table, columns, recipe_of(settings, schema))
            codes = np.arange(len(stamps))
        else:
            tz = None
    except StampError as error:
        row = int(np.argmax(to_numpy(pc.equal(texts, text(error.text)))[codes]))
        wrong = [] if error.wrong is None else np.flatnonzero(to_numpy(pc.is_in(texts, error.wrong))[codes]).tolist()
        hint = _total_hint(error) or error.hint
        fault = table.fault(wrong, f"{table.place(row)}, column {name!r}: {error.message}", hint)
        raise fault.choosing(*error.choices) from None
    unique, inverse = np.unique(stamps, return_inverse=True)
    return Clock(unique, inverse[codes], time_format, tz, tuple(findings))


MOST_EMPTY = 2
"""Rows without a time at the end that are taken for totals."""

_SUMS = "total|sum|average|mean|summe|gesamt|insgesamt|totale|suma|somme|totaal"
TOTAL = re.compile(rf"\s*(grand |sub)?-?({_SUMS})\b", re.IGNORECASE)
"""How a row of sums is called."""


def _total_hint(error: StampError) -> str:
    """Return what to do about rows of sums between the data; an empty text where others are wrong too."""
    cells = [] if error.wrong is None else error.wrong.to_pylist()
    names = {match[0].strip() for cell in cells if (match := TOTAL.match(cell))}
    if not cells or not all(map(TOTAL.match, cells)):
        return ""
    return f"Pass --drop-rows {quote(','.join(f'{name}*' for name in sorted(names)))} to leave sums out"


def refuse_footer(table: Table, name: str) -> None:
    """Refuse rows at the end whose cell of the time is a word, or empty, where those above hold digits.

    Raises:
        DataError: There are such rows: a total, a note.
    """
    last = table.columns[name].slice(max(table.rows - MOST_NOTES - 1, 0)).cast(pa.string()).to_pylist()
    notes = next((k for k, cell in enumerate(reversed(last)) if re.search(r"\d", cell or "")), len(last))
    words = [cell.strip() for cell in last[len(last) - notes :] if cell and cell.strip() not in MISSING]
    if notes in (0, len(last)) or not all(is_note(word) for word in words):
        return
    words = words or _totals_in(table, notes)
    if not words and notes <= MOST_EMPTY and not _names_in(table, notes):
        words = [""]
    if not words:
        return
    rows = list(range(table.rows - notes, table.rows))
    fault = f"{table.place(rows[0])}, column {name!r}: {shown(words[0])} is no time, as the rows above have"
    raise table.fault(rows, fault, f"Pass --skip-footer {notes} if that is no data, else correct it")


def _totals_in(table: Table, count: int) -> list[str]:
    """Return the cells of the last rows that say of what is next to them that it is a sum."""
    texts = [column for column in table.columns.values() if pa.types.is_string(column.type)]
    cells = (cell for column in texts for cell in column.slice(table.rows - count).to_pylist())
    return [cell for cell in cells if cell and TOTAL.match(cell)]


def _names_in(table: Table, count: int) -> bool:
    """Return whether one of the last rows has a word in it: then it is of a series, and no total of all."""
    texts = [column for column in table.columns.values() if pa.types.is_string(column.type)]
    cells = (cell for column in texts for cell in column.slice(table.rows - count).to_pylist())
    return any(cell and cell not in MISSING and re.search(r"[^\W\d_]", cell) for cell in cells)


def recipe_of(settings: ReadSettings, schema: Schema | None) -> Recipe:
    """Return the model's recipe, or what the user says."""
    return schema.recipe if schema else Recipe.of(settings)


def _settle_clock(local: Ints, tz: str, table: Table, columns: Columns, recipe: Recipe) -> Ints:
    """Return UTC for the wall clock of each row; what the clock skips or shows twice is settled as the recipe says.

    Raises:
        DataError: The recipe says nothing, or rows do not show which of two moments is meant.
    """
    utc, absent, double = localize(local, tz)
    if absent.any():
        row = int(np.argmax(absent))
        if recipe.on_nonexistent == "error":
            fault = f"{table.place(row)}, column {columns.time!r}: {shown(str(table.columns[columns.time][row]))} does "
            fault += f"not exist in {tz}, where the clock was put forward ({int(absent.sum())} such rows)"
            hint = "Pass --on-nonexistent shift, or export times in UTC"
            raise table.fault(np.flatnonzero(absent).tolist(), fault, hint)
        before = utc - SECOND  # `localize` has put them on the moment of the change
        utc = np.where(absent, local - (to_local(before, tz) - before), utc)
    if not double.any() or recipe.on_ambiguous == "earlier":
        return utc
    row = int(np.argmax(double))
    fault = f"{table.place(row)}, column {columns.time!r}: {shown(str(table.columns[columns.time][row]))} exists twice"
    if recipe.on_ambiguous == "error":
        hint = "Pass --on-ambiguous infer, earlier or later, or export times in UTC or with offsets"
        fault = f"{fault} in {tz}: ambiguous ({int(double.sum())} such rows)"
        raise table.fault(np.flatnonzero(double).tolist(), fault, hint)
    later = np.where(double, last_of_two(local, tz), utc)
    if recipe.on_ambiguous == "later":
        return later
    second, alone = _second_pass(local, double, read_series(table, columns)[0][: len(local)])
    if alone.any():
        fault = f"{table.place(int(np.argmax(alone)))}, column {columns.time!r}: exists twice in {tz}, and is here once"
        raise DataError(fault, hint="Pass --on-ambiguous earlier or later")
    return np.where(second, later, utc)


def _second_pass(local: Ints, double: Mask, series: Ints) -> tuple[Mask, Mask]:
    """Return which rows [N] are of the second time that a clock shows an hour, and which have no other to compare with.

    Of two rows of a series with the same stamp the first is the earlier one, or the later where rows run backwards.
    """
    at = np.flatnonzero(double)
    order = at[np.lexsort((at, local[at], series[at]))]
    same = (local[order][1:] == local[order][:-1]) & (series[order][1:] == series[order][:-1])
    again, first = np.append(False, same), np.append(same, False)
    inside = series[1:] == series[:-1]
    backwards = np.sum(np.diff(local)[inside] < 0) > np.sum(np.diff(local)[inside] > 0)
    second, alone = np.zeros(len(local), bool), np.zeros(len(local), bool)
    second[order] = first if backwards else again
    alone[order] = ~again & ~first
    return second, alone


def _refuse(bad: Mask, texts: pa.Array, fault: str, hint: str) -> None:
    if bad.any():
        first = texts[int(np.argmax(bad))].as_py()
        raise StampError(first, f"{shown(first)} {fault}", hint, texts.filter(from_numpy(bad)))


def _of_offsets(offsets: list[str], schema: Schema | None, tz: str | None, stamps: Ints) -> list[Finding]:
    """Return what is odd about offsets from UTC: there are several, one that may change, or others than in training."""
    if schema is not None:
        found = strangers(offsets, schema.tz)
        if found is None and not schema.tz_chosen and is_offset(schema.tz):
            found = frozen(str(schema.tz), stamps)
    elif tz is not None:
        return []
    elif len(offsets) > 1:
        message = f"offsets from UTC differ ({', '.join(offsets)}): counted and written in UTC"
        found = message, "Pass --tz, such as Europe/Berlin"
    else:
        found = frozen(offsets[0], stamps)
    return [Finding("offsets", "warning", found[0], count=len(offsets), hint=found[1])] if found else []


def _announced(time_format: str) -> list[Finding]:
    """Return the format that was detected, where the order of day, month and year was a question."""
    if time_format == "integer" or time_format.startswith("%Y"):
        return []
    return [Finding("time-format", "info", f"times are read as {time_format}")]


def _named(texts: pa.Array, time_format: str | None) -> str | None:
    """Return the format that the user names; its %z reads offsets of hours alone (`+02`) too, where all need that."""
    if time_format is None or "%z" not in time_format or parse(texts, time_format)[1].all():
        return time_format
    short = time_format.replace("%z", "%-z")
    return short if parse(texts, short)[1].all() else time_format


def _detect(texts: pa.Array, settings: ReadSettings) -> str:
    found = detect_format(texts)
    yearly = settings.freq and Frequency(settings.freq).alias.split("-")[0] in ("YS", "YE")
    return "%Y" if found == "integer" and yearly else found


def _typed_clock(table: Table, columns: Columns, settings: ReadSettings, schema: Schema | None) -> Clock:
    """Return the stamps of a column that is typed as dates or times."""
    name = columns.time
    column = table.columns[name]
    zone = column.type.tz if pa.types.is_timestamp(column.type) else None
    try:
        stamps = integers(column.cast(pa.timestamp("ns", zone)))
    except pa.ArrowInvalid:
        raise DataError(f"{table.source}: column {name!r} has a time before 1678 or after 2261") from None
    time_format, tz = "%Y-%m-%d", zone and (settings.tz or zone)
    if zone or (stamps % DAY).any():
        time_format += " %H:%M:%S" + (".%6f" if (stamps % SECOND).any() else "") + ("%:z" if zone else "")
    if schema is not None:
        if schema.time_format == "integer" or is_aware(schema.time_format) != (zone is not None):
            raise ModelError(
                f"{table.source}: the model's times are {schema.time_format}, column {name!r} is {column.type}"
            )
        time_format, tz = schema.time_format, schema.tz
    zone_asked = schema.tz if schema else settings.tz
    if zone is None and zone_asked and has_clock(time_format):
        tz = zone_asked
        stamps = _settle_clock(stamps, tz, table, columns, recipe_of(settings, schema))
    unique, codes = np.unique(stamps, return_inverse=True)
    findings = _of_offsets([zone], schema, settings.tz, unique) if zone and (schema or is_offset(zone)) else []
    return Clock(unique, codes, time_format, tz, tuple(findings))


def read_rows(table: Table, columns: Columns, codes: Ints) -> Rows:
    """Return the observations of all series."""
    values = table.numbers(*columns.targets)
    series, ids = read_series(table, columns)
    repeats = len(series) // max(table.rows, 1)
    return Rows(series, np.tile(codes, repeats), values, np.tile(np.arange(table.rows), repeats), ids)


def _above(table: Table, name: str) -> str:
    """Return what to do about empty names of series: of one column, they may mean the name above."""
    return (
        "Complete it" if table.joined else f"Pass --fill-down {quote(name)} if it means the one above, or complete it"
    )


def read_series(table: Table, columns: Columns) -> tuple[Ints, tuple[str, ...]]:
    """Return which series each row belongs to [N], and the names; in a wide file, all rows once for each column.

    Raises:
        DataError: A row without a name.
    """
    if columns.shape == "wide":
        return np.repeat(np.arange(len(columns.targets)), table.rows), columns.targets
    if columns.id is None:
        return np.zeros(table.rows, np.int64), ("",)
    column = table.columns[columns.id]
    if not (pa.types.is_string(column.type) or pa.types.is_integer(column.type)):
        raise DataError(f"{table.source}: column {columns.id!r} holds {column.type}, not names", hint="Pass --id")
    if column.null_count:
        empty = np.flatnonzero(to_numpy(column.is_null())).tolist()
        raise table.fault(empty, f"{table.place(empty[0])}: column {columns.id!r} is empty", _above(table, columns.id))
    names, series = _dictionary(column.cast(pa.string()))
    ids = tuple(names.to_pylist())
    if "" in ids:
        empty = np.flatnonzero(series == ids.index("")).tolist()
        raise table.fault(empty, f"{table.place(empty[0])}: column {columns.id!r} is empty", _above(table, columns.id))
    return series, ids
