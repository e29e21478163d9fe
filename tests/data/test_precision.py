"""How many digits the data has: found whatever their size, and not hidden by the noise of floats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.data.panel import panel_from_arrays
from forecaster.data.precision import decimals_of, digits_for


@pytest.mark.parametrize(
    ("values", "digits"),
    [
        ([1, 20, 300], 0),
        ([1e15, 2.0, -3.0], 0),
        ([1.5, 2.0], 1),
        ([315.98, 0.07, -1e6], 2),
        ([0.00012], 5),
        ([0.1 + 0.2, 1.1 * 3], 1),
        ([np.nan, 2.25], 2),
        ([np.pi], None),
        ([1e-15], None),
        ([1e300, 2.0], 0),
        ([], None),
    ],
)
def test_decimals(values: list[float], digits: int | None) -> None:
    assert decimals_of(np.array(values, np.float64)) == digits


def test_values_that_came_as_float32() -> None:
    assert decimals_of(np.array([0.1, 17.35], np.float32).astype(np.float64)) == 2


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=20), st.integers(0, 6))
def test_numbers_written_with_so_many_digits_have_no_more(whole: list[int], digits: int) -> None:
    found = decimals_of(np.array([float(f"{n / 10**digits:.{digits}f}") for n in whole]))
    assert found is not None
    assert found <= digits


def test_only_what_was_observed_counts() -> None:
    panel = panel_from_arrays([np.array([1.0, 2.0, 1 / 3, 4.0])], freq="D")
    assert digits_for(panel) is None
    assert digits_for(replace(panel, filled=np.array([False, False, True, False]))) == 2
