"""A file → Panel: what `observations` has read is laid on the grid of its frequency, and the holes are filled."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace

import numpy as np

from forecaster.base.arrow import return_memory
from forecaster.base.errors import DataError, ModelError, UsageError, shown
from forecaster.base.meter import working
from forecaster.base.words import split_names
from forecaster.config import ReadSettings
from forecaster.data.anomalies import find_giants, find_marker
from forecaster.data.checks import check_duplicates, find_holes
from forecaster.data.columns import holds_numbers
from forecaster.data.covariates import CovariateGrid, lay_covariates
from forecaster.data.frequency import Frequency, IrregularError, Steps, infer_frequency, is_coarser, resolve_frequency
from forecaster.data.holes import extent, fill, reasons_to_skip
from forecaster.data.naming import adds_up
from forecaster.data.observations import Observations, Rest, observe
from forecaster.data.panel import Panel, treat_outliers
from forecaster.data.problems import diagnose
from forecaster.data.rows import Clock, Finding
from forecaster.data.schema import Schema
from forecaster.data.seasons import doubt_season
from forecaster.data.source import Data, read_source
from forecaster.data.stamps import DAY, SECOND, Mask, has_clock
from forecaster.data.weekends import odd_days

GIANTS = "Correct them, or pass --on-outlier clip"
_CLEAR = 10
"""Steps from which missing weekends are no accident."""


FEWER = 0.6
"""Rows that a step has on average, at least, where a step of the calendar is chosen for stamps at any time."""

NEAR = 0.1
"""How far a distance may be from the usual one, as a share of it, to be like it."""

ALIKE = 0.8
"""Share of distances that are like the usual one from which stamps are meant to be regular."""

LATE = 24
"""Days after the first of a month from which a stamp stands for its end."""

CLOSE = 95
"""Percent of steps of one size from which others are gaps or mistakes, and no rows in disorder."""

MOST_MARKERS = 3
"""Different markers of missing values that are looked for in one file."""

MANY_ROWS = 1 << 20
"""Rows from which it is worth while to give memory back."""


def read_panel(
    path: Data,
    settings: ReadSettings | None = None,
    schema: Schema | None = None,
    as_of: str | None = None,
    future: Data | None = None,
) -> Panel:
    """Read a file of one or many series.

    Args:
        path: See `formats`: a file, `-` for standard input, a folder or glob, an address, or what was read from one.
        settings: What the user says about it; the rest is detected.
        schema: The schema of a saved model: nothing is detected, and the data must fit it.
        as_of: The last stamp that counts, inclusive: the panel is that of a file that ends there, but what is
            known ahead stays known.
        future: A file of future rows: stamps and covariates that are known ahead.

    Raises:
        DataError: The content is wrong or ambiguous.
        ModelError: The data has another frequency than the schema.
        ForecastError: Anything that `read_data` raises.
    """
    asked = settings or ReadSettings()
    source = read_source(path) if str(path) == "-" else path  # it may have to be looked at again

    def attempt(settings: ReadSettings, without: list[int]) -> Panel:
        read = observe(Rest(source, without), settings, schema, as_of, future)
        check_duplicates(read.rows, read.table, read.clock)
        if (is_large := read.table.rows >= MANY_ROWS) and not read.cells:
            read = replace(read, table=replace(read.table, columns={}))  # of no use any more, and half of the memory
        if is_large:
            return_memory()
        return lay_out(read)

    try:
        return attempt(asked, [])
    except DataError as error:
        fault = error
    with suppress(Exception):  # half a file may be stranger than any whole one: then the first fault stands alone
        fault = diagnose(attempt, asked, fixed=schema is not None).error(str(path))
    if schema is not None:
        fault = DataError(fault.message, hint=_as_frozen(fault.hint), rows=fault.rows, lines=fault.lines)
    raise fault


def _as_frozen(hint: str) -> str:
    """Return a hint for data that a saved model reads: what flags say of reading is frozen in it."""
    if bare := re.fullmatch(r"Pass (--[a-z-]+)", hint):
        return f"Correct the data, or train again with another {bare[1]}"
    if hint.startswith("Pass --"):
        return f"Correct the data, or train again: p{hint[1:]}"
    return re.sub(r"(, or |[?] )[Pp]ass (?=--)", r"\1train again: pass ", hint).replace("? train", "? Or train")


def lay_out(read: Observations) -> Panel:
    """Lay observations on the grid of their frequency, fill the holes, and treat outliers as was asked.

    Raises:
        DataError: There is no one frequency, or no series is left.
    """
    with working("reading"):
        return _lay_out(read)


def _lay_out(read: Observations) -> Panel:
    table, clock, rows = read.table, read.clock, read.rows
    bounds = np.searchsorted(rows.series, np.arange(len(rows.ids) + 1))
    frequency, off_grid = _frequency(Steps(clock.unique, rows.stamps, bounds, rows.ids), read)
    schema = read.schema or _schema_of(read, frequency)
    ordinals, phases = frequency.split(clock.unique)
    seen = ~np.isnan(rows.values)
    lengths, first = extent(rows, ordinals, seen)
    observed = np.bincount(rows.series[seen], minlength=len(rows.ids))
    reasons = reasons_to_skip(lengths, observed, off_grid, schema.max_missing, frequency)
    good = np.ones(len(rows.ids), bool)
    good[list(reasons)] = False
    if not good.any():
        name = f"series {shown(rows.ids[0])}: " if rows.ids[0] else ""
        raise DataError(f"{table.source}: {name}{reasons[0]}", hint=_hint_for(read, frequency, bool(off_grid[0])))
    kept = np.flatnonzero(good)
    offsets = np.concatenate(([0], np.cumsum(lengths[kept]))).astype(np.int64)
    base = np.zeros(len(rows.ids), np.int64)
    base[kept] = offsets[:-1] - first[kept]
    use = seen & good[rows.series]
    values = np.full(int(offsets[-1]), np.nan)
    values[base[rows.series[use]] + ordinals[rows.stamps[use]]] = rows.values[use]
    filled = np.isnan(values)
    starts = frequency.join(first[kept], phases[rows.stamps[bounds[kept]]])
    ids = tuple(rows.ids[s] for s in kept)
    grid = CovariateGrid(ids=ids, first=first[kept], lengths=lengths[kept], frequency=frequency)
    covariates, carried = lay_covariates(read.cells, read.columns, schema.categorical, grid)
    marked = find_markers(read)
    holes = find_holes(table, rows, seen, ordinals, (first, lengths, good))
    if read.schema is None and read.settings.freq is None and read.recipe.aggregate is None:
        holes = [*odd_days(table, clock, rows, frequency, schema.on_gap), *holes]
    if read.columns.future:  # rows without a target after the last observation are how the future is given
        holes = [finding for finding in holes if finding.code != "trailing"]
    panel = Panel(
        values=values,
        filled=filled,
        offsets=offsets,
        ids=ids,
        starts=starts if frequency.is_integer else starts.astype("M8[ns]"),
        frequency=frequency,
        season_length=schema.season_length,
        more_seasons=_more_seasons(read, frequency),
        schema=schema,
        findings=(*read.findings, *marked, *holes, *carried),
        skipped=tuple((rows.ids[s], reason) for s, reason in sorted(reasons.items())),
        source=table.source,
        sha256=table.sha256,
        rows=table.rows,
        as_of=read.as_of,
        covariates=covariates,
    )
    if filled.any():
        if schema.on_gap == "error":
            raise _gap_error(panel)
        fill(values, filled, schema.on_gap)
    if read.schema is None and not marked:  # a marker looks like any season
        panel = replace(panel, findings=(*panel.findings, *doubt_season(panel, read.settings)))
    treated = treat_outliers(panel) if schema.on_outlier != "keep" else panel
    return treated if marked else _with_giants(treated)


def _with_giants(panel: Panel) -> Panel:
    """Return a panel that says where values are so large that a forecast of them is nothing but noise."""
    at = find_giants(panel.values, panel.offsets)
    if not len(at):
        return panel
    first, count = int(at[0]), "1 value is" if len(at) == 1 else f"{len(at):,} values are"
    where = f"{panel.where(first)}: {panel.values[first]:g}"
    message = f"{count} more than 1,000 times as large as nine in ten others, first at {where}"
    hint = GIANTS if panel.schema.on_outlier == "keep" else "Correct them"
    name = panel.ids[panel.series_at(first)] or None
    found = Finding("giants", "warning", message, series=name, count=len(at), hint=hint)
    return replace(panel, findings=(*panel.findings, found))


def _more_seasons(read: Observations, frequency: Frequency) -> tuple[int, ...]:
    """Return the season lengths besides the main one: the user's, else those usual for the frequency."""
    if read.settings.seasons:
        return read.settings.seasons[1:]
    main = read.schema.season_length if read.schema else frequency.season_length
    return frequency.seasons[1:] if main == frequency.season_length else ()


