"""Separator, decimal mark and header: taken when one fits, refused when several do, and never changing what is read."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import (
    DataError,
    UsageError,
)
from forecaster.data.dialect import MISSING
from forecaster.data.grid import read_panel
from forecaster.data.units import plain_numbers
from tests.data.conftest import DAILY, Bad, Read, codes, quick, refuse, written

BAD: Bad = {
    "no header": ("2024-01-01,1\n2024-01-02,2\n", "header looks like data"),
    "title": ("Report\nof 2024\nds,y\n2024-01-01,1\n2024-01-02,1\n", "line 3"),
    "spaces": ("ds y\n2024-01-01 1\n2024-01-02 2\n", "one column"),
    "two separators": ("a,b;c\n2024-01-01,1;2\n2024-01-02,2;2\n", "comma or semicolon"),
    "JSON": ('{"ds": 1, "y": 2}', "JSON"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(read: Read, name: str) -> None:
    refuse(read, BAD[name])


def test_good_oddities(read: Read) -> None:
    same = read(DAILY).values.tolist()
    for content in (
        "\ufeff" + DAILY,
        DAILY.replace("\n", "\r\n"),
        DAILY.replace("\n", "\r"),
        DAILY.replace(",", "\t"),
        DAILY.replace(",", "|"),
        DAILY.replace("date", '"date"'),
        DAILY.replace("\n", ",\n"),
        DAILY.replace("2024-01-02,2\n", "\n\r\n2024-01-02, 2 \n"),
        DAILY.encode("utf-16"),
        "\ufeff" + DAILY.replace("date", '"date"'),
    ):
        assert read(content).values.tolist() == same
    assert read(gzip.compress(DAILY.encode()), "data.csv.gz").values.tolist() == same
    assert codes(read(DAILY.rstrip())) == ["no-line-end"]
    assert read("a title\n" + DAILY, skip_rows=1).values.tolist() == same
    assert read(DAILY.split("\n", 1)[1], no_header=True).values.tolist() == same


def test_many_columns_take_no_longer_each_than_few(read: Read) -> None:
    names = [f"s{k}" for k in range(10_000)]
    rows = [",".join(["ds", *names]), *(",".join([day, *["1"] * len(names)]) for day in ("2024-01-01", "2024-01-02"))]
    began = time.process_time()
    assert read("\n".join(rows) + "\n", wide=True).ids == tuple(names)
    assert time.process_time() - began < 20  # not the minutes of looking at all columns for each


@quick
@given(
    values=st.lists(st.floats(-1e15, 1e15), min_size=2, max_size=20),
    ids=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1, max_size=3, unique=True
    ),
    separator=st.sampled_from(",;\t|"),
    decimal=st.sampled_from(".,"),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
    quote_all=st.booleans(),
)
def test_any_dialect_reads_back_equal_or_is_refused(tmp_path: Path, **drawn: object) -> None:
    values, ids, separator = drawn["values"], drawn["ids"], str(drawn["separator"])
    assert isinstance(values, list)
    assert isinstance(ids, list)
    always = drawn["quote_all"]

    def cell(text: str) -> str:
        plain = not always and not set(text) & {separator, '"', "\n", "\r"}
        return text if plain else '"' + text.replace('"', '""') + '"'

    rows = [["unique_id", "ds", "y"]]
    for name in ids:
        rows += [
            [name, f"2024-01-{day:02d}", repr(value).replace(".", str(drawn["decimal"]))]
            for day, value in enumerate(values, 1)
        ]
    text = str(drawn["end"]).join(separator.join(map(cell, row)) for row in rows) + str(drawn["end"])
    path = written(tmp_path / "data.csv", ("\ufeff" if drawn["mark"] else "") + text)
    try:
        panel = read_panel(path)
    except DataError:
        return
    assert list(panel.ids) == ids
    for k in range(len(ids)):
        assert panel.series(k).tolist() == values


@pytest.mark.parametrize("mark", ["1", "", "ab", "-", "e", "٣", "\n"])
def test_a_mark_between_thousands_is_no_part_of_a_number(read: Read, mark: str) -> None:
    with pytest.raises(UsageError, match="--thousands must be one mark"):
        read("ds,y\n2024-01-01,111\n2024-01-02,121\n2024-01-03,131\n", thousands=mark)


NUMBERS = "".join(f"2024-01-{day:02d},{day},{day + 1}\n" for day in range(1, 21))


@pytest.mark.parametrize(
    ("header", "rows", "names"),
    [
        ("date,North,\n,Sales,Cost\n", 2, ["North Sales", "North Cost"]),
        ("time,load,temp\n(UTC),(MW),(C)\n", 2, ["load (MW)", "temp (C)"]),
        ("Price,Close,Open\nTicker,AAPL,AAPL\nDate,,\n", 3, ["Close AAPL", "Open AAPL"]),
        ("date,a,b\n----,---,---\n", 2, ["a", "b"]),
    ],
)
def test_a_header_of_several_rows_is_named_and_read(read: Read, header: str, rows: int, names: list[str]) -> None:
    with pytest.raises(DataError, match=f"the header takes {rows} rows") as fault:
        read(header + NUMBERS)
    assert f"--header-rows {rows}" in fault.value.hint
    panel = read(header + NUMBERS, header_rows=rows, wide=True)
    assert list(panel.ids) == names
    assert panel.values[0] == 1


def test_more_rows_of_a_header_than_there_are_is_refused(read: Read) -> None:
    with pytest.raises(DataError, match="no row stands below 20 rows of a header"):
        read("date,y\n2024-01-01,1\n2024-01-02,2\n", header_rows=20)


@pytest.mark.parametrize(
    ("above", "line"),
    [
        ('"Data Source","Indicators"\n\n"Updated","2023-03-01"\n\n', 5),
        ("latitude,longitude,height,zone\n52.5,13.4,38.0,GMT\n\n", 4),
        ("Report\nof 2024\n", 3),
    ],
)
def test_a_header_below_other_tables_is_found(read: Read, above: str, line: int) -> None:
    with pytest.raises(DataError, match=f"in line {line}") as fault:
        read(f"{above}date,x,y\n{NUMBERS}")
    assert f"--skip-rows {line - 1}" in fault.value.hint
    assert read(f"{above}date,x,y\n{NUMBERS}", skip_rows=line - 1, target="y").values[0] == 2


def test_a_row_with_a_cell_too_many_is_no_header(read: Read) -> None:
    with pytest.raises(DataError, match="line 4: 4 cells where the header has 3"):
        read("date,x,y\n2024-01-30,1,1\n2024-01-31,2,2\n2024-02-01,1,2,3\n" + NUMBERS)


@pytest.mark.parametrize("header", ["y,y", "Y,y"])
def test_columns_of_one_name_are_numbered(read: Read, header: str) -> None:
    with pytest.raises(DataError) as fault:
        read(f"date,{header}\n{NUMBERS}")
    assert "--no-header --skip-rows 1" in fault.value.hint


def test_rows_with_names_and_a_header_without_are_read(read: Read) -> None:
    rows = "".join(f"r{day},2024-01-{day:02d},{day}\n" for day in range(1, 21))
    with pytest.raises(DataError, match="one cell more than the header") as fault:
        read(f"date,y\n{rows}")
    assert "--no-header --skip-rows 1" in fault.value.hint


def test_titles_with_empty_cells_beside_them_are_no_header(read: Read) -> None:
    rows = "".join(f"{day:02d}.09.2026;{hour:02d}:00;{day},5;W\n" for day in range(15, 25) for hour in range(24))
    text = f"Meter: DE0001234;;;\nHouse: Town hall;;;\n;;;\nDatum;Uhrzeit;kWh;Status\n{rows}Summe;;9999999,00;\n"
    with pytest.raises(DataError, match="the header is not in line 1 but in line 4; and 1 more") as fault:
        read(text)
    assert "--skip-rows 3 --skip-footer 1" in fault.value.hint
    assert read(text, skip_rows=3, skip_footer=1).lengths.tolist() == [240]
    with pytest.raises(DataError, match="line 245, column 'Datum': 'Summe' is no time") as fault:
        read(text, skip_rows=3)
    assert "--skip-footer 1" in fault.value.hint


@pytest.mark.parametrize("text", MISSING)
def test_no_spelling_of_a_missing_value_is_a_number(text: str) -> None:
    """Cells that are all finite numbers are read as such, and not looked up among these."""
    found = plain_numbers(pa.chunked_array([[text]], pa.string()))
    assert found is None or not np.isfinite(found).all()
