"""A database and a query → a typed table: SQLite by itself, others (PostgreSQL, DuckDB, …) by SQLAlchemy."""

from __future__ import annotations

import hashlib
import math
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from forecaster.base.errors import AccessError, DataError, ForecastError, MissingError, TryAgainError, UsageError
from forecaster.base.extras import check_extra
from forecaster.base.meter import tally
from forecaster.config.commands import TableMode
from forecaster.data.dialect import Dialect
from forecaster.data.places import Numbered
from forecaster.data.remote import scheme_of, without_password
from forecaster.data.table import Table

DATABASES = ("sqlite", "postgresql", "postgres", "duckdb", "mysql", "mariadb", "mssql", "oracle")
"""Schemes of addresses of databases."""

_BATCH = 50_000


def is_database(path: object) -> bool:
    """Return whether DATA is the address of a database."""
    return scheme_of(str(path)) in DATABASES


def read_query(address: str, sql: str | None) -> Table:
    """Return the rows of a query. Nothing is changed in the database.

    Raises:
        UsageError: There is no query, or a package is missing.
        MissingError: No such database.
        AccessError: It refuses the user.
        TryAgainError: It cannot be reached.
        DataError: The query is wrong, or has no rows.
    """
    name = without_password(address)
    if not sql:
        raise UsageError(f"{name} is a database: which rows?", hint='Pass --sql "SELECT time, value FROM table"')
    with _rows(address, name, sql) as (names, batches):
        columns: list[list[pa.Array]] = [[] for _ in names]
        cells: list[list[Any]] = [[] for _ in names]
        for batch in tally(batches, len, ("reading", "rows", None)):
            for k, column in enumerate(zip(*batch, strict=True)):
                cells[k].extend(column)
        for k, own in enumerate(cells):
            columns[k].append(as_array(own))
    if not names or not cells[0]:
        raise DataError(f"{name}: the query has no rows", hint="Correct --sql")
    if len({column.casefold() for column in names}) < len(names):
        raise DataError(f"{name}: the query has two columns of one name", hint="Name them apart: SELECT a AS b")
    made = {column: pa.chunked_array(parts) for column, parts in zip(names, columns, strict=True)}
    digest = hashlib.sha256(sql.encode())
    for column in made.values():
        for chunk in column.chunks:
            for buffer in chunk.buffers():
                digest.update(buffer or b"")
    return Table(
        source=name,
        sha256=digest.hexdigest(),
        columns=made,
        rows=len(cells[0]),
        dialect=Dialect(),
        kind=f"{scheme_of(address)} query",
        places=Numbered(),
    )


def as_array(cells: Sequence[Any]) -> pa.Array:
    """Return Python values as an Arrow array: numbers, times or booleans where all are, else texts."""
    known = {type(cell) for cell in cells if cell is not None}
    if known <= {int, float, Decimal} and known:
        if known == {int} and all(cell is None or abs(cell) < 1 << 63 for cell in cells):
            return pa.array(cells, pa.int64())
        return pa.array([None if cell is None else _number(cell) for cell in cells], pa.float64())
    if len(known) == 1 and known != {str} and known != {bytes}:
        try:
            return pa.array(cells)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            pass
    return pa.array([None if cell is None else _text(cell) for cell in cells], pa.string())


def _number(cell: int | float | Decimal) -> float:
    """Return a number as float64; one that is too large as what is refused, with its place, where it is needed."""
    try:
        return float(cell)
    except OverflowError:
        return math.inf if cell > 0 else -math.inf


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)


@contextmanager
def _rows(address: str, name: str, sql: str) -> Iterator[tuple[list[str], Iterator[Sequence[Any]]]]:
    """Yield the names of the columns and batches of rows."""
    if scheme_of(address) == "sqlite":
        with closing(_open_sqlite(address, name)) as connection:
            try:
                cursor = connection.execute(sql)
                names = [column[0] for column in cursor.description or ()]
                yield names, iter(lambda: cursor.fetchmany(_BATCH), [])
            except sqlite3.Error as error:
                refused = str(error) in ("not authorized", "authorization denied")
                fault = "the query does more than read" if refused else str(error).rstrip(".")
                raise DataError(f"{name}: {fault}", hint=_tables(connection)) from None
        return
    check_extra("sql", f"reading {name}")
    import sqlalchemy

    try:
        with disposed(sqlalchemy.create_engine(with_driver(address))) as engine, engine.connect() as connection:
            result = connection.execution_options(stream_results=True).exec_driver_sql(sql)
            yield list(result.keys()), result.partitions(_BATCH)
    except (sqlalchemy.exc.SQLAlchemyError, ImportError) as error:
        raise fault_of(name, error) from None


