"""Which marks and units read the numbers of a table: the only ones that read them all, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecaster.base.arrow import ZERO, from_texts, to_numpy
from forecaster.base.errors import DataError
from forecaster.config import ReadSettings
from forecaster.data.columns import Columns, holds_numbers
from forecaster.data.dialect import MISSING
from forecaster.data.table import Table
from forecaster.data.units import find_units, number_pattern, plain_numbers, read_numbers, without_units

_SPACES = "\u00a0\u202f\u2009"
_GROUPED = (
    (".", ","),
    (",", "."),
    (".", " "),
    (",", " "),
    (".", "'"),
    (".", "\u2019"),
    *((d, s) for d in ".," for s in _SPACES),
)
"""Decimal marks and marks between thousands that go together."""


def settle_numbers(table: Table, columns: Columns, settings: ReadSettings) -> Table:
    """Return the table with the marks and units that read its numbers; unchanged where all of them are bare.

    Raises:
        DataError: `1.234` or `1,234` throughout, which could be a thousand or a fraction.
    """
    dialect = table.dialect
    written = [name for name in columns.targets if pa.types.is_string(table.columns[name].type)]
    if dialect is None or not written:
        return table
    cells = [chunk for name in written for chunk in table.columns[name].chunks]
    whole = pa.chunked_array(cells, pa.string())
    missing = from_texts([*MISSING, *table.na_values])
    if dialect.separator == "," and _are_bare(whole, missing):
        return table
    texts = pc.utf8_trim_whitespace(whole)
    texts = texts.filter(pc.invert(pc.is_in(texts, missing)))
    units = find_units(texts) or _units_of_each(table, columns.targets, missing)
    for name in columns.covariates:
        if pa.types.is_string(table.columns[name].type) and holds_numbers(table, name):
            own = pc.utf8_trim_whitespace(table.columns[name])
            units += tuple(u for u in find_units(own.filter(pc.invert(pc.is_in(own, missing)))) if u not in units)
    table = replace(table, units=units)
    if settings.decimal or settings.thousands:
        return table
    decimal, thousands = _marks(table.source, without_units(texts, units), is_comma=dialect.separator == ",")
    return replace(table, dialect=replace(dialect, decimal=decimal, thousands=thousands))


def _are_bare(texts: pa.ChunkedArray, missing: pa.Array) -> bool:
    """Return whether all cells are bare numbers, but for those that are missing."""
    if plain_numbers(texts) is not None:
        return True
    return plain_numbers(pc.if_else(pc.is_in(texts, missing), ZERO, texts)) is not None


def _marks(source: str, texts: pa.ChunkedArray, *, is_comma: bool) -> tuple[str, str | None]:
    """Return the decimal mark of numbers and the mark between their thousands: the only ones that read them all."""
    fits = {mark: int(to_numpy(pc.match_substring_regex(texts, number_pattern(mark, None))).sum()) for mark in ".,"}
    if max(fits.values()) < len(texts):
        both = [pair for pair in _GROUPED if pc.all(pc.match_substring_regex(texts, number_pattern(*pair))).as_py()]
        if both and all(np.array_equal(read_numbers(texts, *pair), read_numbers(texts, *both[0])) for pair in both):
            return both[0]
    mark = "," if fits[","] > fits["."] else "."
    marked = texts.filter(pc.match_substring(texts, mark))
    doubtful = pc.match_substring_regex(marked, rf"^[+-]?[1-9]\d{{0,2}}{re.escape(mark)}\d{{3}}$")
    if len(marked) and pc.all(doubtful).as_py() and not (is_comma and mark == "."):
        raise DataError(
            f"{source}: {marked[0].as_py()!r} could be a thousand or a fraction, and so could every number",
            hint=f"Pass --thousands '{mark}' or --decimal '{mark}'",
        ).choosing(f"--thousands {mark}", f"--decimal {mark}")
    return mark, None


def _units_of_each(table: Table, names: Sequence[str], missing: pa.Array) -> tuple[str, ...]:
    """Return the units of columns that each have another one, as degrees and percent of a station."""
    units: list[str] = []
    for name in names if len(names) > 1 else ():
        cells = table.columns[name]
        if pa.types.is_string(cells.type):
            own = pc.utf8_trim_whitespace(cells)
            units += find_units(own.filter(pc.invert(pc.is_in(own, missing))))
    return tuple(dict.fromkeys(units))