def find_markers(read: Observations) -> list[Finding]:
    """Return a finding where impossible values come again and again: they mean that a value is missing."""
    values, found = read.rows.values, list[tuple[str, int, int]]()
    left = np.flatnonzero(~np.isnan(values))
    while len(found) < MOST_MARKERS and (marker := find_marker(values[left])) is not None:
        is_marker = values[left] == marker
        line = read.table.line_of(int(read.rows.lines[left[is_marker]].min()))
        name = f"{marker:.15g}" if float(f"{marker:.15g}") == marker else repr(marker)
        found.append((name, int(is_marker.sum()), line))
        left = left[~is_marker]
    if not found:
        return []
    each = ", and ".join(f"{name} comes {count:,} times, first in line {line}" for name, count, line in found)
    what = "and is far from all others: it looks like a marker"
    if len(found) > 1:
        what = "far from all others: they look like markers"
    message, count = f"the value {each}, {what} of missing values", sum(count for _, count, _ in found)
    hint = f"Pass --na-values={','.join(name for name, _, _ in found)}"
    return [Finding("marker", "warning", message, line=found[0][2], count=count, hint=hint)]


def _schema_of(read: Observations, frequency: Frequency) -> Schema:
    """Return what a later file of the same kind is read by."""
    columns, settings = read.columns, read.settings
    forced = {*split_names(settings.categorical)}
    if odd := forced - set(columns.covariates):
        fault = f"--categorical {', '.join(sorted(odd))}: not among the covariates"
        raise UsageError(fault, hint="Pass --past-covariates, --future-covariates or --static-covariates too")
    return Schema(
        shape=columns.shape,
        time=columns.time,
        id=columns.id,
        target=None if columns.shape == "wide" else columns.targets[0],
        dialect=read.table.dialect,
        time_format=read.clock.time_format,
        frequency=frequency.alias,
        tz=read.clock.tz,
        tz_chosen=settings.tz is not None,
        season_length=settings.season or frequency.season_length,
        on_gap=settings.on_gap,
        max_missing=settings.max_missing,
        on_outlier=settings.on_outlier,
        past_covariates=tuple(name for name in columns.past if name not in columns.targets),
        future_covariates=columns.future,
        static_covariates=columns.static,
        categorical=tuple(n for n in columns.covariates if n in forced or not holds_numbers(read.table, n)),
        targets=columns.targets if columns.is_joint else (),
        recipe=read.recipe,
    )


