"""What is found in a panel beside its rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecaster.data import examination
from tests.findings import Write, check, days, faulty, finding, series, usual


def test_zeros_and_negative_values_are_told(write_csv: Write) -> None:
    found = {(f.code, f.series): f.message for f in check(write_csv("\n".join(faulty()) + "\n")).findings}
    assert found["zeros", "zero"] == "50 zeros, first at 2024-01-11"
    assert found["negative", "negative"].endswith(" negative values, first at 2024-01-01")
    assert ("zeros", "fine") not in found


def test_lines_after_quoted_line_breaks_and_blank_lines(write_csv: Write) -> None:
    text = 'shop,day,sales\n"a\nb",2024-01-01,1\n\n' + "\n".join(series("c", [*usual(30), "", *usual(30)])) + "\n"
    assert finding(check(write_csv(text)), "missing").line == 5 + 30


def test_lines_are_rows_in_parquet(tmp_path: Path) -> None:
    values = [float(value) for value in usual()]
    values[20] = 900.0
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"ds": pa.array(days(60)), "y": values}), path)
    verdict = check(path)
    assert finding(verdict, "outliers").line == 21
    assert verdict.detected[0].value == "Parquet"


def test_many_series_are_told_one_by_one_up_to_a_limit(write_csv: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "MOST", 3)
    lines = [line for s in range(8) for line in series(f"s{s}", [*usual(20), 0, 0, *usual(20)])]
    zeros = [f for f in check(write_csv("\n".join(["shop,day,sales", *lines]) + "\n")).findings if f.code == "zeros"]
    assert [found.series for found in zeros] == ["s0", "s1", "s2", None]
    assert (zeros[-1].message, zeros[-1].count) == ("the same in 5 more series", 10)


def test_the_order_of_rows_does_not_change_what_is_found(write_csv: Write) -> None:
    lines = faulty()
    shuffled = [lines[0], *np.random.default_rng(0).permutation(lines[1:]).tolist()]
    plain, mixed = (check(write_csv("\n".join(text) + "\n")) for text in (lines, shuffled))
    keys = [{(f.code, f.series, f.count) for f in verdict.findings} for verdict in (plain, mixed)]
    assert {key[0] for key in keys[1] - keys[0]} == {"unsorted"}
    for found in mixed.findings:
        if found.line and found.code != "gaps":
            assert shuffled[found.line - 1].startswith(f"{found.series},")
