"""DATA of every format, container and place → the same panel as the CSV file."""

from __future__ import annotations

import bz2
import contextlib
import functools
import gzip
import io
import json
import lzma
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from forecaster.base import extras
from forecaster.base.errors import DataError, ForecastError, MissingError, TryAgainError, UsageError
from forecaster.config import ReadSettings
from forecaster.data.database import TableTarget, disposed
from forecaster.data.grid import read_panel
from forecaster.data.packed import unpack
from forecaster.data.panel import Panel
from forecaster.jobs.names import name_of, recorded

DAYS = [date(2024, 1, 1) + timedelta(days=k) for k in range(40)]
VALUES = [100 + k % 7 + k / 4 for k in range(40)]
CSV = "ds,y\n" + "".join(f"{t},{v}\n" for t, v in zip(DAYS, VALUES, strict=True))
RECORDS = [{"ds": str(t), "y": v} for t, v in zip(DAYS, VALUES, strict=True)]
ARROW = pa.table({"ds": DAYS, "y": VALUES})


def zstd(content: bytes) -> bytes:
    stream = pa.BufferOutputStream()
    with pa.CompressedOutputStream(stream, "zstd") as packed:
        packed.write(content)
    return stream.getvalue().to_pybytes()


def zipped(**files: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return stream.getvalue()


def workbook(*sheets: str, shift: int = 0) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in sheets:
        sheet = book.create_sheet(name)
        for _ in range(shift):
            sheet.append([])
        sheet.append(["ds", "y"])
        for t, v in zip(DAYS, VALUES, strict=True):
            sheet.append([datetime(t.year, t.month, t.day), v])  # noqa: DTZ001 - a workbook has no zones
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def arrow() -> bytes:
    stream = io.BytesIO()
    feather.write_feather(ARROW, stream)
    return stream.getvalue()


def parquet(table: pa.Table = ARROW) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


FILES = {
    "plain.csv": CSV.encode(),
    "plain.tsv": CSV.replace(",", "\t").encode(),
    "a.csv.gz": gzip.compress(CSV.encode()),
    "a.csv.bz2": bz2.compress(CSV.encode()),
    "a.csv.xz": lzma.compress(CSV.encode()),
    "a.csv.zst": zstd(CSV.encode()),
    "a.zip": zipped(inner_csv=CSV),
    "a.xlsx": workbook("only"),
    "below.xlsx": workbook("only", shift=3),
    "a.jsonl": "".join(json.dumps(record) + "\n" for record in RECORDS).encode(),
    "blank.ndjson": "\n".join(json.dumps(record) + "\n" for record in RECORDS).encode(),
    "a.jsonl.zst": zstd("".join(json.dumps(record) + "\n" for record in RECORDS).encode()),
    "a.json": json.dumps(RECORDS, indent=1).encode(),
    "wrapped.json": json.dumps({"data": RECORDS}).encode(),
    "columns.json": json.dumps({"ds": [str(t) for t in DAYS], "y": VALUES}).encode(),
    "pandas.json": json.dumps({"ds": dict(enumerate(map(str, DAYS))), "y": dict(enumerate(VALUES))}).encode(),
    "a.feather": arrow(),
    "a.parquet": parquet(),
}


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def check(panel: Panel) -> None:
    assert panel.frequency.alias == "D"
    np.testing.assert_array_equal(panel.stamps(0), np.array(DAYS, "M8[ns]"))
    np.testing.assert_allclose(panel.series(0), VALUES)


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_panel(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, FILES[name])
    panel = read_panel(path)
    check(panel)
    check(read_panel(path, schema=panel.schema))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cut.csv.xz", FILES["a.csv.xz"][:-30], "not a sound xz file"),
        ("cut.csv.bz2", FILES["a.csv.bz2"][:-30], "not a sound bzip2 file"),
        ("cut.csv.zst", FILES["a.csv.zst"][:-30], "Zstandard"),
        ("two.zip", zipped(a_csv=CSV, b_csv=CSV), r"holds 2 files \(a.csv, b.csv\)"),
        ("none.zip", zipped(), "holds 0 files"),
        ("bad.zip", b"PK\x03\x04" + b"x" * 50, "not a sound ZIP file"),
        ("two.xlsx", workbook("one", "two"), "several sheets: one, two"),
        ("bad.jsonl", FILES["a.jsonl"].replace(b'"y": 101.25}', b'"y": }'), "line 2: "),
        ("text.jsonl", FILES["a.jsonl"].replace(b"101.25", b'"x"'), "line 2, column 'y': 'x' is not a number"),
        ("nested.json", b'[{"ds": "2024-01-01", "y": {"a": 1}}]', "row 1, column 'y': not one value"),
        ("numbers.json", b"[1, 2, 3]", "holds no records"),
        ("old.feather", arrow()[:200], "not a sound Arrow file"),
    ],
)
def test_what_is_damaged_or_ambiguous_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_panel(write(tmp_path, name, content))


def test_a_bomb_is_refused() -> None:
    with pytest.raises(DataError, match="expands to more than"):
        unpack(bz2.compress(b"0" * 3_000_000), "a.bz2", 1 << 20)