@contextmanager
def disposed(engine: Any) -> Iterator[Any]:
    """Yield an engine of SQLAlchemy, and close its connections in the end."""
    try:
        yield engine
    finally:
        engine.dispose()


def with_driver(address: str) -> str:
    """Return an address with the driver that the extra `sql` brings, where it names none."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", address)


def fault_of(name: str, error: Exception) -> ForecastError:
    """Return the fault of our own for one of SQLAlchemy's."""
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0][:200]
    if isinstance(error, ImportError) or type(error).__name__ == "NoSuchModuleError":
        return UsageError(f"{name}: {reason}", hint="Install the database's driver for SQLAlchemy")
    if re.search("password|authentication|permission denied|not authorized", reason, re.IGNORECASE):
        return AccessError(f"{name}: {reason}")
    if re.search("database .* does not exist|unknown database", reason, re.IGNORECASE):
        return MissingError(f"{name}: {reason}")
    if re.search("no column|no such|column .* does not exist|syntax error", reason, re.IGNORECASE):
        return DataError(f"{name}: {reason}", hint="Correct --sql")
    if type(error).__name__ in ("OperationalError", "InterfaceError", "TimeoutError"):
        return TryAgainError(f"{name}: {reason}", hint="Check the address, and run again")
    return DataError(f"{name}: {reason}", hint="Correct --sql")


def sqlite_path(address: str) -> Path:
    """Return the file of `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    return Path(re.sub(r"^sqlite:/{0,3}", "", address))


def _open_sqlite(address: str, name: str) -> sqlite3.Connection:
    path = sqlite_path(address)
    if not path.is_file():
        raise MissingError(f"{name}: no such file: {path}")
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise AccessError(f"{name}: {error}") from None
    connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY)
    return connection


_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
"""What a query may do: a read-only database does not keep it from writing other files (ATTACH, VACUUM INTO)."""


def _tables(connection: sqlite3.Connection) -> str:
    try:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
    except sqlite3.Error:
        return "Is it a SQLite database?"
    return f"Correct --sql; tables: {', '.join(row[0] for row in found[:8]) or 'none'}"


# ---------------------------------------------------------------------------------------------------- writing


@dataclass(frozen=True)
class TableTarget:
    """A table of a database that forecasts are written to.

    Attributes:
        address: Of the database.
        table: Its name.
        mode: Whether its rows are replaced, or added to.
    """

    address: str
    table: str
    mode: TableMode

    @classmethod
    def of(cls, text: str, mode: TableMode) -> TableTarget:
        """Return what `--output-table` says.

        Raises:
            UsageError: It is not ADDRESS#TABLE, or a package is missing.
        """
        address, mark, table = text.rpartition("#")
        if not mark or not table or not is_database(address):
            hint = "Such as sqlite:///shop.db#forecasts"
            raise UsageError(f"--output-table: expected ADDRESS#TABLE, received {without_password(text)!r}", hint=hint)
        check_extra("sql", f"writing to {without_password(address)}")
        return cls(address, table, mode)

    def write(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Write rows in one transaction: all of them, or none.

        Args:
            columns: Name → cells, numbers or texts; None where missing.

        Raises:
            ForecastError: The database cannot be reached, or its table has other columns.
        """
        import sqlalchemy

        kinds: dict[str, Any] = {
            name: sqlalchemy.String
            if any(isinstance(cell, str) for cell in cells)
            else sqlalchemy.BigInteger
            if cells and all(type(cell) is int for cell in cells)
            else sqlalchemy.Double
            for name, cells in columns.items()
        }
        table = sqlalchemy.Table(
            self.table, sqlalchemy.MetaData(), *(sqlalchemy.Column(name, kind) for name, kind in kinds.items())
        )
        keys = [f"c{k}" for k in range(len(columns))]
        insert = table.insert().values(
            {name: sqlalchemy.bindparam(key) for name, key in zip(columns, keys, strict=True)}
        )
        rows = [dict(zip(keys, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        name = without_password(self.address)
        try:
            with disposed(sqlalchemy.create_engine(with_driver(self.address))) as engine, engine.begin() as connection:
                table.create(connection, checkfirst=True)
                if self.mode == "replace":
                    connection.execute(table.delete())
                for at in range(0, len(rows), _BATCH):
                    connection.execute(insert, rows[at : at + _BATCH])
        except (sqlalchemy.exc.SQLAlchemyError, ImportError) as error:
            fault = fault_of(f"{name}, table {self.table!r}", error)
            hint = "A table of other columns is in the way? Name another one" if fault.hint == "Correct --sql" else ""
            raise type(fault)(fault.message, hint=hint or fault.hint) from None
