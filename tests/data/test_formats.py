"""DATA of every format, container and place → the same panel as the CSV file."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from forecaster.base import extras
from forecaster.base.errors import DataError, MissingError, ResourceError, UsageError
from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel

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
        ("bad.jsonl", FILES["a.jsonl"].replace(b'"y": 101.25}', b'"y": }'), "is not JSON: line 2, from character"),
        ("text.jsonl", FILES["a.jsonl"].replace(b"101.25", b'"x"'), "line 2, column 'y': 'x' is not a number"),
        ("nested.json", b'[{"ds": "2024-01-01", "y": [1]}]', "row 1, column 'y': not one value"),
        ("numbers.json", b"[1, 2, 3]", "holds no records"),
        ("old.feather", arrow()[:200], "not a sound Arrow file"),
    ],
)
def test_what_is_damaged_or_ambiguous_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_panel(write(tmp_path, name, content))


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


EMPTY = {
    "a comment here and there": ({"note": ["x" if k == 3 else None for k in range(40)]}, None),
    "a column of nothing": ({"note": [None] * 40}, None),
    "a name that is missing": ({"id": ["a" if k % 2 else None for k in range(40)]}, "'id' is empty"),
    "no time at all": ({"ds": [None] * 40}, "column 'ds': '' where a time is needed"),
    "no value at all": ({"y": [None] * 40}, "all its values are missing"),
}


@pytest.mark.parametrize("ending", ["csv", "xlsx", "json", "parquet", "feather"])
@pytest.mark.parametrize("case", EMPTY)
def test_an_empty_cell_is_empty_in_every_format(tmp_path: Path, ending: str, case: str) -> None:
    columns, refused = EMPTY[case]
    frame = pd.DataFrame({"ds": pd.to_datetime(DAYS), "y": VALUES, **columns})
    path = tmp_path / f"data.{ending}"
    match ending:
        case "csv":
            frame.to_csv(path, index=False)
        case "xlsx":
            frame.to_excel(path, index=False)
        case "json":
            frame.to_json(path, orient="records", date_format="iso", date_unit="s")
        case "parquet":
            frame.to_parquet(path)
        case "feather":
            frame.to_feather(path)
    if refused is None:
        assert read_panel(path).values.tolist() == VALUES
        return
    with pytest.raises(DataError, match=refused):
        read_panel(path)


@pytest.mark.parametrize("unit", ["M", "Q", "W", "D", "Y", "h"])
@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_periods_of_pandas_are_their_first_moments(tmp_path: Path, unit: str, ending: str) -> None:
    """Other programs see the numbers that they are held as; what these are is written beside the column."""
    periods = pd.period_range("2018-01-01", periods=40, freq=unit)
    path = tmp_path / f"data.{ending}"
    frame = pd.DataFrame({"ds": periods, "y": VALUES})
    getattr(frame, f"to_{ending}")(path)
    panel = read_panel(path)
    assert panel.stamps(0).astype("M8[ns]").tolist() == periods.to_timestamp().to_numpy().astype("M8[ns]").tolist()
    assert panel.frequency.alias == {"M": "MS", "Q": "QS-JAN", "W": "W-MON", "Y": "YS-JAN"}.get(unit, unit)


@pytest.mark.parametrize("facts", [None, b"{", b"{}", b"[]", b'{"freq": "XX"}', b'{"freq": "Y"}'])
@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_periods_of_an_unknown_unit_are_refused(tmp_path: Path, ending: str, facts: bytes | None) -> None:
    written = {b"ARROW:extension:name": b"pandas.period"} | ({b"ARROW:extension:metadata": facts} if facts else {})
    days = pa.array(np.full(3, 10**9))  # years that no stamp has
    table = pa.table(
        [days, pa.array([1.0, 2, 3])],
        schema=pa.schema([pa.field("ds", days.type, metadata=written), ARROW.schema.field("y")]),
    )
    path = tmp_path / f"data.{ending}"
    (pq.write_table if ending == "parquet" else feather.write_feather)(table, path)
    with pytest.raises(DataError, match=r"column 'ds': no sound periods of pandas|not a sound (Parquet|Arrow) file"):
        read_panel(path)


def test_the_header_of_a_sheet_may_stand_below_a_title(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    rows = [["Sales report"], [], ["Month", "Sales"], *([f"2020-{k:02}", k] for k in range(1, 13)), ["Total", 78]]
    for row in rows:
        book.active.append(row)
    book.save(path := tmp_path / "report.xlsx")
    with pytest.raises(DataError, match="the header is not in row 1 but in row 3") as refused:
        read_panel(path)
    assert refused.value.hint.startswith("Pass --skip-rows 2. For all of them: forecast check ")
    assert refused.value.hint.endswith("report.xlsx --skip-rows 2 --skip-footer 1")
    with pytest.raises(DataError, match="row 16, column 'Month': 'Total' is no time"):
        read_panel(path, ReadSettings(skip_rows=2))
    panel = read_panel(path, ReadSettings(skip_rows=2, skip_footer=1))
    assert panel.values.tolist() == [float(k) for k in range(1, 13)]
    assert read_panel(path, schema=panel.schema).rows == 12  # predict leaves out what train did


@pytest.mark.parametrize("lines", [7, 9, 1_000_000_000])
@pytest.mark.parametrize("kind", ["csv", "json", "xlsx"])
def test_a_footer_longer_than_the_file_is_refused_at_once(kind: str, lines: int, tmp_path: Path) -> None:
    rows = [{"day": f"2024-01-0{k}", "sales": k} for k in range(1, 7)]
    path = tmp_path / f"sales.{kind}"
    if kind == "xlsx":
        book = openpyxl.Workbook()
        for row in [list(rows[0]), *(list(row.values()) for row in rows)]:
            book.active.append(row)
        book.save(path)
    else:
        cells = "day,sales\r\n" + "".join(f"{row['day']},{row['sales']}\r\n\r\n" for row in rows)
        path.write_text(json.dumps(rows) if kind == "json" else cells, newline="")
    assert read_panel(path, ReadSettings(skip_footer=2)).values.tolist() == [1.0, 2.0, 3.0, 4.0]
    with pytest.raises(DataError, match=r"nothing stands above its last|no rows below its header"):
        read_panel(path, ReadSettings(skip_footer=lines))


def test_numbers_stored_as_texts_are_read_from_parquet(tmp_path: Path) -> None:
    days = [date(2024, 1, day) for day in range(1, 5)]
    for cells, settings in (["1", "2.5", "", "4"], ReadSettings()), (["1", "2,5", "", "4"], ReadSettings(decimal=",")):
        pq.write_table(pa.table({"day": days, "sales": cells}), path := tmp_path / "texts.parquet")
        panel = read_panel(path, replace(settings, on_gap="interpolate"))
        assert panel.values.tolist() == [1.0, 2.5, 3.25, 4.0]
        assert read_panel(path, schema=panel.schema).values.tolist() == panel.values.tolist()
    with pytest.raises(DataError, match="row 2, column 'sales': '2,5' is not a number") as refused:
        read_panel(path)
    assert refused.value.hint.startswith("Pass --decimal ','")


@pytest.mark.parametrize("text", ["null", '"x"', "{}", "[]", "[{}]"])
def test_json_without_records_is_said_to_be_that(text: str, tmp_path: Path) -> None:
    (path := tmp_path / "empty.json").write_text(text)
    with pytest.raises(DataError, match="but holds no records") as refused:
        read_panel(path)
    assert '{"ds": "2024-01-01", "y": 5}' in refused.value.hint


@pytest.mark.parametrize(("name", "reader"), [("a.parquet", pq), ("a.feather", feather)])
def test_a_file_that_does_not_fit_into_memory_is_not_called_unsound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reader: ModuleType
) -> None:
    def refuse(_: object) -> pa.Table:
        raise pa.ArrowMemoryError("malloc of size 1e15 failed")

    monkeypatch.setattr(reader, "read_table", refuse)
    with pytest.raises(ResourceError, match="does not fit into memory"):
        read_panel(write(tmp_path, name, FILES[name]))


def test_a_stream_of_arrow_is_read_as_a_file_of_it(tmp_path: Path) -> None:
    with pa.OSFile(str(tmp_path / "x.arrows"), "wb") as sink, pa.ipc.new_stream(sink, ARROW.schema) as stream:
        stream.write_table(ARROW)
    assert read_panel(tmp_path / "x.arrows").values.tolist() == VALUES
    whole = (tmp_path / "x.arrows").read_bytes()
    (tmp_path / "cut.arrows").write_bytes(whole[:200])
    with pytest.raises(DataError, match="is not a sound Arrow file"):
        read_panel(tmp_path / "cut.arrows")


def test_half_a_character_in_json_is_refused_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text('[{"ds": "2024-01-01", "y": "1"}, {"ds": "2024-01-02", "y": "\\udc00"}]')
    with pytest.raises(DataError, match=r"row 2, column 'y': half a character"):
        read_panel(path)
