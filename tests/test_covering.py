"""Tests of `covering.py`, which chooses the combinations that other tests try."""

from __future__ import annotations

from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.covering import covering


@settings(max_examples=30)
@given(sizes=st.lists(st.integers(1, 3), min_size=3, max_size=5), strength=st.integers(1, 3))
def test_whatever_values_meet_in_all_rows_meet_in_those_chosen(sizes: list[int], strength: int) -> None:
    rows = [row for row in product(*map(range, sizes)) if row[:2] != (0, 1)]
    chosen = covering(rows, strength)
    assert set(chosen) <= set(rows)
    for columns in combinations(range(len(sizes)), strength):
        assert {tuple(row[k] for k in columns) for row in rows} == {tuple(row[k] for k in columns) for row in chosen}


def test_fewer_rows_are_chosen_than_there_are() -> None:
    assert len(covering(list(product(range(2), repeat=8)), 2)) <= 12
