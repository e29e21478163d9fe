"""Which series add up to what: the levels of a hierarchy, and the panel of its sums and series.

A level shares out all series among its groups, and every group is the sum of its series. Levels may be nested (stores
in regions) or crossed (regions and products); of both the total is the first level and the series are the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow.compute as pc

from forecaster.base.errors import DataError, UsageError, shown
from forecaster.base.words import listed
from forecaster.config import ReadSettings
from forecaster.data.columns import Columns, require_column
from forecaster.data.formats import read_data
from forecaster.data.panel import Panel, Treated
from forecaster.data.parts import as_texts
from forecaster.data.recipe import PLAIN
from forecaster.data.rows import read_series
from forecaster.data.source import Data
from forecaster.data.stamps import Ints
from forecaster.data.table import Table

TOTAL = "total"
"""Name of the first level, and of the sum of all series."""

SERIES = "series"
"""Name of the last level where no column of the hierarchy tells the series apart."""

MOST_FILLED = 0.05
"""Share of the series of a sum whose values may be filled ones for the sum to count as observed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Hierarchy:
    """Sums of S series on V levels.

    Attributes:
        levels: [V + 1] names, from the total to the series themselves.
        names: [A] names of the sums, level by level.
        groups: [V, S] index into `names`: which sum of each level every series is a part of.
        ids: [S] names of the series.
    """

    levels: tuple[str, ...]
    names: tuple[str, ...]
    groups: Ints
    ids: tuple[str, ...]

    @property
    def n_sums(self) -> int:
        """How many sums, A."""
        return len(self.names)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the sums and, after them, of the series [A + S]."""
        return self.names + self.ids

    @cached_property
    def level_of(self) -> Ints:
        """Which level each node is on [A + S], 0 for the total."""
        level = np.full(len(self.nodes), len(self.levels) - 1)
        for number, group in enumerate(self.groups):
            level[group] = number
        return level

    @cached_property
    def is_nested(self) -> bool:
        """Whether the groups of every level are parts of those of the level before."""
        pairs = zip(self.groups, self.groups[1:], strict=False)
        return all(len(np.unique(np.stack(pair), axis=1).T) == len(np.unique(pair[1])) for pair in pairs)

    def add_up(self, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the sums [A, …] of values of the series [S, …]."""
        return np.concatenate([np.add.reduceat(values[order], first, axis=0) for order, first in self._sorted])

    def spread(self, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return for each series [S, …] the sum of the values [A, …] of all groups that it is a part of."""
        spread: np.ndarray[Any, Any] = values[self.groups[0]].copy()
        for group in self.groups[1:]:
            spread += values[group]
        return spread

    @cached_property
    def _sorted(self) -> list[tuple[Ints, Ints]]:
        """For each level the series in order of their groups, and where each group begins among them."""
        orders = [np.argsort(group, kind="stable") for group in self.groups]
        return [
            (order, np.flatnonzero(np.diff(group[order], prepend=-1)))
            for order, group in zip(orders, self.groups, strict=True)
        ]


def hierarchy_of_columns(table: Table, columns: Columns, names: Sequence[str], ids: tuple[str, ...]) -> Hierarchy:
    """Return the nested hierarchy of columns besides the series: of the first, of the first two together, and so on.

    Args:
        table: The data file.
        columns: Which of its columns names the series.
        names: Columns from the widest groups to the narrowest ones; where all together tell the series apart, the last
            level is that of the series themselves.
        ids: [S] the series that are forecast.

    Raises:
        DataError: A column is missing, a cell is empty, or a series has rows in several groups.
        UsageError: The series are columns of their own, there is only one, or narrow groups come first.
    """
    if columns.shape != "long":
        raise UsageError(
            f"--hierarchy {','.join(names)} needs a file with a column that names the series",
            hint="Name the groups of each series in a file: --hierarchy-file FILE",
        )
    series, known = read_series(table, columns)
    place = {name: number for number, name in enumerate(known)}
    chosen = np.array([place[name] for name in ids])
    cells = [_cells_of_series(table, name, series, known)[chosen] for name in names]
    levels: list[tuple[str, list[str]]] = []
    for depth, name in enumerate(names, 1):
        level = ["/".join(parts) for parts in zip(*cells[:depth], strict=True)]
        if len(set(level)) == len(ids):
            if rest := names[depth:]:
                raise UsageError(
                    f"--hierarchy {','.join(names)}: {name} tells the series apart, so {', '.join(rest)} divides no "
                    "group any further",
                    hint="Name the widest groups first, as in --hierarchy region,store",
                )
            return _hierarchy(levels, name, ids)
        levels.append((name, level))
    return _hierarchy(levels, columns.id if columns.id not in names and columns.id else SERIES, ids)


def hierarchy_of_file(path: Data, ids: tuple[str, ...]) -> Hierarchy:
    """Return the hierarchy of a file with one row a series: its name, and then a column for each level.

    Columns may cross each other; a group is named by its column and its cell, as in `region=north`.

    Args:
        path: CSV or any other format; the first column names the series as the forecast file does.
        ids: [S] the series that are forecast; rows of others do not matter.

    Raises:
        DataError: A series has no row, or two, or an empty cell; or there is no column besides the names.
    """
    hint = "One row a series: its name, then a column a level, such as series,region,product"
    try:
        table = read_data(path, ReadSettings(), None, PLAIN)
    except DataError as error:
        if "has one column" in error.message:
            raise DataError(f"{path}: a hierarchy needs a column besides the names of the series", hint=hint) from None
        raise
    first, *others = table.columns
    if not others:
        raise DataError(f"{table.source}: a hierarchy needs a column besides the names of the series", hint=hint)
    names = as_texts(table.columns[first]).to_pylist()
    rows: dict[str, int] = {}
    wanted = {*ids}
    for row, name in enumerate(names):
        if name in rows and name in wanted:
            raise DataError(
                f"{table.place(row)}: series {shown(name)} has a row already, in {table.places.noun} "
                f"{table.line_of(rows[name])}",
                hint="Give each series one row, with a column a level",
            )
        rows[name] = row
    gone = [name for name in ids if name not in rows]
    if gone:
        raise DataError(
            f"{table.source}: no row for {listed([shown(name) for name in gone], 5)}; column {first!r} names "
            f"the series as the forecast file does",
            hint="Add a row for each series, or leave the series out of the data",
        )
    chosen = [rows[name] for name in ids]
    levels = []
    for name in others:
        cells = _texts(table, name)
        at = next((row for row in chosen if not cells[row]), None)
        if at is not None:
            raise DataError(f"{table.place(at)}: column {name!r} is empty: every series is part of each level")
        levels.append((name, [f"{name}={cells[row]}" for row in chosen]))
    return _hierarchy(levels, SERIES if SERIES not in others else first, ids)


def _texts(table: Table, name: str) -> list[str]:
    """Return the cells of a column, or of one that has become a part of another, as texts without spaces around."""
    found = table.columns.get(name)
    column = table.joined[name] if found is None else found
    return [text or "" for text in as_texts(column).to_pylist()]


def _cells_of_series(table: Table, name: str, series: Ints, ids: tuple[str, ...]) -> np.ndarray[Any, Any]:
    """Return the cell of a column for each series [S]: the same in all of its rows."""
    if name not in table.joined:
        require_column(table, name, "--hierarchy")
    column = as_texts(table.joined[name] if name in table.joined else table.columns[name])
    encoded = column.dictionary_encode().unify_dictionaries()
    codes = np.concatenate([pc.fill_null(c.indices, -1).to_numpy(zero_copy_only=False) for c in encoded.chunks])
    texts = np.array(encoded.chunk(0).dictionary.to_pylist(), object)
    first = np.full(len(ids), len(codes))
    np.minimum.at(first, series, np.arange(len(codes)))
    own = codes[first]
    if (odd := codes < 0).any() or (odd := texts[codes] == "").any():
        raise DataError(f"{table.place(int(np.argmax(odd)))}: column {name!r} of the hierarchy is empty")
    if (odd := codes != own[series]).any():
        row = int(np.argmax(odd))
        s = int(series[row])
        raise DataError(
            f"{table.place(row)}: series {shown(ids[s])} has {name} {shown(texts[codes[row]])}, and before "
            f"{shown(texts[own[s]])}: every series is part of one group",
            hint=f"Let both name the series together, as in --id {name},COLUMN, or correct the data",
        )
    return np.asarray(texts[own], object)


def _hierarchy(levels: Sequence[tuple[str, Sequence[str]]], last: str, ids: tuple[str, ...]) -> Hierarchy:
    """Return the hierarchy of levels, each a name and the group of every series, below the total."""
    if len(ids) < 2:
        raise UsageError("a hierarchy needs two series or more, and the data has one")
    named, names, groups = [TOTAL], [TOTAL], [np.zeros(len(ids), np.int64)]
    for name, level in levels:
        found = {group: number for number, group in enumerate(dict.fromkeys(level), len(names))}
        groups.append(np.array([found[group] for group in level]))
        names += found
        named.append(name)
    both = [*names, *ids]
    if len({*both}) < len(both):
        twice = next(name for name in both if both.count(name) > 1)
        raise DataError(
            f"the hierarchy has two groups or series that are called {shown(twice)}", hint="Rename one of them"
        )
    if len({*named, last}) <= len(levels) + 1:
        every = ", ".join((*named, last))
        raise DataError(f"the hierarchy has two levels of one name: {every}", hint="Rename a column")
    return Hierarchy(levels=(*named, last), names=tuple(names), groups=np.array(groups), ids=ids)


def ending_together(panel: Panel) -> Panel:
    """Return the panel without the series that end before the newest stamp: they have no part in sums after it."""
    ends = panel.ends.astype(np.int64)
    early = ends < ends.max()
    if not early.any():
        return panel
    last = panel.write(np.array([ends.max()]).astype(panel.starts.dtype))[0]
    return panel.without(early, f"ends before {last}, so it is no part of the sums after that")


def with_sums(panel: Panel, hierarchy: Hierarchy) -> Panel:
    """Return the panel of all nodes: the sums, level by level, and then the series.

    A sum begins with the first of its series; before a series begins it adds nothing. A sum counts as observed where
    at most a twentieth of its series have a filled value. Covariates are those of series, and are left out.

    Args:
        panel: S series that end together.
        hierarchy: What they add up to.
    """
    lengths = panel.lengths
    longest = np.zeros(hierarchy.n_sums, np.int64)
    for group in hierarchy.groups:
        np.maximum.at(longest, group, lengths)
    seen = panel.values.copy()
    seen[panel.outliers.at] = panel.outliers.observed
    ends = np.cumsum(longest)
    sums, observed, present, filled = (np.zeros(int(ends[-1])) for _ in range(4))
    for s in range(panel.n_series):
        own = slice(panel.offsets[s], panel.offsets[s + 1])
        for node in hierarchy.groups[:, s]:
            at = slice(ends[node] - lengths[s], ends[node])
            sums[at] += panel.values[own]
            observed[at] += seen[own]
            present[at] += 1
            filled[at] += panel.filled[own]
    treated = np.flatnonzero(observed != sums)
    first = np.empty(hierarchy.n_sums, np.int64)
    for group in hierarchy.groups:
        order = np.argsort(lengths, kind="stable")  # the longest series of a group comes last, and stays
        first[group[order]] = order
    every = np.concatenate((longest, lengths))
    return replace(
        panel,
        values=np.concatenate((sums, panel.values)),
        filled=np.concatenate((filled > MOST_FILLED * present, panel.filled)),
        offsets=np.concatenate(([0], np.cumsum(every))).astype(np.int64),
        ids=hierarchy.nodes,
        starts=np.concatenate((panel.starts[first], panel.starts)),
        outliers=Treated(
            at=np.concatenate((treated, panel.outliers.at + len(sums))),
            observed=np.concatenate((observed[treated], panel.outliers.observed)),
        ),
        covariates=None,
    )
