"""A stamp that stands in several columns: date and hour, year and month; which they are, and how they are written.

The columns are joined by a space in the order of their flags (or of time), and the joined text is a stamp like any
other, with one format. Columns are taken without a flag only where their names or cells say what they are and a date
alone would stand in several rows of a series.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from shlex import quote

import pyarrow as pa
import pyarrow.compute as pc

from forecaster.base.arrow import from_texts
from forecaster.base.errors import DataError
from forecaster.data.columns import by_name, distinct_pairs, holds_dates, is_clock
from forecaster.data.languages import LANGUAGES, split_language, with_language_first
from forecaster.data.notation import CLOCK as AFTER_DATE
from forecaster.data.notation import clock_format, date_formats, styled
from forecaster.data.stamps import DIRECTIVE, parse, pattern_of
from forecaster.data.table import Table

ROLES = {
    "year": ("year", "yr", "yyyy", "years", "jahr", "année", "annee", "año", "anno", "ano", "jaar"),
    "quarter": ("quarter", "qtr", "q", "quarters", "period", "quartal", "trimestre", "trimester"),
    "month": ("month", "mon", "mnth", "mm", "mo", "months", "period", "monat", "mois", "mes", "mese", "mês", "maand"),
    "week": ("week", "wk", "isoweek", "iso_week", "week_number", "weeknum"),
    "day": ("day", "dy", "dd", "dom", "day_of_month", "dayofmonth", "doy", "day_of_year", "tag", "jour", "dia"),
    "hour": (
        "hour",
        "hr",
        "hh",
        "hours",
        "he",
        "hourending",
        "hour_ending",
        "hour ending",
        "hour_of_day",
        "time",
        "stunde",
        "heure",
        "hora",
    ),
    "minute": ("minute", "min", "minutes"),
    "second": ("second", "sec", "seconds"),
}
"""Names that a column of whole numbers or words with a part of a stamp has, in lower case, in the order of time."""

_WRITTEN = {
    "year": ("%Y", "FY%Y", "FY%y", "%Y/%n", "%Y-%n"),
    "quarter": ("%q", "Q%q", "q%q", "Q0%q"),
    "month": ("%m", "%b", "%B", "M%m", *(f"{code}:%{name}" for code in LANGUAGES for name in "bB")),
    "week": ("%V", "W%V"),
    "day": ("%d", "%-j"),
    "hour": ("%H", "%H%M", "%H%M%S", "HE%H", "H%H"),
    "minute": ("%M",),
    "second": ("%S",),
}
_STYLED = 10_000
_RANGES = {"Y": (1600, 2300), "q": (1, 4), "m": (1, 12), "V": (1, 53), "d": (1, 31), "j": (1, 366), "H": (0, 24)}
_RANGES |= {"M": (0, 59), "S": (0, 59)}


def as_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the cells of a column as a person writes them: 3.0 as 3, a midnight as its day."""
    kind = column.type
    if pa.types.is_floating(kind):
        whole = pc.equal(column, pc.floor(column))
        if pc.all(pc.fill_null(whole, fill_value=True)).as_py():
            column = column.cast(pa.int64())
    if pa.types.is_timestamp(kind):
        days = column.cast(pa.date32(), safe=False)
        if pc.all(pc.equal(days.cast(kind), column)).as_py():
            column = days
    if pa.types.is_time(kind):
        column = column.cast(pa.time32("s"), safe=False)
    return pc.utf8_trim_whitespace(column.cast(pa.string()))


