"""A stamp that stands in several columns: found only where one column is too coarse, and read in one way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster.base.errors import DataError
from forecaster.config import ReadSettings
from forecaster.data.formats import read_data
from forecaster.data.parts import find_parts, join_texts, joined_format
from forecaster.data.recipe import PLAIN
from forecaster.data.table import Table

Write = Callable[..., Path]


@pytest.fixture
def table_of(write_csv: Write) -> Callable[[str], Table]:
    return lambda text: read_data(write_csv(text), ReadSettings(), None, PLAIN)


MONTHS = "year,month,sales\n" + "".join(f"{2020 + k // 12},{k % 12 + 1},{k}\n" for k in range(30))
HOURS = "date,hour,load\n" + "".join(f"2024-01-{1 + k // 24:02d},{k % 24},{k}\n" for k in range(60))


@pytest.mark.parametrize(
    ("text", "parts", "form"),
    [(MONTHS, ("year", "month"), "%Y %m"), (HOURS, ("date", "hour"), "%Y-%m-%d %H")],
)
def test_columns_that_are_a_stamp_together(
    table_of: Callable[[str], Table], text: str, parts: tuple[str, ...], form: str
) -> None:
    table = table_of(text)
    assert find_parts(table, ()) == parts
    assert joined_format(table, parts).replace("%-", "%") == form


def test_one_column_that_tells_the_rows_apart_is_the_stamp(table_of: Callable[[str], Table]) -> None:
    yearly = table_of("year,month,sales\n" + "".join(f"{2000 + k},1,{k}\n" for k in range(20)))
    assert find_parts(yearly, ()) == ()
    assert find_parts(table_of(HOURS.replace("date,", "ds,")), ()) == ()


def test_empty_cells_are_left_out_with_their_mark(table_of: Callable[[str], Table]) -> None:
    assert join_texts(table_of("a,b,c\nx,1,y\nz,2,\n"), ("a", "b", "c"), "-").to_pylist() == ["x-1-y", "z-2"]


def test_what_is_no_part_and_what_makes_no_stamp(table_of: Callable[[str], Table]) -> None:
    table = table_of("year,colour,sales\n2020,red,1\n2020,blue,2\n")
    with pytest.raises(DataError, match="column 'colour' is not a known part of a stamp, such as 'red'"):
        joined_format(table, ("year", "colour"))
