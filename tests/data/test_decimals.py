"""How many digits numbers have: found whatever their size, and not hidden by the noise of floats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.data.decimals import decimals_of, rounded_as


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


@given(st.lists(st.integers(-(10**7), 10**7), min_size=1, max_size=500), st.integers(0, 6))
def test_a_sum_has_the_digits_of_what_was_added_up(whole: list[int], digits: int) -> None:
    values = np.array(whole) / 10**digits
    assert rounded_as(np.array([values.sum()]), values)[0] == pytest.approx(sum(whole) / 10**digits, rel=0, abs=0)


def test_sums_of_numbers_without_fewest_digits_and_large_ones_stay() -> None:
    assert rounded_as(np.array([np.pi]), np.array([np.pi])) == np.pi
    assert rounded_as(np.array([1e17 + 16, np.nan]), np.array([0.25, 1.0]))[0] == 1e17 + 16
