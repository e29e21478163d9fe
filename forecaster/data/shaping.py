"""A file of any shape → a plain table: one column each for the stamp, the series and the values.

    numbers across  one column a step, one row a series          → one row a step, counted from --start
    dates across    one column a date, one row a series          → one row a stamp
    in order        no stamps                                    → stamps counted from --start
    joined          a stamp or a name in several columns         → one column
    counted         rows of which only their number matters      → a column of ones

What is found out is written into the recipe, and a model does the same to later files without looking again.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecaster.base.arrow import from_texts
from forecaster.base.errors import DataError, UsageError, shown
from forecaster.base.words import split_names
from forecaster.config import ReadSettings
from forecaster.data.cleaning import filled_down, without_rows
from forecaster.data.columns import (
    ID_NAMES,
    by_name,
    distinct_pairs,
    holds_dates,
    holds_numbers,
    require_column,
)
from forecaster.data.dialect import date_headers
from forecaster.data.frequency import Frequency, Steps, resolve_frequency
from forecaster.data.languages import LANGUAGES, split_language, style_of, with_language_first
from forecaster.data.naming import TIME_NAMES
from forecaster.data.notation import date_formats, detect_format, whole_fits
from forecaster.data.numbered import NumberedColumns, find_numbered, numbers_of
from forecaster.data.parts import ROLES, find_parts, join_texts, joined_format
from forecaster.data.places import Repeated
from forecaster.data.recipe import IN_ORDER, Recipe
from forecaster.data.rows import Finding, refuse_footer
from forecaster.data.schema import Schema
from forecaster.data.stamps import MONTHS, has_clock, parse, write_stamps
from forecaster.data.table import Table

_PARTIAL = ("%b", "%B", "%m", "Q%q", "%q")
MOST_SHORT = 6
"""Letters of the longest short name of a month, with its point."""


@dataclass(frozen=True, eq=False)
class Shaped:
    """A plain table and how it came about.

    Attributes:
        table: The table.
        settings: The user's, with the names of columns that were made and the format of stamps that were joined.
        recipe: What was done.
        findings: What was found out.
    """

    table: Table
    settings: ReadSettings
    recipe: Recipe
    findings: tuple[Finding, ...] = ()

    def noting(self, code: str, message: str) -> Shaped:
        """Return the same with something more to know."""
        return replace(self, findings=(*self.findings, Finding(code, "info", message)))


def shape(table: Table, settings: ReadSettings, recipe: Recipe, schema: Schema | None) -> Shaped:
    """Return the plain table of a file, as the user says, else by what its columns are.

    Args:
        table: The file as it stands.
        settings: What the user says.
        recipe: What follows from that; a model's, where there is one.
        schema: The model's.

    Raises:
        DataError: A column is missing, or several readings fit: the hint names the flag.
        UsageError: Flags that exclude each other.
    """
    table = replace(table, na_values=recipe.na_values, units=recipe.units)
    table, dropped = without_rows(filled_down(table, recipe.fill_down), recipe.drop_rows)
    shaped = Shaped(table, settings, recipe, (dropped,) if dropped and schema is None else ())
    if schema is not None:
        return _again(shaped, schema)
    shaped = _with_dates_down(shaped)
    shaped = _with_one_id(shaped)
    shaped = _with_stamps(shaped)
    return _with_counts(shaped)


def _again(shaped: Shaped, schema: Schema) -> Shaped:
    """Do to a file what was done to the one that a model was trained on."""
    table, recipe = shaped.table, shaped.recipe
    if recipe.across:
        ids = recipe.id or ((schema.id,) if schema.id else ())
        others = (*ids, *schema.static_covariates, *(name for name in recipe.time if name in table.columns))
        if "#" in recipe.across:
            table = _again_numbered(table, others, recipe, schema)
        else:
            table = _melt(table, [name for name in table.columns if _is_stamp(name, recipe.across)], others)
    for name in (*recipe.id, *recipe.time):
        require_column(table, name, "--id or --time")
    if recipe.id:
        table = _joined(table, recipe.id, str(schema.id), "/")
    if recipe.in_order:
        settings = ReadSettings(start=recipe.start, freq=schema.frequency, id=schema.id)
        table = _in_order(table, settings, schema.time)[0]
    elif recipe.time:
        table = _joined(table, recipe.time, schema.time, " ")
    if recipe.aggregate == "count" and schema.target:
        table = _counted(table, schema.target)
    return replace(shaped, table=table)


def _again_numbered(table: Table, others: tuple[str, ...], recipe: Recipe, schema: Schema) -> Table:
    """Return a table with a row for each numbered column, dated as in training.

    Raises:
        DataError: There is none, or one stands before the first of training.
    """
    places = numbers_of(list(table.columns), str(recipe.across))
    prefix, _, first = str(recipe.across).rpartition("#")
    if not places or min(places.values()) < 0:
        raise DataError(f"{table.source}: no columns {prefix}{first}, {prefix}{int(first) + 1}, … as in training")
    texts = counted_stamps(recipe.start, schema.frequency, max(places.values()) + 1)[0].to_pylist()
    return _melt(table, list(places), others, [texts[place] for place in places.values()])


# ---------------------------------------------------------------------------------------------------- dates across


def _with_dates_down(shaped: Shaped) -> Shaped:
    """Return a table whose columns were dates with a row for each of them."""
    table, settings = shaped.table, shaped.settings
    names = date_headers(list(table.columns), settings.date_format)
    if not names and (numbered := _numbered_in(table, settings)):
        return _with_numbers_down(shaped, numbered)
    form = settings.date_format or ""
    partial = [] if names else _partial_headers(table)
    if not settings.dates_across and not (len(names) > 2 and not settings.time) and not partial:
        return shaped
    if not names and not partial:
        known = ", ".join(list(table.columns)[:5])
        raise DataError(
            f"{table.source}: no column is named by a date (columns: {known})",
            hint="Pass --date-format if they are, or leave out --dates-across",
        )
    if partial:
        names, form = partial[1:], partial[0]
    elif not form:
        form = "%Y" if all(name.isdecimal() for name in names) else detect_format(from_texts(names))
    rest = [name for name in table.columns if name not in names]
    years = [rest_name for rest_name in rest if by_name([rest_name], ROLES["year"])] if partial else []
    ids = _ids_of_rows(table, [name for name in rest if name not in years], settings, years)
    extra = split_names(settings.static_covariates)
    dropped = [name for name in rest if name not in (*ids, *extra, *years)]
    melted = _melt(table, names, (*ids, *extra, *years))
    time = _time_of(melted.columns)
    named = replace(settings, time=",".join([*years, time]), target="value", id=",".join(ids) or None)
    made = replace(
        shaped,
        table=melted,
        settings=replace(named, date_format=with_language_first(f"%Y {form}") if years else form),
        recipe=replace(shaped.recipe, across=form),
    ).noting("dates-across", f"{len(names)} columns named by dates, read as {form}: one row each")
    return made.noting("ignored-columns", f"columns not used: {', '.join(dropped[:8])}") if dropped else made


def _numbered_in(table: Table, settings: ReadSettings) -> NumberedColumns | None:
    """Return the numbered columns of a file without dates.

    Raises:
        DataError: There are some, and the user has not said that each is a step.
    """
    is_told = settings.dates_across and settings.time in (None, IN_ORDER)
    if not is_told and (settings.time or settings.target or settings.wide):
        return None
    found = find_numbered(list(table.columns))
    if found and not holds_numbers(table, found.names[0]):  # V1 names the rows, and V2 is the first step
        found = replace(found, first=found.first + 1, names=found.names[1:])
    if found is None or is_told:
        return found
    numbered = {*found.names}
    others = [name for name in table.columns if name not in numbered]
    if by_name(others, TIME_NAMES) or any(holds_dates(table, name) for name in others):
        return None
    if 2 * len(found.names) < len(table.columns):
        return None
    names = f"{found.names[0]!r} to {found.names[-1]!r}"
    raise DataError(
        f"{table.source}: no column holds dates, and columns {names} are numbered: each may be a step, a row a series",
        hint="Pass --dates-across --time none, and --start 2020-01-31 --freq D with the date and the step of the first",
    ).choosing("--dates-across --time none", "--time none --wide")


def _with_numbers_down(shaped: Shaped, found: NumberedColumns) -> Shaped:
    """Return a table with a row for each numbered column of each row."""
    table, settings = shaped.table, shaped.settings
    texts, form = counted_stamps(settings.start, settings.freq, len(found.names))
    numbered = {*found.names}
    rest = [name for name in table.columns if name not in numbered]
    ids = _ids_of_rows(table, rest, settings, [])
    extra = split_names(settings.static_covariates)
    melted = _melt(table, list(found.names), (*ids, *extra), texts.to_pylist())
    named = replace(settings, time=_time_of(melted.columns), target="value", id=",".join(ids) or None, date_format=form)
    recipe = replace(shaped.recipe, across=found.form)
    made = replace(shaped, table=melted, settings=named, recipe=recipe)
    said = f"columns {found.names[0]} to {found.names[-1]}: one row each"
    made = made.noting("dates-across", said)
    dropped = [name for name in rest if name not in (*ids, *extra)]
    return made.noting("ignored-columns", f"columns not used: {', '.join(dropped[:8])}") if dropped else made


def _partial_headers(table: Table) -> list[str]:
    """Return the format of column names that are months or quarters of a year in a column, and these names."""
    names = list(table.columns)
    if not by_name(names, ROLES["year"]):
        return []
    quarters = [f"Q{k}" for k in range(1, 5)]
    numbers = [str(k) for k in range(1, 13)]
    lists = (("%b", [name[:3] for name in MONTHS]), ("%B", list(MONTHS)), ("Q%q", quarters), ("%m", numbers))
    for form, wanted in lists:
        lower = {name.strip().lower(): name for name in names}
        found = [lower[name.lower()] for name in wanted if name.lower() in lower]
        if len(found) == len(wanted):
            return [form, *found]
    for language in LANGUAGES.values():
        found = [name for name in names if name.strip().lower().rstrip(".") in language.month_numbers]
        form = f"{language.code}:%{'B' if len(max(found, key=len, default='')) > MOST_SHORT else 'b'}"
        if len(found) == len(MONTHS) and all(_is_stamp(name, form) for name in found):
            return [style_of(form, found), *found]
    return []


def _is_stamp(name: str, form: str) -> bool:
    text = name.strip()
    if split_language(form)[1] in _PARTIAL:
        return bool(parse(from_texts([f"2000 {text}"]), with_language_first(f"%Y {form}"))[1][0])
    return bool(parse(from_texts([text]), form)[1][0])


def _ids_of_rows(table: Table, rest: list[str], settings: ReadSettings, years: list[str]) -> tuple[str, ...]:
    """Return the columns that name the series of a file with one row a series (and year)."""
    if settings.id:
        return tuple(require_column(table, name, "--id") for name in _names(table, settings.id))
    if table.rows == 1 or (years and distinct_pairs(table, years) == table.rows):
        return ()
    static = split_names(settings.static_covariates)
    rest = [name for name in rest if name not in static]
    texts = [name for name in rest if not holds_numbers(table, name)] or rest
    alone = [name for name in texts if distinct_pairs(table, (name, *years)) == table.rows]
    known = by_name(alone or texts, ID_NAMES)
    alone = [known] if known else alone
    if len(alone) == 1:
        return (alone[0],)
    if not alone and texts and distinct_pairs(table, (*texts, *years)) == table.rows:
        return tuple(texts)
    if alone:
        flags = " or ".join(f"--id {name!r}" if " " in name else f"--id {name}" for name in alone[:4])
        raise DataError(f"{table.source}: several columns could name the rows", hint=f"Pass {flags}").choosing(
            *(f"--id {shlex.quote(name)}" for name in alone[:4])
        )
    raise DataError(
        f"{table.source}: no column names the rows: {', '.join(rest) or 'there is none'}", hint="Pass --id COLUMNS"
    ).choosing(*(f"--id {shlex.quote(name)}" for name in rest))


def _melt(table: Table, names: list[str], others: tuple[str, ...], stamps: Sequence[str] = ()) -> Table:
    """Return a table with a row for each of some columns: the others repeated, its stamp (else its name), its cell."""
    count = len(names)
    index = pa.array(np.repeat(np.arange(table.rows), count))
    columns = {name: pc.take(_column(table, name), index) for name in others}
    cells = pa.table({str(k): table.columns[name] for k, name in enumerate(names)})
    kinds = {cells.schema.field(k).type for k in range(count)}
    if len(kinds) > 1:
        kind = pa.string() if pa.string() in kinds else pa.float64()
        cells = cells.cast(pa.schema([(str(k), kind) for k in range(count)]))
    flat = pa.chunked_array([column.combine_chunks() for column in cells.columns])
    order = pa.array((np.arange(table.rows)[:, None] + table.rows * np.arange(count)).ravel())
    time = "date_" if "date" in others else "date"
    texts = pa.DictionaryArray.from_arrays(
        pa.array(np.tile(np.arange(count, dtype=np.int32), table.rows)),
        from_texts(list(stamps) or [name.strip() for name in names]),
    )
    columns[time] = pa.chunked_array([texts.cast(pa.string())])
    columns["value"] = pc.take(flat, order)
    return replace(table, columns=columns, rows=table.rows * count, places=Repeated(table.places, count))


def _time_of(columns: Iterable[str]) -> str:
    """Return the name that the column of dates got."""
    return "date_" if "date_" in columns else "date"


def _column(table: Table, name: str) -> pa.ChunkedArray:
    return table.columns[require_column(table, name, "--id")]


# ---------------------------------------------------------------------------------------------------- series and stamps


def _with_one_id(shaped: Shaped) -> Shaped:
    """Return a table in which one column names the series, where several do together."""
    table, settings = shaped.table, shaped.settings
    names = _names(table, settings.id)
    if len(names) < 2:
        return shaped
    for name in names:
        require_column(table, name, "--id")
    joined = "/".join(names)
    keep = (*split_names(settings.static_covariates), *split_names(settings.future_covariates))
    return replace(
        shaped,
        table=_joined(table, names, joined, "/", keep),
        settings=replace(settings, id=joined),
        recipe=replace(shaped.recipe, id=names),
    )


def _with_stamps(shaped: Shaped) -> Shaped:
    """Return a table in which one column holds the stamps: joined from several, or counted where there are none."""
    table, settings = shaped.table, shaped.settings
    if settings.time == IN_ORDER and IN_ORDER not in table.columns:
        if settings.time and settings.wide and settings.id:
            raise UsageError("--wide makes every column a series: it does not go with --id")
        name = _free(table, "time")
        counted, form = _in_order(table, settings, name)
        return replace(
            shaped,
            table=counted,
            settings=replace(settings, time=name, date_format=form),
            recipe=replace(shaped.recipe, in_order=True),
        )
    names = _names(table, settings.time) if settings.time else ()
    passed = bool(names)
    if not names and (not settings.date_format or not has_clock(settings.date_format) or " " in settings.date_format):
        names = find_parts(table, _names(table, settings.id) if settings.id else ())
        names = () if set(names) & {*split_names(settings.target), *_covariates(settings)} else names
    if len(names) < 2:
        return shaped
    for name in names:
        require_column(table, name, "--time")
    if not settings.skip_footer:
        refuse_footer(table, names[0])
    form = joined_format(table, names, settings.date_format)
    joined = "_".join(names)
    made = replace(
        shaped,
        table=_joined(table, names, joined, " ", _covariates(settings)),
        settings=replace(settings, time=joined, date_format=form),
        recipe=replace(shaped.recipe, time=names),
    )
    return made.noting("joined-time", f"the stamp is {' and '.join(names)}, read as {form}") if not passed else made


def _joined(table: Table, names: tuple[str, ...], name: str, mark: str, keep: tuple[str, ...] = ()) -> Table:
    """Return a table with some columns as one, in their place.

    Raises:
        DataError: Two different rows would become one name.
    """
    texts = join_texts(table, names, mark)
    columns = {}
    for known, column in table.columns.items():
        if known == names[0]:
            columns[name] = texts
        if known not in names or known in keep:
            columns[known] = column
    parts = {known: table.columns[known] for known in names}
    made = replace(table, columns=columns, joined={**table.joined, **parts})
    if mark == "/" and distinct_pairs(table, names) != pc.count_distinct(texts).as_py():
        raise DataError(
            f"{table.source}: columns {', '.join(names)} joined by {mark!r} give different rows one name",
            hint=f"Write the cells of {names[0]} without {mark!r} or spaces around them",
        )
    return made


def _in_order(table: Table, settings: ReadSettings, name: str) -> tuple[Table, str]:
    """Return a table with a column of stamps counted from --start in each series, and their format."""
    series = settings.id or by_name(list(table.columns), ID_NAMES)
    place = np.arange(table.rows)
    if series and not settings.wide:
        codes = _column(table, series).combine_chunks().dictionary_encode()
        codes = codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes
        numbers = codes.indices.to_numpy(zero_copy_only=False)
        order = np.argsort(numbers, kind="stable")
        first = np.searchsorted(numbers[order], numbers[order])
        place[order] = np.arange(table.rows) - first
    texts, form = counted_stamps(settings.start, settings.freq, int(place.max()) + 1)
    column = pa.chunked_array([pc.take(texts, pa.array(place))])
    return replace(table, columns={name: column, **table.columns}), form


def counted_stamps(start: str | None, freq: str | None, count: int) -> tuple[pa.Array, str]:
    """Return so many stamps from a first one on, as texts, and their format; 1, 2, 3, … without a first one.

    Raises:
        UsageError: The first is no stamp, could be two, or is not on the frequency.
    """
    if start is None or (start.isdecimal() and len(start) < 4) or (freq or "").isdecimal():
        if freq and not freq.isdecimal():
            raise UsageError(f"--freq {freq} needs the stamp of the first row", hint="Pass --start, such as 2020-01-01")
        first, step = int(start or 1), int(freq or 1)
        return from_texts([str(first + step * k) for k in range(count)]), "integer"
    forms = ["%Y"] if start.isdecimal() and len(start) == 4 else date_formats(start)
    fits = whole_fits(from_texts([start]), forms)
    if len(fits) != 1 or not freq:
        hint = "Pass --freq too, such as --freq MS" if fits else "Write it as 2020-01-31 or 2020-01-31 18:00"
        raise UsageError(f"--start {start!r} does not name one stamp and its step", hint=hint)
    stamp = parse(from_texts([start]), fits[0])[0]
    one = Steps(stamp, np.zeros(1, np.int64), np.array([0, 1]), ("",))
    frequency: Frequency = resolve_frequency(freq, one)
    try:
        stamps = frequency.stamps(stamp.astype("M8[ns]")[0], count).astype(np.int64)
    except DataError:
        raise UsageError(f"--start {start} is not on --freq {freq}", hint="Name the first stamp of that step") from None
    for form in (fits[0], "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"):
        if has_clock(form) or not has_clock(fits[0]):
            texts = from_texts([str(text) for text in write_stamps(stamps, form, None)])
            if np.array_equal(parse(texts, form)[0], stamps):
                return texts, form
    raise UsageError(f"--freq {freq} is too fine to count stamps by", hint="Write stamps into the file")


# ---------------------------------------------------------------------------------------------------- counting


def _with_counts(shaped: Shaped) -> Shaped:
    """Return a table with ones to add up, where rows are counted."""
    if shaped.recipe.aggregate != "count" or shaped.settings.wide:
        return shaped
    target = shaped.settings.target or _free(shaped.table, "count")
    if shaped.settings.target and "," in shaped.settings.target and shaped.settings.target not in shaped.table.columns:
        return shaped
    return replace(shaped, table=_counted(shaped.table, target), settings=replace(shaped.settings, target=target))


def _counted(table: Table, target: str) -> Table:
    """Return a table whose column to count is 1 where a cell is not missing, and missing where it is."""
    column = table.columns.get(target)
    ones = pa.chunked_array([pa.array(np.ones(table.rows))])
    if column is not None:
        missing = pc.is_null(column)
        if pa.types.is_string(column.type):
            missing = pc.or_(missing, pc.is_in(pc.utf8_trim_whitespace(column), from_texts(["", *table.na_values])))
        ones = pc.if_else(missing, pa.scalar(None, pa.float64()), ones)
    return replace(table, columns={**table.columns, target: ones})


def _free(table: Table, name: str) -> str:
    while name in table.columns:
        name += "_"
    return name


def _names(table: Table, text: str | None) -> tuple[str, ...]:
    """Return the columns that a flag names: one whose name is the whole text, or several, separated by commas."""
    if text is None:
        return ()
    names = (text,) if text in table.columns else split_names(text)
    if len(set(names)) < len(names):
        raise UsageError(f"a column is named twice in {shown(text)}")
    return names


def _covariates(settings: ReadSettings) -> tuple[str, ...]:
    texts = (settings.past_covariates, settings.future_covariates, settings.static_covariates)
    return tuple(name for text in texts for name in split_names(text))