def _gap_error(panel: Panel) -> DataError:
    at = int(np.argmax(panel.filled))
    s = panel.series_at(at)
    when = panel.write(panel.stamps(s)[at - panel.offsets[s]])
    name = f"series {shown(panel.ids[s])}: " if panel.ids[s] else ""
    message = f"{panel.source}: {name}no value at {when} ({int(panel.filled.sum())} missing)"
    return DataError(message, hint="Complete the data, or pass --on-gap interpolate")


def _hint_for(read: Observations, frequency: Frequency, off_grid: bool) -> str:
    """Return what makes a series usable that was left out, where no other is left."""
    if not off_grid:
        observed = np.isfinite(read.rows.values).any()
        return "Complete the data, or pass --max-missing 1" if observed else "Give it values"
    if frequency.is_calendar and has_clock(read.clock.time_format):
        how, alias = "sum" if any(map(adds_up, read.columns.targets)) else "mean", frequency.alias
        put = f"--aggregate {how} --freq {alias}"
        return f"Put the rows of a step together: {put}; or --aggregate count --freq {alias} counts them"
    return "Correct its stamps, or leave out --freq" if read.settings.freq and not read.schema else "Correct its stamps"


def _frequency(steps: Steps, read: Observations) -> tuple[Frequency, Mask]:
    """Return the frequency, and which series [S] are not on it."""
    clock, schema, source = read.clock, read.schema, read.table.source
    whole, alias = clock.time_format == "integer", schema.frequency if schema else _of_period(read)
    if alias is None:
        try:
            return infer_frequency(steps, is_integer=whole, tz=clock.tz), np.zeros(len(steps.ids), bool)
        except DataError as error:
            odd = next((finding for finding in clock.findings if finding.code == "offsets"), None)
            fault = DataError(f"{source}: {error.message}", hint=odd.hint if odd else error.hint)
            if whole or odd or read.recipe.aggregate or not isinstance(error, IrregularError):
                raise fault from None
            raise _merging(fault, error.share, steps, read) from None
    frequency = Frequency(alias, clock.tz) if schema else resolve_frequency(alias, steps, clock.tz)
    if frequency.is_integer != whole and schema is None:
        raise UsageError(f"--freq {alias} does not fit: the stamps are {'integers' if whole else 'dates'}")
    if schema:
        _check_fit(steps, frequency, clock, source)
    return frequency, ~steps.on_grid(frequency.split(steps.unique)[1])


