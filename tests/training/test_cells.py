"""The cells, each against a plain loop of its published equations; every combination serves as it was trained."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx
import pytest

from forecaster.base.runtime import prepare_keras
from forecaster.model.plan import NetworkShape
from forecaster.model.serving import Server
from forecaster.model.windows import WindowShape

prepare_keras()

from forecaster.training.cells import PeepholeCell, recurrent_layer  # noqa: E402
from forecaster.training.network import answering_network, build_network, serving_graph  # noqa: E402
from tests.covering import covering  # noqa: E402

Weights = list[np.ndarray]
Loop = Callable[[np.ndarray, Weights, int], np.ndarray]
"""A window [K, C], the weights and U → the states after each step [K, U]."""

CELLS = ("lstm", "gru", "peephole", "rnn")
WINDOW = WindowShape(lookback=12, segment=4, horizon=4, season=1)
SHAPE = NetworkShape(window=WINDOW, widths=(4, 4), dropout=0.3)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def plain_lstm(window: np.ndarray, weights: Weights, units: int) -> np.ndarray:
    kernel, recurrent, bias = weights
    h, c, states = np.zeros(units), np.zeros(units), []
    for x in window:
        i, f, candidate, o = np.split(x @ kernel + h @ recurrent + bias, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(candidate)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.array(states)


def plain_peephole(window: np.ndarray, weights: Weights, units: int) -> np.ndarray:
    kernel, recurrent, (p_i, p_f, p_o), bias = weights
    h, c, states = np.zeros(units), np.zeros(units), []
    for x in window:
        i, f, candidate, o = np.split(x @ kernel + h @ recurrent + bias, 4)
        i, f = sigmoid(i + p_i * c), sigmoid(f + p_f * c)
        c = f * c + i * np.tanh(candidate)
        h = sigmoid(o + p_o * c) * np.tanh(c)
        states.append(h)
    return np.array(states)


def plain_gru(window: np.ndarray, weights: Weights, units: int) -> np.ndarray:
    """With the reset gate after the product, as Keras's `reset_after` and cuDNN have it."""
    kernel, recurrent, (bias, recurrent_bias) = weights
    h, states = np.zeros(units), []
    for x in window:
        x_z, x_r, x_h = np.split(x @ kernel + bias, 3)
        h_z, h_r, h_h = np.split(h @ recurrent + recurrent_bias, 3)
        z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
        h = z * h + (1 - z) * np.tanh(x_h + r * h_h)
        states.append(h)
    return np.array(states)


def plain_rnn(window: np.ndarray, weights: Weights, units: int) -> np.ndarray:
    kernel, recurrent, bias = weights
    h, states = np.zeros(units), []
    for x in window:
        h = np.tanh(x @ kernel + h @ recurrent + bias)
        states.append(h)
    return np.array(states)


PLAIN: dict[str, Loop] = {"lstm": plain_lstm, "gru": plain_gru, "peephole": plain_peephole, "rnn": plain_rnn}


def inputs(count: int = 6, segments: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, segments, 5)).astype(np.float32)


