"""A file → Panel: regular series at one frequency, without holes. A Panel that exists is valid.

Reading is a chain, each link in a room of its own: bytes (`source`), how they are written (`dialect`), cells (`table`),
what the columns are (`schema`), observations (`rows`), order and duplicates (`checks`), the grid (`frequency`). Here
they are laid on that grid, and the holes filled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from forecaster.checks import check_duplicates, check_file, check_ids, find_holes, sort_rows
from forecaster.config import OnGap, ReadSettings
from forecaster.cutoff import cut_rows
from forecaster.errors import DataError, ModelError, UsageError
from forecaster.frequency import Frequency, Steps, infer_frequency, is_coarser, resolve_frequency
from forecaster.rows import Clock, Finding, Rows, read_clock, read_rows
from forecaster.schema import Columns, Schema, find_columns, known_columns, settle_decimal
from forecaster.stamps import (
    DAY,
    Ints,
    Mask,
    check_format,
    check_zone,
    write_stamps,
)
from forecaster.table import Table, read_table

Floats = npt.NDArray[np.float64]

_CLEAR = 10
"""Steps from which missing weekends are no accident."""


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
        as_of: Last stamp that counted, as an integer like those of `starts`; None where all did.
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
    as_of: int | None = None

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

    def stamps(self, index: int) -> npt.NDArray[np.generic]:
        """Return the stamps of one series, in the type of `starts`."""
        return self.frequency.stamps(self.starts[index], int(self.lengths[index]))

    def future_stamps(self, horizon: int) -> npt.NDArray[np.object_]:
        """Return the stamps after the end of each series [S, H], written as they came in."""
        return self.write(self.frequency.future(self.ends, horizon))

    def write(self, stamps: npt.NDArray[np.generic]) -> npt.NDArray[np.object_]:
        """Return stamps of any shape as texts in the format of the file, or as Python integers for an integer index."""
        return write_stamps(stamps.astype(np.int64), self.schema.time_format, self.schema.tz)


# ---------------------------------------------------------------------------------------------------- reading


def read_panel(
    path: str | Path, settings: ReadSettings | None = None, schema: Schema | None = None, as_of: str | None = None
) -> Panel:
    """Read a file of one or many series.

    Args:
        path: A local CSV, CSV.gz or Parquet file, or `-` for standard input.
        settings: What the user says about it; the rest is detected.
        schema: The schema of a saved model: nothing is detected, and the data must fit it.
        as_of: The last stamp that counts, inclusive: the panel is that of a file that ends there.

    Raises:
        DataError: The content is wrong or ambiguous.
        ModelError: The data has another frequency than the schema.
        ForecastError: Anything that `read_table` raises.
    """
    settings = settings or ReadSettings()
    if settings.date_format:
        check_format(settings.date_format)
    if settings.tz:
        check_zone(settings.tz)
    if settings.freq:
        Frequency(settings.freq)
    table = read_table(path, settings, (schema.dialect or None) if schema else None)
    columns = known_columns(table, schema) if schema else find_columns(table, settings)
    if schema is None:
        table = settle_decimal(table, columns, settings)
    clock = read_clock(table, columns.time, settings, schema)
    rows, cutoff = read_rows(table, columns, clock.codes), None
    if as_of is not None:
        rows, clock, cutoff = cut_rows(rows, clock, table, as_of)
    rows, unsorted = sort_rows(rows)
    check_duplicates(rows, table)
    findings = [*clock.findings, *unsorted, *check_ids(rows.ids), *check_file(table, columns)]
    return _lay_out(table, columns, clock, rows, _Job(settings, schema, tuple(findings), cutoff))


@dataclass(frozen=True)
class _Job:
    settings: ReadSettings
    schema: Schema | None
    findings: tuple[Finding, ...]
    as_of: int | None


# ---------------------------------------------------------------------------------------------------- the grid


def _lay_out(table: Table, columns: Columns, clock: Clock, rows: Rows, job: _Job) -> Panel:
    """Lay sorted observations on the grid of their frequency, and fill the holes."""
    settings, schema = job.settings, job.schema
    bounds = np.searchsorted(rows.series, np.arange(len(rows.ids) + 1))
    frequency, off_grid = _frequency(Steps(clock.unique, rows.stamps, bounds, rows.ids), clock, job, table.source)
    schema = schema or Schema(
        shape=columns.shape,
        time=columns.time,
        id=columns.id,
        target=None if columns.shape == "wide" else columns.targets[0],
        dialect=table.dialect,
        time_format=clock.time_format,
        frequency=frequency.alias,
        tz=clock.tz,
        season_length=settings.season_length or frequency.season_length,
        on_gap=settings.on_gap,
        max_missing=settings.max_missing,
    )
    ordinals, phases = frequency.split(clock.unique)
    seen = ~np.isnan(rows.values)
    lengths, first = _extent(rows, ordinals, seen)
    observed = np.bincount(rows.series[seen], minlength=len(rows.ids))
    reasons = _reasons(lengths, observed, off_grid, schema.max_missing, frequency)
    good = np.ones(len(rows.ids), bool)
    good[list(reasons)] = False
    if not good.any():
        name = f"series {rows.ids[0]!r}: " if rows.ids[0] else ""
        raise DataError(f"{table.source}: {name}{reasons[0]}", hint="Correct the data, or pass --freq or --max-missing")
    kept = np.flatnonzero(good)
    offsets = np.concatenate(([0], np.cumsum(lengths[kept]))).astype(np.int64)
    base = np.zeros(len(rows.ids), np.int64)
    base[kept] = offsets[:-1] - first[kept]
    use = seen & good[rows.series]
    values = np.full(int(offsets[-1]), np.nan)
    values[base[rows.series[use]] + ordinals[rows.stamps[use]]] = rows.values[use]
    filled = np.isnan(values)
    starts = frequency.join(first[kept], phases[rows.stamps[bounds[kept]]])
    panel = Panel(
        values=values,
        filled=filled,
        offsets=offsets,
        ids=tuple(rows.ids[s] for s in kept),
        starts=starts if frequency.is_integer else starts.astype("M8[ns]"),
        frequency=frequency,
        season_length=schema.season_length,
        schema=schema,
        findings=(*job.findings, *find_holes(table, rows, seen, ordinals, (first, lengths, good))),
        skipped=tuple((rows.ids[s], reason) for s, reason in sorted(reasons.items())),
        source=table.source,
        sha256=table.sha256,
        rows=table.rows,
        as_of=job.as_of,
    )
    if filled.any():
        if schema.on_gap == "error":
            raise _gap_error(panel)
        fill(values, filled, schema.on_gap)
    return panel


def _gap_error(panel: Panel) -> DataError:
    at = int(np.argmax(panel.filled))
    s = int(np.searchsorted(panel.offsets, at, side="right")) - 1
    when = panel.write(panel.stamps(s)[at - panel.offsets[s]])
    name = f"series {panel.ids[s]!r}: " if panel.ids[s] else ""
    message = f"{panel.source}: {name}no value at {when} ({int(panel.filled.sum())} missing)"
    return DataError(message, hint="Complete the data, or pass --on-gap interpolate")


def _frequency(steps: Steps, clock: Clock, job: _Job, source: str) -> tuple[Frequency, Mask]:
    """Return the frequency, and which series [S] are not on it."""
    schema, whole = job.schema, clock.time_format == "integer"
    alias = schema.frequency if schema else job.settings.freq
    if alias is None:
        try:
            return infer_frequency(steps, is_integer=whole, tz=clock.tz), np.zeros(len(steps.ids), bool)
        except DataError as error:
            varied = next((finding.hint for finding in clock.findings if finding.code == "offsets"), None)
            raise DataError(f"{source}: {error.message}", hint=varied or error.hint) from None
    frequency = Frequency(alias, clock.tz) if schema else resolve_frequency(alias, steps, clock.tz)
    if frequency.is_integer != whole and schema is None:
        raise UsageError(f"--freq {alias} does not fit: the stamps are {'integers' if whole else 'dates'}")
    if schema:
        _check_fit(steps, frequency, whole, source)
    return frequency, ~steps.on_grid(frequency.split(steps.unique)[1])


def _check_fit(steps: Steps, frequency: Frequency, whole: bool, source: str) -> None:
    """Refuse data of another frequency than the model's."""
    try:
        found = infer_frequency(steps, is_integer=whole, tz=frequency.tz)
        reason = found.alias
    except DataError as error:
        found, reason = None, error.message
    if frequency.is_integer == whole:
        odd = ~steps.on_grid(frequency.split(steps.unique)[1]) | is_coarser(steps, frequency)
        weekdays = found is not None and found.alias == "B" and len(steps.codes) - len(steps.ids) >= _CLEAR
        if not odd.any() and not (weekdays and frequency.alias == "D"):
            return
    hint = "Train a model on this data, or correct it"
    raise ModelError(f"{source}: the model is {frequency.alias}, the data is {reason}", hint=hint)


