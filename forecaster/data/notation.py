"""Which format a column of stamps is written in: the only one that parses every cell, or a refusal.

A format is never guessed from one cell. Where several parse them all, only the order of the cells may settle it: a
short year (`1-01`) is read in the one way in which the column goes on step by step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from shlex import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecaster.base.arrow import from_numpy, from_texts, integers
from forecaster.base.errors import DataError, shown
from forecaster.data.languages import LANGUAGES, Language, languages_of, split_language, style_of
from forecaster.data.stamps import DAYS, DIGITS, FIRST_YEAR, LAST_YEAR, MONTHS, Ints, parse, pattern_of

_AFTER_YEAR = re.compile(r"(.*?\d{4}):(\d{2}:\d{2}.*)")
"""A date and a clock with a colon between them, as web servers and SAS write them."""

_BETWEEN = (" - ", " \u2013 ", "/", " to ", " bis ", " / ", "--", " au ")
"""What stands between the two ends of a stretch of time."""

CLOCK = re.compile(
    r"(?P<date>.*\d)(?P<sep>[T _]| @ |, |  | at | um | à | - )(?P<hour>\d{1,2})"
    r"(?P<minute>[:.]?\d{2}(?P<second>[:.]?\d{2}(?P<fraction>\.\d{1,9})?)?)?"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?$"
)
_DATES = (
    *("%Y-%m-%d %Y/%m/%d %Y.%m.%d %d-%m-%Y %m-%d-%Y %d/%m/%Y %m/%d/%Y %d.%m.%Y %m.%d.%Y".split()),
    *("%d/%m/%y %m/%d/%y %d.%m.%y %m.%d.%y %d-%m-%y %m-%d-%y".split()),
    *("%Y-%m %Y/%m %m/%Y %m-%Y %Y-Q%q %YQ%q %Y-%b %b-%Y %B-%Y %d-%b-%Y %d-%B-%Y".split()),
    *("%YM%m %Ym%m %Yq%q Q%q-%Y Q%q/%Y %qQ%Y %qQ-%Y %Y/Q%q %Y-%j %b/%Y %d/%b/%Y %d-%b-%y %d/%b/%y %Y%b".split()),
    *("%b-%d-%Y %G-W%V %GW%V %G-W%V-%u %GW%V-%u W%V-%G W%V/%G".split()),
    *("%Y Q%q|Q%q %Y|%b %Y|%B %Y|%Y %b|%Y %B|%d %b %Y|%d %B %Y|%b %d, %Y|%B %d, %Y|%b %d %Y".split("|")),
    *("%Y %m %d|%d. %B %Y|%b. %d, %Y|%b. %Y|%b, %Y|%B, %Y|%d %b %y|%G W%V|W%V %G".split("|")),
    *("T%q %Y|T%q-%Y|T%q/%Y|%Y-T%q|%YT%q|%Y T%q|%qT%Y|%qT %Y|%d%b%Y|%d%B%Y|%B-%d-%Y|%d-%b, %Y".split("|")),
    *("%a, %d %b %Y|%a %d %b %Y|%a %b %d %Y|%a, %b %d, %Y|%A, %B %d, %Y|%A, %d %B %Y|%a %Y-%m-%d".split("|")),
)
_FISCAL = (
    *"%Y/%n %Y-%n %Y/%N %Y-%N %Y\u2013%n %Y\u2013%N".split(),
    *"FY%Y FY%y FY%Y/%n FY%Y-%n FY%y/%n FY%y-%n FY%Y-Q%q FY%YQ%q FY%y-Q%q FY%yQ%q %Y/%nQ%q %Y-%nQ%q".split(),
    *"FY %Y|FY %y|FY-%Y|FY %Y/%n|FY %Y-%n|FY %y/%n|FY%Y Q%q|FY%y Q%q|FY %Y Q%q|FY %y Q%q|GJ %Y/%n".split("|"),
    *"Q%q FY%Y|Q%q FY%y|Q%q FY %Y|Q%q-FY%Y|Q%q-FY%y|%Y/%n Q%q|%Y-%n Q%q|%Y/%n-Q%q|Q%q %Y/%n|Q%q %Y-%n".split("|"),
)
"""Years that begin in one year and end in the next, and their quarters."""

_IN_WORDS = (
    *(form for form in _DATES if re.search("%[abAB]", form) and "%b." not in form),
    *"%d. %B %y|%d. %b %Y|%d. %b %y|%d de %B de %Y|%d %B de %Y|%B de %Y|%d de %b de %Y|%d de %b %Y|%b de %Y".split("|"),
    *"%b/%y|%b %y|%b-%y|%B %y|%B/%Y|%d %b %y|%a, %d.%m.%Y|%a %d.%m.%Y|%a %d/%m/%Y|%A %d/%m/%Y|%a %d.%m.%y".split("|"),
    *"%A, %d. %B %Y|%a, %d. %B %Y|%A %d %B %Y|%A, %d.%m.%Y|%A, %d de %B de %Y|%d %B, %Y|%B %d %Y|%Y. %B".split("|"),
)
"""Dates with names of months or days, as other languages write them."""

LONGEST = 80
"""Characters of a stamp at most: a longer text is none."""

_SPOKEN = 1_000
"""Texts whose words are looked at to tell the language."""

TOO_FAR = "Leave such rows out, convert years of another calendar, or number the steps: pass --time none"

PARTS = {4, 12, 13, 52, 53, 365, 366}
"""Into how many parts a year is counted."""

_SHORT = (
    "%-y-%m",
    "%m-%-y",
    "%-y/%m",
    "%m/%-y",
    "%b-%y",
    "%b %y",
    "%b '%y",
    "%B %y",
    "Q%q-%y",
    "Q%q %y",
    "%qQ%y",
    "%b/%y",
    "%b%y",
    "%B-%y",
)
"""Dates of a month with a year of two digits, or one: taken only where the column goes on step by step."""
_LETTERS = re.compile(r"[^\W\d_]+")
_WORDS = {*map(str.lower, (*MONTHS, *DAYS)), *(name[:3].lower() for name in (*MONTHS, *DAYS))}
_WORDS |= {*"mqwtz", "utc", "gmt", "am", "pm", "fy", "gj", "at", "um"}
"""All words that stand in dates."""

_MOST = 0.5
"""Share of texts in one format from which the others are taken for what is wrong."""


class StampError(DataError):
    """A text that is not a stamp, or could be two.

    Attributes:
        text: The text, to find its line by.
        wrong: All texts of the kind, where the others are right.
    """

    def __init__(self, text: str, message: str, hint: str, wrong: pa.Array | None = None) -> None:
        super().__init__(message, hint=hint)
        self.text, self.wrong = text, wrong


def detect_format(texts: pa.Array) -> str:
    """Return the one format that parses every text.

    Args:
        texts: Distinct non-empty texts.

    Raises:
        StampError: No format fits, or several do: the message names one text, the hint the flag.
    """
    first = texts[0].as_py()
    if pc.all(pc.match_substring_regex(texts, DIGITS)).as_py():
        return _integer_format(texts)
    if _has_serials(texts):
        return "excel-time"
    candidates = date_formats(first)
    whole = whole_fits(texts, candidates) or _fits_in_words(texts) or _fits_as_begin(texts)
    if len(whole) > 1 or (whole and _is_short(whole[0])):
        whole = [name for name in whole if _is_short(name) and _is_continuous(parse(texts, name)[0])] or whole
        if len(whole) == 1 and not _is_continuous(parse(texts, whole[0])[0]):
            fault = f"{shown(first)} may have a year of two digits, but the months do not follow one another"
            raise StampError(first, fault, f"Pass --date-format '{whole[0]}' if it is {whole[0]}")
    if len(whole) == 1:
        return styled(_without_false_zone(whole[0], texts), texts)
    if whole:
        whole = likelier_first(whole, first)
        flags = " or ".join(f"--date-format '{name}'" for name in whole)
        message = f"{shown(first)} can be read as {' or as '.join(whole)}, and so can every stamp"
        raise StampError(first, message, f"Pass {flags}").choosing(*(f"--date-format {quote(name)}" for name in whole))
    if not candidates:
        raise _unknown(texts)
    fits = {name: parse(texts, name)[1] for name in candidates}
    best = max(fits, key=lambda name: int(fits[name].sum()))
    odd = texts[int(np.argmin(fits[best]))].as_py()
    as_first = f"does not match {best}, as {shown(first)} does"
    fault = f"is written as {best}, but is not a date" if odd == first else as_first
    hint = "Correct it"
    if beyond := too_far(odd, best):
        fault, hint = beyond, TOO_FAR
    wrong = texts.filter(from_numpy(~fits[best])) if fits[best].mean() > _MOST else None
    raise StampError(odd, f"{shown(odd)} {fault}", hint, wrong)


def whole_fits(texts: pa.Array, formats: Sequence[str]) -> list[str]:
    """Return the formats that read every text: of `May`, and of a single `2009-10`, the plainer of two that do."""
    whole = [name for name in formats if parse(texts, name)[1].all()]
    if len(texts) == 1 and len(whole) > 1:
        whole = [name for name in whole if name not in _FISCAL] or whole
    return [name for name in whole if name.replace("%B", "%b") == name or name.replace("%B", "%b") not in whole]


def _fits_in_words(texts: pa.Array) -> list[str]:
    """Return the formats that read every text in the first language that does."""
    found = (whole_fits(texts, date_formats(texts[0].as_py(), one)) for one in languages_of(_words_in(texts)))
    return next(filter(None, found), [])


def _ends(text: str) -> tuple[str, str] | None:
    """Return where a stretch of time begins and ends, as two texts alike; None where a text is none."""
    for mark in _BETWEEN:
        half = (len(text) - len(mark)) // 2
        for at in (half, half - 1, half + 1):  # one of the ends may be a digit longer
            if at > 5 and text[at : at + len(mark)] == mark:
                return text[:at], text[at + len(mark) :]
    return None


def _fits_as_begin(texts: pa.Array) -> list[str]:
    """Return the formats that read where every text, a stretch of time, begins: `2022-01-03 - 2022-01-09`."""
    if _ends(texts[0].as_py()) is None:
        return []
    ends = [_ends(text) for text in texts.to_pylist()]
    if any(both is None for both in ends):
        return []
    begins, others = (from_texts([both[k] for both in ends if both]) for k in (0, 1))
    return [f"{name}%*" for name in whole_fits(begins, date_formats(begins[0].as_py())) if parse(others, name)[1].all()]


def _without_false_zone(time_format: str, texts: pa.Array) -> str:
    """Return the format of hours that are written `00-01`, `01-02`: a stretch of time, and no offset from UTC."""
    if not time_format.endswith("%H%-z"):
        return time_format
    begin = f"{time_format.removesuffix('%-z')}%*"
    fields = pc.extract_regex(texts, pattern_of(time_format))
    hours, zones = (integers(pc.struct_field(fields, name)) for name in ("H", "z"))
    return begin if ((-zones - hours - 1) % 24 == 0).all() else time_format


def _is_short(time_format: str) -> bool:
    return split_language(time_format)[1] in _SHORT


def _words_in(texts: pa.Array) -> set[str]:
    """Return the words of some of the texts, in lower case."""
    chosen = texts.take(from_numpy(np.unique(np.linspace(0, len(texts) - 1, _SPOKEN).astype(np.int64))))
    return {word.lower() for text in chosen.to_pylist() for word in _LETTERS.findall(text[: LONGEST + 1])}


def likelier_first(formats: Sequence[str], text: str) -> list[str]:
    """Return formats that all fit, of which a text without leading zeros, `1/2/2020`, is likelier month before day."""
    if any(name in _FISCAL for name in formats):
        return sorted(formats, key=lambda name: name not in _FISCAL)
    american = bool(re.match(r"\d/|\d\d?/\d/", text))
    return sorted(formats, key=lambda name: american != name.startswith("%m")) if american else list(formats)


def guessed_formats(text: str) -> list[str]:
    """Return formats that a text with a year and one more number in it may be written in: `KW 05/2023`, `T1-2020`."""
    if zoned := re.fullmatch(r"(.*\d)( [A-Z]{2,5})", text):
        return [f"{form}{zoned[2]}" for form in date_formats(zoned[1])]
    year = re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", text)
    if year is None:
        return []
    before, after = text[: year.start()], text[year.end() :]
    others = re.findall(r"\d+", before + after)
    if len(others) != 1 or len(others[0]) > 2 or re.search(r"[HS]\d", before + after):  # H1, S2 are halves of a year
        return []
    found = []
    for part, named in (("%V", "%G"), ("%m", "%Y"), ("%q", "%Y")):
        literal = [re.sub(r"\d+", part, piece.replace("%", "%%")) for piece in (before, after)]
        found.append(f"{literal[0]}{named}{literal[1]}")
    is_week = re.search(r"[Ww]|[Ss]em", before + after)
    return found if is_week else [found[2], found[1]] if re.search(r"[QqTt]", before + after) else [found[1]]


def _unknown(texts: pa.Array) -> StampError:
    """Return the refusal of stamps that are in no known format: what they could be, where they are numbers."""
    first = texts[0].as_py()
    if forms := [form for form in guessed_formats(first) if parse(texts, form)[1].all()]:
        flags = [f"--date-format {quote(form)}" for form in forms]
        fault = f"{shown(first)} may be a date written as {forms[0]}"
        return StampError(first, fault, f"Pass {flags[0]}").choosing(*flags)
    fault, hint = f"{shown(first)} is not a date in a known format", "Pass --date-format, such as %d/%m/%Y %H:%M"
    if re.search(r"[^\W\d_]{3}", first):
        hint += f" or de:%d. %B %Y (names are known in {', '.join(LANGUAGES)})"
        if not any(map(str.isdigit, first)):
            hint += "; or number the rows: pass --time none"
            return StampError(first, fault, hint).choosing("--time none")
    if pc.all(pc.match_substring_regex(texts, r"^\d{9,19}\.0*$")).as_py():
        digits = len(first.partition(".")[0])
        unit = "epoch-s" if digits < 12 else "epoch-ms" if digits < 15 else "epoch-us" if digits < 18 else "epoch-ns"
        return StampError(first, f"{shown(first)} could be a time since 1970", f"Pass --date-format {unit}")
    if re.fullmatch(r"[+-]?\d+[.,]\d+", first):
        hint = "Write dates; or if rows are in order, pass --time none"
    return StampError(first, fault, hint)


def too_far(text: str, time_format: str) -> str:
    """Return what is wrong with a stamp whose year cannot be held; an empty text where that is not so."""
    found = re.fullmatch(pattern_of(time_format), text.strip())
    year = (found.groupdict().get("Y") or found.groupdict().get("G")) if found else None
    if year is None or FIRST_YEAR <= int(year) <= LAST_YEAR:
        return ""
    return f"is outside the years {FIRST_YEAR} to {LAST_YEAR}, which stamps of nanoseconds can hold"


def looks_like_date(text: str) -> bool:
    """Return whether a text is written like a date; a number never is."""
    text = text[: LONGEST + 1].strip()
    if len(text) > LONGEST or (len(text) < 6 and not text.startswith("FY")) or re.fullmatch(r"[+-]?\d*[.,]?\d*", text):
        return False
    both = _ends(text)
    if both and all(map(date_formats, both)):
        return True
    return bool(date_formats(text)) or any(date_formats(text, language) for language in languages_of(_spoken(text)))


def _spoken(text: str) -> list[str]:
    """Return the words of a text with a digit, in lower case."""
    return [word.lower() for word in _LETTERS.findall(text)] if any(map(str.isdigit, text)) else []


def date_formats(text: str, language: Language | None = None) -> list[str]:
    """Return every known format that one text is written in, in plain English or another language."""
    if len(text) > LONGEST:
        return []
    if language:
        return _formats_in(text, language)
    if not any(map(str.isdigit, text)) or not _WORDS.issuperset(map(str.lower, _LETTERS.findall(text))):
        return []  # a name, as most are: a hundred thousand of them must not be tried by a hundred patterns
    alone = [name for name in (*_DATES, *_SHORT) if re.fullmatch(pattern_of(name), text)]
    years = [name for name in _FISCAL if re.fullmatch(pattern_of(name), text)]
    alone += [name for name in years if parse(from_texts([text]), name)[1][0]]  # rarely: parsing one text takes long
    colon = _AFTER_YEAR.fullmatch(text)
    match = CLOCK.match(f"{colon[1]} {colon[2]}" if colon else text)
    if match is None:
        return alone
    clock = (":" if colon else match["sep"]) + clock_format(match)
    dates = (*_DATES, "%Y%m%d")
    return alone + [name + clock for name in dates if re.fullmatch(pattern_of(name), match["date"])]


def _formats_in(text: str, language: Language) -> list[str]:
    """Return every format with names in another language that one text is written in."""
    forms = [f"{language.code}:{name}" for name in _IN_WORDS]
    alone = [name for name in forms if re.fullmatch(pattern_of(name), text)]
    if (match := CLOCK.match(text)) is None:
        return alone
    clock = match["sep"] + clock_format(match)
    return alone + [name + clock for name in forms if re.fullmatch(pattern_of(name), match["date"])]


def clock_format(match: re.Match[str]) -> str:
    """Return the format of a clock from its parts: hour, minute, second, fraction, half, zone."""
    out = "%I" if match["half"] else "%H"
    if minute := match["minute"]:
        out += ("" if minute[0].isdigit() else minute[0]) + "%M"
    if second := match["second"]:
        out += ("" if second[0].isdigit() else second[0]) + "%S"
    out += ".%f" if match["fraction"] else ""
    out += match["half"].replace(match["half"].strip(), "%p") if match["half"] else ""
    if zone := match["zone"]:
        sign = zone.strip()
        named = "%:z" if ":" in sign else "%-z" if len(sign) == 3 else "%z"
        out += zone if sign.isalpha() else zone.replace(sign, named)
    return out


def _is_continuous(stamps: Ints) -> bool:
    """Return whether stamps, in the order of the file, are months or quarters without a gap, forwards or backwards.

    A century may turn on the way: years of two digits begin again.
    """
    months = stamps.astype("M8[ns]").astype("M8[M]").astype(np.int64)
    steps = np.unique(np.diff(months) % 1200)
    return len(months) > 2 and len(steps) == 1 and int(steps[0]) in (1, 3, 1199, 1197)


CODES = (
    ("%Y%m%d%H%M%S", 14),
    ("%Y%m%d%H%M", 12),
    ("%Y%m%d%H", 10),
    ("%Y%m%d", 8),
    ("%Y%m", 6),
    ("%G%V", 6),
    ("%y%m%d", 6),
    ("%m%Y", 6),
    ("%d%m%Y", 8),
    ("%m%d%Y", 8),
    ("%Y%j", 7),
    ("%Y%q", 5),
    ("%y%m", 4),
)
"""Ways to write a day, a week, a month or a quarter as one number, and how many digits it has."""


SERIALS = (25_000, 75_000)
"""Numbers that are taken for days of a spreadsheet: from 1968 to 2105."""


def _has_serials(texts: pa.Array) -> bool:
    """Return whether texts are days of a spreadsheet with a time of day."""
    if not pc.all(pc.match_substring_regex(texts, r"^\d{5}(\.\d+)?$")).as_py():
        return False
    numbers = texts.cast(pa.float64())
    return bool(SERIALS[0] <= pc.min(numbers).as_py() and pc.max(numbers).as_py() <= SERIALS[1])


def _integer_format(texts: pa.Array) -> str:
    """Distinguish an integer index from digits that are a date, which only the user can."""
    numbers = integers(texts)
    first, low = texts[0].as_py(), int(numbers.min())
    jumps = len(numbers) > 2 and int(np.diff(np.unique(numbers)).max()) > 1
    for name, width in CODES:
        plausible = jumps or (
            width > 5 and name.startswith("%Y")
        )  # of few digits, only what leaps from 4 to 1, or 12 to 101
        if plausible and pc.all(pc.equal(pc.utf8_length(texts), width)).as_py() and parse(texts, name)[1].all():
            hint = f"Pass --date-format {name}, or --date-format integer"
            raise StampError(first, f"{first!r} could be a date or a number", hint)
    if jumps and (parts := _parts_of_years(np.unique(numbers))):
        fault = f"{first!r} could be a year and one of its {parts} parts, or a number"
        raise StampError(first, fault, "Write dates, such as 2021-W05 or 2021-01, or pass --date-format integer")
    if low >= SERIALS[0] and int(numbers.max()) <= SERIALS[1]:
        hint = "Pass --date-format excel, or --date-format integer"
        raise StampError(first, f"{first!r} could be a day as spreadsheets count them or a number", hint)
    if low >= 100_000_000:
        unit = "epoch-s" if low < 10**11 else "epoch-ms" if low < 10**14 else "epoch-us" if low < 10**17 else "epoch-ns"
        hint = f"Pass --date-format {unit}, or --date-format integer"
        raise StampError(first, f"{first!r} could be a time since 1970 or a number", hint)
    return "integer"


def _parts_of_years(numbers: Ints) -> int:
    """Return how many parts each year has where distinct numbers are codes of years and their parts; 0 where not."""
    for base in (10, 100, 1000):
        years, parts = np.divmod(numbers, base)
        begins = np.flatnonzero(np.append(True, np.diff(years) > 0))
        sizes = np.diff(np.append(begins, len(numbers)))[1:-1]  # the first and the last year may not be whole
        if len(sizes) < 1 or np.any(np.diff(years) > 1) or not set(sizes.tolist()) <= PARTS:
            continue
        inside = slice(begins[1], begins[-1])
        counted = np.arange(len(numbers)) - np.repeat(begins, np.diff(np.append(begins, len(numbers)))) + 1
        if np.array_equal(parts[inside], counted[inside]):
            return int(sizes.max())
    return 0


def styled(time_format: str, texts: pa.Array) -> str:
    """Note how this file pads its numbers, so that stamps can be written as they came in."""
    for name in "mdHIV":
        group = re.sub(rf"\(\?P<{name}>[^)]*\)", rf"(?P<{name}>\\d)", pattern_of(time_format))
        if f"%{name}" in time_format and pc.any(pc.match_substring_regex(texts, f"^{group}$")).as_py():
            time_format = time_format.replace(f"%{name}", f"%-{name}")
    if "%f" in time_format:
        fractions = pc.struct_field(pc.extract_regex(texts, pattern_of(time_format)), "f")
        digits = pc.max(pc.utf8_length(fractions)).as_py()
        time_format = time_format.replace("%f", f"%{digits}f")
    named = re.findall("%([abAB])", time_format) if split_language(time_format)[0] else ()
    parts = pc.extract_regex(texts, pattern_of(time_format)) if named else None
    for name in named:
        time_format = style_of(time_format, pc.unique(pc.struct_field(parts, name)).drop_null().to_pylist())
    return time_format
