"""Samples of errors: each step as its distribution says, and all together as the errors of the past."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.model.copula import (
    GRID_LEVELS,
    SCORES,
    distribution,
    learn_dependence,
    mean_of,
    normal_scores,
    values_at,
)


def autoregressive(rng: np.random.Generator, shape: tuple[int, ...], step: float) -> np.ndarray:
    """Standard normal numbers [..., H], neighbours correlated by `step`."""
    out = rng.normal(size=shape)
    for h in range(1, shape[-1]):
        out[..., h] = step * out[..., h - 1] + np.sqrt(1 - step**2) * out[..., h]
    return out


def skewed(windows: int, horizon: int) -> np.ndarray:
    """Distributions [n, H, Q] that are not symmetric, and wider from step to step."""
    width = np.arange(1, horizon + 1)[None, :, None]
    return np.broadcast_to(100 + width * np.expm1(SCORES / 2), (windows, horizon, len(SCORES)))


def test_the_mean_is_that_of_many_samples() -> None:
    """Of a normal distribution it is its middle; of skewed ones what 200,000 samples come to."""
    straight = np.broadcast_to(5 + 2 * SCORES, (1, 3, len(SCORES)))
    assert mean_of(straight) == pytest.approx(np.full((1, 3), 5.0))
    grid = skewed(2, 3)
    drawn = values_at(np.random.default_rng(0).normal(size=(2, 200_000, 3)), grid)
    assert mean_of(grid) == pytest.approx(drawn.mean(axis=1), rel=2e-4)


def test_marginals_are_the_distributions() -> None:
    """Kolmogorov and Smirnov: at every step the samples are of the distribution, at a level of 0.1 %."""
    rng = np.random.default_rng(0)
    dependence = learn_dependence(autoregressive(rng, (60, 3, 6), 0.7), 1.0)
    count = 4000
    grid = skewed(3, 6)
    paths = values_at(dependence.draws(count, 1).scores(np.arange(3)), grid)
    for s in range(3):
        for h in range(6):
            ordered = np.sort(np.interp(paths[s, :, h], grid[s, h], SCORES))
            expected = np.searchsorted(ordered, SCORES[1:-1]) / count
            nominal = np.array(
                [0.5 - q / 200 for q in GRID_LEVELS[-2::-1]] + [0.5] + [0.5 + q / 200 for q in GRID_LEVELS[:-1]]
            )
            assert np.abs(expected - nominal).max() < 1.95 / np.sqrt(count)


@pytest.mark.parametrize("step", [0.0, 0.5, 0.9])
def test_errors_of_neighbouring_steps_are_correlated_as_in_the_past(step: float) -> None:
    rng = np.random.default_rng(1)
    dependence = learn_dependence(autoregressive(rng, (300, 1, 8), step), 1.0)
    drawn = dependence.draws(5000, 0).scores(np.zeros(1, np.int64))[0]
    for lag in (1, 2, 4):
        found = np.mean(drawn[:, lag:] * drawn[:, :-lag])
        assert found == pytest.approx(step**lag, abs=0.1)


def test_sums_hold_what_they_should_and_independent_steps_do_not() -> None:
    """Of made-up errors that hang together, intervals of sums hold 80 %; as if steps were independent, far fewer."""
    rng = np.random.default_rng(2)
    dependence = learn_dependence(autoregressive(rng, (100, 1, 12), 0.8), 1.0)
    sums = dependence.draws(4000, 0).scores(np.zeros(1, np.int64))[0].sum(axis=1)
    came = autoregressive(rng, (4000, 12), 0.8).sum(axis=1)
    low, high = np.quantile(sums, [0.1, 0.9])
    assert np.mean((came >= low) & (came <= high)) == pytest.approx(0.8, abs=0.05)
    half = 1.2816 * np.sqrt(12)
    assert np.mean(np.abs(came) <= half) < 0.6


def test_series_that_err_together_are_drawn_together() -> None:
    rng = np.random.default_rng(3)
    common = rng.normal(size=(60, 1, 4))
    together = np.sqrt(0.8) * common + np.sqrt(0.2) * rng.normal(size=(60, 10, 4))
    apart = rng.normal(size=(60, 10, 4))
    for scores, low, high in ((together, 0.6, 0.95), (apart, -0.1, 0.1)):
        dependence = learn_dependence(scores, 1.0)
        drawn = dependence.draws(3000, 0).scores(np.arange(10))[:, :, 0]
        found = np.corrcoef(drawn)[np.triu_indices(10, 1)].mean()
        assert low < found < high


def test_too_little_history_means_that_all_steps_err_alike() -> None:
    dependence = learn_dependence(np.full((2, 1, 5), 0.5), 1.0)
    assert not dependence.is_known
    drawn = dependence.draws(50, 0).scores(np.zeros(1, np.int64))[0]
    np.testing.assert_allclose(drawn, np.repeat(drawn[:, :1], 5, axis=1), atol=1e-6)


def test_the_same_seed_gives_the_same_samples_however_they_are_cut() -> None:
    dependence = learn_dependence(autoregressive(np.random.default_rng(4), (20, 6, 3), 0.5), 0.5)
    whole = dependence.draws(40, 7).scores(np.arange(6))
    parts = dependence.draws(40, 7)
    np.testing.assert_array_equal(whole, np.concatenate([parts.scores(np.arange(4)), parts.scores(np.arange(4, 6))]))
    assert not np.array_equal(whole, dependence.draws(40, 8).scores(np.arange(6)))


@given(st.lists(st.floats(SCORES[0], SCORES[-1]), min_size=4, max_size=4))
def test_scores_and_values_are_inverse(scores: list[float]) -> None:
    grid, asked = skewed(1, 4), np.array([scores])
    values = values_at(asked[:, None], grid)[:, 0]
    np.testing.assert_allclose(normal_scores(values, grid), asked, atol=1e-6)


def test_values_at_which_quantiles_meet_have_the_middle_of_their_scores() -> None:
    """Half of the distribution is 0, as of sales of spare parts: 0 is no extreme value there."""
    grid = np.maximum(SCORES, 0.0)[None, None]
    assert normal_scores(np.array([[0.0]]), grid)[0, 0] == pytest.approx(SCORES[0] / 2)
    assert normal_scores(np.array([[-5.0, 99.0]]), np.repeat(grid, 2, axis=1))[0].tolist() == [SCORES[0], SCORES[-1]]
    assert np.isnan(normal_scores(np.array([[np.nan, 1.0]]), np.stack([grid[0, 0], np.ones_like(SCORES)])[None])).all()


def test_a_distribution_is_made_of_intervals() -> None:
    middle = np.full((2, 3), 10.0)
    intervals = [(level, middle - level, middle + level) for level in (*GRID_LEVELS, 97.0)]
    grid = distribution(middle, intervals)
    assert grid.shape == (2, 3, len(SCORES))
    assert grid[0, 0, 0] == pytest.approx(10 - 99.8)
    assert (np.diff(grid, axis=-1) > 0).all()
