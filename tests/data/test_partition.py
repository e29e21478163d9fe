"""Which columns are written as numbers, by the first rows of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster.base.errors import DataError
from forecaster.config import ReadSettings
from forecaster.data.formats import read_data
from forecaster.data.partition import TextInNumbersError, plan_layout
from forecaster.data.recipe import PLAIN
from forecaster.data.table import Table

Write = Callable[..., Path]
ROWS = "shop;day;price;sales;note\na;2024-01-01;1.5;10;x\na;2024-01-02;2.5;11;\nb;2024-01-01;3.5;12;y\n"


@pytest.fixture
def table(write_csv: Write) -> Table:
    return read_data(write_csv(ROWS), ReadSettings(target="sales"), None, PLAIN)


def test_numbers_are_numbers_and_names_stay_texts(table: Table) -> None:
    layout = plan_layout(table, ("shop",), ReadSettings(target="sales"))
    assert (set(layout.numbers), layout.strict) == ({"price", "sales"}, ("sales",))
    columns = layout.columns_of(table)
    assert columns["price"].to_pylist() == [1.5, 2.5, 3.5]
    assert columns["sales"].to_pylist() == [10, 11, 12]
    assert columns["day"].to_pylist()[0] == "2024-01-01"
    assert columns["shop"].to_pylist() == ["a", "a", "b"]


def test_a_column_may_be_held_for_text(table: Table) -> None:
    assert plan_layout(table, ("shop",), ReadSettings(target="sales"), ("price",)).numbers == ("sales",)


def test_texts_among_numbers_are_no_fault_but_in_the_target(table: Table, write_csv: Write) -> None:
    layout = plan_layout(table, ("shop",), ReadSettings(target="sales"))
    later = read_data(write_csv(ROWS.replace("3.5", "free")), ReadSettings(target="sales"), None, PLAIN)
    with pytest.raises(TextInNumbersError, match="price"):
        layout.columns_of(later)
    wrong = read_data(write_csv(ROWS.replace("12", "many")), ReadSettings(target="sales"), None, PLAIN)
    with pytest.raises(DataError, match="'many' is not a number"):
        layout.columns_of(wrong)


def test_a_column_that_is_missing(table: Table) -> None:
    with pytest.raises(DataError, match="has no column 'store'") as refused:
        plan_layout(table, ("store",), ReadSettings(target="sales"))
    assert refused.value.hint.endswith("Pass --by")
