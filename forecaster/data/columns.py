"""Which column is what: by the user, a saved schema, well-known names, or the only one that fits."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from shlex import quote
from typing import Any, TypedDict

import pyarrow as pa
import pyarrow.compute as pc

from forecaster.base.arrow import from_texts
from forecaster.base.errors import DataError, UsageError
from forecaster.base.words import split_names
from forecaster.config import ReadSettings
from forecaster.data.dialect import MISSING
from forecaster.data.languages import LANGUAGES
from forecaster.data.naming import (
    PARTS_OF_STAMPS,
    SLOTS,
    TIME_NAMES,
    are_flags,
    is_key,
    is_measure,
    likely_measures,
    likely_times,
    words_of,
)
from forecaster.data.notation import StampError, date_formats, detect_format, guessed_formats, looks_like_date
from forecaster.data.schema import Schema, Shape
from forecaster.data.stamps import parse
from forecaster.data.table import Table, is_number_type
from forecaster.data.units import are_numbers

ID_NAMES = "unique_id item_id series_id series id".split()
TARGET_NAMES = "y target value".split()
OWN = re.compile(r"forecast|method|forecast-(lo|hi)-.*")
"""Columns of a forecast file besides the user's."""

ROWS_OF_A_SERIES = 3
"""Rows that each series has at least where a column names the series."""

SUMMED = tuple(f"--aggregate sum --freq {freq}" for freq in ("D", "W", "MS"))
"""Ways to make one row of all rows of a step."""

_MONTHS = r"^\s*(0?[1-9]|1[0-2])[.,](19|20)\d\d\s*$"
_FEW = 0.1
"""Share of rows that repeat a stamp up to which they are a mistake, and no other series."""

_SAMPLE = 1000
_TIME_OF_DAY = re.compile(
    r"([01]?\d|2[0-4])(:[0-5]\d(:[0-5]\d(\.\d{1,9})?)?( ?[AaPp][Mm])?|\.[0-5]\d\.[0-5]\d| ?[AaPp][Mm])"
)


class CovariateColumns(TypedDict):
    """Names of covariates by role."""

    past: tuple[str, ...]
    future: tuple[str, ...]
    static: tuple[str, ...]


@dataclass(frozen=True)
class Columns:
    """Which column is what.

    Attributes:
        shape: See `Schema`.
        time: Time column.
        id: Id column, or None.
        targets: The value column; in a wide file all of them.
        ignored: The rest.
        past: Covariates that are known up to the last observation.
        future: Covariates that are known ahead.
        static: Covariates with one value a series.
        is_joint: Whether the columns of a wide file are forecast jointly: each reads the others.
    """

    shape: Shape
    time: str
    id: str | None
    targets: tuple[str, ...]
    ignored: tuple[str, ...]
    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    is_joint: bool = False

    @property
    def covariates(self) -> tuple[str, ...]:
        """All covariates."""
        return self.past + self.future + self.static


def known_columns(table: Table, schema: Schema) -> Columns:
    """Return the columns that a saved schema names.

    Raises:
        DataError: One is not in the file.
    """
    time = require_column(table, schema.time, "--time")
    _check_own(table, time, schema.id if schema.target is not None else "series")
    roles = CovariateColumns(
        past=schema.past_covariates, future=schema.future_covariates, static=schema.static_covariates
    )
    for name in schema.covariates:
        require_column(table, name, "--past-covariates, --future-covariates or --static-covariates")
    if schema.target is None:
        targets = tuple(require_column(table, name, "--target") for name in schema.targets)
        return _wide(table, time, targets, roles)
    series = require_column(table, schema.id, "--id") if schema.id is not None else None
    target = require_column(table, schema.target, "--target")
    ignored = _rest(table, time, series, target, *schema.covariates)
    return Columns(schema.shape, time, series, (target,), ignored, **roles)


