"""Blocks of columns become one CSV or Parquet file that reads back equal."""

from __future__ import annotations

import csv
import io
import math
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base import rowfile
from forecaster.base.arrow import from_numpy
from forecaster.base.errors import UsageError
from forecaster.base.rowfile import categories, check_promise, csv_of, is_parquet, measured, writing_rows
from tests.conftest import names

CELLS = st.tuples(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.integers(-(2**62), 2**62),
    st.one_of(st.just(np.nan), st.floats()),
)


@given(blocks=st.lists(st.lists(CELLS, min_size=1, max_size=6), min_size=1, max_size=4))
def test_csv_reads_back_equal(blocks: list[list[tuple[str, int, float]]]) -> None:
    stream = io.BytesIO()
    writer = rowfile._CsvRows(stream)
    for block in blocks:
        texts, whole, numbers = zip(*block, strict=True)
        distinct = sorted(set(texts))
        writer.write(
            {
                "a, b": categories(distinct, np.array([distinct.index(text) for text in texts])),
                "n": from_numpy(np.array(whole)),
                "x": measured(np.array(numbers)),
            }
        )
    header, *rows = csv.reader(io.StringIO(stream.getvalue().decode(), newline=""))
    assert header == ["a, b", "n", "x"]
    given_rows = [row for block in blocks for row in block]
    assert [(text, int(n)) for text, n, _ in rows] == [row[:2] for row in given_rows]
    for (*_, cell), (*_, number) in zip(rows, given_rows, strict=True):
        assert cell == "" if np.isnan(number) else float(cell) == number


def test_only_what_must_be_quoted_is(tmp_path: Path) -> None:
    with writing_rows(tmp_path / "o.csv") as writer:
        writer.write({"id": categories(["a", 'b "c", d'], np.array([1, 0])), "y": measured(np.array([0.5, np.nan]))})
    assert (tmp_path / "o.csv").read_text() == 'id,y\n"b ""c"", d",0.5\na,\n'


def test_many_rows_are_written_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rowfile, "SLICE", 7)
    with writing_rows(tmp_path / "o.csv") as writer:
        writer.write({"id": categories(["a"], np.zeros(100, np.int64)), "n": from_numpy(np.arange(100))})
    assert (tmp_path / "o.csv").read_text() == "id,n\n" + "".join(f"a,{n}\n" for n in range(100))


def test_parquet_has_types(tmp_path: Path) -> None:
    path = tmp_path / "o.parquet"
    with writing_rows(path) as writer:
        for at in range(2):
            writer.write(
                {
                    "ds": rowfile.stamp_column(np.array([at * 3600 * 10**9]), "Europe/Berlin"),
                    "id": categories(["a"], np.array([0])),
                    "y": measured(np.array([np.nan])),
                }
            )
    frame = pq.read_table(path).to_pandas()
    assert str(frame["ds"].iloc[1]) == "1970-01-01 02:00:00+01:00"
    assert frame["id"].tolist() == ["a", "a"]
    assert frame["y"].isna().all()


@pytest.mark.parametrize("name", ["o.csv", "o.parquet"])
def test_a_failure_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("old")

    def write_and_fail(writer: rowfile.RowWriter) -> None:
        writer.write({"n": from_numpy(np.arange(3))})
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"), writing_rows(tmp_path / name) as writer:
        write_and_fail(writer)
    assert (tmp_path / name).read_text() == "old"
    assert names(tmp_path) == [name]


@pytest.mark.parametrize(
    ("path", "parquet"),
    [("a.csv", False), ("a.CSV", False), ("a", False), ("a.parquet", True), ("a.PQ", True), (os.devnull, False)],
)
def test_the_suffix_says_which(path: str, parquet: bool) -> None:
    assert is_parquet(Path(path)) is parquet


def test_another_suffix_is_refused() -> None:
    with pytest.raises(UsageError, match=r"ends in \.csv or \.parquet, received '\.xlsx'"):
        is_parquet(Path("a.xlsx"))


class Lines(list[str]):
    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
ODD = [0.0, -0.0, 1e-4, 9.9e-5, 1e-5, 1e10, 1e15, 1e16, 1e22, 5e-324, math.inf, -math.inf, math.nan, 371.0, -2.0]


@given(
    st.lists(
        st.tuples(NAMES, NAMES | st.integers(), st.floats(width=64) | st.sampled_from(ODD), st.floats(-1e6, 1e6)),
        min_size=1,
        max_size=30,
    ),
    NAMES,
)
def test_what_is_written_at_once_is_what_csv_writes_row_by_row(
    rows: list[tuple[str, str | int, float, float]], name: str
) -> None:
    header = ["a", f"b{name}", "c", "d"]
    lines = Lines()
    writer = csv.writer(lines)
    writer.writerows([header, *rows])
    columns = [np.array(column) for column in zip(*[row[2:] for row in rows], strict=True)]
    texts = [np.empty(len(rows), object) for _ in range(2)]
    for k, text in enumerate(texts):
        text[:] = [row[k] for row in rows]
    assert csv_of(dict(zip(header, [*texts, *columns], strict=True))) == "".join(lines)


@pytest.mark.parametrize("name", ["r.html", "r.htm", "r", "r.2026", "r.HTML"])
def test_names_that_promise_nothing_else(name: str) -> None:
    check_promise(Path(name), "--output", ".html")


def test_a_name_that_promises_another_format() -> None:
    with pytest.raises(UsageError, match=r"--output sales\.csv: the file that is written is no \.csv") as caught:
        check_promise(Path("sales.csv"), "--output", ".html")
    assert caught.value.hint == "Such as --output sales.html"
