"""The simple forecasts: each against what it is meant to be, and all of them under missing values and padding."""

from __future__ import annotations

import numpy as np
import pytest

from forecaster.model.pretrained.candidates import NAMES, candidates, seasonal_naive, slope
from forecaster.model.pretrained.rhythm import rhythm


def answer(x: np.ndarray, name: str, seasons: tuple[int, ...], steps: int) -> np.ndarray:
    seen = np.isfinite(x)[None]
    found = candidates(np.where(seen, x, 0.0), seen, rhythm(seasons), steps)
    return found[0, NAMES.index(name)]


def test_seasonal_naive_repeats_the_last_season_and_looks_further_back_where_it_is_missing() -> None:
    x = np.array([[1.0, 2, 3, 4, 5, 6, 7, 8]])
    seen = np.array([[True] * 6 + [False, True]])
    np.testing.assert_array_equal(seasonal_naive(np.where(seen, x, 0), seen, 4, 6)[0], [5, 6, 3, 8, 5, 6])


def test_slope_is_that_of_a_line_whatever_is_missing() -> None:
    x = 3 + 0.5 * np.arange(20.0)[None]
    seen = np.random.default_rng(1).random((1, 20)) < 0.7
    for decay in (1.0, 0.9, 0.5):
        np.testing.assert_allclose(slope(np.where(seen, x, 0), seen, decay), 0.5, rtol=1e-6)


def test_a_line_goes_on_as_a_line() -> None:
    x = 3 + 0.5 * np.arange(24.0)
    np.testing.assert_allclose(answer(x, "line", (1,), 4), 3 + 0.5 * np.arange(24, 28), rtol=1e-9)
    np.testing.assert_allclose(answer(x, "drift", (1,), 4), 3 + 0.5 * np.arange(24, 28), rtol=1e-9)


@pytest.mark.parametrize("name", ["seasonal_naive", "recent_season", "ses_05", "ses_50", "line"])
def test_a_pure_season_goes_on_as_it_was(name: str) -> None:
    x = np.tile([5.0, 1, 3, 7], 8)
    np.testing.assert_allclose(answer(x, name, (4,), 6), [5, 1, 3, 7, 5, 1], atol=0.35)


def test_the_week_of_a_year_ago_is_moved_to_the_level_of_today() -> None:
    step = np.arange(900)
    x = np.where(step % 364 == 10, 50.0, 10.0) + step // 364
    found = answer(x[: 364 * 2 + 8], "second_naive", (7, 365), 7)
    assert found.argmax() == 2
