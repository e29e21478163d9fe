"""Many rows a step → one: sums, means, and steps that are not over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.test_shaping import DAYS, lines, panel_of


def test_sums_have_zeros_where_a_series_has_no_row_and_others_a_gap(tmp_path: Path) -> None:
    text = "ds,shop,y\n" + "".join(
        f"{t},a,1\n" + (f"{t},b,2\n" if k % 3 == 0 and k < 20 else "") for k, t in enumerate(DAYS)
    )
    sums = panel_of(tmp_path, text, {"aggregate": "sum", "freq": "D", "id": "shop"})
    assert sums.lengths.tolist() == [30, 30]
    assert not sums.filled.any()
    assert sums.series(1).tolist() == [2.0 if k % 3 == 0 and k < 20 else 0.0 for k in range(30)]
    means = panel_of(tmp_path, text, {"aggregate": "mean", "freq": "D", "id": "shop", "max_missing": 0.9})
    assert means.lengths.tolist() == [30, 19]
    assert means.filled.sum() == 12


@pytest.mark.parametrize(
    ("freq", "first", "last", "count"),
    [
        ("MS", "2024-01-01", "2024-01-01", 1),
        ("W", "2024-01-21", "2024-02-18", 5),
        ("ME", "2024-01-31", "2024-01-31", 1),
    ],
)
def test_the_last_step_is_left_out_and_named_where_it_is_not_over(
    tmp_path: Path, freq: str, first: str, last: str, count: int
) -> None:
    text = lines("D", "ds,y", lambda t, v: f"{t},{v}")
    if freq == "W":
        text += "2024-02-19,1\n"
    panel = panel_of(tmp_path, text, {"aggregate": "sum", "freq": freq})
    stamps = panel.stamps(0).astype("M8[D]").astype(str).tolist()
    assert (stamps[0], stamps[-1], len(stamps)) == (first, last, count)
    assert [f.code for f in panel.findings].count("unfinished") == 1
