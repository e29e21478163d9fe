"""Values ahead that covariates never had: named with place and count, and how far they are outside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecaster.data.covariates import Covariate, Covariates
from forecaster.data.novelty import Novelty, novelties
from forecaster.data.panel import Panel, panel_from_arrays


def with_column(values: list[float], names: tuple[str, ...] | None = None) -> Panel:
    """Return two series of three values, with a covariate of three steps and two ahead each."""
    column = Covariate("price", "future", np.array(values), names)
    panel = panel_from_arrays([np.array([1.0, 2, 3]), np.array([4.0, 5, 6])], freq="D")
    return replace(panel, covariates=Covariates(np.array([0, 5]), np.array([5, 5]), (column,)))


def found(panel: Panel) -> Novelty:
    """Return the one thing that is new."""
    [novelty] = novelties(panel)
    return novelty


def test_what_was_there_is_not_new() -> None:
    assert novelties(with_column([0, 5, 10, 0, 10, 1, 2, 3, 4, np.nan])) == []
    assert novelties(panel_from_arrays([np.array([1.0, 2, 3])], freq="D")) == []


@pytest.mark.parametrize(("value", "is_far"), [(10.9, False), (11.1, True), (-0.9, False), (-1.1, True)])
def test_a_tenth_of_the_range_is_near(value: float, is_far: bool) -> None:
    novelty = found(with_column([0, 5, 10, 0, 10, 1, 2, 3, 4, value]))
    assert novelty.is_far is is_far
    assert novelty.name == "price"
    assert f"was never {value:g}: it was 0 to 10" in novelty.message


def test_the_farthest_is_named_with_its_place() -> None:
    novelty = found(with_column([0, 5, 10, 12, 10, 1, 2, 3, 20, 15]))
    assert "never 20" in novelty.message
    assert "3 such values" in novelty.message
    assert "series '" in novelty.message


def test_a_category_is_new_or_not() -> None:
    names = ("high", "low", "none")
    assert novelties(with_column([0, 1, 0, 1, 0, 0, 0, 0, 1, 1], names)) == []
    novelty = found(with_column([0, 1, 0, 2, 0, 0, 0, 0, 1, 1], names))
    assert novelty.is_far
    assert "'none'" in novelty.message
