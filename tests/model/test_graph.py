"""The ONNX graph of raw values says what NumPy says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest

from forecaster.base.files import sha256
from forecaster.base.runtime import prepare_keras
from forecaster.model import graph
from forecaster.model.graph import Raw, RawServer
from forecaster.model.manifest import FileFacts
from forecaster.model.plan import NetworkShape
from forecaster.model.serving import Server
from forecaster.model.version import read_manifest
from forecaster.model.windows import WindowShape
from tests.saved import NEWEST, version_of

prepare_keras()

from forecaster.training.network import build_network, serving_graph  # noqa: E402

PLAIN = {"lookback": 12, "segment": 3, "horizon": 5, "season": 6}


@cache
def served(network: NetworkShape, members: int) -> bytes:
    """Return the serving graph of networks of random weights."""
    rng = np.random.default_rng(0)
    forms = [weights.shape for weights in build_network(network, seed=0).get_weights()]
    return serving_graph(
        network, [[rng.normal(0, 0.5, form).astype(np.float32) for form in forms] for _ in range(members)]
    )


def model_of(folder: Path, members: int = 2, **shape: Any) -> Any:
    """Return a model of random weights, as far as exporting looks at one."""
    window = WindowShape(**(PLAIN | shape))
    network = NetworkShape(window=window, widths=(4,), dropout=0.0, recall=bool(window.base))
    data = served(replace(network, window=WindowShape(**PLAIN)), members)  # scaling is no part of it
    (folder / "network.onnx").write_bytes(data)
    files = {"network.onnx": FileFacts(sha256=sha256(data), bytes=len(data))}
    return SimpleNamespace(
        name="m",
        version="v000001",
        folder=folder,
        window=window,
        network=network,
        manifest=replace(read_manifest(version_of(NEWEST)), files=files),
        server=Server(data),
        encodings=(),
        companion=None,
    )


def values_of(count: int = 40, level: float = 100.0, spread: float = 10.0) -> Raw:
    return Raw(level + spread * np.random.default_rng(1).normal(size=(count, PLAIN["lookback"])))


@pytest.mark.parametrize(
    ("members", "shape"),
    [
        (1, {}),
        (2, {}),
        (3, {}),
        (2, {"transform": "log"}),
        (2, {"transform": "log", "base": (6,), "floor": 0.05}),
        (3, {"base": (6,), "floor": 0.2, "low": 95.0}),
        (2, {"base": (3, 6), "high": 105.0}),
        (2, {"base": (12,), "low": 0.0, "high": 1e9}),
        (2, {"smoothing": (0.4, 0.5)}),
        (3, {"base": (6,), "smoothing": (1.0, 1.0), "transform": "log"}),
    ],
    ids=str,
)
def test_the_graph_says_what_numpy_says(tmp_path: Path, shape: dict[str, Any], members: int) -> None:
    model, values = model_of(tmp_path, members, **shape), values_of()
    answered = RawServer(graph.raw_graph(model)).answer(values)
    expected = graph.forecast_values(model, values)
    assert answered.dtype == np.float64
    assert graph.drift(model, values, expected, answered) < 1e-6
    np.testing.assert_allclose(answered, expected, rtol=1e-9)


@pytest.mark.parametrize(
    "values",
    [
        np.full((3, 12), 7.0),
        np.zeros((2, 12)),
        np.linspace(0, 1, 12)[None] * 1e12 + 1e13,
        np.linspace(-1, 1, 12)[None] * 1e-9,
        np.arange(12.0)[None] % 2,
    ],
    ids=["constant", "zero", "huge", "tiny", "small"],
)
def test_odd_windows_are_scaled_alike(tmp_path: Path, values: np.ndarray) -> None:
    model, raw = model_of(tmp_path, base=(6,), floor=0.1), Raw(values)
    answered = RawServer(graph.raw_graph(model)).answer(raw)
    assert graph.drift(model, raw, graph.forecast_values(model, raw), answered) < 1e-6


def test_logarithms_of_what_has_none_stay_finite(tmp_path: Path) -> None:
    model = model_of(tmp_path, transform="log")
    values = Raw(np.array([[0.0, *np.linspace(1, 5, 11)], np.linspace(1e-300, 1e300, 12)]))
    answered = RawServer(graph.raw_graph(model)).answer(values)
    assert np.isfinite(answered).all()
    np.testing.assert_allclose(answered, graph.forecast_values(model, values), rtol=1e-6)


def test_the_graph_takes_any_number_of_series(tmp_path: Path) -> None:
    model = model_of(tmp_path)
    server = RawServer(graph.raw_graph(model))
    whole = server.answer(values_of(7))
    for at in range(7):
        np.testing.assert_allclose(server.answer(values_of(7)[at : at + 1])[0], whole[at], rtol=1e-6)


def test_inputs_and_outputs_have_names_and_shapes(tmp_path: Path) -> None:
    read = onnx.load_from_string(graph.raw_graph(model_of(tmp_path))).graph
    ends = [
        (end.name, [d.dim_param or d.dim_value for d in end.type.tensor_type.shape.dim])
        for end in (read.input[0], read.output[0])
    ]
    assert ends == [("values", ["N", 12]), ("forecasts", ["N", 5])]


def test_a_difference_is_seen(tmp_path: Path) -> None:
    model, values = model_of(tmp_path), values_of()
    forecasts = graph.forecast_values(model, values)
    off = forecasts.copy()
    off[3, 2] += 1.0
    assert graph.drift(model, values, forecasts, off) == pytest.approx(1 / values.values[3].std(), rel=1e-6)
    off[0, 0] = np.nan
    assert graph.drift(model, values, forecasts, off) == np.inf


@pytest.mark.parametrize("how", ["dynamic", "int8"])
def test_quantised_networks_are_near(tmp_path: Path, how: Any) -> None:
    model, values = model_of(tmp_path), values_of(100)
    plain = graph.raw_graph(model)
    small = graph.quantize_graph(plain, how, values)
    operators = {node.op_type for node in onnx.load_from_string(small).graph.node}
    assert "DynamicQuantizeLSTM" in operators
    assert ("QuantizeLinear" in operators) == (how == "int8")
    answered = RawServer(small).answer(values)
    assert 0 < graph.drift(model, values, graph.forecast_values(model, values), answered) < 0.5