def find_columns(table: Table, settings: ReadSettings) -> Columns:
    """Return what each column is: as the user says, else by well-known names, else the only one that fits.

    Raises:
        DataError: A column named is missing, none fits, or several do; the hint names the flag.
        UsageError: Flags that exclude each other.
    """
    if settings.wide and (settings.id or settings.target):
        raise UsageError("--wide makes every column a series: it does not go with --id or --target")
    targets = _named(table, settings.target, "--target")
    roles = CovariateColumns(
        past=_named(table, settings.past_covariates, "--past-covariates"),
        future=_named(table, settings.future_covariates, "--future-covariates"),
        static=_named(table, settings.static_covariates, "--static-covariates"),
    )
    for flag in ("time", "id"):
        if (name := getattr(settings, flag)) is not None:
            require_column(table, name, f"--{flag}")
    used = (*targets, *roles["past"], *roles["future"], *roles["static"])
    named = [name for name in (settings.time, *used) if name is not None]
    if len(set(named)) < len(named) or settings.id in (settings.time or 0, *targets):
        raise UsageError(
            "--time, --id, --target and covariates must name different columns, received "
            + ", ".join([*named, *([settings.id] if settings.id else [])])
        )
    time = settings.time or _find_time(table, (settings.id, *used))
    if settings.wide or len(targets) > 1:
        if settings.id:
            raise UsageError(
                f"--target {settings.target} names several columns of one series: it does not go with --id",
                hint="Forecast one column of a panel, or give each series a column of its own",
            )
        return _wide(table, time, targets, roles)
    is_merged = bool(settings.aggregate) or settings.on_duplicate != "error"  # then stamps may repeat in a series
    series = settings.id or _find_id(table, time, used, bool(targets), is_merged)
    if series is None and roles["static"]:  # the series' own name may be one: each then has an effect of its own
        series = _find_id(table, time, (*targets, *roles["past"], *roles["future"]), bool(targets), is_merged)
    target = targets[0] if targets else _find_target(table, time, series, used)
    _check_own(table, time, series)
    ignored = _rest(table, time, series, target, *used)
    return Columns("long" if series else "single", time, series, (target,), ignored, **roles)


def _wide(table: Table, time: str, joint: tuple[str, ...], roles: CovariateColumns) -> Columns:
    """Return the columns of a file in which every column is a series, or the ones that are forecast jointly."""
    covariates = [*roles["past"], *roles["future"], *roles["static"]]
    targets = joint or _rest(table, time, *covariates)
    if not targets:
        raise DataError(f"{table.source} has no column besides {', '.join(map(repr, (time, *covariates)))}")
    if roles["static"]:
        raise UsageError(
            "--static-covariates needs a column that names the series, and here each is a column of its own",
            hint="Give a long file: one row a series and stamp",
        )
    _check_own(table, time, "series")
    if joint:
        roles = {**roles, "past": (*roles["past"], *joint)}
    return Columns(
        "wide", time, None, targets, _rest(table, time, *targets, *covariates), **roles, is_joint=bool(joint)
    )


def _named(table: Table, text: str | None, flag: str) -> tuple[str, ...]:
    """Return the columns that a flag names: one whose name is the whole text, or several, separated by commas."""
    if text is None:
        return ()
    names = (text,) if text in table.columns else split_names(text)
    if len(set(names)) < len(names) or not names:
        raise UsageError(f"{flag}: expected names of columns, each once, separated by commas, received {text!r}")
    return tuple(require_column(table, name, flag) for name in names)


def _check_own(table: Table, time: str, series: str | None) -> None:
    """Refuse names that a forecast file has for columns of its own: one of the two would be lost there."""
    for name in (time, series):
        if name is not None and (OWN.fullmatch(name) or time == series):
            raise DataError(
                f"{table.source}: column {name!r} has the name of a column of the forecast file", hint="Rename it"
            )


