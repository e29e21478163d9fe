"""Text ↔ time: the format a column of stamps is written in, stamps as integers, and back into the same format.

Inside the program a stamp is an int64: nanoseconds since 1970-01-01 UTC, or the number itself for an integer index. A
format is a `strptime` string of the directives in `_PATTERNS` (besides those of C: `%-d` unpadded, `%q` quarter, `%3f`
digits of a fraction, `%:z` offset with a colon, `%-z` of hours alone, `%n` and `%N` the next year in two and four
digits, as in `2019/20`, `%*` the end of a stretch of time that begins with the stamp), or one of `integer`, `epoch-s`,
`epoch-ms`, `epoch-us`, `epoch-ns`, `excel`, `excel-time`. Names in another language are marked by its code in front,
`de:%d. %B %Y` (see `languages`). Which format a file is written in is found out in `notation`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from forecaster.base.arrow import EMPTY, ZERO, from_numpy, from_texts, integers, to_numpy
from forecaster.base.arrow import text as constant
from forecaster.base.errors import UsageError
from forecaster.data.languages import LANGUAGES, PREFIX, Language, names_in, split_language

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
EPOCHS = {"epoch-s": SECOND, "epoch-ms": 1_000_000, "epoch-us": 1_000, "epoch-ns": 1}
EXCEL = ("excel", "excel-time")
"""Days since 30 December 1899, as spreadsheets count them; with a fraction for the time of day."""

EXCEL_BEGINS = 25_569
"""1 January 1970 in these days."""

SERIAL = r"^\d{1,6}(\.\d*)?$"
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = ("January February March April May June July August September October November December").split()
WHOLE = r"^(\d{9,19})\.0*$"
"""A whole number of seconds that was written as one with a fraction, as spreadsheets and data frames do."""

DIGITS = r"^[+-]?([0-8]?\d{1,18}|9[01]\d{17})$"
"""Whole numbers that 64 bits hold."""

TURN = 50
"""Years of two digits from which on a column is of the century before."""

FIRST_YEAR, LAST_YEAR = 1678, 2261
"""Whole years that int64 nanoseconds can hold."""

_NAMES = "|".join(MONTHS)
_PATTERNS = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "G": r"(?P<G>\d{4})",
    "V": r"(?P<V>\d{1,2})",
    "u": r"(?P<u>[1-7])",
    "j": r"(?P<j>\d{3})",
    "a": r"(?P<a>(?i:Mon|Tue|Wed|Thu|Fri|Sat|Sun))",
    "A": r"(?P<A>(?i:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday))",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "M": r"(?P<M>\d{2})",
    "S": r"(?P<S>\d{2})",
    "f": r"(?P<f>\d{1,9})",
    "p": r"(?P<p>[AaPp][Mm])",
    "b": rf"(?P<b>(?i:{'|'.join(name[:3] for name in MONTHS)}))",
    "B": rf"(?P<B>(?i:{_NAMES}))",
    "q": r"(?P<q>[1-4])",
    "n": r"(?P<n>\d{2})",
    "N": r"(?P<N>\d{4})",
    "*": r"(?:[^\d:.].*)?",
    "z": r"(?P<z>Z|[+-]\d{2}:?\d{2})",
}
_WIDER = {"-y": r"(?P<y>\d{1,2})", "-j": r"(?P<j>\d{1,3})", "-z": r"(?P<z>[+-]\d{2}(?::?\d{2})?)"}
"""Directives that read something else without their padding."""

DIRECTIVE = re.compile(r"%([-:]?[A-Za-z]|[1-9]f|\*)")
UTC_NAMES = ("Z", "UTC", "GMT")
"""How a format may end that says so itself that its stamps are in UTC."""


def is_aware(time_format: str) -> bool:
    """Return whether stamps in this format carry their offset from UTC."""
    return _has_offset(time_format) or time_format.endswith(UTC_NAMES) or time_format in EPOCHS


def _has_offset(time_format: str) -> bool:
    return any(zone in time_format for zone in ("%z", "%:z", "%-z"))


def has_clock(time_format: str) -> bool:
    """Return whether stamps in this format name an hour."""
    return time_format == "excel-time" or any(hour in time_format for hour in ("%H", "%-H", "%I", "%-I"))


def check_format(time_format: str) -> None:
    """Refuse a `--date-format` that does not name a day.

    Raises:
        UsageError: An unknown directive, one twice, or no year.
    """
    if time_format == "integer" or time_format in EPOCHS or time_format in EXCEL:
        return
    if (code := PREFIX.match(time_format)) and split_language(time_format)[0] is None:
        hint = f"Known are {', '.join(LANGUAGES)}, such as de:%d. %B %Y"
        raise UsageError(f"--date-format {time_format!r}: unknown language {code[1]!r}", hint=hint)
    known = {name.lstrip("-:0123456789") for name in DIRECTIVE.findall(time_format)}
    if unknown := sorted(known - _PATTERNS.keys()):
        raise UsageError(f"--date-format {time_format!r}: unknown directive %{unknown[0]}")
    if not (known & {"Y", "y"} or known >= {"G", "V"}) or len(DIRECTIVE.findall(time_format)) != len(known):
        hint = "Such as %Y-%m-%d, %d/%m/%Y %H:%M, %G-W%V, epoch-s"
        raise UsageError(f"--date-format {time_format!r} must name the year, and each part once", hint=hint)


@cache
def pattern_of(time_format: str) -> str:
    """Return the regular expression of a format, a group a directive."""
    out, at = "", 0
    language, time_format = split_language(time_format)
    for match in DIRECTIVE.finditer(time_format):
        own = language.pattern(match[1]) if language else None
        own = own or _WIDER.get(match[1]) or _PATTERNS[match[1].lstrip("-:0123456789")]
        out += re.escape(time_format[at : match.start()]) + own
        at = match.end()
    return out + re.escape(time_format[at:])


# ---------------------------------------------------------------------------------------------------- text → time


def parse(texts: pa.Array, time_format: str) -> tuple[Ints, Mask]:
    """Return stamps as int64 and a mask of the texts that are a valid stamp in this format.

    Stamps with an offset come out in UTC, those without as if they were. A text that does not fit, or names a day that
    does not exist, gets 0 and False.
    """
    if time_format == "integer" or time_format in EPOCHS:
        if time_format in EPOCHS:
            texts = pc.replace_substring_regex(texts, WHOLE, r"\1")
        ok = to_numpy(pc.match_substring_regex(texts, DIGITS))
        numbers = integers(pc.if_else(from_numpy(ok), texts, ZERO))
        scale = EPOCHS.get(time_format, 1)
        ok = ok & (np.abs(numbers) < 9 * 10**18 // scale)
        return np.where(ok, numbers, 0) * scale, ok
    if time_format in EXCEL:
        return _parse_serials(texts, time_format)
    pattern = f"^{pattern_of(time_format)}$"
    fast = _parse_iso(texts, time_format, pattern)
    return fast if fast is not None else _parse_fields(pc.extract_regex(texts, pattern), split_language(time_format)[0])


def _parse_serials(texts: pa.Array, time_format: str) -> tuple[Ints, Mask]:
    """Parse the days of a spreadsheet, to the second; from its day 61 on, as 60 is the 29 February 1900."""
    ok = to_numpy(pc.match_substring_regex(texts, SERIAL))
    days = np.asarray(to_numpy(pc.if_else(from_numpy(ok), texts, ZERO).cast(pa.float64())), np.float64)
    ok = ok & (days > 60) & (days < 132_000) & ((days == np.floor(days)) | (time_format == "excel-time"))
    seconds = np.rint((np.where(ok, days, EXCEL_BEGINS) - EXCEL_BEGINS) * 86_400)
    return np.asarray(seconds, np.int64) * SECOND, ok


def _parse_iso(texts: pa.Array, time_format: str, pattern: str) -> tuple[Ints, Mask] | None:
    """Parse ISO 8601 with Arrow's own parser, ten times as fast; None where a cell needs the long way."""
    plain = time_format.replace("%-", "%")
    if not re.fullmatch(r"%Y-%m-%d([T ]%H:%M(:%S(\.%\d?f)?)?(Z|%:?z)?)?", plain):
        return None
    kind = pa.timestamp("ns", "UTC") if is_aware(time_format) else pa.timestamp("ns")
    try:
        stamps = pc.cast(texts, kind)
    except pa.ArrowInvalid:
        return None
    if not pc.all(pc.match_substring_regex(texts, pattern)).as_py():
        return None
    return integers(stamps), np.ones(len(texts), bool)


