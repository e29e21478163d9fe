"""Covariates: what is known besides the target, laid on the grid of the series.

A past covariate is known up to the last observation, a future one ahead of it too (a price, a promotion), a static one
has one value a series. Their cells come from the rows of the data file, also from rows after the last observation whose
target is empty, and from a file of future rows alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from forecaster.base.arrow import EMPTY, to_numpy
from forecaster.base.errors import DataError, shown
from forecaster.data.columns import Columns
from forecaster.data.frequency import Frequency
from forecaster.data.rows import Clock, Finding, read_series
from forecaster.data.stamps import Ints, Mask
from forecaster.data.table import Table

Floats = npt.NDArray[np.float64]
Role = Literal["past", "future", "static"]

STRANGER = "future-series"
"""Code of the finding that a file of future rows has a series that the data lacks, and one of like name lacks a row."""

UNKNOWN = "has no value and counts as unknown"

MOST_STRANGERS, MOST_NEAR, LIKE = 5, 2_000, 0.8
"""Names that are looked for, names that they are compared with, and how like them one must be, of at most 1."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Where the cells of covariates stand: N rows of a table, each of a series and a stamp."""

    table: Table
    ids: tuple[str, ...]
    series: Ints
    stamps: Ints
    lines: Ints

    @classmethod
    def of(cls, table: Table, columns: Columns, clock: Clock) -> Cells:
        """Return the cells of all rows of a table."""
        series, ids = read_series(table, columns)
        repeats = len(series) // max(table.rows, 1)
        stamps = np.tile(clock.unique[clock.codes], repeats)
        return cls(table, ids, series, stamps, np.tile(np.arange(table.rows), repeats))


@dataclass(frozen=True, eq=False)
class Covariate:
    """One covariate.

    Attributes:
        name: Its column.
        role: See the module.
        values: [R] float64, or [S] for a static one; NaN where it is not known. A category is its place in `names`.
        names: The categories; None for numbers.
    """

    name: str
    role: Role
    values: Floats
    names: tuple[str, ...] | None


@dataclass(frozen=True, eq=False)
class Covariates:
    """The covariates of S series, each from its series' first step on, and as far ahead as anything is known.

    Attributes:
        starts: [S] index into `values` of each series' first step.
        lengths: [S] steps of each series there; at least as many as are observed.
        columns: The covariates.
        ahead: The file of future rows; empty where there is none.
    """

    starts: Ints
    lengths: Ints
    columns: tuple[Covariate, ...]
    ahead: str = ""

    def take(self, kept: Ints) -> Covariates:
        """Return those of some of the series."""
        columns = tuple(replace(c, values=c.values[kept]) if c.role == "static" else c for c in self.columns)
        return Covariates(self.starts[kept], self.lengths[kept], columns, self.ahead)

    def compact(self) -> Covariates:
        """Return the same without the steps of series that were left out."""
        ends = np.cumsum(self.lengths)
        at = np.repeat(self.starts - (ends - self.lengths), self.lengths) + np.arange(int(ends[-1]))
        columns = tuple(c if c.role == "static" else replace(c, values=c.values[at]) for c in self.columns)
        return Covariates(np.asarray(ends - self.lengths, np.int64), self.lengths, columns, self.ahead)


def join_covariates(parts: Sequence[Covariates]) -> Covariates:
    """Return the covariates of the series of several parts, one after the other; the parts have the same columns."""
    parts = [part.compact() for part in parts]
    steps = np.cumsum([0, *(int(part.lengths.sum()) for part in parts)])
    columns = []
    for same in zip(*(part.columns for part in parts), strict=True):
        names = tuple(sorted({name for own in same for name in own.names or ()})) if same[0].names is not None else None
        columns.append(replace(same[0], values=np.concatenate([_coded(own, names) for own in same]), names=names))
    starts = np.concatenate([part.starts + at for part, at in zip(parts, steps[:-1].tolist(), strict=True)])
    lengths = np.concatenate([part.lengths for part in parts])
    return Covariates(starts, lengths, tuple(columns), parts[0].ahead)


def _coded(own: Covariate, names: tuple[str, ...] | None) -> Floats:
    """Return the values of a covariate with its categories numbered as in `names`."""
    if names is None:
        return own.values
    place = {name: float(k) for k, name in enumerate(names)}
    codes = np.array([place[name] for name in own.names or ()] + [np.nan])
    return np.asarray(codes[np.where(np.isnan(own.values), len(codes) - 1, own.values).astype(np.int64)])


