"""What each column is and how it is written: found once, printed, frozen in the model, and never guessed again."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc

from forecaster.arrow import from_texts, to_numpy
from forecaster.config import OnGap, OnOutlier, ReadSettings
from forecaster.dialect import MISSING, Dialect, number_pattern
from forecaster.errors import DataError, ModelError, UsageError
from forecaster.stamps import looks_like_date
from forecaster.table import Table, is_number_type

Shape = Literal["single", "long", "wide"]

TIME_NAMES = "ds timestamp datetime date time day week month quarter year period hour step t index".split()
ID_NAMES = "unique_id item_id series_id series id".split()
TARGET_NAMES = "y target value".split()
OWN = re.compile(r"forecast|method|forecast-(lo|hi)-.*")
"""Columns of a forecast file beside the user's."""

_SAMPLE = 1000


@dataclass(frozen=True, kw_only=True)
class Schema:
    """All that reading needs to know about a file, so that a later file of the same kind is read without detection.

    Attributes:
        shape: `single` (time, value), `long` (id, time, value) or `wide` (time, one column a series).
        time: Name of the time column.
        id: Name of the id column; None where there is none.
        target: Name of the column to forecast; None for a wide file.
        dialect: How the CSV is written; None for Parquet.
        time_format: See `stamps`.
        frequency: Alias.
        tz: Zone whose calendar counts and whose clock is written; None for stamps without one.
        season_length: In steps.
        on_gap: How missing steps are filled.
        max_missing: Largest share of missing steps in a series.
        on_outlier: How outliers are treated.
    """

    shape: Shape
    time: str
    id: str | None
    target: str | None
    dialect: Dialect | None
    time_format: str
    frequency: str
    tz: str | None
    season_length: int
    on_gap: OnGap
    max_missing: float
    on_outlier: OnOutlier = "keep"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Any) -> Schema:
        """Return the schema that `to_dict` wrote.

        Raises:
            ModelError: An unknown, missing or wrongly typed field.
        """
        later = {"on_outlier": "keep"}  # fields that older models do not have
        values = _checked(cls, later | data if isinstance(data, dict) else data, "schema")
        if values["dialect"] is not None:
            values["dialect"] = Dialect(**_checked(Dialect, values["dialect"], "dialect"))
        for name, kind in (("shape", Shape), ("on_gap", OnGap), ("on_outlier", OnOutlier)):
            if values[name] not in get_args(kind):
                raise ModelError(f"the model's schema has an unknown {name}: {values[name]}")
        return cls(**values)


_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str, type(None)),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "Shape": (str,),
    "OnGap": (str,),
    "OnOutlier": (str,),
    "Dialect | None": (dict, type(None)),
}


def _checked(cls: type[Any], data: Any, what: str) -> dict[str, Any]:
    names = {field.name: field.type for field in fields(cls)}
    if not isinstance(data, dict) or data.keys() != names.keys():
        odd = sorted(names.keys() ^ data.keys()) if isinstance(data, dict) else ["not an object"]
        raise ModelError(f"the model's {what} does not have the fields expected: {', '.join(map(str, odd))}")
    for name, kind in names.items():
        if not isinstance(data[name], _KINDS[str(kind)]) or (isinstance(data[name], bool) and kind != "bool"):
            raise ModelError(f"the model's {what}: {name} must be {kind}, received {data[name]!r}")
    return dict(data)


# ---------------------------------------------------------------------------------------------------- columns


@dataclass(frozen=True)
class Columns:
    """Which column is what.

    Attributes:
        shape: See `Schema`.
        time: Time column.
        id: Id column, or None.
        targets: The value column; in a wide file all of them.
        ignored: The rest.
    """

    shape: Shape
    time: str
    id: str | None
    targets: tuple[str, ...]
    ignored: tuple[str, ...]


