"""Ways to add up, tried on past cutoffs: the one that fits how the errors were made wins; few cutoffs say nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecaster.config import Reconcile
from forecaster.data.hierarchy import Hierarchy
from forecaster.model.samples import PastForecasts
from forecaster.model.trials import Trial, best_of, try_methods

WAYS: tuple[Reconcile, ...] = ("wls", "mint", "bottom-up", "top-down")
TREE = Hierarchy(
    levels=("total", "region", "shop"),
    names=("total", "north", "south"),
    groups=np.array([[0, 0, 0, 0, 0], [1, 1, 2, 2, 2]]),
    ids=("a", "b", "c", "d", "e"),
)


def past(errors: np.ndarray, spacing: float = 1.0) -> PastForecasts:
    """Return past forecasts with these errors [K, n, H] of values that add up."""
    rng = np.random.default_rng(7)
    series = rng.uniform(20, 40, size=(len(errors), 5, errors.shape[2]))
    actual = np.concatenate([np.stack([TREE.add_up(each) for each in series]), series], axis=1)
    return PastForecasts(scores=errors, values=actual - errors, errors=errors, spacing=spacing)


def errors_of(sizes: list[float], count: int = 40) -> np.ndarray:
    """Return errors of these sizes, each node's on its own."""
    return np.random.default_rng(1).normal(size=(count, 8, 3)) * np.array(sizes)[:, None]


def won(errors: np.ndarray) -> Reconcile | None:
    """Return the way that is chosen."""
    return best_of(try_methods(TREE, past(errors), WAYS, np.ones(5, bool)))


def test_errors_on_their_own_are_weighed() -> None:
    trials = try_methods(TREE, past(errors_of([4, 3, 3, 2, 2, 2, 2, 2])), WAYS, np.ones(5, bool))
    assert [trial.method for trial in trials] == list(WAYS)
    assert trials[0].error < 0.9
    assert best_of(trials) == "wls"


def test_a_total_that_misleads_loses_to_adding_up() -> None:
    """The sums' errors are large and of one sign where the series' are too: what weighs by size alone is misled."""
    errors = errors_of([0.1, 0.1, 0.1, 1, 1, 1, 1, 1])
    errors[:, 3:] -= errors[:, 3:].mean(axis=1, keepdims=True)  # the series' errors cancel
    errors[:, 0] = 3 * np.abs(errors[:, 3])
    errors[:, 1:3] = 2 * np.abs(errors[:, 4:6])
    assert won(errors) in ("bottom-up", "mint")


def test_errors_that_go_together_are_for_mint() -> None:
    rng = np.random.default_rng(2)
    series = rng.normal(size=(60, 5, 3)) + 3 * rng.normal(size=(60, 1, 3))
    sums = rng.normal(size=(60, 3, 3)) * np.array([5, 8, 8])[:, None]
    assert won(np.concatenate([sums, series], axis=1)) == "mint"


def test_few_cutoffs_choose_nothing() -> None:
    errors = errors_of([4, 3, 3, 2, 2, 2, 2, 2], count=5)
    assert try_methods(TREE, past(errors), WAYS, np.ones(5, bool)) == ()
    assert try_methods(TREE, past(errors_of([1] * 8, 20), spacing=0.2), WAYS, np.ones(5, bool)) == ()
    assert try_methods(TREE, past(np.full((20, 8, 3), np.nan)), WAYS, np.ones(5, bool)) == ()
    assert best_of(()) is None


def test_what_is_not_known_counts_for_nothing() -> None:
    all_known = past(errors_of([4, 3, 3, 2, 2, 2, 2, 2]))
    whole = try_methods(TREE, all_known, WAYS, np.ones(5, bool))
    errors = all_known.errors.copy()
    errors[:3, 4] = np.nan
    part = try_methods(TREE, replace(all_known, errors=errors), WAYS, np.ones(5, bool))
    assert [trial.error for trial in part] == pytest.approx([trial.error for trial in whole], rel=0.1)


def test_the_usual_way_stays_unless_another_is_clearly_better() -> None:
    usual, other = Trial(method="wls", error=0.95), Trial(method="mint", error=0.945)
    assert best_of((usual, other)) == "wls"
    assert best_of((usual, Trial(method="mint", error=0.93))) == "mint"