def _parse_fields(fields: pa.StructArray, language: Language | None) -> tuple[Ints, Mask]:
    """Return stamps from the named parts of a date."""
    ok = to_numpy(fields.is_valid())
    names = {field.name for field in fields.type}

    def text(name: str) -> pa.Array:
        return pc.fill_null(pc.struct_field(fields, name), EMPTY)

    def number(name: str, default: int) -> Ints:
        if name not in names:
            return np.full(len(fields), default, np.int64)
        return integers(pc.if_else(from_numpy(ok), text(name), ZERO))

    hour, minute, second = number("H", 0), number("M", 0), number("S", 0)
    if "I" in names:
        half = number("I", 12)
        ok = ok & (half >= 1) & (half <= 12)
        late = to_numpy(pc.equal(pc.utf8_lower(text("p")), constant("pm"))) if "p" in names else False
        hour = half % 12 + 12 * np.asarray(late, np.int64)
    first, fits = _read_days(names, number, text, ok, language)
    clock = (hour * 3600 + minute * 60 + second) * SECOND
    ok = ok & fits & (clock <= DAY) & (minute <= 59) & (second <= 59)  # 24:00 is the end of the day, as in ISO 8601
    if "f" in names:
        clock = clock + integers(pc.utf8_rpad(text("f"), 9, "0"))
    if "z" in names:
        shift, fits = _offsets(text("z"))
        clock, ok = clock - shift, ok & fits
    return np.where(ok, first * DAY + clock, 0), ok


