"""A file → its observations, checked and sorted, but on no grid yet.

A chain, each link in a room of its own: bytes (`source`), how they are written (`dialect`), cells (`table`), what the
columns are (`schema`), observations (`rows`), order (`checks`), one a step (`steps`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from forecaster.base.errors import UsageError
from forecaster.base.meter import Work, working
from forecaster.config import ReadSettings
from forecaster.data.checks import check_file, check_ids, sort_rows
from forecaster.data.columns import Columns, find_columns, known_columns, require_column
from forecaster.data.covariates import Cells
from forecaster.data.cutoff import cut_rows
from forecaster.data.formats import read_column, read_data
from forecaster.data.frequency import Frequency
from forecaster.data.marks import settle_numbers
from forecaster.data.recipe import PLAIN, Recipe
from forecaster.data.rows import Clock, Finding, Rows, read_clock, read_rows, read_series, recipe_of
from forecaster.data.schema import Schema
from forecaster.data.shaping import Shaped, shape
from forecaster.data.source import Data
from forecaster.data.stamps import check_format, check_zone
from forecaster.data.steps import aggregate, merge_duplicates, to_steps
from forecaster.data.table import Table
from forecaster.data.weekends import left_out, strays


@dataclass(frozen=True, kw_only=True, eq=False)
class Observations:
    """A file up to its observations, sorted, which are not on a grid yet; the user's settings, or a model's schema.

    `cells` is where covariates stand: besides all rows, those after `as_of` too, and in a file of future rows.
    """

    table: Table
    columns: Columns
    clock: Clock
    rows: Rows
    settings: ReadSettings
    schema: Schema | None
    findings: tuple[Finding, ...]
    recipe: Recipe = PLAIN
    as_of: int | None = None
    cells: tuple[Cells, ...] = ()


@dataclass(frozen=True)
class Rest:
    """Data without rows [N] of its plain table, from 0, that are at fault: to see what else is wrong."""

    data: Data
    without: Sequence[int]


def observe(
    path: Data | Rest,
    settings: ReadSettings | None = None,
    schema: Schema | None = None,
    as_of: str | None = None,
    future: Data | None = None,
) -> Observations:
    """Read a file up to its observations; a stamp that a series has twice still stands twice. See `read_panel`."""
    settings = settings or ReadSettings()
    if settings.date_format:
        check_format(settings.date_format)
    if settings.tz:
        check_zone(settings.tz)
    if settings.freq:
        Frequency(settings.freq)
    with working("reading", unit="rows") as work:
        return _observe(path, settings, schema, (as_of, future), work)


def _observe(
    path: Data | Rest, settings: ReadSettings, schema: Schema | None, limits: tuple[str | None, Data | None], work: Work
) -> Observations:
    """Do what `observe` does, and say how far it is; the shares are those of the time that each step takes."""
    (as_of, future), (whole, without) = limits, (path.data, path.without) if isinstance(path, Rest) else (path, ())
    shaped = _shaped(whole, settings, schema)
    work.total = float(shaped.table.rows)
    work.see_share(0.4)
    table, findings = shaped.table.without(without) if without else shaped.table, list(shaped.findings)
    columns = known_columns(table, schema) if schema else find_columns(table, shaped.settings)
    if schema is None or schema.dialect is None:  # a model of Parquet files knows no decimal mark
        table = settle_numbers(table, columns, settings)
    recipe = replace(shaped.recipe, units=table.units)
    work.see_share(0.55)
    clock = read_clock(table, columns, shaped.settings, schema)
    read_as = (schema.frequency if schema else settings.freq) if recipe.aggregate is None else None
    if len(odd_rows := strays(clock, read_as)):
        findings.append(left_out(table, odd_rows))
        table = table.without(odd_rows.tolist())
        clock = read_clock(table, columns, shaped.settings, schema)
    work.see_share(0.6)
    rows, cutoff = read_rows(table, columns, clock.codes), None
    work.see_share(0.9)
    cells = [Cells.of(table, columns, clock)] if columns.covariates else []
    if future is not None:
        ahead, odd = _read_ahead(future, columns, settings, schema)
        cells.append(ahead)
        findings += odd
    if as_of is not None:
        rows, clock, cutoff = cut_rows(rows, clock, table, as_of)
    rows, unsorted = sort_rows(rows)
    if recipe.aggregate is not None:
        frequency = Frequency(schema.frequency if schema else str(settings.freq), clock.tz)
        origin = int(clock.unique[0])
        rows, clock, found = aggregate(rows, clock, frequency, recipe.aggregate)
        cells = [replace(own, stamps=to_steps(own.stamps, frequency, origin)) for own in cells]
        unsorted = []  # of no matter
    else:
        rows, found = merge_duplicates(rows, recipe.on_duplicate)
    findings += [*clock.findings, *unsorted, *found, *check_ids(rows.ids), *check_file(table, columns)]
    return Observations(
        table=table,
        columns=columns,
        clock=clock,
        rows=rows,
        settings=settings,
        schema=schema,
        recipe=recipe,
        findings=tuple(findings),
        as_of=cutoff,
        cells=tuple(cells),
    )


def read_names(path: Data, settings: ReadSettings, schema: Schema) -> tuple[str, ...]:
    """Return the names of the series of a file of a kind that is known, and read no more of it than that takes.

    Raises:
        DataError: A column is missing, or a row has no name.
        ForecastError: Anything that `read_data` raises.
    """
    if schema.shape == "long" and schema.id is not None and schema.recipe == PLAIN:
        alone = read_column(path, schema.id)
        if alone is not None:
            return read_series(alone, Columns("long", schema.time, schema.id, (), ()))[1]
    table = _shaped(path, settings, schema).table
    return read_series(table, known_columns(table, schema))[1]


def _shaped(path: Data, settings: ReadSettings, schema: Schema | None) -> Shaped:
    """Return the plain table of a file."""
    recipe = recipe_of(settings, schema)
    return shape(read_data(path, settings, schema.dialect if schema else None, recipe), settings, recipe, schema)


def _read_ahead(
    path: Data, columns: Columns, settings: ReadSettings, schema: Schema | None
) -> tuple[Cells, list[Finding]]:
    """Read a file of future rows: stamps, names of series and known-ahead covariates, without a target.

    Returns:
        Its cells, and what is odd about the offsets of its stamps.

    Raises:
        UsageError: There is no covariate that is known ahead.
    """
    if not columns.future:
        raise UsageError(
            "--future: the model has no covariate that is known ahead",
            hint="Train with them: forecast train DATA --future-covariates COLUMNS",
        )
    shaped = _shaped(path, settings, schema)
    table = shaped.table
    for name in (columns.time, *([columns.id] if columns.id else []), *columns.future):
        require_column(table, name, "--future")
    clock = read_clock(table, columns, shaped.settings, schema)
    odd = [replace(found, message=f"{table.source}: {found.message}") for found in clock.findings if schema is not None]
    return Cells.of(table, columns, clock), odd