def known_columns(table: Table, schema: Schema) -> Columns:
    """Return the columns that a saved schema names.

    Raises:
        DataError: One is not in the file.
    """
    time = _require(table, schema.time, "--time")
    _check_own(table, time, schema.id if schema.target is not None else "series")
    if schema.target is None:
        return Columns("wide", time, None, tuple(name for name in table.columns if name != time), ())
    series = _require(table, schema.id, "--id") if schema.id is not None else None
    target = _require(table, schema.target, "--target")
    return Columns(schema.shape, time, series, (target,), _rest(table, time, series, target))


def find_columns(table: Table, settings: ReadSettings) -> Columns:
    """Return what each column is: as the user says, else by well-known names, else the only one that fits.

    Raises:
        DataError: A column named is not there, none fits, or several do; the hint names the flag.
        UsageError: Flags that exclude each other.
    """
    if settings.wide and (settings.id or settings.target):
        raise UsageError("--wide makes every column a series: it does not go with --id or --target")
    for flag in ("time", "id", "target"):
        if (name := getattr(settings, flag)) is not None:
            _require(table, name, f"--{flag}")
    named = [name for name in (settings.time, settings.id, settings.target) if name is not None]
    if len(set(named)) < len(named):
        raise UsageError(f"--time, --id and --target must name different columns, received {', '.join(named)}")
    time = settings.time or _find_time(table, (settings.id, settings.target))
    if settings.wide:
        targets = _rest(table, time)
        if not targets:
            raise DataError(f"{table.source} has no column beside {time!r}")
        _check_own(table, time, "series")
        return Columns("wide", time, None, targets, ())
    series = settings.id or _find_id(table, time, settings.target)
    target = settings.target or _find_target(table, time, series)
    _check_own(table, time, series)
    return Columns("long" if series else "single", time, series, (target,), _rest(table, time, series, target))


def _check_own(table: Table, time: str, series: str | None) -> None:
    """Refuse names that a forecast file has for columns of its own: one of the two would be lost there."""
    for name in (time, series):
        if name is not None and (OWN.fullmatch(name) or time == series):
            raise DataError(
                f"{table.source}: column {name!r} has the name of a column of the forecast file", hint="Rename it"
            )


def _require(table: Table, name: str, flag: str) -> str:
    if name in table.columns:
        return name
    near = difflib.get_close_matches(name, table.columns, 1, 0.5)
    hint = f"Did you mean {near[0]!r}? Pass {flag}" if near else f"Pass {flag}"
    raise DataError(f"{table.source} has no column {name!r}; columns found: {_listed(tuple(table.columns))}", hint=hint)


def _rest(table: Table, *used: str | None) -> tuple[str, ...]:
    return tuple(name for name in table.columns if name not in used)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f", … ({len(names)} in all)" if len(names) > 8 else "")


def _by_name(names: Sequence[str], known: Sequence[str]) -> str | None:
    """Return the column with the first of some well-known names, in any case."""
    lower = {name.strip().lower(): name for name in names}
    return next((lower[name] for name in known if name in lower), None)


def _find_time(table: Table, used: tuple[str | None, ...]) -> str:
    names = _rest(table, *used)
    dated = [name for name in names if _holds_dates(table, name)]
    if len(dated) == 1:
        return dated[0]
    if dated:
        if name := _by_name(dated, ("ds", "timestamp", "datetime")):
            return name
        raise DataError(f"{table.source} has several columns of dates: {_listed(dated)}", hint="Pass --time")
    if name := _by_name(names, TIME_NAMES):
        return name
    raise DataError(
        f"{table.source} has no column of dates; columns found: {_listed(tuple(table.columns))}", hint="Pass --time"
    )


def _find_id(table: Table, time: str, target: str | None) -> str | None:
    names = _rest(table, time, target)
    if name := _by_name(names, ID_NAMES):
        return name
    column = table.columns[time]
    if pc.count_distinct(column).as_py() == table.rows:
        return None
    texts = [name for name in names if not holds_numbers(table, name)]
    whole = texts or [
        name for name in names if _holds_whole_numbers(table, name) and not _by_name([name], TARGET_NAMES)
    ]
    fits = [name for name in whole if _distinct_pairs(table, name, time) == table.rows]
    if len(fits) == 1 and (texts or len(names) - (target is None) == 1 or target):
        return fits[0]
    if len(texts) == 1:
        return texts[0]
    if len(whole) > 1 or fits:
        raise DataError(
            f"{table.source}: stamps repeat, and several columns could name the series: {_listed(fits or whole)}",
            hint="Pass --id",
        )
    return None


