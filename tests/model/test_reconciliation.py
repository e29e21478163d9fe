"""Forecasts that are made to add up: against the plain formulas, and to the last digit that is written."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.config import Reconcile
from forecaster.data.hierarchy import Hierarchy
from forecaster.model.reconciliation import (
    LEAST_SHRINKAGE,
    Reconciler,
    add_exactly,
    decimals_for,
    fit_reconciler,
    shrinkage_of,
)
from tests.data.test_hierarchy import random_hierarchy

SEEDS = st.integers(0, 10_000)


def nested() -> Hierarchy:
    """Return two regions of two and three shops."""
    return Hierarchy(
        levels=("total", "region", "shop"),
        names=("total", "north", "south"),
        groups=np.array([[0, 0, 0, 0, 0], [1, 1, 2, 2, 2]]),
        ids=("a", "b", "c", "d", "e"),
    )


def past(tree: Hierarchy, seed: int, count: int = 12, horizon: int = 3) -> np.ndarray:
    """Return past errors [K, n, H], of which some go together."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(count, len(tree.nodes), horizon)) * rng.uniform(0.5, 3, size=len(tree.nodes))[:, None]
    return own + rng.normal(size=(count, 1, horizon))


@given(SEEDS, st.integers(2, 12), st.integers(0, 2), st.sampled_from(["wls", "mint"]))
def test_the_plain_formula(seed: int, series: int, levels: int, method: Reconcile) -> None:
    """(S' W⁻¹ S)⁻¹ S' W⁻¹ y, with all matrices written out."""
    tree = random_hierarchy(seed, series, levels)
    reconciler = fit_reconciler(tree, method, past(tree, seed), 1.0)
    assert reconciler.method == method
    weights = np.diag(reconciler.variances)
    if reconciler.factor is not None:
        weights += reconciler.factor @ reconciler.factor.T
    summing = np.concatenate([tree.add_up(np.eye(series)), np.eye(series)])
    inverse = np.linalg.inv(weights)
    base = np.random.default_rng(seed).normal(10, 3, size=(len(tree.nodes), 4))
    plain = np.linalg.solve(summing.T @ inverse @ summing, summing.T @ inverse @ base)
    np.testing.assert_allclose(reconciler.series(base), plain, atol=1e-6)
    deep = reconciler.series(base.reshape(-1, 2, 2))
    np.testing.assert_allclose(deep.reshape(series, 4), plain, atol=1e-6)


@given(SEEDS, st.integers(2, 12), st.sampled_from(["bottom-up", "top-down", "wls", "mint"]))
def test_what_adds_up_stays_as_it_is(seed: int, series: int, method: Reconcile) -> None:
    tree = random_hierarchy(seed, series, 1)
    own = np.random.default_rng(seed).uniform(1, 9, size=(series, 3))
    base = np.concatenate([tree.add_up(own), own])
    reconciler = fit_reconciler(tree, method, past(tree, seed), 1.0)
    np.testing.assert_allclose(reconciler.series(base), own, atol=1e-6)


def test_the_covariances_are_those_of_the_errors() -> None:
    """For mint W is the covariance of past errors, drawn towards its diagonal by the share that was found."""
    tree = nested()
    errors = past(tree, 5)
    reconciler = fit_reconciler(tree, "mint", errors, 1.0)
    assert reconciler.factor is not None
    flat = errors.transpose(0, 2, 1).reshape(-1, len(tree.nodes))
    covariance = flat.T @ flat / len(flat)
    share = max(shrinkage_of(errors / np.sqrt(np.diag(covariance))[:, None]), LEAST_SHRINKAGE)
    wanted = share * np.diag(np.diag(covariance)) + (1 - share) * covariance
    np.testing.assert_allclose(np.diag(reconciler.variances) + reconciler.factor @ reconciler.factor.T, wanted)