def _merging(fault: DataError, share: float | None, steps: Steps, read: Observations) -> DataError:
    """Return the fault of stamps that are no regular steps, with the flags that make steps of them.

    Args:
        fault: What is wrong with them.
        share: Of all distances, from 0 to 1, that are the commonest one; None where there is none.
        steps: The stamps.
        read: Where they come from.
    """
    if share is not None and round(100 * share) >= CLOSE:
        return fault
    how = "sum" if any(map(adds_up, read.columns.targets)) or not (steps.unique % DAY).any() else "mean"
    nearest, rest = _nearest_step(steps)
    put = f"--aggregate {how} --freq {nearest}"
    hint = f"Put the rows of a step together: {put}; or --aggregate count --freq D counts them"
    if share is None:
        hint = "Give more rows a series, or put those of all series together: --aggregate sum --freq D"
    whole = "last" if nearest.endswith("E") and how == "sum" and _is_one_each(steps, nearest) else how
    choices = [f"--aggregate {whole} --freq {nearest}", *(f"--aggregate {how} --freq {freq}" for freq in rest)]
    return DataError(fault.message, hint=hint).choosing(*choices)


USUAL = (
    *((f"{n}{unit}", n * size) for unit, size in (("s", SECOND), ("min", 60 * SECOND)) for n in (1, 5, 10, 15, 30)),
    *((f"{n or ''}h", max(n, 1) * 3600 * SECOND) for n in (0, 2, 3, 6, 12)),
    *(("D", DAY), ("W", 7 * DAY), ("MS", 30.4 * DAY), ("QS", 91.3 * DAY), ("YS", 365.2 * DAY)),
)
"""Steps that people measure in, with their lengths in nanoseconds."""


def _nearest_step(steps: Steps) -> tuple[str, tuple[str, ...]]:
    """Return the usual step that is nearest to the usual distance of stamps, and the coarser ones of the calendar."""
    inside = steps.of(steps.unique)[0]
    if not len(inside):
        return "D", ("W", "MS", "QS")
    usual = float(np.median(inside))
    at = min(range(len(USUAL)), key=lambda k: abs(np.log(USUAL[k][1] / usual)))
    if np.mean(np.abs(inside / usual - 1) < NEAR) < ALIKE:  # at any time: whole days, or what is coarser than they are
        at = next(
            (k for k, (freq, size) in enumerate(USUAL) if freq in ("D", "W", "MS", "QS") and size > FEWER * usual), at
        )
    days = steps.unique.astype("M8[ns]").astype("M8[D]")
    late = (days - days.astype("M8[M]")).astype(np.int64).min() >= LATE
    name = USUAL[at][0]
    coarser = tuple(freq for freq, _ in USUAL[at + 1 :] if freq in ("D", "W", "MS", "QS"))
    return name.replace("S", "E") if late and name in ("MS", "QS", "YS") else name, coarser


def _is_one_each(steps: Steps, alias: str) -> bool:
    """Return whether no step of the first series has two stamps."""
    first = steps.unique[steps.only(0).codes].astype("M8[ns]").astype("M8[M]")
    return len(np.unique(first)) == len(first) or not alias.startswith("M")


def _of_period(read: Observations) -> str | None:
    """Return the frequency that the user names; where stamps name no day, that of the starts of the same periods."""
    alias, written = read.settings.freq, read.clock.time_format
    if alias is None or any(day in written for day in ("%d", "%-d", "%j", "%V", "%-V")) or "%" not in written:
        return alias
    starts = {"YE": "YS", "YE-DEC": "YS", "QE": "QS", "QE-DEC": "QS", "ME": "MS"}
    return starts.get(alias, alias)


def _check_fit(steps: Steps, frequency: Frequency, clock: Clock, source: str) -> None:
    """Refuse data of another frequency than the model's."""
    whole = clock.time_format == "integer"
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
    fault, hint = f"the model is {frequency.alias}, the data is {reason}", "Train a model on this data, or correct it"
    if odd_clock := next((finding for finding in clock.findings if finding.code == "offsets"), None):
        fault, hint = f"{odd_clock.message}: {fault}", odd_clock.hint
    raise ModelError(f"{source}: {fault}", hint=hint)
