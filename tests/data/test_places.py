"""Tests of `places.py`: a message names the line or row that a person finds."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import DataError
from forecaster.data.places import Numbered, PartPlaces, Repeated, TextLines, records


def lines_in(text: str, first: int = 2) -> TextLines:
    rows = [cells for _, cells in records(text.encode(), ",")]
    return TextLines(memoryview(text.encode()), ",", first, len(rows))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a,1\nb,2\nc,3\n", [2, 3, 4]),
        ("a,1\nb,2\nc,3", [2, 3, 4]),
        ("a,1\n\nb,2\n\n\nc,3\n", [2, 4, 7]),
        ('"a\nz",1\nb,2\n', [2, 4]),
        ('"a\r\nz",1\r\nb,2\r\n', [2, 4]),
        ("a,1\rb,2\r", [2, 3]),
    ],
)
def test_lines_of_records(text: str, lines: list[int]) -> None:
    places = lines_in(text)
    assert places.lines_of(range(places.rows)) == lines
    assert (places.noun, places.name_of(0)) == ("line", None)


@given(st.lists(st.sampled_from(["a,1\n", "\n", '"x\ny",2\n', "b,2\r\n"]), min_size=1, max_size=12))
def test_lines_are_those_of_the_csv_module_in_any_order(pieces: list[str]) -> None:
    text = "".join(pieces)
    reader, expected, line = csv.reader(io.StringIO(text, newline="")), [], 2
    for cells in reader:
        expected += [line] if cells else []
        line = reader.line_num + 2
    places = lines_in(text)
    assert places.lines_of(list(range(places.rows))[::-1]) == expected[::-1]


def test_a_quote_that_is_never_closed_is_refused_with_its_line() -> None:
    with pytest.raises(DataError, match="a quote opened on line 2 is never closed"):
        list(records(b'a,1\nb,"2\n', ","))


def test_numbered_rows() -> None:
    assert Numbered(first=2).lines_of([0, 3]) == [2, 5]
    assert Numbered(numbers=(4, 9)).lines_of([1, 0]) == [9, 4]
    assert Numbered().name_of(0) is None


def test_parts_know_their_own_lines_and_names() -> None:
    places = PartPlaces(("a.csv", "b.csv"), (0, 3), (Numbered("line", 2), Numbered("line", 5)))
    assert places.lines_of([0, 2, 3, 4]) == [2, 4, 5, 6]
    assert [places.name_of(row) for row in (2, 3)] == ["a.csv", "b.csv"]
    assert places.noun == "line"


def test_rows_that_became_several_keep_their_place() -> None:
    places = Repeated(PartPlaces(("a", "b"), (0, 1), (Numbered(), Numbered())), 3)
    assert places.lines_of([0, 2, 3, 5]) == [1, 1, 1, 1]
    assert [places.name_of(row) for row in (0, 2, 3)] == ["a", "a", "b"]
    assert places.noun == "row"
