"""Season lengths found in values."""

from __future__ import annotations

import numpy as np
import pytest

from forecaster.data.seasonality import find_season


def offsets(*lengths: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)])


@pytest.mark.parametrize("season", [4, 7, 12, 24, 52])
def test_a_season_under_noise_and_trend_is_found(season: int) -> None:
    steps = np.arange(season * 20)
    noise = np.random.default_rng(season).normal(size=len(steps)) * 0.5
    values = np.tile(np.random.default_rng(1).normal(size=season) * 3, 20) + noise + steps * 0.1
    assert find_season(values, offsets(len(values))) == season


def test_the_shortest_of_nested_seasons_is_taken() -> None:
    hours = np.arange(24 * 7 * 8)
    values = np.sin(2 * np.pi * hours / 24) + 0.2 * (hours // 24 % 7 >= 5)
    assert find_season(values, offsets(len(values))) == 24


@pytest.mark.parametrize(
    "values",
    [np.random.default_rng(0).normal(size=500), np.random.default_rng(0).normal(size=500).cumsum(), np.ones(50)],
    ids=["noise", "random walk", "constant"],
)
def test_no_season_is_found_where_there_is_none(values: np.ndarray) -> None:
    assert find_season(values, offsets(len(values))) == 1


def test_many_series_speak_together() -> None:
    rng = np.random.default_rng(3)
    parts = [np.tile(rng.normal(size=12), 5) + rng.normal(size=60) for _ in range(50)]
    assert find_season(np.concatenate(parts), offsets(*[60] * 50)) == 12


@pytest.mark.parametrize("lengths", [[1], [2, 3], [5]])
def test_series_too_short_for_any_season(lengths: list[int]) -> None:
    assert find_season(np.arange(float(sum(lengths))), offsets(*lengths)) == 1