def _extent(rows: Rows, ordinals: Ints, seen: Mask) -> tuple[Ints, Ints]:
    """Return how many steps each series [S] spans from its first to its last observed stamp, and where it starts."""
    count = len(rows.ids)
    at, series = ordinals[rows.stamps[seen]], rows.series[seen]
    begins = np.flatnonzero(np.diff(series, prepend=-1))
    first, last = np.zeros(count, np.int64), np.full(count, -1, np.int64)
    ends = np.append(begins[1:], len(series)) - 1
    first[series[begins]], last[series[begins]] = at[begins], at[ends[: len(begins)]]
    return last - first + 1, first


def _reasons(lengths: Ints, observed: Ints, off_grid: Mask, most: float, frequency: Frequency) -> dict[int, str]:
    """Return why series are left out: series → reason."""
    out = {}
    share = 1 - observed / np.maximum(lengths, 1)
    for s in np.flatnonzero((observed == 0) | off_grid | (share > most)).tolist():
        if off_grid[s]:
            out[s] = f"its stamps are not on the frequency {frequency.alias}"
        elif not observed[s]:
            out[s] = "all its values are missing"
        else:
            out[s] = f"{100 * share[s]:.0f} % of its steps are missing, more than --max-missing {most:g}"
    return out


def fill(values: Floats, holes: Mask, on_gap: OnGap) -> None:
    """Fill holes in place. Each lies between two observed values of its own series.

    Args:
        values: [T], series end to end.
        holes: [T], True where a value is missing.
        on_gap: `interpolate` on a straight line, `ffill` with the last observed value, or `zero`.
    """
    at = np.flatnonzero(holes)
    if on_gap == "zero":
        values[at] = 0.0
        return
    known = np.flatnonzero(~holes)
    after = np.searchsorted(known, at)
    left, right = known[after - 1], known[after]
    if on_gap == "ffill":
        values[at] = values[left]
        return
    weight = (at - left) / (right - left)
    values[at] = values[left] * (1 - weight) + values[right] * weight  # in this order nothing overflows


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
    )


def _first_on_grid(frequency: Frequency) -> np.datetime64:
    """Return the first stamp from 2000-01-01 on that the grid has."""
    days = np.datetime64("2000-01-01", "ns") + np.arange(400) * np.timedelta64(DAY, "ns")
    _, phases = frequency.split(days.astype(np.int64))
    return np.datetime64(days[int(np.argmax(phases >= 0))])