def test_a_sheet_is_chosen_and_kept(tmp_path: Path) -> None:
    path = write(tmp_path, "two.xlsx", workbook("one", "two"))
    panel = read_panel(path, ReadSettings(sheet="two"))
    check(panel)
    check(read_panel(path, schema=panel.schema))
    with pytest.raises(DataError, match="no sheet 'three'") as caught:
        read_panel(path, ReadSettings(sheet="three"))
    assert "one, two" in caught.value.hint


def test_errors_name_the_row_of_the_sheet(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook("only", shift=2)))
    book["only"]["B9"] = "none today"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(DataError, match="row 9, column 'y': 'none today' is not a number"):
        read_panel(tmp_path / "a.xlsx")


def test_a_package_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError) as caught:
        read_panel(write(tmp_path, "a.xlsx", FILES["a.xlsx"]))
    assert caught.value.hint == "Install it: pip install 'forecast-lstm[excel]'"


# ---------------------------------------------------------------------------------------------------- parts


def test_a_folder_of_parts_with_keys_in_its_names(tmp_path: Path) -> None:
    for store in (1, 2):
        write(tmp_path, f"sales/store={store}/part-0.csv", CSV.encode())
    write(tmp_path, "sales/_SUCCESS", b"")
    panel = read_panel(tmp_path / "sales")
    assert panel.ids == ("1", "2")
    check(panel)


def test_keys_of_folders_are_no_targets(tmp_path: Path) -> None:
    table = ARROW.rename_columns(["ds", "sales"])
    for month, part in (("1", table.slice(0, 31)), ("2", table.slice(31))):
        write(tmp_path, f"sales/year=2024/month={month}/part.parquet", parquet(part))
    check(read_panel(tmp_path / "sales"))


@pytest.mark.parametrize("where", ["parts", "parts/*.parquet", "parts/**/*.parquet"])
def test_a_folder_or_a_glob_of_parquet(tmp_path: Path, where: str) -> None:
    for k in range(4):
        write(tmp_path, f"parts/{k}.parquet", parquet(ARROW.slice(10 * k, 10)))
    check(read_panel(tmp_path / where))


def test_errors_name_the_part_and_its_line(tmp_path: Path) -> None:
    head, *rows = CSV.splitlines()
    write(tmp_path, "parts/a.csv", "\n".join([head, *rows[:20], ""]).encode())
    write(tmp_path, "parts/b.csv", "\n".join([head, *rows[20:25], "2024-01-26,x", *rows[26:], ""]).encode())
    with pytest.raises(DataError, match=r"b\.csv, line 7, column 'y': 'x' is not a number"):
        read_panel(tmp_path / "parts")


def test_parts_of_several_kinds_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "parts/a.csv", CSV.encode())
    write(tmp_path, "parts/b.csv", CSV.replace("ds,y", "ds,z").encode())
    with pytest.raises(DataError, match=r"b\.csv has other columns than .*a\.csv: y, z"):
        read_panel(tmp_path / "parts")


def test_no_parts(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="is a folder without data files"):
        read_panel(tmp_path)
    with pytest.raises(MissingError, match="no such file, and no file that it matches"):
        read_panel(tmp_path / "*.csv")


# ---------------------------------------------------------------------------------------------------- addresses


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


@pytest.mark.parametrize("name", ["plain.csv", "a.csv.zst", "a.parquet", "a.xlsx"])
def test_an_address(tmp_path: Path, server: str, name: str) -> None:
    write(tmp_path, name, FILES[name])
    check(read_panel(f"{server}/{name}?download=1"))
    check(read_panel(f"{server}/{name}".replace("http", "HTTP")))


def test_an_address_of_nothing(server: str) -> None:
    with pytest.raises(MissingError, match="nothing is there"):
        read_panel(f"{server}/no.csv")
    with pytest.raises(TryAgainError, match="cannot be read"):
        read_panel("http://127.0.0.1:9/x.csv")
    with pytest.raises(MissingError, match="gopher addresses are not read"):
        read_panel("gopher://127.0.0.1/x.csv")


# ---------------------------------------------------------------------------------------------------- databases


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
        ("DELETE FROM sales", DataError, "readonly"),
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


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("sales.csv.xz", "sales"),
        ("parts/*.csv", "parts"),
        ("sqlite:///shop.db", "shop"),
        ("postgresql://me:secret@host/shop", "shop"),
        ("https://example.org/data/a.csv", "a"),
    ],
)
def test_the_name_of_a_model(data: str, name: str) -> None:
    assert name_of(data) == name
    assert "secret" not in recorded(data)


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


def test_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "item_id": [7, 7, 8, 8],
            "timestamp": pd.to_datetime(["2024-01-01", "2024-01-02"] * 2),
            "target": [1.0, None, 3, 4],
        }
    )
    path = tmp_path / "data.parquet"
    frame.to_parquet(path)
    panel = read_panel(path, ReadSettings(max_missing=1))
    assert (panel.ids, panel.schema.dialect, panel.frequency.alias) == (("7", "8"), None, "D")
    assert panel.future_stamps(1).tolist() == [["2024-01-02"], ["2024-01-03"]]
    frame.assign(timestamp=frame["timestamp"].dt.tz_localize("Europe/Berlin"), target=[1, 2, 3, 4]).to_parquet(path)
    panel = read_panel(path)
    assert (panel.schema.tz, panel.frequency.alias) == ("Europe/Berlin", "D")
    assert panel.future_stamps(1)[0].tolist() == ["2024-01-03 00:00:00+01:00"]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="Parquet"):
        read_panel(path)
