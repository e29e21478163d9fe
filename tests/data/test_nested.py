"""JSON of any shape → records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from forecaster.base.errors import DataError, UsageError
from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.nested import flat, records_in

RECORDS = [{"date": f"2024-01-{day:02d}", "value": float(day)} for day in range(1, 29)]
ROWS = [[record["date"], record["value"]] for record in RECORDS]


@pytest.mark.parametrize(
    "value",
    [
        RECORDS,
        {"data": RECORDS},
        {"status": "ok", "count": 28, "results": RECORDS},
        {"response": {"total": 28, "data": RECORDS, "notes": []}},
        {"columns": ["date", "value"], "index": list(range(28)), "data": ROWS},
        {"latitude": 1.0, "daily": {"date": [row[0] for row in ROWS], "value": [row[1] for row in ROWS]}},
        {"meta": {"unit": "MW"}, "data": [{"date": row[0], "load": {"value": row[1]}} for row in ROWS]},
        ROWS,
        {"base": "EUR", "rates": {row[0]: {"USD": row[1]} for row in ROWS}},
        {"meta": {"a": 1}, "series": dict(ROWS)},
    ],
)
def test_every_shape_is_the_same_series(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(value))
    panel = read_panel(path)
    assert panel.values.tolist() == list(range(1, 29))


def test_several_lists_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps({"hourly": {"a": RECORDS[:20]}, "daily": RECORDS}))
    with pytest.raises(DataError, match=r"several lists of records: daily, hourly\.a") as fault:
        read_panel(path)
    assert fault.value.hint.endswith(f"forecast check {path} --sheet daily")
    panel = read_panel(path, ReadSettings(sheet="hourly.a"))
    assert panel.lengths.tolist() == [20]
    assert read_panel(path, schema=panel.schema).lengths.tolist() == [20]
    with pytest.raises(DataError, match="no list of records 'weekly'"):
        read_panel(path, ReadSettings(sheet="weekly"))


def test_a_sheet_is_for_files_that_have_some(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("date,y\n2024-01-01,1\n2024-01-02,2\n")
    with pytest.raises(UsageError, match="is for a workbook or JSON"):
        read_panel(path, ReadSettings(sheet="a"))


@pytest.mark.parametrize("value", [{}, None, "x", 5, [1, 2], [[1], [2]], {"a": {"b": {}}}, [[1, [2]], [3, 4]]])
def test_what_holds_no_records_has_none(value: Any) -> None:
    assert records_in(value, "x") == []


def test_objects_in_cells_become_cells() -> None:
    assert flat({"a": 1, "b": {"c": 2, "d": {"e": 3}}}) == {"a": 1, "b.c": 2, "b.d.e": 3}
    assert flat({"a": 1}) == {"a": 1}
    deep: Any = 1
    for _ in range(2000):
        deep = {"k": deep}
    assert len(flat({"a": deep})) == 1
