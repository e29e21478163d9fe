"""Stamps → calendar features: hour, weekday, month, day of the year, and public holidays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forecaster.base.errors import UsageError
from forecaster.base.extras import check_extra
from forecaster.data.frequency import MONTHS, WEEKDAYS, Frequency
from forecaster.data.stamps import DAY, Ints, to_local

HOUR = DAY // 24
YEAR = 365.2425
"""Days in a year."""

CATEGORIES = {"hour": tuple(f"{hour:02d}" for hour in range(24)), "weekday": WEEKDAYS, "month": MONTHS}
"""Features whose values are places in a list of names; the others are numbers."""

NUMBERS = ("year-sin", "year-cos")
"""Where in the year a stamp is, on a circle."""


def features_of(frequency: Frequency) -> tuple[str, ...]:
    """Return the calendar features that say something about stamps of a frequency: those that differ from step to step.

    None for an integer index, and for steps of a year.
    """
    unit, count, _ = frequency.grid
    if unit == "fixed":
        hourly = ("hour",) if count < DAY else ()
        return (*hourly, "weekday", *NUMBERS)
    if unit in ("start", "end"):
        return ("month",) if count < 12 else ()
    return {"integer": (), "week": NUMBERS}.get(unit, ("weekday", *NUMBERS))


def calendar_feature(name: str, stamps: Ints, tz: str | None) -> npt.NDArray[np.float64]:
    """Return a calendar feature of stamps, any shape: the place of a category, or a number from −1 to 1.

    Args:
        name: A key of `CATEGORIES`, or one of `NUMBERS`.
        stamps: int64 nanoseconds in UTC.
        tz: Zone whose clock and calendar count.
    """
    local = to_local(stamps, tz)
    day = local // DAY
    if name == "hour":
        return np.asarray(local % DAY // HOUR, np.float64)
    if name == "weekday":
        return np.asarray((day + 3) % 7, np.float64)
    dates = day.astype("M8[D]")
    if name == "month":
        return np.asarray(dates.astype("M8[M]").astype(np.int64) % 12, np.float64)
    angle = 2 * np.pi * (dates - dates.astype("M8[Y]")).astype(np.int64) / YEAR
    return np.asarray(np.sin(angle) if name == "year-sin" else np.cos(angle))


# ---------------------------------------------------------------------------------------------------- holidays


def check_country(code: str) -> None:
    """Refuse a country, or region of one, whose holidays are not known.

    Raises:
        UsageError: The package `holidays` is missing, or does not know it.
    """
    check_extra("holidays", f"--holidays {code}")
    from holidays import list_supported_countries

    country, _, region = code.partition("-")
    known = list_supported_countries()
    if country not in known:
        raise UsageError(
            f"--holidays {code}: no such country", hint=f"Give a code of ISO 3166, such as {', '.join(_near(code))}"
        )
    if region and region not in known[country]:
        regions = ", ".join(map(str, known[country])) or "it has none"
        raise UsageError(f"--holidays {code}: no such region of {country}", hint=f"Its regions: {regions}")


def _near(code: str) -> list[str]:
    from holidays import list_supported_countries

    alike = [known for known in sorted(list_supported_countries()) if known[:1] == code[:1].upper()]
    return [code.upper()] if code.upper() in alike else alike[:4] or ["GB", "US"]


def holiday_counts(code: str, first: Ints, after: Ints, tz: str | None) -> npt.NDArray[np.float64]:
    """Return how many public holidays lie in the steps from `first` [N] up to `after` [N] (exclusive).

    A step shorter than a day has the holiday of its day.

    Args:
        code: ISO 3166, with a region after a dash.
        first: int64 nanoseconds in UTC.
        after: The same, of the steps that follow.
        tz: Zone whose calendar counts.
    """
    begin = to_local(first, tz) // DAY
    end = np.maximum(to_local(after, tz) // DAY, begin + 1)
    days = _holidays_in(code, int(begin.min(initial=0)), int(end.max(initial=0)))
    return np.asarray(np.searchsorted(days, end) - np.searchsorted(days, begin), np.float64)


def _holidays_in(code: str, first: int, last: int) -> Ints:
    """Return the holidays, as days since 1970, of the years of two such days.

    Raises:
        UsageError: The package `holidays` is missing, here where a model that reads holidays is used.
    """
    check_extra("holidays", f"A model with the holidays of {code}")
    from holidays import country_holidays

    country, _, region = code.partition("-")
    begin, end = np.array([first, last]).astype("M8[D]").astype("M8[Y]").astype(np.int64).tolist()
    found = country_holidays(country, subdiv=region or None, years=range(1970 + begin, 1970 + end + 1))
    return np.array(sorted(found), "M8[D]").astype(np.int64)
