"""`--as-of`: the last stamp that counts, inclusive; what came later is as if it were not in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from forecaster.base.arrow import from_texts
from forecaster.base.errors import DataError, UsageError
from forecaster.data.rows import Clock, Finding, Rows
from forecaster.data.stamps import EPOCHS, has_clock, is_aware, localize, parse, write_stamps
from forecaster.data.table import Table

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?P<clock>[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(?P<zone>Z|[+-]\d\d:?\d\d)?)?")


def parse_cutoff(text: str, clock: Clock) -> int:
    """Return the stamp that `--as-of` names: written as those of the file, or as ISO 8601.

    Returns:
        Nanoseconds since 1970 in UTC (of the wall clock, for stamps without a zone), or the number itself for an
        integer index.

    Raises:
        UsageError: It is no stamp, or could be several: a day where stamps have a time of day, a local time where they
            have an offset from UTC.
    """
    stamps, fits = parse(from_texts([text.strip()]), clock.time_format)
    if fits[0] and clock.tz and has_clock(clock.time_format) and not is_aware(clock.time_format):
        readings = {_localized(int(stamps[0]), text, clock.tz)}
    else:
        readings = {int(stamp) for stamp in stamps[fits]}
    readings |= set(_read_iso(text.strip(), clock, sure=bool(readings)))
    if len(readings) == 1:
        return readings.pop()
    example = write_stamps(clock.unique[-1:], clock.time_format, clock.tz)[0]
    if readings:
        raise UsageError(f"--as-of {text!r} can be read as {clock.time_format} and as ISO 8601: two different days")
    raise UsageError(f"--as-of {text!r} is not a stamp", hint=f"Write it as in the file: --as-of '{example}'")


def _read_iso(text: str, clock: Clock, sure: bool) -> Iterator[int]:
    """Yield the stamp that an ISO 8601 text names, if it is one; with `sure`, nothing is refused."""
    match = _ISO.fullmatch(text)
    if match is None or clock.time_format == "integer":
        return
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # 2026-02-30
        return
    aware, daily = is_aware(clock.time_format), not has_clock(clock.time_format) and clock.time_format not in EPOCHS
    problem = hint = ""
    if not match["clock"] and not daily:
        problem, hint = "is a day, but the stamps have a time of day", f"Write which: --as-of {text}T23:59"
    elif aware and not match["zone"]:
        problem, hint = "has no offset from UTC, but the stamps have", f"Write which: --as-of {text}Z"
    elif match["zone"] and not (aware or clock.tz):
        problem, hint = "has an offset from UTC, but the stamps have none", "Leave it out"
    if problem:
        if not sure:
            raise UsageError(f"--as-of {text!r} {problem}", hint=hint)
        return
    since = moment.replace(tzinfo=moment.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    stamp = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
    yield _localized(stamp, text, clock.tz) if clock.tz and not match["zone"] else stamp


def _localized(local: int, text: str, tz: str) -> int:
    """Return the one moment in UTC that a wall clock in a zone shows."""
    utc, absent, double = localize(np.array([local]), tz)
    if absent[0] or double[0]:
        fault = "exists twice" if double[0] else "does not exist"
        raise UsageError(f"--as-of {text!r} {fault} in {tz}, where the clock was changed", hint="Write it in UTC: …Z")
    return int(utc[0])


def cut_rows(rows: Rows, clock: Clock, table: Table, text: str) -> tuple[Rows, Clock, int]:
    """Return the rows and the clock as if the file ended at the stamp that `text` names, and that stamp.

    Series that begin later are gone; the others are numbered as they would be in the shorter file.

    Raises:
        DataError: No row is that old.
        UsageError: As `parse_cutoff`.
    """
    at = parse_cutoff(text, clock)
    count = int(np.searchsorted(clock.unique, at, side="right"))
    keep = rows.stamps < count
    left_out = len(keep) - int(keep.sum())
    if left_out == len(keep):
        first = write_stamps(clock.unique[:1], clock.time_format, clock.tz)[0]
        raise DataError(f"{table.source}: no row up to --as-of {text}; the first stamp is {first}")
    if not left_out:
        return rows, clock, at
    message = f"{left_out:,} rows after --as-of {text} are left out"
    finding = Finding("as-of", "info", message, count=left_out)
    kept = rows.take(keep)
    present, firsts, codes = np.unique(kept.series, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    numbers = np.argsort(order)
    kept = replace(kept, series=numbers[codes], ids=tuple(rows.ids[s] for s in present[order]))
    codes = clock.codes[clock.codes < count]
    return kept, replace(clock, unique=clock.unique[:count], codes=codes, findings=(*clock.findings, finding)), at
