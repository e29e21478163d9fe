"""A file → its observations, checked and sorted, but on no grid yet.

A chain, each link in a room of its own: bytes (`source`), how they are written (`dialect`), cells (`table`), what the
columns are (`schema`), observations (`rows`), order (`checks`).
"""

from __future__ import annotations

from dataclasses import dataclass

from forecaster.base.errors import UsageError
from forecaster.config import ReadSettings
from forecaster.data.checks import check_file, check_ids, sort_rows
from forecaster.data.columns import Columns, find_columns, known_columns, require_column, settle_decimal
from forecaster.data.covariates import Cells
from forecaster.data.cutoff import cut_rows
from forecaster.data.frequency import Frequency
from forecaster.data.rows import Clock, Finding, Rows, read_clock, read_rows
from forecaster.data.schema import Schema
from forecaster.data.source import Data
from forecaster.data.stamps import check_format, check_zone
from forecaster.data.table import Table, read_table


@dataclass(frozen=True, kw_only=True, eq=False)
class Observations:
    """A file up to its observations, sorted, which are not on a grid yet; the user's settings, or a model's schema.

    `cells` is where covariates stand: beside all rows, those after `as_of` too, and in a file of future rows.
    """

    table: Table
    columns: Columns
    clock: Clock
    rows: Rows
    settings: ReadSettings
    schema: Schema | None
    findings: tuple[Finding, ...]
    as_of: int | None = None
    cells: tuple[Cells, ...] = ()


def observe(
    path: Data,
    settings: ReadSettings | None = None,
    schema: Schema | None = None,
    as_of: str | None = None,
    future: Data | None = None,
) -> Observations:
    """Read a file up to its observations; a stamp that a series has twice is still there. See `read_panel`."""
    settings = settings or ReadSettings()
    if settings.date_format:
        check_format(settings.date_format)
    if settings.tz:
        check_zone(settings.tz)
    if settings.freq:
        Frequency(settings.freq)
    table = read_table(path, settings, schema.dialect if schema else None)
    columns = known_columns(table, schema) if schema else find_columns(table, settings)
    if schema is None or schema.dialect is None:  # a model of Parquet files knows no decimal mark
        table = settle_decimal(table, columns, settings)
    clock = read_clock(table, columns.time, settings, schema)
    rows, cutoff = read_rows(table, columns, clock.codes), None
    cells = [Cells.of(table, columns, clock)] if columns.covariates else []
    if future is not None:
        cells.append(_read_ahead(future, columns, settings, schema))
    if as_of is not None:
        rows, clock, cutoff = cut_rows(rows, clock, table, as_of)
    rows, unsorted = sort_rows(rows)
    findings = (*clock.findings, *unsorted, *check_ids(rows.ids), *check_file(table, columns))
    return Observations(
        table=table, columns=columns, clock=clock, rows=rows, settings=settings, schema=schema, findings=findings,
        as_of=cutoff, cells=tuple(cells),
    )  # fmt: skip


def _read_ahead(path: Data, columns: Columns, settings: ReadSettings, schema: Schema | None) -> Cells:
    """Read a file of future rows: stamps, names of series and known-ahead covariates, without a target.

    Raises:
        UsageError: There is no covariate that is known ahead.
    """
    if not columns.future:
        raise UsageError(
            "--future: the model has no covariate that is known ahead", hint="Train with --future-covariates COLUMNS"
        )
    table = read_table(path, settings, schema.dialect if schema else None)
    for name in (columns.time, *([columns.id] if columns.id else []), *columns.future):
        require_column(table, name, "--future")
    return Cells.of(table, columns, read_clock(table, columns.time, settings, schema))