def require_column(table: Table, name: str, flag: str) -> str:
    """Return the name of a column that exists.

    Raises:
        DataError: It is not; the nearest name is offered, and the flag that named it.
    """
    if name in table.columns:
        return name
    near = difflib.get_close_matches(name, table.columns, 1, 0.5)
    meant = f"{flag} {quote(near[0])}" if near and flag == "--target" else flag  # others may name several
    hint = f"Did you mean {near[0]!r}? Pass {meant}" if near else f"Pass {flag}"
    raise DataError(f"{table.source} has no column {name!r}; columns found: {_listed(tuple(table.columns))}", hint=hint)


def _rest(table: Table, *used: str | None) -> tuple[str, ...]:
    taken = set(used)
    return tuple(name for name in table.columns if name not in taken)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f", … ({len(names)} in all)" if len(names) > 8 else "")


def by_name(names: Sequence[str], known: Sequence[str]) -> str | None:
    """Return the column with the first of some well-known names, in any case."""
    lower = {name.strip().lower(): name for name in names}
    return next((lower[name] for name in known if name in lower), None)


def _find_time(table: Table, used: tuple[str | None, ...]) -> str:
    names = _rest(table, *used)
    dated = [name for name in names if holds_dates(table, name)]
    if len(dated) == 1:
        return dated[0]
    if dated:
        if name := by_name(dated, ("ds", "timestamp", "datetime")):
            return name
        error = DataError(f"{table.source} has several columns of dates: {_listed(dated)}", hint="Pass --time")
        raise error.choosing(*(f"--time {quote(name)}" for name in likely_times(dated)))
    if name := by_name(names, TIME_NAMES):
        return name
    for name in names:
        if (cell := _year_in(table, name)) is not None:
            forms = [form for form in guessed_formats(cell) if parse(pc.unique(table.columns[name]), form)[1].all()]
            other = f"Pass --time {quote(name)} and a --date-format, such as 'de:%d. %B %Y' (months are known in "
            other += f"{', '.join(LANGUAGES)}); or write dates such as 2018-01"
            such = f"Pass --time {quote(name)} --date-format {quote(forms[0])}" if forms else other
            fault = f"{table.source}: column {name!r} may hold the stamps, and {cell!r} is in no known format"
            error = DataError(fault, hint=such)
            raise error.choosing(*(f"--time {quote(name)} --date-format {quote(form)}" for form in forms))
    raise DataError(
        f"{table.source} has no column of dates; columns found: {_listed(tuple(table.columns))}",
        hint="Pass --time, or for rows in order --time none --start 2020-01-01 --freq D",
    ).choosing(*_codes_of_time(table, names), *_in_order(table, names))


def _in_order(table: Table, names: Sequence[str]) -> list[str]:
    """Return `--time none`: with dates from a first one on, but where a column has stamps that cannot be read."""
    texts = [name for name in names if pa.types.is_string(table.columns[name].type) and not holds_numbers(table, name)]
    for name in texts:
        cells = [str(cell) for cell in _sample(table, name)]
        if len({*cells}) == len(cells) > ROWS_OF_A_SERIES and all(re.search(r"\d", cell) for cell in cells):
            return ["--time none"]
    return ["--time none --start 2020-01-01 --freq D"]


def _year_in(table: Table, name: str) -> str | None:
    """Return the first cell of a column of texts that all have a year in them, most of them another one; else None."""
    column = table.columns[name]
    if not pa.types.is_string(column.type) or holds_numbers(table, name):
        return None
    cells = [str(cell) for cell in _sample(table, name)]
    dated = all(re.search(r"(?<!\d)(19|20)\d\d(?!\d)", cell) for cell in cells)
    return cells[0] if cells and dated and 2 * len({*cells}) > len(cells) else None


