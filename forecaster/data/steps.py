"""Many rows a step → one: aggregated on the grid of a frequency, or merged where a stamp repeats.

Steps are those of pandas' `resample`: hours, days and months are named by their start, weeks (`W-SUN`) and the ends of
months, quarters and years by their last day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from forecaster.base.arrow import from_texts
from forecaster.base.errors import UsageError
from forecaster.config import Aggregate, OnDuplicate
from forecaster.data.decimals import rounded_as
from forecaster.data.frequency import MONTHS, WEEKDAYS, Frequency, day_to_business
from forecaster.data.rows import Clock, Finding, Rows
from forecaster.data.stamps import DAY, SECOND, Ints, has_clock, parse, to_local, to_utc, write_stamps

Floats = npt.NDArray[np.float64]

_USUAL = 0.9
"""Share of steps whose rows end as far from the step's end as those of the last, for it to be over."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The steps that stamps fall into.

    Attributes:
        codes: The step of each stamp [U], from 0.
        labels: The stamp that each step is named by [K], also of steps without a stamp; int64.
        ends: The first moment after each step [K].
    """

    codes: Ints
    labels: Ints
    ends: Ints


def steps_of(stamps: Ints, frequency: Frequency) -> Grid:
    """Return the steps of a frequency that ascending stamps fall into.

    Args:
        stamps: int64 nanoseconds in UTC, or integers.
        frequency: Their zone is the calendar's.
    """
    unit, count, anchor = frequency.grid
    if unit in ("integer", "fixed"):
        midnight = to_utc(to_local(stamps[:1], frequency.tz) // DAY * DAY, frequency.tz)
        phase = int(midnight[0]) % count if unit == "fixed" else 0
        ordinals = (stamps - phase) // count
        edges = (np.arange(ordinals[0], ordinals[-1] + 2)) * count + phase
        return Grid(ordinals - ordinals[0], edges[:-1], edges[1:])
    days = to_local(stamps, frequency.tz) // DAY
    if unit in ("start", "end"):
        starts = _months(days, count, (unit, anchor))
    elif unit == "business":
        numbers = day_to_business(days)
        every = np.arange(numbers[0], numbers[-1] + 2)
        starts = every // 5 * 7 + every % 5 - 3
        return _grid(days, starts, frequency, ends=False)
    elif anchor:
        first = days[0] - (days[0] + 3 - WEEKDAYS.index(anchor) - 1) % 7
        starts = np.arange(first, days[-1] + count + 1, count)
    else:
        starts = np.arange(days[0], days[-1] + count + 1, count)
    return _grid(days, starts, frequency, ends=unit == "end" or bool(anchor))


def _months(days: Ints, count: int, kind: tuple[str, str | None]) -> Ints:
    """Return the first days of steps of months, as days since 1970, and of the step after the last."""
    unit, anchor = kind
    months = days.astype("M8[D]").astype("M8[M]").astype(np.int64)
    first = int(months[0])
    if anchor:
        cycle = 12 if count % 12 == 0 else 3
        first -= (first - MONTHS.index(anchor) - (unit == "end")) % cycle
    every = np.arange(first, months[-1] + count + 1, count)
    return every.astype("M8[M]").astype("M8[D]").astype(np.int64)


def _grid(days: Ints, starts: Ints, frequency: Frequency, *, ends: bool) -> Grid:
    """Return the grid of steps that begin on these days; the last of them is only the end of the one before."""
    codes = np.searchsorted(starts, days, side="right") - 1
    starts = starts[: int(codes[-1]) + 2]
    named = starts[1:] - 1 if ends else starts[:-1]
    moments = to_utc(starts * DAY, frequency.tz)
    return Grid(codes, to_utc(named * DAY, frequency.tz), moments[1:])


def aggregate(rows: Rows, clock: Clock, frequency: Frequency, how: Aggregate) -> tuple[Rows, Clock, list[Finding]]:
    """Return one observation a step and series, and the clock of the steps.

    A step in which a series has no row is 0 for `sum` and `count`, up to the last step of the file, and missing
    otherwise. The last step is left out where its rows end earlier than is usual before the end of a step.

    Args:
        rows: Sorted by series and stamp.
        clock: Their stamps.
        frequency: The steps.
        how: What becomes of the rows of a step.

    Raises:
        UsageError: The steps are finer than the stamps, so that they cannot be written.
    """
    seen = ~np.isnan(rows.values)
    grid = steps_of(clock.unique, frequency)
    _check_written(grid, clock, frequency)
    findings, last = [], len(grid.labels)
    if seen.any():  # rows without a number may be what is known ahead
        used = np.unique(rows.stamps[seen])
        last = int(grid.codes[used[-1]]) + 1
        if last > 1 and not _is_over(clock.unique[used], grid.codes[used], grid, clock.tz):
            last -= 1
            name, until = (
                write_stamps(stamp[None], clock.time_format, clock.tz)[0]
                for stamp in (grid.labels[last], clock.unique[used[-1]])
            )
            message = f"the step {name} ({frequency.alias}) is not over, its last row is of {until}: left out"
            findings.append(Finding("unfinished", "warning", message, count=1))
    kept = grid.codes[rows.stamps] < last
    before = len(rows.series)
    merged = merge(replace(rows.take(kept), stamps=grid.codes[rows.stamps[kept]]), how)
    empty = 0
    if how in ("sum", "count"):
        merged, empty = _with_zeros(merged, last)
    message = f"{before:,} rows became {len(merged.series):,} steps of {frequency.alias}, by {how}"
    message += f"; {empty:,} of them without a row are 0" if empty else ""
    findings.append(Finding("aggregated", "info", message, count=before))
    stepped = replace(clock, unique=grid.labels, codes=grid.codes[clock.codes])
    return merged, stepped, findings


def to_steps(stamps: Ints, frequency: Frequency, origin: int) -> Ints:
    """Return the names of the steps [N] that stamps [N], in any order, fall into, where steps count from `origin`."""
    unique, inverse = np.unique(np.append(stamps, min(origin, int(stamps.min(initial=origin)))), return_inverse=True)
    grid = steps_of(unique, frequency)
    return np.asarray(grid.labels[grid.codes[inverse[:-1]]])


def _check_written(grid: Grid, clock: Clock, frequency: Frequency) -> None:
    """Refuse steps that stamps in the file's format cannot name."""
    texts = [str(text) for text in write_stamps(grid.labels[:50], clock.time_format, clock.tz)]
    is_local = clock.tz is not None and not any(z in clock.time_format for z in ("%z", "%:z", "%-z", "epoch"))
    wanted = to_local(grid.labels[:50], clock.tz) if is_local else grid.labels[:50]
    if not np.array_equal(parse(from_texts(texts), clock.time_format)[0], wanted):
        fault = f"--freq {frequency.alias} is finer than the stamps, which are written {clock.time_format}"
        raise UsageError(fault, hint="Pass a coarser --freq" if not has_clock(clock.time_format) else "Pass --freq D")