@dataclass(frozen=True, kw_only=True, eq=False)
class CovariateGrid:
    """The series that covariates belong to.

    Attributes:
        ids: [S] names.
        first: [S] ordinal of each first step.
        lengths: [S] observed steps.
        frequency: The grid.
    """

    ids: tuple[str, ...]
    first: Ints
    lengths: Ints
    frequency: Frequency


def lay_covariates(
    parts: Sequence[Cells], columns: Columns, categorical: Sequence[str], grid: CovariateGrid
) -> tuple[Covariates | None, list[Finding]]:
    """Lay covariates on the grid, and carry values forward into the holes of the observed time.

    Args:
        parts: The data file's cells, and those of a file of future rows; where both have a value, the first counts.
        columns: Which columns are covariates.
        categorical: Names of those whose cells are categories.
        grid: The series.

    Raises:
        DataError: A cell is no number, a static covariate changes, or a future row stands there twice.
    """
    if not columns.covariates:
        return None, []
    strangers = [found for ahead in parts[1:] for found in _check_ahead(ahead, grid)]
    places = [_places(cells, grid) for cells in parts]
    lengths = grid.lengths.copy()
    for series, steps, _ in places:
        np.maximum.at(lengths, series, steps + 1)
    starts = np.concatenate(([0], np.cumsum(lengths)))[:-1].astype(np.int64)
    size, found, findings = int(lengths.sum()), [], strangers
    for role in ("past", "future", "static"):
        for name in getattr(columns, role):
            there = [k for k, cells in enumerate(parts) if name in cells.table.columns]
            read = [_read(parts[k].table, name, name in categorical) for k in there]
            names = _all_names([own for _, own in read])
            values = np.full(len(grid.ids) if role == "static" else size, np.nan)
            for k, (raw, own) in reversed(list(zip(there, read, strict=True))):
                series, steps, rows = places[k]
                cell = _renumber(raw, own, names)[rows]
                known = ~np.isnan(cell)
                if role == "static":
                    _check_static(cell, series, (name, parts[k].table, rows))
                values[series[known] if role == "static" else starts[series[known]] + steps[known]] = cell[known]
            column = Covariate(name, role, values, names)
            findings += _fill(column, starts, grid)
            found.append(column)
    if columns.is_joint:  # which of the columns it is that is forecast
        found.append(Covariate("series", "static", np.arange(len(grid.ids), dtype=np.float64), grid.ids))
    ahead = parts[1].table.source if len(parts) > 1 else ""
    return Covariates(starts, lengths, tuple(found), ahead), findings


def _check_ahead(cells: Cells, grid: CovariateGrid) -> list[Finding]:
    """Refuse a file of future rows that has a stamp twice, or none of the series; name series that may be misspelled.

    Raises:
        DataError: It has.
    """
    series, steps, rows = _places(cells, grid)
    if not len(series):
        known = ", ".join(map(shown, grid.ids[:3]))
        raise DataError(f"{cells.table.source}: no row is of a series of the data", hint=f"Its series: {known}")
    order = np.lexsort((steps, series))
    twice = (np.diff(series[order]) == 0) & (np.diff(steps[order]) == 0)
    if twice.any():
        at = int(np.argmax(twice))
        lines = sorted(cells.table.line_of(int(rows[order[k]])) for k in (at, at + 1))
        raise DataError(f"{cells.table.source}: lines {lines[0]} and {lines[1]} are of the same series and stamp")
    return _strangers(cells, grid, np.bincount(series, minlength=len(grid.ids)))


def _strangers(cells: Cells, grid: CovariateGrid, rows: Ints) -> list[Finding]:
    """Return what is said of series that the data lacks, where a name is like one that has fewer rows than others.

    A plan for more series than the data has is none: then no series of the data lacks a row.

    Args:
        cells: Of the file of future rows.
        grid: The series of the data.
        rows: [S] rows that each has in the file.
    """
    known = set(grid.ids)
    unknown = [k for k, name in enumerate(cells.ids) if name not in known][:MOST_STRANGERS]
    short = [grid.ids[s] for s in np.flatnonzero(rows < rows.max()).tolist()[:MOST_NEAR]]
    for k in unknown:
        if near := difflib.get_close_matches(cells.ids[k], short, 1, LIKE):
            at = cells.table.place(int(cells.lines[int(np.argmax(cells.series == k))]))
            message = f"{at}: no series of the data is called {shown(cells.ids[k])}; one is called {shown(near[0])}"
            return [Finding(STRANGER, "warning", message)]
    return []