def _codes_of_time(table: Table, names: Sequence[str]) -> list[str]:
    """Return `--time` and `--date-format` for each column of numbers that only a code of days or months explains."""
    found = []
    for name in names:
        texts = pc.unique(from_texts([str(cell) for cell in _sample(table, name)])) if table.rows else None
        if texts is not None and pc.all(pc.match_substring_regex(texts, _MONTHS)).as_py():
            found.append(f"--time {quote(name)} --date-format %m{str(texts[0]).strip()[-5]}%Y")
            continue
        if texts is None or len(texts) < table.rows / 2 or not holds_numbers(table, name):
            continue
        try:
            form = detect_format(texts)
        except StampError as error:
            form = next(iter(re.findall(r"--date-format (\S+?)(?:[,\s]|$)", error.hint)), "integer")
        if form not in ("integer", "excel"):
            found.append(f"--time {quote(name)} --date-format {form}")
    return found


def _find_id(table: Table, time: str, used: Sequence[str], has_target: bool, is_merged: bool) -> str | None:
    names = _rest(table, time, *used)
    column = table.columns[time]
    repeated = table.rows - pc.count_distinct(column).as_py()
    if (name := by_name(names, ID_NAMES)) and not _numbers_rows(table, name):
        return name
    if is_merged or not repeated:
        return None
    names = tuple(name for name in names if not (by_name([name], ("id",)) and _numbers_rows(table, name)))
    names = tuple(name for name in names if not _is_flag(table, name) and not by_name([name], PARTS_OF_STAMPS))
    if len(names) - (not has_target) < 1:
        return None
    texts = [name for name in names if not holds_numbers(table, name)]
    if repeated < _FEW * table.rows and not texts:
        return None  # a mistake, which is reported as what it is, and no missing name
    whole = texts or [name for name in names if _holds_whole_numbers(table, name) and not by_name([name], TARGET_NAMES)]
    fits = [name for name in whole if distinct_pairs(table, (name, time)) == table.rows]
    for name in fits:
        _refuse_part_of_day(table, time, name, [other for other in names if not has_target and other != name])
    if len(fits) == 1 and (texts or len(names) - (not has_target) == 1 or has_target):
        return fits[0]
    if len(texts) == 1:
        if not fits and (more := _name_too(table, texts[0], time, names)):
            raise DataError(
                f"{table.source}: stamps repeat in the series that {texts[0]!r} names; with {more!r} too they do not",
                hint="Pass --id COLUMNS, or put all rows of a step together: --aggregate sum --freq D",
            ).choosing(f"--id {quote(','.join(name for name in table.columns if name in (more, texts[0])))}", *SUMMED)
        return texts[0]
    if len(whole) > 1 or fits:
        raise DataError(
            f"{table.source}: stamps repeat, and several columns could name the series: {_listed(fits or whole)}",
            hint="Pass --id, or put all rows of a step together: --aggregate sum --freq D",
        ).choosing(*_names_of_series(table, fits or whole), *_names_together(table, fits, names, time), *SUMMED)
    return None


