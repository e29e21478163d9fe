"""Rows and cells that are there for people: subtotals between the data, a name that stands once for many rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecaster.base.arrow import EMPTY, to_numpy
from forecaster.data.columns import require_column
from forecaster.data.rows import Finding
from forecaster.data.table import Table


def without_rows(table: Table, cells: Sequence[str]) -> tuple[Table, Finding | None]:
    """Return a table without the rows that have one of some cells, in any column, and what is to be known of it.

    Args:
        table: The file as it stands.
        cells: Texts; `*` stands for any text, as in `Total*`.

    Raises:
        MissingError: No row is left.
    """
    if not cells:
        return table, None
    pattern = f"^(?:{'|'.join(re.escape(cell).replace(re.escape('*'), '.*') for cell in cells)})$"
    odd = np.zeros(table.rows, bool)
    for column in table.columns.values():
        if pa.types.is_string(column.type):
            found = pc.match_substring_regex(pc.utf8_trim_whitespace(column), pattern)
            odd |= to_numpy(pc.fill_null(found, fill_value=False))
    rows = np.flatnonzero(odd)
    named = ", ".join(cells)
    if not len(rows):
        return table, Finding("dropped-rows", "warning", f"no row has a cell {named}", hint="Leave out --drop-rows")
    line = table.line_of(int(rows[0]))
    noun = "row" if len(rows) == 1 else "rows"
    message = f"{len(rows):,} {noun} left out that hold {named}, first in {table.places.noun} {line}"
    return table.without(rows.tolist()), Finding("dropped-rows", "info", message, line=line, count=len(rows))


def filled_down(table: Table, names: Sequence[str]) -> Table:
    """Return a table in which empty cells of some columns hold what stands above them.

    Raises:
        DataError: There is no such column.
    """
    columns = dict(table.columns)
    for name in names:
        column = columns[require_column(table, name, "--fill-down")].combine_chunks()
        if pa.types.is_string(column.type):
            column = pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), EMPTY), pa.scalar(None, pa.string()), column)
        columns[name] = pa.chunked_array([pc.fill_null_forward(column)])
    return replace(table, columns=columns) if names else table
