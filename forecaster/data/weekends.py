"""Days that do not belong to a week of business days: a few on weekends, or a weekday that never has a row."""

from __future__ import annotations

import numpy as np

from forecaster.data.frequency import Frequency
from forecaster.data.rows import Clock, Finding, Rows
from forecaster.data.stamps import DAY, DAYS, Ints, to_local
from forecaster.data.table import Table

FEW = 0.05
"""Share of rows on weekends, of which days have 0.29, up to which they do not belong there."""

ENOUGH = 20
"""Rows from which such a share says something."""


def weekdays_of(stamps: Ints, tz: str | None) -> Ints:
    """Return the day of the week [N] of stamps, 0 for Monday."""
    return np.asarray((to_local(stamps, tz) // DAY + 3) % 7, np.int64)


def strays(clock: Clock, alias: str | None) -> Ints:
    """Return the rows of a table, from 0, that are on a weekend where business days are read and those are few."""
    if alias is None or clock.time_format == "integer" or Frequency(alias, clock.tz).alias != "B":
        return np.empty(0, np.int64)
    is_weekend = (weekdays_of(clock.unique, clock.tz) > 4)[clock.codes]
    return np.flatnonzero(is_weekend) if is_weekend.mean() <= FEW else np.empty(0, np.int64)


def left_out(table: Table, rows: Ints) -> Finding:
    """Return what is to be known of rows on weekends that are left out."""
    line = table.line_of(int(rows[0]))
    noun = "1 row on a weekend is" if len(rows) == 1 else f"{len(rows):,} rows on weekends are"
    message = f"{noun} left out, first in {table.places.noun} {line}"
    return Finding("weekends", "warning", message, line=line, count=len(rows), hint="--freq D keeps them")


def odd_days(table: Table, clock: Clock, rows: Rows, frequency: Frequency, on_gap: str) -> list[Finding]:
    """Return what is odd about days that are counted because of a few rows on weekends, or of which one never comes.

    Args:
        table: Where the rows stand.
        clock: Their stamps.
        rows: The observations.
        frequency: What was found.
        on_gap: How missing days are filled.
    """
    if frequency.alias != "D" or len(rows.stamps) < ENOUGH:
        return []
    days = weekdays_of(clock.unique, clock.tz)[rows.stamps]
    counts = np.bincount(days, minlength=7)
    weekend = int(counts[5:].sum())
    if 0 < weekend <= FEW * len(days):
        line = table.line_of(int(rows.lines[np.flatnonzero(days > 4)].min()))
        message = (
            f"{weekend:,} of {len(days):,} rows are on a weekend, first in {table.places.noun} {line}: so all days "
        )
        message += "are counted, and other weekends filled"
        hint = "Pass --freq B to leave these rows out and count business days"
        return [Finding("weekends", "warning", message, line=line, count=weekend, hint=hint)]
    missing = [DAYS[k] for k in np.flatnonzero(counts == 0)]
    if missing and weekend and on_gap != "zero":
        message = f"no row is on a {' or '.join(missing)}: these days are filled by --on-gap {on_gap}"
        return [Finding("closed", "warning", message, hint="Pass --on-gap zero if nothing happens then")]
    return []
