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


@pytest.mark.parametrize(("seasons", "length"), [((1,), 3), ((4,), 30), ((12,), 40), ((7, 28), 60)], ids=str)
def test_many_contexts_without_a_gap_are_answered_as_each_is_alone(seasons: tuple[int, ...], length: int) -> None:
    rng = np.random.default_rng(length)
    x = rng.normal(0, 1, (length, length)).cumsum(axis=1) * rng.lognormal(0, 3, (length, 1))
    x[0] = 0.0
    seen = np.ones_like(x, bool)
    alone = np.concatenate([candidates(x[i : i + 1], seen[:1], rhythm(seasons), 9) for i in range(length)])
    size = np.abs(x).max(axis=1)[:, None, None]
    assert (np.abs(candidates(x, seen, rhythm(seasons), 9) - alone) <= 1e-13 * size).all()


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
