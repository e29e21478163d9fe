"""Missing steps: what fills them, and the series that have too many."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import (
    DataError,
)
from forecaster.data.holes import fill
from tests.data.conftest import Read


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none(), min_size=3, max_size=30))
def test_filled_values_lie_between_their_neighbours(cells: list[float | None]) -> None:
    values = np.array([0.0, *(np.nan if cell is None else cell for cell in cells), 1.0])
    holes = np.isnan(values)
    fill(values, holes, "interpolate")
    assert np.isfinite(values).all()
    known = pd.Series(np.where(holes, np.nan, values))
    low, high = np.fmin(known.ffill(), known.bfill()), np.fmax(known.ffill(), known.bfill())
    slack = 1e-9 * np.maximum(np.abs(low), np.abs(high))
    assert ((values >= low - slack) & (values <= high + slack)).all()


def test_bad_series_are_skipped_and_named(read: Read) -> None:
    rows = [f"a,2024-01-{day:02d},{day}" for day in range(1, 29)] + ["b,2024-01-01,", "b,2024-01-02,", "c,2024-01-01,1"]
    rows += ["c,2024-01-28,1"]
    panel = read("id,ds,y\n" + "\n".join(rows) + "\n")
    assert panel.ids == ("a",)
    assert [name for name, _ in panel.skipped] == ["b", "c"]
    assert "missing" in panel.skipped[0][1]
    with pytest.raises(DataError, match="all its values are missing"):
        read("ds,y\n2024-01-01,NA\n2024-01-02,NA\n")