def _find_target(table: Table, time: str, series: str | None) -> str:
    rest = _rest(table, time, series)
    numeric = [name for name in rest if holds_numbers(table, name)]
    numeric = [name for name in numeric if not re.fullmatch(r"column\d+", name)] or numeric  # an index without a name
    if name := _by_name(numeric or rest, TARGET_NAMES):
        return name
    if len(numeric) == 1:
        return numeric[0]
    if not numeric:
        if len(rest) == 1:
            return rest[0]  # its first cell is refused, with its line
        raise DataError(
            f"{table.source} has no column of numbers; columns found: {_listed(rest)}", hint="Pass --target"
        )
    hint = "Pass --target COLUMN" if series else "Pass --wide if each is a series, or --target COLUMN for one of them"
    raise DataError(f"{table.source} has several columns of numbers: {_listed(numeric)}", hint=hint)


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


def _holds_dates(table: Table, name: str) -> bool:
    column = table.columns[name]
    if not pa.types.is_string(column.type):
        return bool(pa.types.is_timestamp(column.type) or pa.types.is_date(column.type))
    first = column[0].as_py()
    cells = _sample(table, name)[:1] if first in MISSING else [first]
    return any(looks_like_date(cell) for cell in cells)


def holds_numbers(table: Table, name: str) -> bool:
    """Return whether most cells are meant as numbers, be they written with a sign or mark that is refused later."""
    if not pa.types.is_string(table.columns[name].type):
        return is_number_type(table.columns[name].type)
    cells = _sample(table, name)
    alike = sum(bool(re.search(r"\d", cell) and not re.search(r"[^\W\deE_]|[eE]{2}", cell)) for cell in cells)
    return 2 * alike >= len(cells) and not _holds_dates(table, name)


def _holds_whole_numbers(table: Table, name: str) -> bool:
    kind = table.columns[name].type
    if not pa.types.is_string(kind):
        return bool(pa.types.is_integer(kind))
    cells = _sample(table, name)
    return bool(cells) and all(cell.isdecimal() for cell in cells)


def _distinct_pairs(table: Table, one: str, two: str) -> int:
    pairs = pa.table({"a": table.columns[one], "b": table.columns[two]})
    return int(pairs.group_by(["a", "b"]).aggregate([]).num_rows)


def settle_decimal(table: Table, columns: Columns, settings: ReadSettings) -> Table:
    """Return the table with the decimal mark that reads its numbers; unchanged where the user or the separator says it.

    Raises:
        DataError: `1.234` or `1,234` throughout, which could be a thousand or a fraction.
    """
    dialect = table.dialect
    if dialect is None or dialect.separator == "," or settings.decimal or settings.thousands:
        return table
    cells = [chunk for name in columns.targets for chunk in table.columns[name].chunks]
    texts = pc.utf8_trim_whitespace(pa.chunked_array(cells, pa.string()))
    texts = texts.filter(pc.invert(pc.is_in(texts, from_texts(MISSING))))
    fits = {mark: int(to_numpy(pc.match_substring_regex(texts, number_pattern(mark, None))).sum()) for mark in ".,"}
    mark = "," if fits[","] > fits["."] else "."
    marked = texts.filter(pc.match_substring(texts, mark))
    doubtful = pc.match_substring_regex(marked, rf"^[+-]?[1-9]\d{{0,2}}{re.escape(mark)}\d{{3}}$")
    if len(marked) and pc.all(doubtful).as_py():
        raise DataError(
            f"{table.source}: {marked[0].as_py()!r} could be a thousand or a fraction, and so could every number",
            hint=f"Pass --decimal {mark}, or --thousands {mark}",
        )
    return replace(table, dialect=replace(dialect, decimal=mark))
