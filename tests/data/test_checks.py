"""Rows → findings."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forecaster.data.checks import check_ids, sort_rows
from forecaster.data.rows import Rows


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