def find_parts(table: Table, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that make up the stamp where that is beyond doubt; empty where one column holds it.

    Args:
        table: The file.
        ids: Columns that name the series, where they are known.
    """
    names = list(table.columns)
    if by_name(names, ("ds", "timestamp", "datetime")):
        return ()
    dated = [name for name in names if holds_dates(table, name)]
    clocks = [name for name in names if is_clock(table, name)]
    roles = {role: name for role in ROLES if (name := _of_role(table, role, clocks))}
    if "year" in roles and not roles.keys() & {"month", "quarter"}:
        _refuse_means(table)
    if len(dated) == 1:
        inside = [roles[role] for role in ("hour", "minute", "second") if role in roles and roles[role] not in ids]
        parts = (dated[0], clocks[0]) if len(clocks) == 1 else (dated[0], *inside) if "hour" in roles else ()
        return parts if parts and not has_clock_cells(table, dated[0]) and _needs(table, parts, ids) else ()
    if dated or "year" not in roles or not roles.keys() & {"month", "quarter", "week", "day"}:
        return ()
    if "month" in roles:
        roles = {role: name for role, name in roles.items() if role not in ("quarter", "week")}
    parts = tuple(name for name in roles.values() if name not in ids)
    if len(clocks) == 1 and "hour" not in roles and "day" in roles:
        parts = (*parts, clocks[0])
    return parts if _needs(table, parts, ids) else ()


_MEANS = {"M13": "M%m", "Q05": "Q0%q", "S03": "S0%q"}
"""How statisticians write a mean of the year among its months or quarters, and how they write these."""


def _refuse_means(table: Table) -> None:
    """Refuse means of years among months.

    Raises:
        DataError: There are some.
    """
    for name in table.columns:
        if name.strip().lower() not in (*ROLES["month"], *ROLES["quarter"]):
            continue
        texts = pc.unique(as_texts(table.columns[name]))
        for mean, form in _MEANS.items():
            rest = texts.filter(pc.not_equal(texts, mean))
            if len(rest) == len(texts) - 1 and len(rest) and _fits(rest, form):
                fault = f"{table.source}: column {name!r} holds {mean}, the mean of a year, among its parts"
                raise DataError(fault, hint=f"Pass --drop-rows {mean} to leave it out")


def has_clock_cells(table: Table, name: str) -> bool:
    """Return whether the stamps of a column have a time of day already."""
    column = table.columns[name]
    if not pa.types.is_string(column.type):
        return (
            not pa.types.is_date(column.type)
            and not pc.all(pc.equal(column, column.cast(pa.date32(), safe=False).cast(column.type))).as_py()
        )
    return bool(re.search(r"\d[T _]\d{1,2}:", column[0].as_py() or ""))


def _of_role(table: Table, role: str, clocks: Sequence[str]) -> str | None:
    """Return the column of a role: by its name, and every cell as such a part is written."""
    names = [name for name in table.columns if name.strip().lower() in ROLES[role] and name not in clocks]
    fits = [name for name in names if _formats(table, name, role)]
    return fits[0] if len(fits) == 1 else None


def _needs(table: Table, parts: Sequence[str], ids: Sequence[str]) -> bool:
    """Return whether the first part alone is too coarse: a series would have it in several rows."""
    first = table.columns[parts[0]]
    if pc.count_distinct(first).as_py() == table.rows:
        return False
    named = list(ids) or [name for name in table.columns if by_name([name], ("unique_id", "item_id", "series_id"))]
    if named:
        return distinct_pairs(table, (*named, parts[0])) < distinct_pairs(table, (*named, *parts))
    texts = [name for name in table.columns if name not in parts and pa.types.is_string(table.columns[name].type)]
    words = [name for name in texts if pc.any(pc.match_substring_regex(table.columns[name], "[A-Za-z]{2}")).as_py()]
    if any(distinct_pairs(table, (name, parts[0])) == table.rows for name in words):
        return False
    return distinct_pairs(table, parts) > distinct_pairs(table, parts[:-1])


def _formats(table: Table, name: str, role: str | None) -> list[str]:
    """Return every way in which all cells of a column can be read as a part of a stamp."""
    texts = pc.unique(as_texts(table.columns[name]))
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if texts.null_count or not len(texts):
        return []
    first = texts[0].as_py()
    if role is None:
        own = next((role for role, known in ROLES.items() if name.strip().lower() in known), None)
        whole = [form for form in date_formats(first) if parse(texts, form)[1].all()]
        if whole:
            return [form for form in whole if form.replace("%B", "%b") == form or form.replace("%B", "%b") not in whole]
        if own and (found := _formats(table, name, own)):
            return found
        if not first.isdecimal() and (match := AFTER_DATE.match(f"1 {first}")):
            clock = clock_format(match)
            return [clock] if _fits(texts, clock) else []
        found = [form for forms in _WRITTEN.values() for form in forms if _fits(texts, form)]
        return [form for k, form in enumerate(found) if not (split_language(form)[0] and k)]
    return [form for form in _WRITTEN[role] if _fits(texts, form)][:1]


def _fits(texts: pa.Array, form: str) -> bool:
    """Return whether every text matches a format, and its numbers are in range."""
    found = pc.extract_regex(texts, f"^{pattern_of(form)}$")
    if found.null_count:
        return False
    if "%n" in form and not parse(texts, form)[1].all():
        return False
    for field in found.type:
        if field.name in _RANGES:
            low, high = _RANGES[field.name]
            numbers = pc.struct_field(found, field.name).cast(pa.int64())
            if not pc.all(pc.and_(pc.greater_equal(numbers, low), pc.less_equal(numbers, high))).as_py():
                return False
    return True


def joined_format(table: Table, parts: Sequence[str], date_format: str | None = None) -> str:
    """Return the one format of the columns joined by spaces.

    Args:
        table: The file.
        parts: The columns.
        date_format: The user's: of them all, or of the first of them.

    Raises:
        DataError: A column is no part of a stamp, or several readings fit: the hint names the flag.
    """
    joined = _example(join_texts(table, parts, " "))
    if date_format and parse(from_texts([joined]), date_format)[1][0]:
        return date_format
    each = [(name, _formats(table, name, None)) for name in parts]
    for name, found in each:
        if not found:
            cell = _example(table.columns[name])
            raise DataError(
                f"{table.source}: column {name!r} is not a known part of a stamp, such as {cell!r}",
                hint=f"Pass --date-format for the columns joined by spaces: {' '.join(parts)}",
            )
    forms = [form for combination in product(*(found for _, found in each)) if (form := _sensible(combination))]
    if date_format:
        forms = [form for form in forms if form.startswith(f"{date_format} ")] or forms
    if len(forms) == 1:
        texts = pc.unique(join_texts(table, parts, " ").slice(0, _STYLED))
        return styled(forms[0], texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts)
    if not forms:
        raise DataError(
            f"{table.source}: columns {', '.join(parts)} do not make a stamp ({joined!r}): a year and no part twice",
            hint="Pass --time with the columns of a stamp, or --date-format for them joined by spaces",
        )
    flags = " or ".join(f"--date-format '{form}'" for form in forms[:4])
    raise DataError(
        f"{table.source}: {joined!r} can be read in {len(forms)} ways",
        hint=f"Pass --time {','.join(parts)} and {flags}",
    ).choosing(*(f"--time {quote(','.join(parts))} --date-format {quote(form)}" for form in forms[:4]))


def _example(column: pa.ChunkedArray) -> str:
    return str(as_texts(column.slice(0, 1))[0].as_py())


def _sensible(forms: Sequence[str]) -> str | None:
    """Return formats of parts as one, where it names a moment: a year, each part once, no step of time left out."""
    whole = with_language_first(" ".join(forms))
    if "%V" in whole:
        whole = whole.replace("%Y", "%G")
    found = [name.lstrip("-:0123456789") for name in DIRECTIVE.findall(whole)]
    known = {"b": "m", "B": "m", "y": "Y", "G": "Y", "I": "H"}
    parts = {known.get(name, name) for name in found}
    if len(parts) < len(found) or "Y" not in parts:
        return None
    if "H" in parts and not parts & {"d", "j", "u"}:
        return None
    if "d" in parts and "m" not in parts:
        return None
    if ("M" in parts and "H" not in parts) or ("S" in parts and "M" not in parts):
        return None
    return whole


def join_texts(table: Table, names: Sequence[str], mark: str) -> pa.ChunkedArray:
    """Return the texts of several columns as one; empty cells are left out with their mark."""
    texts = [as_texts(table.columns[name]) for name in names]
    filled = [pc.if_else(pc.equal(text, ""), None, text) for text in texts]
    return pc.binary_join_element_wise(*filled, mark, null_handling="skip")
