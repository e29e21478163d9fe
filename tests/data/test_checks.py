"""Rows → findings."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forecaster.data.checks import check_ids, sort_rows
from forecaster.data.rows import Rows
from tests.data.conftest import Read, codes, refuse


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=40, unique=True))
def test_rows_are_sorted_by_series_then_time(pairs: list[tuple[int, int]]) -> None:
    series, stamps = np.array(pairs).T
    lines = np.arange(len(pairs))
    rows, findings = sort_rows(Rows(series, stamps, lines.astype(float), lines, ("a", "b", "c", "d")))
    assert list(zip(rows.series.tolist(), rows.stamps.tolist(), strict=True)) == sorted(pairs)
    assert [pairs[int(line)] for line in rows.lines] == sorted(pairs)
    ordered = all(a < b for s in range(4) for a, b in pairwise([t for r, t in pairs if r == s]))
    assert [finding.code for finding in findings] == ([] if ordered else ["unsorted"])


def test_ids_that_look_alike() -> None:
    assert check_ids(["a", "b", "C"]) == []
    assert check_ids(["a", "A", "b ", "b"])[0].count == 2
    assert check_ids(["caf\u00e9", "cafe\u0301"])[0].series == "cafe\u0301"


def test_two_values_of_one_stamp_are_refused(read: Read) -> None:
    refuse(read, ("ds,y\n2024-01-01,1\n2024-01-02,2\n2024-01-02,3\n", "lines 3 and 4.*values 2 and 3"))


def test_unsorted_rows_are_sorted_and_announced(read: Read) -> None:
    panel = read("ds,y\n2024-01-03,3\n2024-01-01,1\n2024-01-02,2\n")
    assert panel.values.tolist() == [1, 2, 3]
    assert codes(panel) == ["unsorted"]


def test_similar_ids_stay_apart(read: Read) -> None:
    panel = read("id,ds,y\nA,2024-01-01,1\nA ,2024-01-01,2\nA,2024-01-02,1\nA ,2024-01-02,2\n")
    assert panel.ids == ("A", "A ")
    assert codes(panel) == ["similar-ids"]
