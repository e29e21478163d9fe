"""Panel: regular series at one frequency, without holes. A Panel that exists is valid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from forecaster.base.errors import DataError, shown
from forecaster.data.anomalies import find_outliers, seasons_of
from forecaster.data.covariates import Covariates
from forecaster.data.frequency import Frequency
from forecaster.data.rows import Finding
from forecaster.data.schema import Schema
from forecaster.data.seasonality import find_season
from forecaster.data.stamps import DAY, Ints, Mask, write_stamps
from forecaster.data.zones import any_repeated

Floats = npt.NDArray[np.float64]

OUTLIER_WORDS = {"clip": "clipped", "interpolate": "replaced by what the seasons around them say"}


@dataclass(frozen=True, eq=False)
class Treated:
    """Values that were taken for outliers: their index [K] in the panel, ascending, and what was observed [K]."""

    at: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    observed: Floats = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Which series of data larger than memory a panel holds.

    Attributes:
        parts: Files that were read, all of them.
        series: In all parts, without those that were skipped.
        kept: How many the panel holds.
        steps: Of all series.
        seed: Decides, with their names, which are drawn.
    """

    parts: int
    series: int
    kept: int
    steps: int
    seed: int

    def describe(self) -> str:
        """Return it in words."""
        if self.kept == self.series:
            return f"all {self.series:,} of {self.parts:,} parts, read one after the other"
        share = f"{self.kept:,} of {self.series:,}"
        return f"{share} of {self.parts:,} parts, drawn evenly by their names (seed {self.seed}) to fit --max-memory"


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """Series end to end, each regular and complete from its first to its last observed stamp.

    Attributes:
        values: [T] float64, finite.
        filled: [T] bool, True where a value was missing and has been filled.
        offsets: [S+1] int64; series s is `values[offsets[s]:offsets[s+1]]`.
        ids: [S] names, in the order of the file; one empty name for a single series.
        starts: [S] first stamps: datetime64[ns] in UTC, or int64.
        frequency: The grid of all stamps.
        season_length: In steps: the user's, else the frequency's.
        schema: How the file was read.
        findings: What was detected, repaired, or is odd.
        skipped: (id, reason) of series that were left out.
        source: The path as given.
        sha256: Hash of the file.
        rows: Rows of the file.
        outliers: Values that have been clipped or replaced, as they were observed.
        as_of: Last stamp that counted, as an integer like those of `starts`; None where all did.
        covariates: Covariates; None where there are none.
        more_seasons: Other season lengths in steps, besides the main one: a week of hours, a year of days.
        drawn: How it was drawn from data larger than memory; None where all of it is here.
    """

    values: Floats
    filled: Mask
    offsets: Ints
    ids: tuple[str, ...]
    starts: npt.NDArray[np.generic]
    frequency: Frequency
    season_length: int
    schema: Schema
    findings: tuple[Finding, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    source: str = ""
    sha256: str = ""
    rows: int = 0
    outliers: Treated = field(default_factory=Treated)
    as_of: int | None = None
    covariates: Covariates | None = None
    more_seasons: tuple[int, ...] = ()
    drawn: Drawn | None = None

    def __repr__(self) -> str:
        named = f" of {self.source}" if self.source else ""
        return f"<Panel{named}: {self.n_series:,} series, {len(self.values):,} values, {self.frequency.alias}>"

    @property
    def n_series(self) -> int:
        """How many series, S."""
        return len(self.ids)

    @property
    def id_column(self) -> str | None:
        """What the column of the series' names is called in a file of ours; None for a single series without a name."""
        return "series" if self.schema.shape == "wide" else self.schema.id

    @property
    def lengths(self) -> Ints:
        """Steps in each series [S]."""
        return np.diff(self.offsets)

    @cached_property
    def ends(self) -> npt.NDArray[np.generic]:
        """Last stamps [S], inclusive, in the type of `starts`."""
        return self.stamps_at(np.arange(self.n_series), self.lengths - 1)

    def stamps_at(self, series: Ints, steps: Ints) -> npt.NDArray[np.generic]:
        """Return the stamps [N] so many steps [N] after the first one of these series [N], in the type of `starts`."""
        ordinals, phases = self.frequency.split(self.starts.astype(np.int64))
        return self.frequency.join(ordinals[series] + steps, phases[series]).astype(self.starts.dtype)

    def series(self, index: int) -> Floats:
        """Return the values of one series, oldest first (a view)."""
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    def series_at(self, at: int) -> int:
        """Return the index of the series of the value at an index."""
        return int(np.searchsorted(self.offsets, at, side="right")) - 1

    def where(self, at: int) -> str:
        """Return where the value at an index stands: its series, where it has a name, and its stamp."""
        s = self.series_at(at)
        stamp = self.write(self.stamps_at(np.array([s]), np.array([at - self.offsets[s]])))[0]
        return f"series {shown(self.ids[s])}, {stamp}" if self.ids[s] else str(stamp)

    def observed(self, at: Ints) -> Floats:
        """Return the values at these indices, any shape, as they were observed: NaN where none was."""
        values = np.where(self.filled[at], np.nan, self.values[at])
        if len(self.outliers.at):
            nearest = np.minimum(np.searchsorted(self.outliers.at, at), len(self.outliers.at) - 1)
            values = np.where(self.outliers.at[nearest] == at, self.outliers.observed[nearest], values)
        return values

    def stamps(self, index: int) -> npt.NDArray[np.generic]:
        """Return the stamps of one series, in the type of `starts`."""
        return self.frequency.stamps(self.starts[index], int(self.lengths[index]))

    def future_stamps(self, horizon: int) -> npt.NDArray[np.object_]:
        """Return the stamps after the end of each series [S, H], written as they came in.

        Where a clock without offsets shows an hour twice in them, all are written with their offset.
        """
        return self.write(self.frequency.future(self.ends, horizon))

    def repeats(self, stamps: npt.NDArray[np.generic]) -> bool:
        """Return whether a clock without offsets, as the file has it, shows one of these stamps at two moments."""
        return any_repeated(stamps.astype(np.int64), self.schema.time_format, self.schema.tz)

    @cached_property
    def has_repeats(self) -> bool:
        """Whether the clock of the file shows a step between the first and the last stamp of all series twice."""
        if self.frequency.is_integer or not len(self.ids):
            return False
        first = int(np.argmin(self.starts))
        ordinals, _ = self.frequency.split(np.array([self.starts.min(), self.ends.max()]).astype(np.int64))
        return self.repeats(self.frequency.stamps(self.starts[first], int(ordinals[1] - ordinals[0]) + 1))

    def without(self, left_out: Mask, reason: str) -> Panel:
        """Return the panel without some of its series [S], which are then named as skipped for this reason."""
        skipped = (*self.skipped, *((self.ids[s], reason) for s in np.flatnonzero(left_out)))
        return replace(self.only(~left_out), skipped=skipped)

    def only(self, wanted: Mask) -> Panel:
        """Return the panel of some of its series [S]."""
        kept, inside = np.flatnonzero(wanted), np.repeat(wanted, self.lengths)
        treated = inside[self.outliers.at]
        return replace(
            self,
            values=self.values[inside],
            filled=self.filled[inside],
            offsets=np.concatenate(([0], np.cumsum(self.lengths[kept]))).astype(np.int64),
            ids=tuple(self.ids[s] for s in kept),
            starts=self.starts[kept],
            outliers=Treated(
                at=(np.cumsum(inside) - 1)[self.outliers.at[treated]], observed=self.outliers.observed[treated]
            ),
            covariates=self.covariates and self.covariates.take(kept),
        )

    def write(self, stamps: npt.NDArray[np.generic], *, apart: bool | None = None) -> npt.NDArray[np.object_]:
        """Return stamps as texts in the format of the file, or as Python integers for an integer index.

        Args:
            stamps: Of any shape.
            apart: Whether they get their offset from UTC besides what the file has; None where one of them needs it to
                be distinguished from another: a clock that is put back shows an hour twice.
        """
        time_format = self.schema.time_format
        if self.repeats(stamps) if apart is None else apart:
            time_format += "%:z"
        return write_stamps(stamps.astype(np.int64), time_format, self.schema.tz)


def treat_outliers(panel: Panel) -> Panel:
    """Clip or replace outliers, remember what was observed, and say so."""
    season, schema = panel.season_length, panel.schema
    if season == 1 and panel.frequency.is_integer:
        season = find_season(panel.values, panel.offsets)
    found = find_outliers(panel.values, panel.offsets, seasons_of(panel.frequency, season)).without(panel.filled)
    if not len(found.at):
        return panel
    new = found.clipped(panel.values) if schema.on_outlier == "clip" else found.expected
    observed = panel.values[found.at]
    panel.values[found.at] = new
    first = int(found.at[0])
    where = f"{panel.where(first)}: {observed[0]:g} became {new[0]:g}"
    message = f"{len(new)} outlier{'s' * (len(new) > 1)} {OUTLIER_WORDS[schema.on_outlier]}, first in {where}"
    name = panel.ids[panel.series_at(first)] or None
    finding = Finding("outliers", "warning", message, series=name, count=len(new))
    return replace(panel, findings=(*panel.findings, finding), outliers=Treated(found.at, observed))


def head(panel: Panel, steps: Ints) -> Panel:
    """Return the panel as it would have been read earlier: the first `steps` [S] of each series, those of 0 left out.

    Outliers are found anew, so nothing that came later has an effect on it. A value that was filled in may not be the
    last one of a series: what it was filled with came after it.
    """
    lengths, kept = panel.lengths, np.flatnonzero(steps > 0)
    inside = np.arange(len(panel.values)) - np.repeat(panel.offsets[:-1], lengths) < np.repeat(steps, lengths)
    values = panel.values.copy()
    values[panel.outliers.at] = panel.outliers.observed
    earlier = replace(
        panel,
        values=values[inside],
        filled=panel.filled[inside],
        offsets=np.concatenate(([0], np.cumsum(steps[kept]))).astype(np.int64),
        ids=tuple(panel.ids[s] for s in kept),
        starts=panel.starts[kept],
        outliers=Treated(),
        findings=(),
        covariates=panel.covariates and panel.covariates.take(kept),
    )
    return earlier if panel.schema.on_outlier == "keep" else treat_outliers(earlier)


def panel_from_arrays(
    series: Mapping[str, npt.ArrayLike] | Sequence[npt.ArrayLike],
    *,
    freq: str = "1",
    start: Any = None,
    season_length: int | None = None,
) -> Panel:
    """Return a panel of arrays in memory, without a file.

    Args:
        series: Name → values, or values alone (then named `0`, `1`, …; a single one has no name).
        freq: Frequency alias; `1` for an integer index.
        start: First stamp of every series; None is 2000-01-01 on the frequency's grid, or 0 for an integer index.
        season_length: In steps; None takes the frequency's.

    Raises:
        DataError: No series, an empty one, or a value that is not finite.
    """
    if not isinstance(series, Mapping):
        series = {str(k): values for k, values in enumerate(series)} if len(series) != 1 else {"": series[0]}
    arrays = [np.asarray(values, np.float64) for values in series.values()]
    if not arrays or any(array.ndim != 1 or not len(array) or not np.isfinite(array).all() for array in arrays):
        raise DataError("every series must be a non-empty row of finite numbers")
    frequency = Frequency(freq)
    if start is None:
        start = 0 if frequency.is_integer else _first_on_grid(frequency)
    first = frequency.stamps(start, 1)
    daily = not frequency.is_integer and not (first.astype(np.int64) % DAY).any() and frequency.is_calendar
    season = season_length or frequency.season_length
    named = list(series) != [""]
    schema = Schema(
        shape="long" if named else "single",
        time="ds",
        id="unique_id" if named else None,
        target="y",
        dialect=None,
        time_format="integer" if frequency.is_integer else "%Y-%m-%d" if daily else "%Y-%m-%d %H:%M:%S",
        frequency=frequency.alias,
        tz=None,
        season_length=season,
        on_gap="error",
        max_missing=0.0,
    )
    values = np.concatenate(arrays)
    return Panel(
        values=values,
        filled=np.zeros(len(values), bool),
        offsets=np.concatenate(([0], np.cumsum([len(array) for array in arrays]))).astype(np.int64),
        ids=tuple(series),
        starts=np.repeat(first, len(arrays)),
        frequency=frequency,
        season_length=season,
        schema=schema,
        rows=len(values),
        more_seasons=() if season_length else frequency.seasons[1:],
    )


def _first_on_grid(frequency: Frequency) -> np.datetime64:
    """Return the first stamp from 2000-01-01 on that the grid has."""
    days = np.datetime64("2000-01-01", "ns") + np.arange(400) * np.timedelta64(DAY, "ns")
    _, phases = frequency.split(days.astype(np.int64))
    return np.datetime64(days[int(np.argmax(phases >= 0))])
