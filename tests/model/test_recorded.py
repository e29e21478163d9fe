"""The built-in network as one graph of raw values: what NumPy computes is what an export answers."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from forecaster.model.pretrained import open_builtin
from forecaster.model.pretrained.contexts import join
from forecaster.model.pretrained.network import HERE, NETWORK
from forecaster.model.pretrained.offset import forecast_apart
from forecaster.model.pretrained.rhythm import rhythm
from forecaster.model.recorded import whole_graph


def contexts(length: int) -> np.ndarray:
    """Ordinary, constant, with holes, negative, counts, begun late, without any value, far from 0."""
    rng = np.random.default_rng(3)
    values = np.abs(rng.normal(10, 3, (8, length))) + np.sin(np.arange(length) / 2)
    values[7] += 1e9
    values[1], values[3], values[4] = 5.0, np.cumsum(values[3] - 10), rng.poisson(0.4, length)
    values[2, ::3] = values[5, : length // 3] = values[6] = np.nan
    return values


@pytest.mark.parametrize(
    ("seasons", "length", "horizon"),
    [
        pytest.param((1,), 14, 40, marks=pytest.mark.slow),
        pytest.param((7, 365), 800, 20, marks=pytest.mark.slow),
        pytest.param((24, 168), 700, 48, marks=pytest.mark.slow),
        pytest.param((52,), 150, 13, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_the_graph_answers_as_the_network(seasons: tuple[int, ...], length: int, horizon: int) -> None:
    """Beyond eight segments in rounds."""
    graph = whole_graph((HERE / NETWORK).read_bytes(), rhythm(seasons), length, horizon)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    ports = [(port.name, port.shape) for port in (*session.get_inputs(), *session.get_outputs())]
    assert ports == [
        ("values", ["N", length]),
        ("forecasts", ["N", horizon]),
        ("quantiles", ["N", horizon, 9]),
    ]
    values = contexts(length)
    expected = forecast_apart(open_builtin(), join([*values]), seasons, horizon)
    forecasts, quantiles = session.run(None, {"values": values})
    np.testing.assert_allclose(quantiles, expected, rtol=1e-8, atol=1e-8)
    np.testing.assert_array_equal(forecasts, quantiles[:, :, 4])
    assert np.isnan(quantiles[6]).all()
