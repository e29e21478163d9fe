"""Settings that are written as text → what they say."""

from __future__ import annotations

import math
import re
from datetime import timedelta

from forecaster.base.errors import UsageError

MOST_UNITS = 2048
"""The widest layer."""

LONGEST_SEASON = 100_000
"""Steps in the longest season."""

DURATIONS = {
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
"""Units of a duration. A month has no fixed length, and `m` could be it."""


def parse_bounds(text: str) -> tuple[float | None, float | None]:
    """Parse `--bounds`: `none`, or LOW,HIGH with either left out.

    Raises:
        UsageError: Something else, or a low end that is not below the high end.
    """
    if text == "none":
        return None, None
    try:
        low, high = (float(part) if part.strip() else None for part in text.split(","))
    except ValueError:
        low, high = math.nan, math.nan
    if (low, high) == (None, None) or not (-math.inf if low is None else low) < (math.inf if high is None else high):
        raise UsageError(f"--bounds: expected LOW,HIGH, none or auto, received {text!r}", hint="Such as --bounds 0,100")
    return low, high


LEAST = 1e-3
"""Percentage of the lowest level and the lowest quantile; the highest are as far from 100. None measures beyond."""


def parse_levels(text: str, flag: str = "--levels") -> tuple[float, ...]:
    """Parse `--levels` or a flag like it: percentages from 0.001 to 99.999; the answer is ascending, each once.

    They keep the six digits that the columns of a forecast file are named by.

    Raises:
        UsageError: Something is not such a number.
    """
    try:
        levels = tuple(sorted({float(f"{float(part):g}") for part in text.split(",") if part.strip()}))
    except ValueError:
        levels = ()
    if not levels or not all(LEAST <= level <= 100 - LEAST for level in levels):
        raise UsageError(
            f"{flag}: expected percentages from {LEAST:g} to {100 - LEAST:g}, received {text!r}",
            hint=f"Such as {flag} 80,95",
        )
    return levels


def parse_quantiles(text: str | None, flag: str = "--quantiles") -> tuple[float, ...]:
    """Parse `--quantiles`: shares from 0.00001 to 0.99999; the answer is ascending, each once, empty for None.

    They keep the six digits of a percentage that the columns of a forecast file are named by.

    Raises:
        UsageError: Something is not such a number.
    """
    if text is None:
        return ()
    try:
        shares = tuple(sorted({float(f"{100 * float(part):g}") / 100 for part in text.split(",") if part.strip()}))
    except ValueError:
        shares = ()
    if not shares or not all(LEAST <= 100 * share <= 100 - LEAST for share in shares):
        raise UsageError(
            f"{flag}: expected numbers from {LEAST / 100:.5f} to {1 - LEAST / 100:g}, received {text!r}",
            hint=f"Such as {flag} 0.1,0.5,0.9",
        )
    return shares


def parse_leads(text: str | None, horizon: int) -> tuple[int, ...]:
    """Parse `--leads`: lead times and ranges of them (`1-7,14`), ascending and without repeats in the answer.

    Args:
        text: What was given; None for all.
        horizon: The longest that there is.

    Raises:
        UsageError: Something is not a lead time from 1 to the horizon.
    """
    if text is None:
        return tuple(range(1, horizon + 1))
    leads: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,8})(?:-(\d{1,8}))?", part.strip(), re.ASCII)
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= low <= high <= horizon:
            fault = f"--leads: expected lead times from 1 to {horizon}, received {text[:40]!r}"
            raise UsageError(fault, hint=f"Such as --leads 1,{horizon}")
        leads.update(range(low, high + 1))
    return tuple(sorted(leads))


