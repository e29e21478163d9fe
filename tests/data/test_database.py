"""A query → a table, and forecasts into a table."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import pytest

from forecaster.base.errors import DataError, ForecastError, MissingError, UsageError
from forecaster.config import ReadSettings
from forecaster.data.database import TableTarget, disposed
from forecaster.data.grid import read_panel
from tests.data.test_formats import DAYS, FILES, VALUES, check, write


@pytest.fixture
def shop(tmp_path: Path) -> str:
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.execute("CREATE TABLE sales (day TEXT, amount REAL, note TEXT)")
        connection.executemany("INSERT INTO sales VALUES (?, ?, 'x')", list(zip(map(str, DAYS), VALUES, strict=True)))
        connection.commit()
    return f"sqlite:///{tmp_path}/shop.db"


QUERY = "SELECT day AS ds, amount AS y FROM sales"


def test_a_query_of_sqlite(shop: str) -> None:
    panel = read_panel(shop, ReadSettings(sql=QUERY))
    check(panel)
    assert panel.schema.recipe.sql == QUERY
    check(read_panel(shop, schema=panel.schema))


@pytest.mark.parametrize(
    ("sql", "kind", "message"),
    [
        (None, UsageError, "which rows"),
        ("SELECT * FROM nope", DataError, "no such table: nope"),
        ("SELECT day FROM sales WHERE 0", DataError, "has no rows"),
        ("DELETE FROM sales", DataError, "does more than read"),
        ("SELECT day, day FROM sales", DataError, "two columns of one name"),
    ],
)
def test_a_query_that_cannot_be(shop: str, sql: str | None, kind: type[ForecastError], message: str) -> None:
    with pytest.raises(kind, match=message):
        read_panel(shop, ReadSettings(sql=sql))


def test_a_query_of_no_database(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--sql is for a database"):
        read_panel(write(tmp_path, "a.csv", FILES["plain.csv"]), ReadSettings(sql=QUERY))
    with pytest.raises(MissingError, match="no such file"):
        read_panel(f"sqlite:///{tmp_path}/none.db", ReadSettings(sql=QUERY))
    assert not (tmp_path / "none.db").exists()


def test_a_query_of_duckdb(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE sales (day DATE, amount DECIMAL(10, 2))")
        connection.executemany("INSERT INTO sales VALUES (?, ?)", list(zip(DAYS, VALUES, strict=True)))
    check(read_panel(f"duckdb:///{tmp_path}/shop.duckdb", ReadSettings(sql=QUERY)))


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("initdb") or not shutil.which("pg_ctl"), reason="there is no PostgreSQL")
def test_a_query_of_postgresql(tmp_path: Path) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    home = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path is short, and its folder may be entered
    try:
        if user:
            os.chown(home, 65534, 65534)
        base = home / "data"
        subprocess.run([*user, "initdb", "-D", base, "-U", "shop", "-A", "trust"], check=True, capture_output=True)
        options = f"-k {home} -c listen_addresses="
        start = [*user, "pg_ctl", "-D", base, "-o", options, "-w", "-l", home / "log", "start"]
        subprocess.run(start, check=True, capture_output=True)
        address = f"postgresql://shop@/postgres?host={home}"
        try:
            engine = sqlalchemy.create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
            with disposed(engine), engine.begin() as connection:
                connection.exec_driver_sql("CREATE TABLE sales (day timestamptz, amount numeric)")
                for t, v in zip(DAYS, VALUES, strict=True):
                    connection.exec_driver_sql("INSERT INTO sales VALUES (%s, %s)", (f"{t} 00:00:00+00", v))
            check(read_panel(address, ReadSettings(sql="SELECT day AT TIME ZONE 'UTC' AS ds, amount AS y FROM sales")))
            with pytest.raises(DataError, match="nope"):
                read_panel(address, ReadSettings(sql="SELECT * FROM nope"))
        finally:
            subprocess.run([*user, "pg_ctl", "-D", base, "-m", "immediate", "stop"], check=False, capture_output=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def rows_in(path: Path, table: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a name of the test's own


def test_rows_go_into_a_table_in_one_transaction(tmp_path: Path) -> None:
    path = tmp_path / "out.db"
    address = f"sqlite:///{path}#forecasts"
    columns = {"ds": ["2024-01-01", "2024-01-02"], "forecast-lo-80": [1.5, None]}
    for mode, count in (("append", 2), ("append", 4), ("replace", 2)):
        TableTarget.of(address, mode).write(columns)  # type: ignore[arg-type]
        assert rows_in(path, "forecasts") == [("2024-01-01", 1.5), ("2024-01-02", None)] * (count // 2)
    with pytest.raises(DataError, match="forecasts") as caught:
        TableTarget.of(address, "replace").write({"other": [1.0]})
    assert "Name another" in caught.value.hint
    assert len(rows_in(path, "forecasts")) == 2


@pytest.mark.parametrize("text", ["out.db#x", "sqlite:///out.db", "sqlite:///out.db#", "forecasts"])
def test_a_table_that_cannot_be(text: str) -> None:
    with pytest.raises(UsageError, match="expected ADDRESS#TABLE"):
        TableTarget.of(text, "replace")
