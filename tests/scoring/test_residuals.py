"""One-step-ahead errors: which they are, and their autocorrelation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.model import store
from forecaster.model.origins import Origins
from forecaster.model.predictor import forecast_windows
from forecaster.scoring import metrics
from forecaster.scoring.residuals import BINS, autocorrelation, find_residuals
from tests.conftest import Trained


@pytest.fixture(scope="module")
def model(trained: Trained) -> store.SavedModel:
    return store.load_model(trained.models_dir, trained.name)


@pytest.fixture(scope="module")
def panel(trained: Trained, model: store.SavedModel) -> Panel:
    return read_panel(trained.data, schema=model.schema)


def plain_autocorrelation(x: np.ndarray, lag: int) -> float:
    """Return the textbook formula for one series, step by step."""
    x = x - x.mean()
    return sum(x[t] * x[t - lag] for t in range(lag, len(x))) / sum(value * value for value in x)


def test_the_errors_are_those_of_a_plain_loop(model: store.SavedModel, panel: Panel) -> None:
    found = find_residuals(model, panel)
    assert found is not None
    errors = []
    for s in range(panel.n_series):
        for end in range(int(panel.offsets[s]) + 2, int(panel.offsets[s + 1])):
            origin = Origins.of(panel, np.array([s]), np.array([end]))
            (block,) = forecast_windows(model, panel, origin, 1, ())
            scale = metrics.seasonal_error(panel.values, origin, model.season)
            errors.append((panel.values[end] - block.values[0, 0]) / scale[0])
    errors = np.array(errors)[~np.isnan(errors)]
    assert (found.count, found.series) == (len(errors), 5)
    assert found.mean == pytest.approx(errors.mean())
    assert found.deviation == pytest.approx(errors.std())
    assert found.noise == pytest.approx(1.96 / np.sqrt(len(errors)))
    assert (len(found.edges), found.counts.sum()) == (BINS + 1, len(errors))
    assert len(found.autocorrelation) == 14


def test_nothing_to_compare_with_is_none(model: store.SavedModel, panel: Panel) -> None:
    flat = replace(panel, values=np.full_like(panel.values, 5.0))
    assert find_residuals(model, flat) is None  # a constant series has no scale


@given(st.lists(st.floats(-100, 100), min_size=5, max_size=30).filter(lambda x: np.std(x) > 1e-3))
def test_autocorrelation_of_one_series_is_that_of_the_textbook(values: list[float]) -> None:
    x = np.array(values)
    expected = [plain_autocorrelation(x, lag) for lag in (1, 2, 3)]
    np.testing.assert_allclose(autocorrelation(x[None], 3), expected, atol=1e-9)


def test_autocorrelation_of_several_series_leaves_out_what_is_missing() -> None:
    wave = np.tile([1.0, -1.0], 50)
    table = np.array([wave, wave + 7.0])
    table[0, :10] = np.nan
    found = autocorrelation(table, 2)
    assert found[0] == pytest.approx(-1, abs=0.02)
    assert found[1] == pytest.approx(1, abs=0.04)
    assert len(autocorrelation(np.ones((2, 9)), 3)) == 0