def parse_totals(text: str | None, horizon: int) -> tuple[int, ...]:
    """Parse `--totals`: over how many of the next steps to sum, ascending, each once; empty for None.

    Raises:
        UsageError: Something is not a number of steps from 1 to the horizon.
    """
    if text is None:
        return ()
    parts = [part.strip() for part in text.split(",")]
    steps = tuple(sorted({int(part) for part in parts if re.fullmatch(r"\d{1,8}", part, re.ASCII)}))
    if not all(re.fullmatch(r"\d{1,8}", part, re.ASCII) for part in parts) or not 1 <= steps[0] <= steps[-1] <= horizon:
        fault = f"--totals: expected numbers of steps from 1 to {horizon}, received {text[:40]!r}"
        raise UsageError(fault, hint=f"Such as --totals {horizon}; the horizon is the longest sum")
    return steps


def parse_units(text: str, layers: int) -> tuple[int, ...]:
    """Parse `--units`: one width for every layer, or as many as there are layers, separated by commas.

    Raises:
        UsageError: Something is not a width, or there are more or fewer of them than layers.
    """
    parts = [part.strip() for part in str(text).split(",")]  # a number, where Python gives the settings
    widths = tuple(int(part[:10]) for part in parts if part.isdecimal())
    if len(widths) != len(parts) or not all(1 <= width <= MOST_UNITS for width in widths):
        raise UsageError(
            f"--units: expected whole numbers from 1 to {MOST_UNITS}, received {str(text)[:40]!r}",
            hint="Such as --units 64,32",
        )
    if len(widths) not in (1, layers):
        raise UsageError(
            f"--units {text} is for {len(widths)} layers, and --layers is {layers}",
            hint=f"Give --layers {len(widths)}, or one number for all layers",
        )
    return widths * layers if len(widths) == 1 else widths


def parse_seasons(text: str | int | None) -> tuple[int, ...]:
    """Parse `--season-length`: lengths in steps separated by commas, the main one first; each counts once.

    Raises:
        UsageError: Something is no whole number from 1 to 100,000.
    """
    if text is None:
        return ()
    parts = [part.strip() for part in str(text).split(",")]
    lengths = tuple(dict.fromkeys(int(part[:10]) for part in parts if part.isdecimal()))
    if not all(part.isdecimal() for part in parts) or not all(1 <= length <= LONGEST_SEASON for length in lengths):
        raise UsageError(
            f"--season-length: expected whole numbers from 1 to {LONGEST_SEASON:,}, received {str(text)[:40]!r}",
            hint="Such as --season-length 12, or 24,168 for a day and a week of hours",
        )
    return lengths if lengths == (1,) else tuple(length for length in lengths if length > 1) or (1,)


def parse_duration(text: str, flag: str) -> timedelta:
    """Parse a duration: a number above 0 and its unit, s, min, h, d or w (`36h`, `2d`, `3W`).

    Raises:
        UsageError: Something else; `m` as well, which could be minutes or months.
    """
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) ?([a-z]+)", text.strip().lower())
    if match and match[2] == "m":
        hint = f"Write {flag} {match[1]}min, or count days: {flag} 30d"
        raise UsageError(f"{flag}: {text!r} could be minutes or months", hint=hint)
    if not match or match[2] not in DURATIONS or not float(match[1]):
        raise UsageError(
            f"{flag}: expected a number above 0 and one of {', '.join(DURATIONS)}, received {text!r}",
            hint=f"Such as {flag} 36h, 2d or 3w",
        )
    return float(match[1]) * DURATIONS[match[2]]


def parse_limit(text: str, flag: str, most: float = math.inf) -> tuple[float, bool]:
    """Parse a limit: a number from 0 to `most`, or with an `x` a multiple of what training measured.

    Returns:
        The number, and whether it is a multiple.

    Raises:
        UsageError: Something else.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(x?)", text.strip().lower())
    if not match or not (match[2] or float(match[1]) <= most):
        wanted = "a number" if most == math.inf else f"a number from 0 to {most:g}"
        raise UsageError(f"{flag}: expected {wanted}, or a multiple such as 1.5x, received {text!r}")
    return float(match[1]), bool(match[2])
