"""Offsets from UTC that a clock change would move, and what to say of them.

A file whose stamps all end in `+02:00` says which clock that was, and not which zone: forecasts beyond the next change
of the clock would be an hour off in that zone. What no zone of `CHANGING` could have written is a fixed offset.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from forecaster.data.stamps import SECOND, Ints, has_clock, is_aware, localize, to_local

CHANGING = (
    "Europe/Berlin",
    "Europe/London",
    "Europe/Helsinki",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Halifax",
    "America/St_Johns",
    "America/Santiago",
    "America/Nuuk",
    "Atlantic/Azores",
    "Asia/Jerusalem",
    "Asia/Beirut",
    "Africa/Cairo",
    "Australia/Sydney",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Chatham",
)
"""One zone of each clock that is still changed twice a year, those that most people live by first."""

_LOOKED_AT = 2_000
"""Stamps, evenly spread, by which a zone is judged."""

_AHEAD = 370
"""Days after the last stamp in which a change counts."""


def is_offset(tz: str | None) -> bool:
    """Return whether a zone is a bare offset from UTC (`+02:00`, or UTC itself), with no rule for its changes."""
    return tz == "UTC" or (tz is not None and tz[:1] in "+-")


def offset_at(tz: str, stamp: int) -> str:
    """Return the offset of a zone at a moment, as `+02:00`, or `UTC`."""
    at = np.array([stamp])
    minutes = int(to_local(at, tz)[0] - stamp) // (60 * SECOND)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}" if minutes else "UTC"


def may_change(offset: str, stamps: Ints) -> tuple[str, str] | None:
    """Return a zone that has this offset at all stamps and soon another, and the day of that change; None if none has.

    Args:
        offset: As `+02:00`. UTC itself is what most files are exported in: it is taken for what it says.
        stamps: int64 nanoseconds in UTC, ascending, one at least.
    """
    if offset == "UTC":
        return None
    chosen = stamps[np.unique(np.linspace(0, len(stamps) - 1, min(len(stamps), _LOOKED_AT)).astype(np.int64))]
    fixed = to_local(chosen, offset)
    for zone in CHANGING:
        if np.array_equal(to_local(chosen, zone), fixed) and (day := _next_change(zone, int(stamps[-1]))):
            return zone, day
    return None


def _next_change(zone: str, after: int) -> str | None:
    try:
        rules = ZoneInfo(zone)
    except ZoneInfoNotFoundError:  # Arrow has a database of its own
        return None
    first = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=after // SECOND)
    before = first.astimezone(rules).utcoffset()
    for days in range(1, _AHEAD):
        day = (first + timedelta(days=days)).astimezone(rules)
        if day.utcoffset() != before:
            return f"{day:%Y-%m-%d}"
    return None


def frozen(offset: str, stamps: Ints) -> tuple[str, str] | None:
    """Return what to say, and what to do, of one offset that a zone with clock changes could have written."""
    if (found := may_change(offset, stamps)) is None:
        return None
    zone, day = found
    message = f"every stamp has the offset {offset}, and forecasts keep it; a clock as in {zone} changes by {day}"
    return message, f"Pass --tz {zone}, or --tz {offset} for a clock that never changes"


def strangers(offsets: list[str], tz: str | None) -> tuple[str, str] | None:
    """Return what to say, and what to do, of stamps in other offsets than the one that a model was trained on."""
    if not is_offset(tz) or not offsets or offsets == [tz]:
        return None
    message = f"the stamps have the offset{'s' if len(offsets) > 1 else ''} {', '.join(offsets)}"
    message += f", the model was trained on {tz} and forecasts in it"
    return message, "Pass --tz ZONE, or train again with --tz ZONE, such as Europe/Berlin"


def any_repeated(stamps: Ints, time_format: str, tz: str | None) -> bool:
    """Return whether the clock that is written shows one of these stamps, of any shape, at another moment too."""
    if tz is None or is_offset(tz) or is_aware(time_format) or not has_clock(time_format) or not np.size(stamps):
        return False
    return bool(localize(to_local(np.unique(stamps), tz), tz)[2].any())