def _read_days(
    names: set[str],
    number: Callable[[str, int], Ints],
    text: Callable[[str], pa.Array],
    written: Mask,
    language: Language | None,
) -> tuple[Ints, Mask]:
    """Return the days since 1970 that the parts of a date name, and which of them exist; others are not written so."""
    if "G" in names:
        return _week_days(number("G", 1970), number("V", 1), number("u", 1))
    year = number("Y", 1970)
    if "y" in names:
        short = number("y", 0)
        year = short + _centuries(short, np.unique(short[written]))
    follows = np.ones(len(year), bool)
    for name, cycle in (("n", 100), ("N", 10_000)):
        if name in names:
            follows &= number(name, 0) == (year + 1) % cycle
    if "j" in names:
        return _month_days(year, np.ones_like(year), number("j", 1), whole_year=True)
    year = np.where(follows, year, 0)
    month = number("q", 1) * 3 - 2 if "q" in names else number("m", 1)
    for name in ("b", "B"):
        if name in names and language:
            spelled = pc.utf8_lower(pc.utf8_rtrim(text(name), "."))
            place = pc.index_in(spelled, from_texts(list(language.month_numbers)))
            known = np.array([*language.month_numbers.values(), 1], np.int64)
            month = known[to_numpy(pc.fill_null(place, -1)).astype(np.int64)]
        elif name in names:
            heads = pc.utf8_lower(pc.utf8_slice_codeunits(text(name), 0, 3))
            found = [to_numpy(pc.equal(heads, constant(full[:3].lower()))) for full in MONTHS]
            month = np.argmax([np.zeros(len(year), bool), *found], axis=0).astype(np.int64)
    return _month_days(year, month, number("d", 1), whole_year=False)


def _centuries(short: Ints, seen: Ints) -> Ints:
    """Return the century of each year of two digits, so that those of one column [N, distinct] follow one another.

    The years go round the clock of a hundred; the column begins behind the longest stretch without a year. Where it
    goes past 99, it goes on in 2000. Where it does not, it is of 1900 if it reaches 50 or more: nothing was measured
    in 2050 yet, and strptime's own rule (69) would tear a column from 1960 to 1975 in two.
    """
    if not len(seen):
        return np.full(len(short), 2000, np.int64)
    gaps = np.diff(np.append(seen, seen[0] + 100))
    begins = int(seen[(int(np.argmax(gaps)) + 1) % len(seen)])
    goes_past = begins != int(seen[0])
    if goes_past:
        return np.where(short >= begins, 1900, 2000)
    return np.full(len(short), 1900 if seen[-1] >= TURN else 2000, np.int64)


def _month_days(year: Ints, month: Ints, day: Ints, *, whole_year: bool) -> tuple[Ints, Mask]:
    """Return days since 1970 and which exist: of a day in a month, or in a whole year."""
    ok = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12)
    months = np.where(ok, (year - 1970) * 12 + month - 1, 0).astype("M8[M]")
    first, after = ((months + np.timedelta64(k, "M")).astype("M8[D]").astype(np.int64) for k in (0, 1))
    if whole_year:
        after = (months + np.timedelta64(12, "M")).astype("M8[D]").astype(np.int64)
    return first + day - 1, ok & (day >= 1) & (day <= after - first)


