"""Forecasts by a saved model: at the end of a series, or from a cutoff before it, as if the rest were not known."""

from __future__ import annotations

import numpy as np
import pytest

from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.model import store
from forecaster.model.origins import Origins, first_changes
from forecaster.model.predictor import forecast_windows, make_forecast
from tests.conftest import Trained


@pytest.fixture(scope="module")
def model(trained: Trained) -> store.SavedModel:
    return store.load_model(trained.models_dir, trained.name)


def daily(*series: list[float]) -> Panel:
    return panel_from_arrays(list(series), freq="D", season_length=7)


def test_a_forecast_from_a_cutoff_is_that_of_a_file_that_ends_there(trained: Trained, model: store.SavedModel) -> None:
    panel = read_panel(trained.data)
    series, past = np.array([0, 3, 3, 4]), np.array([50, 3, 30, 60])
    origins = Origins.of(panel, series, panel.offsets[series] + past)
    [block] = forecast_windows(model, panel, origins, 5, (80.0,))
    for at, (s, n) in enumerate(zip(series, past, strict=True)):
        alone = make_forecast(model, daily(panel.series(s)[:n].tolist()), 5, (80.0,))
        np.testing.assert_allclose(block.values[at], alone.values[0], rtol=1e-5)
        for ours, theirs in zip(block.intervals[0][1:], alone.intervals[0][1:], strict=True):
            np.testing.assert_allclose(ours[at], theirs[0], rtol=1e-5)
        assert block.methods[at] == alone.methods[0]


def test_nothing_after_the_cutoff_has_an_effect(model: store.SavedModel) -> None:
    rng = np.random.default_rng(0)
    history = rng.normal(100, 10, 60)
    ends = np.array([30, 40])
    origins = Origins(series=ends * 0, starts=ends * 0, ends=ends)
    forecasts = [
        next(forecast_windows(model, daily([*history[:40], *rest]), origins, 14, (80.0,)))
        for rest in (history[40:], history[40:] * 1e6)
    ]
    np.testing.assert_array_equal(forecasts[0].values, forecasts[1].values)


def test_blocks_are_of_bounded_size_and_do_not_change_a_forecast(
    trained: Trained, model: store.SavedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = read_panel(trained.data)
    whole = make_forecast(model, panel, None, (80.0,))
    monkeypatch.setattr("forecaster.model.origins.MOST_CELLS", 2 * (model.window.lookback + model.window.horizon))
    blocks = list(forecast_windows(model, panel, Origins.at_end(panel), 14, (80.0,)))
    assert [len(block.origins) for block in blocks] == [2, 2, 1]
    np.testing.assert_allclose(make_forecast(model, panel, None, (80.0,)).values, whole.values, rtol=1e-6)


@pytest.mark.parametrize(
    ("series", "changes"),
    [
        ([[1, 1, 2, 1]], [2]),
        ([[5, 5, 5]], [3]),
        ([[1, 1], [1, 2], [3]], [2, 3, 5]),
        ([[0, 1], [7, 7, 7, 7], [7, 7, 8]], [1, 6, 8]),
    ],
)
def test_where_a_series_first_changes(series: list[list[float]], changes: list[int]) -> None:
    assert first_changes(daily(*series)).tolist() == changes


def test_a_series_that_is_constant_up_to_the_cutoff_goes_on(model: store.SavedModel) -> None:
    panel = daily([7.0] * 30 + [9.0] * 10)
    origins = Origins.of(panel, np.zeros(3, int), np.array([20, 30, 31]))
    [block] = forecast_windows(model, panel, origins, 3, (80.0,))
    assert block.methods.tolist() == ["constant", "constant", "lstm"]
    assert {*block.values[:2].ravel(), *block.intervals[0][1][:2].ravel()} == {7.0}