def _is_over(stamps: Ints, codes: Ints, grid: Grid, tz: str | None) -> bool:
    """Return whether the last stamp is as near to the end of its step as the last ones of the steps before."""
    final = np.flatnonzero(np.diff(codes, append=codes[-1] + 1))
    rest = grid.ends[codes[final]] - stamps[final]
    if rest[-1] <= _resolution(to_local(stamps, tz)):
        return True
    return len(rest) > 1 and bool(np.mean(rest[:-1] >= rest[-1]) >= 1 - _USUAL)


def _resolution(local: Ints) -> int:
    """Return the unit that stamps are counted in: a day, hour, minute, second, or nothing."""
    return next((unit for unit in (DAY, 3600 * SECOND, 60 * SECOND, SECOND) if not (local % unit).any()), 1)


def merge(rows: Rows, how: Aggregate | OnDuplicate) -> Rows:
    """Return one row for all of a series with the same stamp: the numbers that are not missing, as `how` says.

    Args:
        rows: Sorted by series and stamp; those with the same in the order of the file.
        how: Which number they become; a missing one where none of them has a number.
    """
    if not len(rows.series):
        return rows
    new = np.ones(len(rows.series), bool)
    new[1:] = (rows.stamps[1:] != rows.stamps[:-1]) | (rows.series[1:] != rows.series[:-1])
    if new.all() and how != "count":
        return rows
    at = np.flatnonzero(new)
    seen = ~np.isnan(rows.values)
    counts = np.add.reduceat(seen.astype(np.int64), at)
    out = rows.take(at)
    return replace(out, values=np.where(counts > 0, _merged(rows.values, seen, (at, counts), how), np.nan))


def _merged(values: Floats, seen: npt.NDArray[np.bool_], groups: tuple[Ints, Ints], how: str) -> Floats:
    """Return the value of each group, whatever where it has none."""
    at, counts = groups
    if how == "count":
        return counts.astype(np.float64)
    if how in ("sum", "mean"):
        total = np.add.reduceat(np.where(seen, values, 0.0), at)
        return np.asarray(total / np.maximum(counts, 1) if how == "mean" else rounded_as(total, values))
    if how in ("min", "max"):
        return np.asarray((np.fmin if how == "min" else np.fmax).reduceat(values, at))
    places = np.arange(len(values))
    if how == "first":
        chosen = np.minimum.reduceat(np.where(seen, places, len(values) - 1), at)
    else:
        chosen = np.maximum.reduceat(np.where(seen, places, 0), at)
    return np.asarray(values[chosen])


def _with_zeros(rows: Rows, last: int) -> tuple[Rows, int]:
    """Return rows with a 0 for each step, from the first of a series to the last of the file, that has none."""
    bounds = np.searchsorted(rows.series, np.arange(len(rows.ids) + 1))
    present = np.flatnonzero(np.diff(bounds))
    first = rows.stamps[bounds[present]]
    lengths = last - first
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    if offsets[-1] == len(rows.series):
        return rows, 0
    series = np.repeat(present, lengths)
    stamps = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - first, lengths)
    base = np.zeros(len(rows.ids), np.int64)
    base[present] = offsets[:-1] - first
    places = base[rows.series] + rows.stamps
    known = np.full(int(offsets[-1]), -1)
    known[places] = np.arange(len(rows.series))
    before = np.maximum.accumulate(known)  # each series begins with a row of its own
    values = np.where(known >= 0, rows.values[before], 0.0)
    return Rows(series, stamps, values, rows.lines[before], rows.ids), int((known < 0).sum())


def merge_duplicates(rows: Rows, how: OnDuplicate) -> tuple[Rows, list[Finding]]:
    """Return rows without repeated stamps, as `--on-duplicate` says, and how many there were."""
    if how == "error":
        return rows, []
    merged = merge(rows, how)
    count = len(rows.series) - len(merged.series)
    message = f"{count:,} rows repeat the stamp of another of their series: {how} of them"
    return merged, [Finding("duplicates-merged", "warning", message, count=count)] if count else []