def _week_days(year: Ints, week: Ints, weekday: Ints) -> tuple[Ints, Mask]:
    """Return days since 1970 of ISO weeks (ISO 8601: week 1 holds 4 January; day 1 is Monday), and which exist."""
    ok = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (week >= 1)
    safe = np.where(ok, year, 1970)
    monday, after = _first_mondays(safe), _first_mondays(safe + 1)
    return monday + (week - 1) * 7 + weekday - 1, ok & (week * 7 <= after - monday)


def _first_mondays(year: Ints) -> Ints:
    """Return days since 1970 of the Monday of week 1."""
    fourth = (year - 1970).astype("M8[Y]").astype("M8[D]").astype(np.int64) + 3
    return np.asarray(fourth - (fourth + 3) % 7, np.int64)


def _offsets(zones: pa.Array) -> tuple[Ints, Mask]:
    """Return offsets from UTC in nanoseconds (`+01:30`, `+0130`, `Z`), and which are under a day."""
    digits = pc.replace_substring(pc.if_else(pc.is_in(zones, from_texts(["Z", ""])), constant("+0000"), zones), ":", "")
    digits = pc.if_else(pc.equal(pc.utf8_length(digits), 3), pc.binary_join_element_wise(digits, "00", ""), digits)
    numbers = integers(pc.replace_substring(digits, "+", ""))
    hours, minutes = np.abs(numbers) // 100, np.abs(numbers) % 100
    return np.sign(numbers) * (hours * 3600 + minutes * 60) * SECOND, (hours < 24) & (minutes < 60)


def offsets_in(texts: pa.Array, time_format: str) -> list[str]:
    """Return the distinct offsets in a column of aware stamps, as `UTC` or `+01:00`."""
    if not _has_offset(time_format):
        return ["UTC"] if is_aware(time_format) else []
    found = pc.unique(pc.struct_field(pc.extract_regex(texts, pattern_of(time_format)), "z")).to_pylist()
    names = {zone if zone == "Z" else f"{zone[:3]}:{zone[3:].lstrip(':') or '00'}" for zone in found if zone}
    return sorted({"UTC" if name in ("Z", "+00:00", "-00:00") else name for name in names})


def check_zone(tz: str) -> None:
    """Refuse an unknown time zone.

    Raises:
        UsageError: Not an IANA zone such as `Europe/Berlin`, nor an offset such as `+01:00`.
    """
    try:
        to_local(np.zeros(1, np.int64), tz)
    except pa.ArrowInvalid:
        raise UsageError(f"--tz {tz!r} is not a known time zone", hint="Such as Europe/Berlin, UTC or +01:00") from None


def to_local(utc: Ints, tz: str | None) -> Ints:
    """Return wall-clock nanoseconds in a zone; UTC itself where `tz` is None."""
    if tz is None or tz == "UTC" or not len(utc):
        return utc
    aware = from_numpy(utc).cast(pa.timestamp("ns", tz))
    return integers(pc.local_timestamp(aware))


def to_utc(local: Ints, tz: str | None) -> Ints:
    """Return UTC for wall-clock nanoseconds: the end of the gap for an hour that is missing, the first of a double one.

    For stamps that we count out ourselves (the start of a day, of a month). Stamps of a file go through `localize`.
    """
    if tz is None or tz == "UTC" or not len(local):
        return local
    naive = from_numpy(local).cast(pa.timestamp("ns"))
    return _assume(naive, tz, ambiguous="earliest", nonexistent="latest")


def localize(local: Ints, tz: str) -> tuple[Ints, Mask, Mask]:
    """Return UTC for the wall-clock stamps of a file, which of them do not exist, and which exist twice."""
    naive = from_numpy(local).cast(pa.timestamp("ns"))
    early = _assume(naive, tz, ambiguous="earliest", nonexistent="earliest")
    late = _assume(naive, tz, ambiguous="latest", nonexistent="earliest")
    missing = to_local(early, tz) != local
    return early, missing, (early != late) & ~missing


def last_of_two(local: Ints, tz: str) -> Ints:
    """Return UTC for wall-clock stamps: the last moment that a clock shows each."""
    naive = from_numpy(local).cast(pa.timestamp("ns"))
    return _assume(naive, tz, ambiguous="latest", nonexistent="earliest")


def _assume(naive: pa.Array, tz: str, **choice: Any) -> Ints:
    return integers(pc.assume_timezone(naive, tz, **choice))


# ---------------------------------------------------------------------------------------------------- time → text