def _refuse_part_of_day(table: Table, time: str, name: str, others: Sequence[str]) -> None:
    """Refuse a column that numbers the hours or half-hours of each day as the name of series.

    Raises:
        DataError: It does; one of `others` is the target, where the user has named none.
    """
    if SLOTS.isdisjoint(words_of(name)) or not _holds_whole_numbers(table, name):
        return
    numbers = pc.unique(table.columns[name].cast(pa.int64()))
    count = pc.max(numbers).as_py()
    parts = next((parts for parts in (24, 48, 96, 144, 288) if count in (parts, parts + parts // 24)), None)
    if parts is None or pc.min(numbers).as_py() not in (0, 1):
        return
    first = str(_sample(table, time)[0])
    forms = [form for form in date_formats(first) if parse(pc.unique(table.columns[time]), form)[1].all()]
    start = "2020-01-01" if len(forms) != 1 else str(parse(from_texts([first]), forms[0])[0].astype("M8[ns]")[0])[:10]
    measured = likely_measures([other for other in others if holds_numbers(table, other)])
    flags = f"--time none --start {start} --freq {'h' if parts == 24 else f'{1440 // parts}min'}"
    raise DataError(
        f"{table.source}: column {name!r} counts {parts} parts of each day, and names no series",
        hint=f"Pass {flags} if the rows are in order, or --id {quote(name)}",
    ).choosing(f"{flags} --target {quote(measured[0])}" if measured else flags)


def _find_target(table: Table, time: str, series: str | None, used: Sequence[str] = ()) -> str:
    rest = _rest(table, time, series, *used, *table.keys)
    numeric = [name for name in rest if holds_numbers(table, name)]
    numeric = [name for name in numeric if not re.fullmatch(r"column\d+", name)] or numeric  # an index without a name
    if name := by_name(numeric or rest, TARGET_NAMES):
        return name
    if len(numeric) == 1:
        return numeric[0]
    if not numeric:
        if rest and len(rest) <= 1 + bool(series) and _are_events(table, rest):
            raise DataError(
                f"{table.source} has no column of numbers; columns found: {_listed(rest)}",
                hint="Pass --target, or count the rows of each step: --aggregate count --freq D",
            ).choosing(*(f"--aggregate count --freq {freq}" for freq in ("D", "h", "W", "MS")))
        if len(rest) == 1:
            return rest[0]  # its first cell is refused, with its line
        raise DataError(
            f"{table.source} has no column of numbers; columns found: {_listed(rest)}", hint="Pass --target"
        )
    hint = "Pass --target COLUMN" if series else "Pass --wide if each is a series, or --target COLUMN for one of them"
    error = DataError(f"{table.source} has several columns of numbers: {_listed(numeric)}", hint=hint)
    many = [name for name in numeric if pc.count_distinct(table.columns[name]).as_py() * 10 > table.rows]
    measured = likely_measures([name for name in numeric if is_measure(name) or name in many] or numeric)
    measured.sort(key=lambda name: _numbers_rows(table, name) and name.isdecimal())
    raise error.choosing(*(f"--target {quote(name)}" for name in measured[:2]), "--wide")


def _numbers_rows(table: Table, name: str) -> bool:
    """Return whether a column only numbers the rows, no two alike, which are more than one would type.

    Numbers do, and what is called `id`: other words may name series of one row each.
    """
    whole = table.rows > ROWS_OF_A_SERIES**2 and (_holds_whole_numbers(table, name) or bool(by_name([name], ("id",))))
    return whole and pc.count_distinct(table.columns[name]).as_py() == table.rows


def _is_flag(table: Table, name: str) -> bool:
    """Return whether a column says yes or no: such a column names no series."""
    column = table.columns[name]
    if not pa.types.is_string(column.type):
        return bool(pa.types.is_boolean(column.type))
    return are_flags(_sample(table, name))


def _are_events(table: Table, names: Sequence[str]) -> bool:
    """Return whether rows are events without a number: six or more, of which these columns hold nothing but words."""
    cells = [cell for name in names for cell in _sample(table, name)]
    if not cells or any(re.search(r"^\W*\d", str(cell)) for cell in cells):
        return False
    return table.rows >= 2 * ROWS_OF_A_SERIES


def _name_too(table: Table, name: str, time: str, names: Sequence[str]) -> str | None:
    """Return the one column of few whole numbers that names the series together with another column."""
    others = [other for other in names if other != name and not by_name([other], TARGET_NAMES)]
    others = [other for other in others if _holds_whole_numbers(table, other) and not is_measure(other)]
    few = [o for o in others if pc.count_distinct(table.columns[o]).as_py() * ROWS_OF_A_SERIES <= table.rows]
    fits = [other for other in few if distinct_pairs(table, (other, name, time)) == table.rows]
    return fits[0] if len(fits) == 1 else None


def _names_together(table: Table, fits: Sequence[str], names: Sequence[str], time: str) -> list[str]:
    """Return `--id` for the fewest columns that name the series together, where none of them does alone."""
    names = [name for name in names if _may_name(table, name)]
    names = sorted(names, key=lambda name: not is_key(name))[:6]
    sets = (chosen for size in (2, 3, 4) for chosen in combinations(names, size))
    found = None if fits else next((s for s in sets if distinct_pairs(table, (*s, time)) == table.rows), None)
    return [f"--id {quote(','.join(name for name in table.columns if name in found))}"] if found else []


def _may_name(table: Table, name: str) -> bool:
    """Return whether a column may be a part of the names of series: words or whole numbers, few, and none missing."""
    column = table.columns[name]
    if is_measure(name) or (holds_numbers(table, name) and not _holds_whole_numbers(table, name)):
        return False
    few = pc.count_distinct(column).as_py() * ROWS_OF_A_SERIES <= table.rows
    return few and not column.null_count and not pc.any(pc.is_in(column.cast(pa.string()), from_texts(MISSING))).as_py()


def _names_of_series(table: Table, names: Sequence[str]) -> list[str]:
    """Return `--id` for each column that has few enough values for names of series, those with fewest first."""
    counts = {name: pc.count_distinct(table.columns[name]).as_py() for name in names}
    few = [name for name in names if counts[name] * ROWS_OF_A_SERIES <= table.rows]
    return [f"--id {quote(name)}" for name in sorted(few, key=counts.__getitem__)]


# ---------------------------------------------------------------------------------------------------- content


def _sample(table: Table, name: str) -> list[Any]:
    """Return the first cells that are not missing."""
    column = table.columns[name]
    for start in range(0, table.rows, 50 * _SAMPLE):
        part = column.slice(start, 50 * _SAMPLE)
        keep = part.is_valid()
        if pa.types.is_string(part.type):
            keep = pc.invert(pc.is_in(part, from_texts(MISSING)))
        if len(cells := part.filter(keep)):
            return list(cells.slice(0, _SAMPLE).to_pylist())
    return []


def is_clock(table: Table, name: str) -> bool:
    """Return whether the cells of a column are times of a day, such as 18:00:00 or 6.30 PM."""
    column = table.columns[name]
    if not pa.types.is_string(column.type):
        return bool(pa.types.is_time(column.type))
    cells = _sample(table, name)
    if not cells or not all(_TIME_OF_DAY.fullmatch(cell.strip()) for cell in cells):
        return False
    texts = pc.unique(pc.utf8_trim_whitespace(column))  # 10.11.12 may be a day too, but 00.30.00 cannot
    return not any(parse(texts, form)[1].all() for form in ("%d.%m.%y", "%m.%d.%y"))


def holds_dates(table: Table, name: str) -> bool:
    """Return whether the cells of a column are written like dates."""
    column = table.columns[name]
    if not pa.types.is_string(column.type):
        return bool(pa.types.is_timestamp(column.type) or pa.types.is_date(column.type))
    first = column[0].as_py()
    cells = _sample(table, name)[:1] if first in MISSING else [first]
    return any(looks_like_date(cell) for cell in cells) and not is_clock(table, name)


def holds_numbers(table: Table, name: str) -> bool:
    """Return whether most cells are meant as numbers, be they written with a sign or mark that is refused later."""
    if not pa.types.is_string(table.columns[name].type):
        return is_number_type(table.columns[name].type)
    return are_numbers(_sample(table, name)) and not holds_dates(table, name) and not is_clock(table, name)


def _holds_whole_numbers(table: Table, name: str) -> bool:
    kind = table.columns[name].type
    if not pa.types.is_string(kind):
        return bool(pa.types.is_integer(kind))
    cells = _sample(table, name)
    return bool(cells) and all(cell.isdecimal() for cell in cells)


def distinct_pairs(table: Table, names: Sequence[str]) -> int:
    """Return how many different rows there are in some columns."""
    pairs = pa.table({str(k): table.columns[name] for k, name in enumerate(names)})
    return int(pairs.group_by(pairs.column_names).aggregate([]).num_rows)
