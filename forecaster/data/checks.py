"""Rows → findings: what is wrong or worth knowing in the data, with the series and the line, and a count.

A finding of severity `error` stops the reading; the others travel with the Panel and are printed and logged.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from forecaster.base.errors import shown
from forecaster.data.columns import SUMMED, Columns
from forecaster.data.rows import Clock, Finding, Rows
from forecaster.data.stamps import DAY, Ints, Mask, has_clock, is_aware
from forecaster.data.table import Table

_SOME = 0.05
"""Share of rows that repeat a stamp with another value from which they are no corrections of one another."""

_MANY = 0.5
"""Share of rows that repeat a stamp from which they are no mistake: a column names the series, or a step has many."""

HOUR = DAY // 24

ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "Australia/Sydney",
)
"""Zones that are tried where an hour comes twice, to name one whose clock was put back then."""

FORMULA = re.compile(r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
"""How a cell begins that a spreadsheet may run; the last four are the full-width `=`, `+`, `-` and `@`."""


def sort_rows(rows: Rows) -> tuple[Rows, list[Finding]]:
    """Return rows by series, then by time, and a finding where the time ran backwards inside a series."""
    if np.any(rows.series[1:] < rows.series[:-1]):
        rows = rows.take(np.argsort(rows.series, kind="stable"))
    back = (rows.stamps[1:] < rows.stamps[:-1]) & (rows.series[1:] == rows.series[:-1])
    if not back.any():
        return rows, []
    count = int(back.sum())
    width = int(rows.stamps.max()) + 1
    message = f"rows are not in order of time ({count} {'step goes' if count == 1 else 'steps go'} back): sorted"
    return rows.take(np.argsort(rows.series * width + rows.stamps, kind="stable")), [
        Finding("unsorted", "warning", message, count=count)
    ]


def check_duplicates(rows: Rows, table: Table, clock: Clock) -> None:
    """Refuse a stamp that a series has twice. Rows must be sorted.

    Raises:
        DataError: The message names both lines and both values, how many of how many rows there are, and whether they
            say the same; the hint is the flag that fits most of them.
    """
    same = (rows.stamps[1:] == rows.stamps[:-1]) & (rows.series[1:] == rows.series[:-1])
    if not same.any():
        return
    at = np.flatnonzero(same)
    first, count = int(at[0]), len(at)
    a, b = (table.line_of(int(rows.lines[k])) for k in (first, first + 1))
    name = f"series {shown(rows.ids[rows.series[first]])}: " if rows.ids[rows.series[first]] else ""
    one, two = rows.values[at], rows.values[at + 1]
    equal = int(((one == two) | (np.isnan(one) & np.isnan(two))).sum())
    alike = "all with the same value" if equal == count else f"{equal:,} of them with the same value"
    fault = table.fault(
        sorted({int(line) for line in rows.lines[at + 1]}),
        f"{table.source}: {name}lines {a} and {b} have the same time stamp "
        f"(values {rows.values[first]:g} and {rows.values[first + 1]:g}); {count:,} of {len(rows.series):,} rows "
        f"repeat a stamp, {alike if equal else 'none with the same value'}",
        way_out(rows, clock, at, equal),
    )
    local = [f"--tz {zone} --on-ambiguous infer" for zone in ZONES] if _may_be_autumn(rows, clock, at) else []
    share = len(at) / len(rows.series)
    many = SUMMED if share > _MANY or (share > _SOME and not equal) else ()
    raise fault.choosing(*local, *many, f"--on-duplicate {'first' if equal == count else 'last'}")


def _may_be_autumn(rows: Rows, clock: Clock, at: Ints) -> bool:
    """Return whether stamps that come twice are those of a local clock that was put back."""
    is_local = clock.tz is None and has_clock(clock.time_format) and not is_aware(clock.time_format)
    return is_local and _in_autumn(clock.unique[rows.stamps[at]])


def way_out(rows: Rows, clock: Clock, at: Ints, equal: int) -> str:
    """Return what settles stamps that series have twice: of rows `at` and the ones after, `equal` say the same."""
    if equal == len(at):
        return "Pass --on-duplicate first: they say the same"
    if _may_be_autumn(rows, clock, at):
        return "Pass --tz ZONE --on-ambiguous infer if the clock was put back there, else --on-duplicate last"
    ways = ["--on-duplicate last if one replaces another"]
    many = ["--id COLUMN if rows belong to several series", "--aggregate sum --freq D if a step has many rows"]
    ways = [*many, *ways] if len(at) > _MANY * len(rows.series) else [*ways, *many]
    return f"Pass {', '.join(ways)}"


def _in_autumn(stamps: Ints) -> bool:
    """Return whether all stamps are of an hour at night on a Sunday in which clocks are put back."""
    days = stamps // DAY
    month = days.astype("M8[D]").astype("M8[M]").astype(np.int64) % 12 + 1
    return bool(np.all((days % 7 == 3) & (stamps % DAY < 4 * HOUR) & np.isin(month, (3, 4, 9, 10, 11))))


def check_ids(ids: Sequence[str]) -> list[Finding]:
    """Return what is odd about the names of series; they stay as they are, and apart."""
    return [*_check_alike(ids), *_check_formulas(ids)]


def _check_formulas(ids: Sequence[str]) -> list[Finding]:
    formulas = [name for name in ids if FORMULA.match(name)]
    if not formulas:
        return []
    message = f"names of series look like formulas to a spreadsheet ({len(formulas)}, such as {shown(formulas[0])})"
    hint = "For a file that is opened in one: forecast predict --spreadsheet-safe"
    return [Finding("formula-ids", "warning", message, series=formulas[0], count=len(formulas), hint=hint)]


def _check_alike(ids: Sequence[str]) -> list[Finding]:
    seen: dict[str, str] = {}
    alike = []
    for name in ids:
        plain = name.strip().casefold()
        other = seen.setdefault(plain if plain.isascii() else unicodedata.normalize("NFC", plain), name)
        if other != name:
            alike.append((other, name))
    if not alike:
        return []
    one, two = alike[0]
    message = f"series {shown(one)} and {shown(two)} differ only in spaces, case or Unicode form: read as two series"
    return [Finding("similar-ids", "warning", message, series=two, count=len(alike))]


def check_file(table: Table, columns: Columns) -> list[Finding]:
    """Return what is odd about the file as a whole: its dialect, columns not used, a last line without an end."""
    out = []
    if table.dialect is not None and (odd := table.dialect.oddities()):
        out.append(Finding("dialect", "info", f"read with {odd}"))
    if columns.ignored:
        names = ", ".join(columns.ignored[:8]) + (", …" if len(columns.ignored) > 8 else "")
        out.append(Finding("ignored-columns", "info", f"columns not used: {names}", count=len(columns.ignored)))
    if not table.ends_in_newline:
        message = "the last line has no line end: it may have been cut off"
        out.append(Finding("no-line-end", "warning", message))
    return out


def find_holes(table: Table, rows: Rows, seen: Mask, ordinals: Ints, extent: tuple[Ints, Ints, Mask]) -> list[Finding]:
    """Return what was missing: values at either end, values inside, and stamps that are missing."""
    first, lengths, good = extent
    out: list[Finding] = []
    blank = np.flatnonzero(~seen & good[rows.series])
    series, at = rows.series[blank], ordinals[rows.stamps[blank]]
    inside = (at > first[series]) & (at < first[series] + lengths[series] - 1)
    cases = (
        ("leading", at < first[series], "missing values before the first observed one: left out"),
        (
            "trailing",
            at >= first[series] + lengths[series],
            "missing values at the end: forecasts start after the last observed",
        ),
        ("missing", inside, "missing values inside: filled"),
    )
    for code, mask, text in cases:
        if mask.any():
            k = int(blank[np.argmax(mask)])
            out.append(_hole(code, int(mask.sum()), text, rows.ids[rows.series[k]], table.line_of(int(rows.lines[k]))))
    present = np.bincount(rows.series[seen], minlength=len(rows.ids)) + np.bincount(
        series[inside], minlength=len(rows.ids)
    )
    gaps = np.where(good, lengths - present, 0)
    if gaps.any():
        out.append(_hole("gaps", int(gaps.sum()), "missing stamps: filled", rows.ids[int(np.argmax(gaps > 0))], None))
    return out


def _hole(code: str, count: int, text: str, name: str, line: int | None) -> Finding:
    places = [*([f"series {shown(name)}"] if name else []), *([f"line {line}"] if line else [])]
    where = f", first in {', '.join(places)}" if places else ""
    one = re.sub(r"^missing (value|stamp)s", r"missing \1", text) if count == 1 else text
    return Finding(code, "warning", f"{count} {one}{where}", series=name or None, line=line, count=count)
