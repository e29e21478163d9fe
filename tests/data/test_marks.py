"""Which marks and units read the numbers of a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forecaster.base.errors import DataError
from forecaster.config import ReadSettings
from forecaster.data.grid import read_panel

Write = Callable[..., Path]
DAYS = [str(np.datetime64("2022-01-03") + k) for k in range(30)]


@pytest.mark.parametrize(
    ("cell", "first"),
    [
        ("{} kWh", 100),
        ("{},5 °C", 100.5),
        ("1\u2019{}.50", 1100.5),
        ("1,20,{}.50", 120100.5),
        ("{} foo", 100),
        ("{}\u00a0‰", 100),
    ],
)
def test_numbers_as_people_write_them(write_csv: Write, cell: str, first: float) -> None:
    rows = "".join(f"{day};{cell.format(100 + k)}\n" for k, day in enumerate(DAYS))
    panel = read_panel(write_csv(f"date;value\n{rows}"))
    np.testing.assert_allclose(panel.values, first + np.arange(30))


def test_columns_may_have_units_of_their_own(write_csv: Write) -> None:
    rows = "".join(f"{day},{k} °C,{50 + k} %\n" for k, day in enumerate(DAYS))
    panel = read_panel(write_csv(f"date,temp,humidity\n{rows}"), ReadSettings(wide=True))
    np.testing.assert_allclose(panel.values.reshape(2, -1), [np.arange(30), 50 + np.arange(30)])


def test_two_units_in_a_column_are_refused(write_csv: Write) -> None:
    rows = "".join(f"{day},{k} {'kWh' if k % 2 else 'MWh'}\n" for k, day in enumerate(DAYS))
    with pytest.raises(DataError, match="is not a number") as fault:
        read_panel(write_csv(f"date,value\n{rows}"))
    assert "in one unit" in fault.value.hint


def test_a_bound_of_detection_is_a_marker(write_csv: Write) -> None:
    path = write_csv("date,value\n" + "".join(f"{day},{'<5' if k == 7 else k}\n" for k, day in enumerate(DAYS)))
    with pytest.raises(DataError, match="'<5' is not a number") as fault:
        read_panel(path)
    assert "--na-values '<5'" in fault.value.hint
    assert read_panel(path, ReadSettings(na_values="<5")).filled.sum() == 1