@given(SEEDS, st.integers(3, 20), st.integers(2, 8), st.integers(1, 4))
def test_shrinkage_pair_by_pair(seed: int, count: int, nodes: int, horizon: int) -> None:
    """Schäfer and Strimmer's estimate, with every pair of series looked at."""
    scores = np.random.default_rng(seed).normal(size=(count, nodes, horizon))
    scores += np.random.default_rng(seed + 1).normal(size=(count, 1, horizon))
    products = np.einsum("kih,kjh->kij", scores, scores) / horizon
    mean = products.mean(axis=0)
    variance = ((products - mean) ** 2).sum(axis=0) / (count * (count - 1))
    off = ~np.eye(nodes, dtype=bool)
    plain = np.clip(variance[off].sum() / (mean[off] ** 2).sum(), 0, 1)
    assert shrinkage_of(scores) == pytest.approx(plain, abs=1e-9)


def test_errors_that_do_not_go_together_are_taken_for_none() -> None:
    rng = np.random.default_rng(0)
    assert shrinkage_of(rng.normal(size=(10, 60, 1))) > 0.8
    assert shrinkage_of(np.repeat(rng.normal(size=(60, 1, 1)), 20, axis=1)) < 0.1


def test_top_down_shares_out_level_by_level() -> None:
    tree = nested()
    base = np.array([100.0, 30.0, 20.0, 3.0, 1.0, 5.0, 5.0, 0.0])[:, None]
    found = fit_reconciler(tree, "top-down", np.empty((0, 8, 1)), 1.0).series(base)[:, 0]
    np.testing.assert_allclose(found, [45.0, 15.0, 20.0, 20.0, 0.0])


def test_top_down_shares_alike_where_nothing_is_forecast() -> None:
    tree = nested()
    base = np.array([100.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])[:, None]
    found = fit_reconciler(tree, "top-down", np.empty((0, 8, 1)), 1.0).series(base)[:, 0]
    np.testing.assert_allclose(found, [25.0, 25.0, 50 / 3, 50 / 3, 50 / 3])


@pytest.mark.parametrize("method", ["wls", "mint"])
def test_without_a_past_sums_are_weighed_by_their_series(method: Reconcile) -> None:
    tree = nested()
    reconciler = fit_reconciler(tree, method, np.full((2, 8, 1), np.nan), 1.0)
    assert reconciler.method == "wls"
    assert reconciler.variances.tolist() == [5, 2, 3, 1, 1, 1, 1, 1]


def test_a_node_without_errors_is_held_fast() -> None:
    tree, errors = nested(), past(nested(), 1)
    errors[:, 0] = 0.0
    base = np.array([100.0, 30.0, 20.0, 3.0, 1.0, 5.0, 5.0, 0.0])[:, None]
    found = fit_reconciler(tree, "wls", errors, 1.0).series(base)
    assert found.sum() == pytest.approx(100.0, abs=1e-3)


@given(SEEDS, st.integers(2, 40), st.floats(-8, 8))
def test_sums_add_up_as_they_are_written(seed: int, series: int, power: float) -> None:
    """In decimals, as the shortest text that reads back equal says them."""
    tree = random_hierarchy(seed, series, 2)
    values = np.random.default_rng(seed).normal(size=(series, 2)) * 10.0**power
    decimals = decimals_for(values, float(np.abs(values).sum()))
    every = add_exactly(tree, values, decimals)
    np.testing.assert_allclose(every[tree.n_sums :], values, atol=0.5001 * 10.0**-decimals)
    written = [[Decimal(repr(float(value))) for value in row] for row in every]
    for node in range(tree.n_sums):
        inside = np.flatnonzero((tree.groups == node).any(axis=0)) + tree.n_sums
        for step in range(2):
            assert written[node][step] == sum(written[s][step] for s in inside)


def test_nothing_forecast_has_no_decimals() -> None:
    assert decimals_for(np.zeros((3, 2)), 0.0) == 0
    assert add_exactly(nested(), np.full((5, 1), -0.1), 0).tolist() == [[0.0]] * 8


def test_bottom_up_reads_the_series_alone() -> None:
    tree = nested()
    own = np.arange(10.0).reshape(5, 2)
    reconciler = Reconciler(hierarchy=tree, method="bottom-up", variances=np.ones(8))
    assert reconciler.series(own).tolist() == own.tolist()
