"""Paths that add up, and the intervals that are made of them."""

from __future__ import annotations

import numpy as np
import pytest

from forecaster.base.errors import UsageError
from forecaster.data.hierarchy import Hierarchy
from forecaster.model.coherence import MOST, Drawing, check_count, make_coherent
from forecaster.model.copula import GRID_LEVELS, SCORES, learn_dependence
from forecaster.model.forecast import Block
from forecaster.model.origins import Origins
from forecaster.model.reconciliation import Reconciler, fit_reconciler


def two(levels: int = 1) -> Hierarchy:
    """Return the total of two series."""
    return Hierarchy(
        levels=("total", "series"), names=("total",), groups=np.zeros((levels, 2), np.int64), ids=("a", "b")
    )


def normal_block(middle: np.ndarray, spread: np.ndarray) -> Block:
    """Return normal forecasts [n, H]."""
    middle_of = len(GRID_LEVELS)
    ends = [SCORES[middle_of + 1 + k] for k in range(len(GRID_LEVELS))]
    intervals = tuple(
        (level, middle - z * spread, middle + z * spread) for level, z in zip(GRID_LEVELS, ends, strict=True)
    )
    count = len(middle)
    origins = Origins.of_rows(np.zeros((count, 1)))
    return Block(origins=origins, values=middle, intervals=intervals, methods=np.full(count, "x", object))


def alike(correlation: float, nodes: int, horizon: int) -> np.ndarray:
    """Return normal scores of past errors [K, n, H] with one correlation between all nodes."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(400, 1, horizon))
    return np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * rng.normal(size=(400, nodes, horizon))


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_the_spread_of_a_sum_is_that_of_errors_together(correlation: float) -> None:
    """Two series with a standard deviation of 10: their sum has sqrt(2 + 2 r) times that."""
    tree = two()
    bottom_up = Reconciler(hierarchy=tree, method="bottom-up", variances=np.ones(3))
    base = normal_block(np.full((2, 3), 100.0), np.full((2, 3), 10.0))
    found = make_coherent(
        bottom_up, base, learn_dependence(alike(correlation, 2, 3), 1.0), Drawing(count=4000, seed=0), np.ones(2, bool)
    )
    expected = 10 * np.sqrt(2 + 2 * correlation)
    assert found.samples[0].std() == pytest.approx(expected, rel=0.06)
    low, high = found.interval(found.quantiles((80.0,), ()), 80.0)
    assert (high - low)[0] == pytest.approx(2 * 1.2816 * expected, rel=0.08)
    assert found.values[0].tolist() == [200.0] * 3


@pytest.mark.parametrize("method", ["bottom-up", "top-down", "wls", "mint"])
def test_every_path_adds_up_and_stays_above_zero(method: str) -> None:
    tree, rng = two(), np.random.default_rng(1)
    errors = rng.normal(size=(20, 3, 2))
    reconciler = fit_reconciler(tree, method, errors, 1.0)
    base = normal_block(np.array([[9.0, 9.0], [1.0, 0.5], [4.0, 4.0]]), np.full((3, 2), 3.0))
    learned = learn_dependence(errors, 1.0)
    found = make_coherent(reconciler, base, learned, Drawing(count=300, seed=3), np.array([True, True]))
    units = np.rint(found.samples * 10.0**found.decimals)
    assert (units[0] == units[1] + units[2]).all()
    assert (found.samples >= 0).all()
    assert (found.values[0] >= 0).all()
    learned = learn_dependence(errors, 1.0)
    same = make_coherent(reconciler, base, learned, Drawing(count=300, seed=3), np.array([True, True]))
    np.testing.assert_array_equal(found.samples, same.samples)


def test_series_that_were_below_zero_may_be_so_again() -> None:
    bottom_up = Reconciler(hierarchy=two(), method="bottom-up", variances=np.ones(3))
    base = normal_block(np.array([[-5.0], [2.0]]), np.full((2, 1), 1.0))
    errors = np.random.default_rng(0).normal(size=(20, 2, 1))
    learned = learn_dependence(errors, 1.0)
    found = make_coherent(bottom_up, base, learned, Drawing(count=50, seed=0), np.array([False, True]))
    assert found.values[:, 0].tolist() == [-3.0, -5.0, 2.0]


def test_paths_that_do_not_fit_into_memory_are_refused() -> None:
    assert check_count(10, 10, None) == 1000
    assert check_count(10_000, 28, None) == 200
    assert check_count(10, 10, 5) == 5
    with pytest.raises(UsageError, match=r"--paths 1,000,000 of 10,000 series and sums, 28 steps each: 2240\.0 GB"):
        check_count(10_000, 28, 1_000_000)
    assert MOST // (10_000 * 28) > 200