def write_stamps(stamps: Ints, time_format: str, tz: str | None) -> npt.NDArray[np.object_]:
    """Return stamps as they are written in the user's file: texts, or Python integers for an integer or epoch index.

    Args:
        stamps: int64 nanoseconds in UTC, or the integers themselves, of any shape.
        time_format: The format of the column.
        tz: The zone whose wall clock is written; None writes UTC, which for naive stamps is the clock they came with.
    """
    unique, inverse = np.unique(stamps, return_inverse=True)
    if time_format == "integer" or time_format in EPOCHS:
        texts = (unique // EPOCHS.get(time_format, 1)).astype(object)
    elif time_format in EXCEL:
        days = to_local(unique, tz) / DAY + EXCEL_BEGINS
        texts = np.array([int(day) if day == int(day) else round(day, 10) for day in days.tolist()], object)
    else:
        zone = "UTC" if time_format.endswith(UTC_NAMES) else tz
        local = to_local(unique, zone)
        plain, named = split_language(time_format)[1].removesuffix("%*"), names_in(time_format)
        template, parts = _template(plain), _parts(local, local - unique, named)
        columns = [parts(name) for name in DIRECTIVE.findall(plain)]
        texts = np.empty(len(unique), object)
        texts[:] = [template % row for row in zip(*columns, strict=True)]
    return texts[inverse.ravel()].reshape(np.shape(stamps))


def _template(time_format: str) -> str:
    """Turn a date format into a template for the `%` operator, one conversion a directive."""
    kinds = dict.fromkeys("mdHIMSyVn", "%02d") | dict.fromkeys("YGN", "%04d") | {"q": "%d", "u": "%d"}
    kinds |= {"j": "%03d", "f": "%06d"}

    def conversion(match: re.Match[str]) -> str:
        name = match[1]
        if name[0].isdigit():
            return f"%0{name[0]}d"
        return "%d" if name.startswith("-") and name != "-z" else kinds.get(name, "%s")

    return DIRECTIVE.sub(conversion, time_format)


def _parts(local: Ints, offset: Ints, named: Callable[[str, int], str] | None = None) -> Callable[[str], list[Any]]:
    """Return a function from a directive to its value in every stamp."""
    days = local // DAY
    months = days.astype("M8[D]").astype("M8[M]")
    month = months.astype(np.int64) % 12
    clock = local % DAY
    hour, minute = clock // (3600 * SECOND), offset // (60 * SECOND)
    weekday = (days + 3) % 7
    iso_year = (days + 3 - weekday).astype("M8[D]").astype("M8[Y]").astype(np.int64) + 1970  # that of the Thursday

    def part(name: str) -> list[Any]:
        numbers: dict[str, Callable[[], Ints]] = {
            "Y": lambda: months.astype(np.int64) // 12 + 1970,
            "y": lambda: (months.astype(np.int64) // 12 + 1970) % 100,
            "n": lambda: (months.astype(np.int64) // 12 + 1971) % 100,
            "N": lambda: months.astype(np.int64) // 12 + 1971,
            "m": lambda: month + 1,
            "q": lambda: month // 3 + 1,
            "d": lambda: days - months.astype("M8[D]").astype(np.int64) + 1,
            "G": lambda: iso_year,
            "V": lambda: (days - _first_mondays(iso_year)) // 7 + 1,
            "u": lambda: weekday + 1,
            "j": lambda: days - days.astype("M8[D]").astype("M8[Y]").astype("M8[D]").astype(np.int64) + 1,
            "H": lambda: hour,
            "I": lambda: (hour + 11) % 12 + 1,
            "M": lambda: clock // (60 * SECOND) % 60,
            "S": lambda: clock // SECOND % 60,
            "f": lambda: clock % SECOND // 10 ** (9 - int(name[0]) if name[0].isdigit() else 3),
        }
        if (key := name.lstrip("-0123456789")) in numbers:
            return list(numbers[key]().tolist())
        if named and key in "bBaA":
            return [named(key, k) for k in (month if key in "bB" else weekday).tolist()]
        if key in "bB":
            return [MONTHS[k] if key == "B" else MONTHS[k][:3] for k in month.tolist()]
        if key == "p":
            return ["PM" if h >= 12 else "AM" for h in hour.tolist()]
        if key in "aA":
            return [DAYS[k] if key == "A" else DAYS[k][:3] for k in weekday.tolist()]
        colon = "" if key == "z" and not name.startswith("-") else ":"
        short = name == "-z"
        return [
            f"{'-' if m < 0 else '+'}{abs(m) // 60:02d}{'' if short and m % 60 == 0 else f'{colon}{abs(m) % 60:02d}'}"
            for m in minute.tolist()
        ]

    return part