def _places(cells: Cells, grid: CovariateGrid) -> tuple[Ints, Ints, Ints]:
    """Return for the cells that lie on the grid, from each series' first step on: series, step, row of the table."""
    known = {name: s for s, name in enumerate(grid.ids)}
    series = np.array([known.get(name, -1) for name in cells.ids], np.int64)[cells.series]
    steps = grid.frequency.split(cells.stamps)[0] - grid.first[series]
    use = (series >= 0) & (steps >= 0)
    return series[use], steps[use], cells.lines[use]


def _read(table: Table, name: str, is_category: bool) -> tuple[Floats, tuple[str, ...] | None]:
    """Return a column [rows of the table] as numbers, NaN where missing, or as places in its own categories.

    An empty cell is a category like any other: the day without an event. So is `NA`, which may be Namibia.
    """
    if not is_category:
        return table.numbers(name), None
    texts = pc.fill_null(pc.utf8_trim_whitespace(table.columns[name].cast(pa.string())), EMPTY)
    coded = texts.dictionary_encode().unify_dictionaries()
    codes = [to_numpy(chunk.indices) for chunk in coded.chunks]
    return np.concatenate(codes).astype(np.float64), tuple(coded.chunk(0).dictionary.to_pylist())


def _all_names(parts: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """Return the categories of all parts, sorted; None for numbers."""
    names = [part for part in parts if part is not None]
    return tuple(sorted({name for part in names for name in part})) if names else None


def _renumber(values: Floats, own: tuple[str, ...] | None, names: tuple[str, ...] | None) -> Floats:
    """Return values whose categories count in `names` instead of in their own."""
    if own is None or names is None:
        return values
    places = {name: float(k) for k, name in enumerate(names)}
    table = np.array([places[name] for name in own] or [np.nan])
    return np.where(np.isnan(values), np.nan, table[np.nan_to_num(values).astype(np.int64)])


def _check_static(cell: Floats, series: Ints, where: tuple[str, Table, Ints]) -> None:
    """Refuse a static covariate that has several values in a series."""
    name, table, rows = where
    known = np.flatnonzero(~np.isnan(cell))
    first = np.full(int(series.max(initial=0)) + 1, np.nan)
    first[series[known[::-1]]] = cell[known[::-1]]
    other = known[cell[known] != first[series[known]]]
    if len(other):
        row = int(rows[other[0]])
        raise DataError(
            f"{table.place(row)}, column {name!r}: the value changes within a series",
            hint="A column that changes is given with --past-covariates or --future-covariates",
        )


def _fill(column: Covariate, starts: Ints, grid: CovariateGrid) -> list[Finding]:
    """Carry the last value into the holes of the observed time, in place, and the first one backwards.

    What lies ahead stays as it is, and what a series never has stays missing.
    """
    values = column.values
    if column.role == "static":
        return _findings_of(column, np.flatnonzero(np.isnan(values)), UNKNOWN, grid)
    series = np.repeat(np.arange(len(starts)), grid.lengths)
    past = starts[series] + np.arange(len(series)) - np.repeat(np.cumsum(grid.lengths) - grid.lengths, grid.lengths)
    cell = values[past]
    holes = np.isnan(cell)
    if not holes.any():
        return []
    values[past] = carried = _carry(cell, series, ~holes)
    never = np.isnan(carried)
    unknown = _findings_of(column, np.unique(series[never]), UNKNOWN, grid)
    return [*unknown, *_findings_of(column, series[holes & ~never], "is missing: carried forward", grid)]


def _carry(cell: Floats, series: Ints, known: Mask) -> Floats:
    """Return [N] values with each hole filled by the known one before it in its series, else by the first after it."""
    places = np.arange(len(cell))
    before = np.maximum.accumulate(np.where(known, places, -1))
    after = np.minimum.accumulate(np.where(known, places, len(cell))[::-1])[::-1]
    before_fits = (before >= 0) & (series[before] == series)
    after_fits = (after < len(cell)) & (series[np.minimum(after, len(cell) - 1)] == series)
    taken = np.where(before_fits, before, np.where(after_fits, after, places))
    return np.asarray(cell[taken])


def _findings_of(column: Covariate, series: Ints, what: str, grid: CovariateGrid) -> list[Finding]:
    """Return what is said of cases in these series [n], one for each case; nothing where there are none."""
    count = len(series)
    if not count:
        return []
    name = grid.ids[int(series[0])]
    where = f", first in series {shown(name)}" if name else ""
    message = f"covariate {column.name!r} {what} ({count} {'case' if count == 1 else 'cases'}{where})"
    return [Finding("covariate", "warning", message, series=name or None, count=count)]
