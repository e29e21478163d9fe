"""Cells: exact text, strict numbers, right line numbers, one dialect."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecaster.base.errors import DataError, UsageError
from forecaster.config import ReadSettings
from forecaster.data.dialect import MISSING, Dialect
from forecaster.data.formats import read_data
from forecaster.data.recipe import PLAIN
from forecaster.data.table import Table
from tests.data.conftest import Bad, Read, refuse


def table_of(folder: Path, text: str, dialect: Dialect | None = None, **flags: object) -> Table:
    path = folder / "data.csv"
    path.write_bytes(text.encode())
    return read_data(path, ReadSettings(**flags), dialect, PLAIN)  # type: ignore[arg-type]


def test_cells_are_text_as_they_stand(tmp_path: Path) -> None:
    table = table_of(tmp_path, 'ds,id,y\n2024-01-01,007,1\n2024-01-02,NA,2\n2024-01-03," x",3\n')
    assert table.columns["id"].to_pylist() == ["007", "NA", " x"]
    assert (table.rows, list(table.columns), table.dialect) == (3, ["ds", "id", "y"], Dialect())
    assert len(table.sha256) == 64


def test_every_spelling_of_missing(tmp_path: Path) -> None:
    rows = "".join(f'{k},"{cell}"\n' for k, cell in enumerate(MISSING))
    assert np.isnan(table_of(tmp_path, "t,y\n" + rows).numbers("y")).all()


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1", 1), ("-1.5", -1.5), ("+2", 2), (".5", 0.5), ("5.", 5), ("1e3", 1000), (" 7 ", 7), ("1E-400", 0), ("-0", 0)],
)
def test_numbers(tmp_path: Path, cell: str, value: float) -> None:
    assert table_of(tmp_path, f"t,y\n1,{cell}\n").numbers("y").tolist() == [value]


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_survives(tmp_path_factory: pytest.TempPathFactory, value: float) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert table_of(folder, f"t,y\n1,{value!r}\n").numbers("y").tolist() == [value]


def test_lines_count_blank_lines_and_quoted_line_breaks(tmp_path: Path) -> None:
    table = table_of(tmp_path, 'note\nt,"y\nz"\n\n1,"a\r\nb"\n\n\n2,c\n', skip_rows=1)
    assert list(table.columns) == ["t", "y\nz"]
    assert [table.line_of(row) for row in range(2)] == [5, 9]


PIECES = [
    "a",
    ",",
    '"',
    "\n",
    "\r\n",
    "\r",
    " ",
    '""',
    '"a"',
    ',"',
    '",',
    '"\n',
    '\n"',
    "a,b\n",
    '"a,b",c\n',
    '"x\ny",2\n',
]


@settings(deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=25))
def test_cells_and_lines_are_those_of_the_csv_module_or_refused(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    text = "".join(pieces)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    expected, line = [], 2
    try:
        for cells in reader:
            expected += [(line, tuple(cells))] if cells else []
            line = reader.line_num + 2
    except csv.Error:
        expected = []
    width = 3 if expected and all(len(cells) == 3 and not cells[2] for _, cells in expected) else 2
    if not expected or any(len(cells) != width for _, cells in expected):
        with pytest.raises(DataError):
            table_of(tmp_path_factory.getbasetemp(), f"p,q\n{text}", Dialect())
        return
    filled = [(line, cells) for line, cells in expected if any(cells)]
    expected = filled or expected  # rows of nothing but separators are blank lines, unless all are
    table = table_of(tmp_path_factory.getbasetemp(), f"p,q\n{text}", Dialect())
    found = zip(*(column.to_pylist() for column in table.columns.values()), strict=True)
    assert list(found) == [cells[:2] for _, cells in expected]
    assert [table.line_of(row) for row in range(table.rows)] == [line for line, _ in expected]


@pytest.mark.parametrize(
    ("text", "separator"),
    [("a,b\n1,2\n", ","), ("a;b\n1;2,5\n", ";"), ("a\tb\n1\t2\n", "\t"), ("a|b\n1|2\n", "|"), ('a;"x,y"\n1;2\n', ";")],
)
def test_separator(tmp_path: Path, text: str, separator: str) -> None:
    dialect = table_of(tmp_path, text).dialect
    assert dialect is not None
    assert dialect.separator == separator


def test_a_frozen_dialect_is_not_sniffed_again(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="one column"):
        table_of(tmp_path, "a;b\n1;2\n", Dialect())
    assert table_of(tmp_path, "a;b\n1;2\n", Dialect(separator=";")).rows == 1


def test_separators_asked_for(tmp_path: Path) -> None:
    assert list(table_of(tmp_path, "a b\n1 2\n", sep=" ").columns) == ["a", "b"]
    aligned = table_of(tmp_path, "day         value \n2024-01-01      1\n2024-01-02     12\n", sep=" ")
    assert {name: column.to_pylist() for name, column in aligned.columns.items()} == {
        "day": ["2024-01-01", "2024-01-02"],
        "value": ["1", "12"],
    }
    assert list(table_of(tmp_path, "a\tb\n1\t2\n", sep="tab").columns) == ["a", "b"]
    bad: tuple[dict[str, Any], ...] = (
        {"sep": ",,"},
        {"sep": '"'},
        {"decimal": "x"},
        {"decimal": ",", "thousands": ","},
    )
    for wrong in bad:
        with pytest.raises(UsageError):
            table_of(tmp_path, "a,b\n1,2\n", **wrong)


def test_an_index_without_a_name_is_kept_apart(tmp_path: Path) -> None:
    assert list(table_of(tmp_path, ",ds,y\n0,2024-01-01,1\n").columns) == ["column1", "ds", "y"]


BAD: Bad = {
    "blank": ("\n \n\n", "no header row"),
    "header only": ("ds,y\n", "header but no data rows"),
    "long row": ("ds,y\n2024-01-01,1\n2024-01-02,1,5\n2024-01-03,2\n", "line 3: 3 cells where the header has 2"),
    "short row": ("ds,y\n2024-01-01,1\n2024-01-02\n2024-01-03,2\n", "line 3: 1 cells"),
    "all rows long": ("ds,y\n2024-01-01,1,2\n2024-01-02,1,3\n", "line 2: 3 cells"),
    "hanging values": ("ds,y\n2024-01-01,1,\n2024-01-02,1,\n" + "2024-01-03,1,7\n", "line 4: a value in column 3"),
    "quoted decimal comma": ('ds,y\n2024-01-01,"1,5"\n2024-01-02,2.5\n', "'1,5' is not a number"),
    "thousands": ('ds,y\n2024-01-01,"1,234.50"\n2024-01-02,"2,5"\n', "line 2, column 'y': '1,234.50' is not a"),
    "two ways of minus": ("ds,y\n2024-01-01,\u22125\n2024-01-02,2\n2024-01-03,-2\n", "line 2.*is not a number"),
    "brackets and minus": ("ds,y\n2024-01-01,(5)\n2024-01-02,2\n2024-01-03,5-\n", "line 2.*is not a number"),
    "percent": ("ds,y\n2024-01-01,1\n2024-01-02,5%\n", "line 3.*'5%' is not a number"),
    "currency": ("ds,y\n2024-01-01,€5\n2024-01-02,€6\n2024-01-03,7\n", "2 such cells"),
    "hexadecimal": ("ds,y\n2024-01-01,0x1F\n2024-01-02,1\n", "'0x1F' is not a number"),
    "underscore": ("ds,y\n2024-01-01,1_000\n2024-01-02,1\n", "'1_000' is not a number"),
    "word": ("ds,y\n2024-01-01,1\n2024-01-02,broken\n", "line 3.*'broken' is not a number"),
    "infinite": ("ds,y\n2024-01-01,1\n2024-01-02,-inf\n", "line 3.*not finite"),
    "overflow": ("ds,y\n2024-01-01,1\n2024-01-02,1e400\n", "line 3.*not finite"),
    "duplicate column": ("ds,y,y\n2024-01-01,1,2\n", "'y' appears twice"),
    "similar columns": ("ds,y, Y \n2024-01-01,1,2\n", "differ only"),
    "open quote": ('ds,y\n2024-01-01,1\n2024-01-02,"2\n2024-01-03,3\n', "quote opened on line 3"),
}


def test_rows_of_nothing_but_separators_are_blank_lines(read: Read) -> None:
    panel = read("ds,y\n2024-01-01,1\n,\n2024-01-02,2\n2024-01-03,3\n,\n,\n")
    assert panel.values.tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(DataError, match="line 5, column 'y': 'x'"):
        read("ds,y\n2024-01-01,1\n,\n2024-01-02,2\n2024-01-03,x\n,\n,\n")


@pytest.mark.parametrize(
    ("top", "lines"),
    [("# made by x\n# on y, or z\nds,y\n", 2), ("# made by x\n#ds,y\n", 1), ("# ds,y\n", 0), ("sep=,\nds,y\n", 1)],
)
def test_comments_above_the_header_are_named(read: Read, top: str, lines: int) -> None:
    text = top + "2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n"
    if lines:
        with pytest.raises(DataError) as refused:
            read(text)
        assert refused.value.hint == f"Pass --skip-rows {lines}"
    assert read(text, skip_rows=lines).values.tolist() == [1.0, 2.0, 3.0]


NEGATIVE = {
    "brackets": ("(5)", "(1.5)"),
    "brackets around a currency": ("($5)", "$2.00", "($1.5)"),
    "a currency before brackets": ("$(5)", "$2.00", "$(1.5)"),
    "behind the number": ("5-", "1.5-"),
    "the sign of minus": ("\u22125", "\u22121.5"),
    "brackets of percent": ("(5%)", "2%", "(1.5 %)"),
}


@pytest.mark.parametrize("cells", NEGATIVE.values(), ids=NEGATIVE.keys())
def test_negative_numbers_as_accountants_write_them(read: Read, cells: tuple[str, ...]) -> None:
    first, *middle, last = cells
    rows = [first, *(middle or ["2"]), last]
    panel = read("ds,y\n" + "".join(f"2024-01-0{k},{cell}\n" for k, cell in enumerate(rows, 1)))
    assert panel.values.tolist() == [-5.0, 2.0, -1.5]


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(read: Read, name: str) -> None:
    refuse(read, BAD[name])


def test_lines_after_quoted_line_breaks(read: Read) -> None:
    text = 'id,ds,y\n"a\nb",2024-01-01,1\n\n"a\nb",2024-01-02,x\n'
    with pytest.raises(DataError, match="line 5, column 'y': 'x'"):
        read(text)
    assert read(text.replace("x", "2")).ids == ("a\nb",)
