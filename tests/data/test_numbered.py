"""Columns that are numbered and hold steps: rows of M4, M5 and the like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forecaster.base.errors import DataError
from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.numbered import NumberedColumns, find_numbered, numbers_of

Write = Callable[..., Path]
ACROSS = ReadSettings(dates_across=True, time="none")


def rows_of(names: list[str], lengths: tuple[int, ...], columns: list[str]) -> str:
    """Return a file with a row a series, whose values are its number and that of the step."""
    width = len(columns)
    lines = [
        ",".join([name, *(str(1000 * k + s) for s in range(n)), *[""] * (width - n)])
        for k, (name, n) in enumerate(zip(names, lengths, strict=True))
    ]
    return "\n".join(lines) + "\n"


M4 = "V1," + ",".join(f"V{k}" for k in range(2, 42)) + "\n" + rows_of(["Y1", "Y2"], (40, 30), ["x"] * 40)


def test_rows_of_m4_are_refused_with_the_command_that_reads_them(write_csv: Write) -> None:
    path = write_csv(M4)
    with pytest.raises(DataError, match="columns 'V2' to 'V41' are numbered") as fault:
        read_panel(path)
    assert fault.value.hint.endswith(f"forecast check {path} --time none --dates-across")
    panel = read_panel(path, ACROSS)
    assert panel.ids == ("Y1", "Y2")
    assert panel.lengths.tolist() == [40, 30]
    assert panel.values[40] == 1000


def test_steps_get_dates_from_a_start(write_csv: Write) -> None:
    panel = read_panel(write_csv(M4), ReadSettings(dates_across=True, time="none", start="2000-01", freq="MS"))
    assert panel.frequency.alias == "MS"
    assert str(panel.starts[0])[:7] == "2000-01"
    assert panel.season_length == 12


def test_a_model_reads_later_columns_as_it_did_in_training(write_csv: Write) -> None:
    days = [f"d_{k}" for k in range(1, 51)]
    header = "id,item_id,store_id,"
    text = header + ",".join(days) + "\n" + rows_of(["a_1,a,1", "a_2,a,2"], (50, 50), days)
    trained = read_panel(write_csv(text), ReadSettings(dates_across=True, time="none", start="2011-01-29", freq="D"))
    assert trained.ids == ("a_1", "a_2")
    later = header + ",".join(f"d_{k}" for k in range(41, 61)) + "\n" + rows_of(["a_1,a,1"], (20,), days[:20])
    panel = read_panel(write_csv(later), schema=trained.schema)
    assert str(panel.starts[0])[:10] == "2011-03-10"
    assert panel.lengths.tolist() == [20]
    with pytest.raises(DataError, match="no columns d_1, d_2"):
        read_panel(write_csv("id,item_id,store_id,a\na_1,a,1,5\n"), schema=trained.schema)


def test_numbered_columns_beside_dates_are_no_steps(write_csv: Write) -> None:
    lags = ",".join(f"lag_{k}" for k in range(1, 9))
    days = np.datetime64("2024-01-01") + np.arange(30)
    rows = "".join(f"{day},{k},{','.join('1' * 8)}\n" for k, day in enumerate(days))
    assert read_panel(write_csv(f"date,y,{lags}\n{rows}")).lengths.tolist() == [30]


def test_the_longest_run_is_taken() -> None:
    names = ["Product_Code", *(f"W{k}" for k in range(52)), "MIN", *(f"Normalized {k}" for k in range(52))]
    assert find_numbered(names) == NumberedColumns("W", 0, tuple(names[1:53]))
    assert find_numbered(["a1", "a2", "a3"]) is None
    assert find_numbered(["a1", "a2", "a4", "a5", "a7", "a8", "a10"]) is None
    assert numbers_of(["id", "W5", "W7", "X9"], "W#5") == {"W5": 0, "W7": 2}
