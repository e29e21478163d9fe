"""Files in blocks: together they are the file, however they are cut."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import DataError
from forecaster.config import ReadSettings
from forecaster.data.blocks import read_blocks
from forecaster.data.formats import read_data
from forecaster.data.recipe import Recipe

ROWS = [(f"s{k % 7}", f"2024-01-{k % 28 + 1:02d}", f"{k}.5", "a,b\nc" if k % 5 == 0 else "x") for k in range(200)]
TEXT = "id,ds,y,note\n" + "".join(f'{a},{b},{c},"{d}"\n' for a, b, c, d in ROWS)
SETTINGS = ReadSettings()


def cells(path: Path, size: int, settings: ReadSettings = SETTINGS) -> list[tuple[str, ...]]:
    tables = list(read_blocks(path, settings, size))
    assert len(tables) > 1 or size > 10_000
    return [row for table in tables for row in zip(*(c.to_pylist() for c in table.columns.values()), strict=True)]


@pytest.mark.parametrize(
    ("name", "pack"),
    [("a.csv", bytes), ("a.csv.gz", gzip.compress), ("a.csv.bz2", bz2.compress), ("a.csv.xz", lzma.compress)],
)
def test_blocks_of_a_text_are_the_text(tmp_path: Path, name: str, pack: type[bytes]) -> None:
    (tmp_path / name).write_bytes(pack(TEXT.encode()))
    assert cells(tmp_path / name, 700) == ROWS
    assert cells(tmp_path / name, 1 << 20) == ROWS


def test_zstandard_and_utf_16_are_read_in_blocks(tmp_path: Path) -> None:
    stream = pa.BufferOutputStream()
    with pa.CompressedOutputStream(stream, "zstd") as packed:
        packed.write(TEXT.encode())
    (tmp_path / "a.csv.zst").write_bytes(stream.getvalue().to_pybytes())
    assert cells(tmp_path / "a.csv.zst", 700) == ROWS
    (tmp_path / "b.csv").write_text(TEXT, "utf-16")
    assert cells(tmp_path / "b.csv", 700) == ROWS


@given(st.lists(st.text('ab",\n\r é', max_size=6), min_size=1, max_size=12), st.integers(8, 60))
def test_no_cut_changes_a_cell(tmp_path_factory: pytest.TempPathFactory, notes: list[str], size: int) -> None:
    quoted = ['"' + note.replace('"', '""') + '"' for note in notes]
    path = tmp_path_factory.mktemp("cut") / "a.csv"
    path.write_bytes(("id,note,y\n" + "".join(f"s,{note},1\n" for note in quoted)).encode())
    tables = list(read_blocks(path, ReadSettings(), size))
    assert [cell for table in tables for cell in table.columns["note"].to_pylist()] == notes


def test_a_line_is_named_as_it_stands_in_the_file(tmp_path: Path) -> None:
    lines = TEXT.splitlines(keepends=True)
    (tmp_path / "a.csv").write_text("".join(lines) + "too,few\n")
    with pytest.raises(DataError, match=rf"line {len(lines) + 1}: 2 cells"):
        list(read_blocks(tmp_path / "a.csv", SETTINGS, 700))
    (tmp_path / "b.csv").write_text("id,ds,y\n" + "a,2024-01-01,1\n" * 300 + "a,2024-01-01,one\n")
    *_, last = read_blocks(tmp_path / "b.csv", SETTINGS, 500)
    with pytest.raises(DataError, match="line 302"):
        last.numbers("y")
    (tmp_path / "c.csv").write_bytes(b"id,ds,y\n" + b"a,2024-01-01,1\n" * 300 + b"\xe9,2024-01-01,1\n")
    with pytest.raises(DataError, match="line 302 is not UTF-8"):
        list(read_blocks(tmp_path / "c.csv", SETTINGS, 500))


def test_a_compressed_file_that_ends_early_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(TEXT.encode())[:-30])
    with pytest.raises(DataError, match="not a sound compressed file"):
        list(read_blocks(tmp_path / "a.csv.gz", SETTINGS, 700))


def test_parts_follow_one_another_and_have_the_same_columns(tmp_path: Path) -> None:
    folder = tmp_path / "region=north"
    folder.mkdir()
    table = pa.table({"id": ["a"] * 3000, "y": list(range(3000))})
    pq.write_table(table, folder / "1.parquet")
    pq.write_table(table.select(["y", "id"]), folder / "2.parquet")
    told: list[float] = []
    tables = list(read_blocks(tmp_path, SETTINGS, 20_000, told.append))
    assert sum(t.rows for t in tables) == 6000
    assert len(tables) > 2
    assert {tuple(t.columns) for t in tables} == {("id", "y", "region")}
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    pq.write_table(pa.table({"id": ["a"], "z": [1]}), folder / "3.parquet")
    with pytest.raises(DataError, match=r"3\.parquet has other columns"):
        list(read_blocks(tmp_path, SETTINGS, 20_000))


def test_what_is_read_whole_is_one_block(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "a", "y": 1}\n{"id": "b", "y": 2}\n')
    [table] = read_blocks(tmp_path / "a.jsonl", SETTINGS, 10)
    assert table.rows == read_data(tmp_path / "a.jsonl", SETTINGS, None, Recipe.of(SETTINGS)).rows == 2