def random_weights(layer: object, seed: int = 1) -> Weights:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=w.shape).astype(np.float32) for w in layer.get_weights()]  # type: ignore[attr-defined]


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_is_the_published_one(cell: str) -> None:
    layer = recurrent_layer(cell, 4, "tanh", return_sequences=True)  # type: ignore[arg-type]
    layer.build((None, 7, 5))
    weights = random_weights(layer)
    layer.set_weights(weights)
    expected = np.array([PLAIN[cell](window, weights, 4) for window in inputs(segments=7)])
    np.testing.assert_allclose(layer(inputs(segments=7)).numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_both_directions_stand_side_by_side(cell: str) -> None:
    shape = replace(SHAPE, cell=cell, bidirectional=True, widths=(4,), residual=False)  # type: ignore[arg-type]
    network = build_network(shape, 0)
    weights = random_weights(network)
    network.set_weights(weights)
    projection, offset, *own, out, out_bias = weights
    forward, backward = own[: len(own) // 2], own[len(own) // 2 :]
    expected = []
    for window in inputs():
        x = window @ projection + offset
        both = PLAIN[cell](x, forward, 4)[-1], PLAIN[cell](x[::-1], backward, 4)[-1]
        expected.append(np.concatenate(both) @ out + out_bias)
    np.testing.assert_allclose(network(inputs()).numpy(), expected, rtol=1e-4, atol=1e-5)


def test_attention_is_a_mean_weighted_by_the_last_state() -> None:
    shape = replace(SHAPE, attention=True, widths=(4,), residual=False)
    network = build_network(shape, 0)
    weights = random_weights(network)
    network.set_weights(weights)
    projection, offset, kernel, recurrent, bias, query, out, out_bias = weights
    expected = []
    for window in inputs():
        h = plain_lstm(window @ projection + offset, [kernel, recurrent, bias], 4)
        score = np.exp(h @ (h[-1] @ query))
        expected.append(np.concatenate([h[-1], (score / score.sum()) @ h]) @ out + out_bias)
    np.testing.assert_allclose(network(inputs()).numpy(), expected, rtol=1e-4, atol=1e-5)


def test_a_peephole_cell_begins_as_a_plain_one_that_remembers() -> None:
    cell = PeepholeCell(2)
    cell.build((None, 3))
    assert not cell.peepholes.numpy().any()
    assert cell.bias.numpy().tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("activation", ["tanh", "relu", "elu", "gelu", "softsign"])
@pytest.mark.parametrize("cell", CELLS)
def test_an_activation_is_that_of_the_cell(cell: str, activation: str) -> None:
    layer = build_network(replace(SHAPE, cell=cell, activation=activation), 0).layers[2]  # type: ignore[arg-type]
    inner = layer.cell if cell == "peephole" else layer
    assert inner.activation.__name__ == activation


def check_serving(shape: NetworkShape) -> None:
    """Compare the ONNX graph of two members with their networks."""
    members = [[w / 2 for w in random_weights(build_network(shape, 0), seed)] for seed in (1, 2)]
    answers = Server(serving_graph(shape, members), shape.draws).answer(inputs())
    assert answers.shape == (len(inputs()), 2, shape.answers)
    for k, weights in enumerate(members):
        network, parts = answering_network(shape)
        for part in parts:
            part.set_weights(weights)
        np.testing.assert_allclose(answers[:, k], network(inputs()).numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "other",
    [
        {},
        pytest.param({"bidirectional": True, "widths": (4, 3), "draws": 8}, marks=pytest.mark.slow),
        pytest.param({"attention": True, "activation": "relu", "quantiles": (50.0, 90.0)}, marks=pytest.mark.slow),
    ],
    ids=["plain", "both ways, widths, draws", "attention, relu, quantiles"],
)
def test_the_onnx_graph_answers_as_the_networks(cell: str, other: dict[str, object]) -> None:
    check_serving(replace(SHAPE, cell=cell, recall=True, **other))  # type: ignore[arg-type]


AXES = ("cell", "bidirectional", "attention", "widths", "activation", "quantiles", "draws")
PRODUCT = list(
    itertools.product(CELLS, (False, True), (False, True), ((4, 4), (4, 3)), ("tanh", "relu"), ((), (80.0,)), (0, 4))
)


@pytest.mark.slow
@pytest.mark.parametrize("values", covering(PRODUCT, 3), ids=lambda values: " ".join(map(str, values)))
def test_combinations_serve_as_the_networks(values: tuple[object, ...]) -> None:
    check_serving(replace(SHAPE, recall=True, **dict(zip(AXES, values, strict=True))))  # type: ignore[arg-type]


def test_both_directions_of_an_lstm_are_operators_too() -> None:
    shape = replace(SHAPE, bidirectional=True)
    graph = onnx.load_from_string(serving_graph(shape, [random_weights(build_network(shape, 0))])).graph
    assert not [node for node in graph.node if node.op_type == "Loop"]
    assert [node.op_type for node in graph.node].count("LSTM") in (shape.layers, 2 * shape.layers)
