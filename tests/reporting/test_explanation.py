"""Explanations: networks whose lags are known, and what must hold for every one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.model import store
from forecaster.model.windows import WindowShape
from forecaster.reporting.explanation import Explanation, explain
from tests.conftest import Trained

SHAPE = WindowShape(lookback=28, segment=7, horizon=10, season=7)
RNG = np.random.default_rng(5)


class Network:
    """Forecasts the scaled value `lag` steps before each step, the last known one of that phase for longer leads."""

    def __init__(self, lag: int, times: float = 1.0) -> None:
        self.lag, self.times = lag, times

    def answer(self, inputs: np.ndarray) -> np.ndarray:
        """[N, K, C] → [N, 1, H]: with the last value as base and centre, that value itself."""
        window = inputs[:, :, :-1].reshape(len(inputs), -1)
        ahead = np.arange(SHAPE.horizon) % self.lag
        return self.times * window[:, None, window.shape[1] - self.lag + ahead]


def model_of(network: Any, **changes: Any) -> Any:
    shape = WindowShape(**{**vars(SHAPE), **changes})
    return SimpleNamespace(encodings=(), window=shape, server=network, season=7, companion=None)


def daily(*series: np.ndarray) -> Panel:
    return panel_from_arrays(list(series), freq="D", season_length=7)


def explained(model: Any, panel: Panel, leads: tuple[int, ...] = tuple(range(1, 11))) -> Explanation:
    return explain(model, panel, np.arange(panel.n_series), np.array(leads))


@pytest.mark.parametrize("transform", ["none", "log"])
@pytest.mark.parametrize("floor", [0.0, 0.3])
def test_the_one_lag_of_a_network_is_found(transform: str, floor: float) -> None:
    """y(t) = y(t − 7): the weight of lag 7 is 1 up to a lead of 7, then that of lag 14, and nothing else has any."""
    found = explained(model_of(Network(7), transform=transform, floor=floor), daily(RNG.uniform(50, 90, 60)))
    for h, lead in enumerate(found.leads):
        expected = np.zeros(28)
        expected[(7 if lead <= 7 else 14) - lead] = 1.0
        np.testing.assert_allclose(found.weights[0, h], expected, atol=2e-3)
        assert np.argmax(np.abs(found.contributions[0, h])) == np.argmax(expected)
    assert found.lags.tolist() == list(range(1, 38))
    assert found.shares[0, [6, 13]].sum() == pytest.approx(1, abs=1e-2)
    assert found.seasonal_share == pytest.approx(1, abs=1e-2)
    assert found.mean_weights[0, 6] == pytest.approx(1, abs=2e-3)


def test_a_network_that_adds_nothing_leaves_the_base_path() -> None:
    nothing = SimpleNamespace(answer=lambda inputs: np.zeros((len(inputs), 1, SHAPE.horizon)))
    found = explained(model_of(nothing, base=(7,)), daily(RNG.normal(size=60)))
    assert found.shares[0, [6, 13]].sum() == pytest.approx(1, abs=1e-6)
    found = explained(model_of(nothing), daily(RNG.normal(size=60)), leads=(1,))
    np.testing.assert_allclose(found.weights[0, 0], np.eye(28)[0], atol=1e-6)


def test_the_weights_of_an_autoregression_are_its_coefficients() -> None:
    """y(t+h) = 0.6 y(t) + 0.3 y(t − 1) + 0.1 y(t − 2), for every lead: affine, so it passes through the scaling."""

    def answer(inputs: np.ndarray) -> np.ndarray:
        window = inputs[:, :, :-1].reshape(len(inputs), -1)
        mean = window[:, -3:] @ np.array([0.1, 0.3, 0.6], np.float32)
        return np.repeat(mean[:, None, None], SHAPE.horizon, axis=2)

    found = explained(model_of(SimpleNamespace(answer=answer)), daily(RNG.normal(10, 3, 60)), leads=(1, 4))
    for h in range(2):
        np.testing.assert_allclose(found.weights[0, h, :4], [0.6, 0.3, 0.1, 0.0], atol=2e-3)
    assert found.lags.tolist() == list(range(1, 32))


@pytest.mark.parametrize("transform", ["none", "log"])
def test_contributions_add_up(trained: Trained, transform: str) -> None:
    model = store.load_model(trained.models_dir, trained.name)
    panel = read_panel(trained.data)
    window = WindowShape(**{**vars(model.window), "transform": transform})
    fields = {"window": window, "server": model.server, "season": model.season}
    model = SimpleNamespace(encodings=(), companion=None, **fields)  # type: ignore[assignment]
    found = explained(model, panel, tuple(range(1, 15)))
    moved = np.abs(found.contributions).sum(axis=2)
    assert np.abs(found.unexplained).max() < 0.01 * moved.max()
    np.testing.assert_allclose(found.shares.sum(axis=1), 1)
    np.testing.assert_allclose(found.mean_contributions.sum(axis=1), found.contributions.sum(axis=2).mean(axis=1))
    assert sum(share for _, share, _ in found.seasons()) == pytest.approx(1)


def test_a_bent_network_is_integrated() -> None:
    """With the floor the scaled window grows along the path, and a tanh bends: the sum still holds."""

    def answer(inputs: np.ndarray) -> np.ndarray:
        window = inputs[:, :, :-1].reshape(len(inputs), -1)
        return np.tanh(3 * window[:, None, -17:-7].astype(np.float64))

    found = explained(model_of(SimpleNamespace(answer=answer), floor=0.2), daily(RNG.normal(10, 3, 60)))
    assert np.abs(found.unexplained).max() < 0.02 * np.abs(found.forecasts - found.flat).max()


def test_a_short_series_is_explained_by_what_it_has() -> None:
    found = explained(model_of(Network(7)), daily(RNG.normal(10, 3, 12), RNG.normal(10, 3, 60)))
    assert np.isnan(found.values[0, 12:]).all()
    assert not found.weights[0, :, 12:].any()
    np.testing.assert_allclose(found.weights[0, 0, :12], np.eye(28)[6, :12], atol=2e-3)


def test_series_do_not_change_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    both = daily(*RNG.normal(10, 3, (2, 60)))
    model = model_of(Network(7, times=0.5))
    whole = explain(model, both, np.array([0, 1]), np.array([2, 3]))
    monkeypatch.setattr("forecaster.reporting.explanation.MOST_CELLS", 100)
    alone = explain(model, both, np.array([1]), np.array([2, 3]))
    np.testing.assert_allclose(alone.contributions[0], whole.contributions[1])


def test_shares_are_told_as_it_goes() -> None:
    told: list[float] = []
    explain(model_of(Network(7)), daily(*RNG.normal(size=(4, 40))), np.arange(4), np.array([1]), told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]
