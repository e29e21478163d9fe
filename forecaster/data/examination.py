"""Observations and their panel → findings, one for each kind and series, each with the line that shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.base.meter import one, tally
from forecaster.data.anomalies import find_intermittent, find_outliers, find_shifts, seasons_of
from forecaster.data.checks import way_out
from forecaster.data.observations import Observations
from forecaster.data.panel import Panel
from forecaster.data.rows import Finding, Rows
from forecaster.data.stamps import Ints, Mask

MOST = 1000
"""Findings of one kind that are listed one by one; the rest are counted."""

Draft = tuple[Finding, int]
"""A finding without its line yet, and the row of the table that shows it; -1 for none."""


@dataclass(frozen=True, eq=False)
class Group:
    """The cases of one series.

    Attributes:
        series: Its name; None for a single series without one.
        row: Row of the table that shows the first case.
        first: Index of the first case among all of its kind.
        count: How many cases.
        stamp: Of the first one, as it is written.
    """

    series: str | None
    row: int
    first: int
    count: int
    stamp: str


def finish(read: Observations, drafts: list[Draft]) -> list[Finding]:
    """Return findings with their lines; beyond the first thousand of a kind, one that counts the rest."""
    seen: Counter[str] = Counter()
    kept: list[Draft] = []
    more: dict[str, Finding] = {}
    for finding, row in drafts:
        seen[finding.code] += 1
        if seen[finding.code] <= MOST:
            kept.append((finding, row))
            continue
        count = finding.count + (more[finding.code].count if finding.code in more else 0)
        message = f"the same in {seen[finding.code] - MOST:,} more series"
        more[finding.code] = replace(finding, message=message, series=None, count=count)
    lines = iter(read.table.lines_of([row for _, row in kept if row >= 0]))
    listed = [finding if row < 0 else replace(finding, line=next(lines)) for finding, row in kept]
    return [*listed, *more.values()]


def without_duplicates(read: Observations) -> tuple[Observations, list[Draft]]:
    """Return the observations without rows whose stamp their series has already, and an error for each such series."""
    rows = read.rows
    again = np.flatnonzero((rows.stamps[1:] == rows.stamps[:-1]) & (rows.series[1:] == rows.series[:-1])) + 1
    if not len(again):
        return read, []
    one, two = rows.values[again - 1], rows.values[again]
    hint = way_out(rows, read.clock, again - 1, int(((one == two) | (np.isnan(one) & np.isnan(two))).sum()))
    series, first, counts = np.unique(rows.series[again], return_index=True, return_counts=True)
    places = again[first]
    lines = np.full((2, len(places)), -1)
    pairs = rows.lines[np.array([places - 1, places])[:, :MOST]]
    lines[:, :MOST] = np.reshape(read.table.lines_of(pairs.ravel().tolist()), pairs.shape)
    drafts = []
    for s, at, n, (a, b) in zip(series, places, counts.tolist(), lines.T.tolist(), strict=True):
        values = f"the first: lines {a} and {b} with the values {rows.values[at - 1]:g} and {rows.values[at]:g}"
        message = f"{_many(n, 'row')} with a stamp that the series has already ({values})"
        found = _finding("duplicates", "error", message, rows.ids[s] or None, n)
        drafts.append((replace(found, line=b, hint=hint), -1))
    return replace(read, rows=rows.take(np.delete(np.arange(len(rows.series)), again))), drafts


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _finding(code: str, severity: str, message: str, series: str | None, count: int) -> Finding:
    return Finding(code, severity, message, series=series, count=count)  # type: ignore[arg-type]


class Examination:
    """A panel with the rows that it was made of."""

    def __init__(self, read: Observations, panel: Panel) -> None:
        """Find out which row lies where on the panel's grid."""
        self.rows: Rows = read.rows
        self.panel, self.unique = panel, read.clock.unique
        numbers = {name: s for s, name in enumerate(panel.ids)}
        series = np.array([numbers.get(name, -1) for name in self.rows.ids])[self.rows.series]
        ordinals = panel.frequency.split(self.unique)[0][self.rows.stamps]
        step = ordinals - panel.frequency.split(panel.starts.astype(np.int64))[0][series]
        known = series >= 0
        self.early: Mask = known & (step < 0)
        self.late: Mask = known & (step >= panel.lengths[series])
        inside = known & ~self.early & ~self.late
        self.on_grid: Ints = np.flatnonzero(inside)
        self.places: Ints = (panel.offsets[:-1][series] + step)[inside]  # in the panel's values; ascending

    def drafts(self, season: int, shortest: int) -> Iterator[Draft]:
        """Yield everything that is to be said.

        Args:
            season: m in steps.
            shortest: Steps from which a series can be learned from.
        """
        looks = (
            self._holes(),
            self._outliers(season),
            self._shifts(season),
            self._signs(season),
            self._whole_series(shortest),
        )
        yield from chain.from_iterable(tally(looks, one, ("examining", "", len(looks))))

    def _holes(self) -> Iterator[Draft]:
        """Yield values and stamps that are missing."""
        blank, filled = np.isnan(self.rows.values), f"filled by --on-gap {self.panel.schema.on_gap}"
        for group in self._of_rows(np.flatnonzero(blank & self.early)):
            message = f"{_many(group.count, 'missing value')} before the first one: left out"
            yield self._draft("leading", "warning", message, group)
        for group in self._of_rows(np.flatnonzero(blank & self.late)):
            message = f"{_many(group.count, 'missing value')} at the end, from {group.stamp}: forecasts start before"
            ahead = bool(self.panel.schema.future_covariates)  # then such rows are how the future is given
            yield self._draft("trailing", "info" if ahead else "warning", message, group)
        for group in self._of_rows(self.on_grid[blank[self.on_grid]]):
            message = f"{_many(group.count, 'missing value')}, first at {group.stamp}: {filled}"
            yield self._draft("missing", "warning", message, group)
        absent = self.panel.filled.copy()
        absent[self.places] = False
        for group in self._of_places(np.flatnonzero(absent)):
            message = f"{_many(group.count, 'missing stamp')}, first {group.stamp}: {filled}"
            yield self._draft("gaps", "warning", message, group)

    def _outliers(self, season: int) -> Iterator[Draft]:
        """Yield values that stand out; where the panel has treated them, it has said so."""
        panel = self.panel
        if panel.schema.on_outlier != "keep":
            return
        found = find_outliers(panel.values, panel.offsets, seasons_of(panel.frequency, season)).without(panel.filled)
        for group in self._of_places(found.at):
            k = group.first
            low, high = found.expected[k] - found.limit[k], found.expected[k] + found.limit[k]
            series = panel.series(panel.series_at(int(found.at[k])))
            usual = f"{max(low, 0.0) if series.min() >= 0 else low:.4g} to {high:.4g}"
            what = f"{_many(group.count, 'outlier')}, first at {group.stamp}"
            message = f"{what}: {panel.values[found.at[k]]:g}, usual is {usual}"
            yield self._draft("outliers", "warning", message, group)

    def _shifts(self, season: int) -> Iterator[Draft]:
        """Yield levels that change at once and stay so."""
        found = find_shifts(self.panel.values, self.panel.offsets, season)
        for group in self._of_places(self.panel.offsets[found.series] + found.steps):
            medians = f"{found.before[group.first]:.4g} before, {found.after[group.first]:.4g} since"
            yield self._draft("level-shift", "info", f"the level changes at {group.stamp}: median {medians}", group)

    def _signs(self, season: int) -> Iterator[Draft]:
        """Yield series that are mostly 0, zeros of others, and negative values."""
        values, observed, offsets = self.panel.values, ~self.panel.filled, self.panel.offsets
        rare = find_intermittent(values, offsets, season)
        for s in rare.tolist():
            at = offsets[s] + np.flatnonzero(self.panel.series(s) == 0)
            for group in self._of_places(at):
                message = f"{len(at):,} of {self.panel.lengths[s]:,} values are 0: the forecast, a median, is near 0"
                yield self._draft("intermittent", "warning", message, group)
            observed[offsets[s] : offsets[s + 1]] &= values[offsets[s] : offsets[s + 1]] != 0
        for code, word, mask in (("zeros", "zero", values == 0), ("negative", "negative value", values < 0)):
            for group in self._of_places(np.flatnonzero(mask & observed)):
                yield self._draft(code, "info", f"{_many(group.count, word)}, first at {group.stamp}", group)

    def _whole_series(self, shortest: int) -> Iterator[Draft]:
        """Yield series from which nothing can be learned, and those that were left out."""
        panel, starts = self.panel, self.panel.offsets[:-1]
        low, high = (by.reduceat(panel.values, starts) for by in (np.minimum, np.maximum))
        constant = starts[low == high]
        for group in self._of_places(constant):
            value = panel.values[constant[group.first]]
            yield self._draft("constant", "warning", f"never changes: always {value:g}", group)
        short = panel.lengths < shortest
        for group in self._of_places(starts[short]):
            length = int(panel.lengths[short][group.first])
            message = f"{_many(length, 'step')}, and {shortest} are needed to learn from it"
            yield self._draft("short", "warning", message, group)
        for name, reason in panel.skipped:
            yield _finding("skipped", "warning", f"left out: {reason}", name or None, 1), -1

    def _draft(self, code: str, severity: str, message: str, group: Group) -> Draft:
        return _finding(code, severity, message, group.series, group.count), group.row

    def _of_places(self, at: Ints) -> Iterator[Group]:
        """Group indices into the panel's values, ascending, by series; where there is no row, the next one shows it."""
        numbers = np.searchsorted(self.panel.offsets, at, side="right") - 1
        series, first, counts = np.unique(numbers, return_index=True, return_counts=True)
        stamps = self.panel.stamps_at(series, at[first] - self.panel.offsets[series])
        rows = self.rows.lines[self.on_grid[np.searchsorted(self.places, at[first])]]
        names = [self.panel.ids[s] for s in series]
        yield from _groups(names, rows, first, counts, self.panel.write(stamps))

    def _of_rows(self, rows: Ints) -> Iterator[Group]:
        """Group rows, sorted as they are, by series."""
        series, first, counts = np.unique(self.rows.series[rows], return_index=True, return_counts=True)
        chosen = rows[first]
        stamps = self.panel.write(self.unique[self.rows.stamps[chosen]])
        names = [self.rows.ids[s] for s in series]
        yield from _groups(names, self.rows.lines[chosen], first, counts, stamps)


def _groups(names: list[str], *columns: NDArray[Any]) -> Iterator[Group]:
    for name, *cells in zip(names, *(column.tolist() for column in columns), strict=True):
        row, first, count, stamp = cells
        yield Group(name or None, row, first, count, str(stamp))
