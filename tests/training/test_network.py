"""The network: its layers, its seeds, and that its ONNX graph answers as it does."""

from __future__ import annotations

import random
import threading
from dataclasses import replace

import numpy as np
import onnx
import pytest

from forecaster.base.runtime import prepare_keras
from forecaster.model.plan import NetworkShape
from forecaster.model.serving import Server
from forecaster.model.windows import WindowShape

prepare_keras()

import keras  # noqa: E402

from forecaster.training.network import answering_network, build_network, drawing_alone, serving_graph  # noqa: E402

WINDOW = WindowShape(lookback=12, segment=4, horizon=2, season=1)
SHAPE = NetworkShape(window=WINDOW, widths=(4, 4), dropout=0.3)


def inputs(count: int = 7) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, WINDOW.segments, WINDOW.channels)).astype(np.float32)


def random_weights(shape: NetworkShape, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=w.shape).astype(np.float32) for w in build_network(shape, 0).get_weights()]


@pytest.mark.parametrize("layers", [1, 3])
def test_a_dropout_follows_every_lstm(layers: int) -> None:
    shape = replace(SHAPE, widths=(4,) * layers, residual=False)
    kinds = [type(layer).__name__ for layer in build_network(shape, 1).layers]
    assert kinds[2:] == [*["LSTM", "Dropout"] * layers, "Dense"]


def test_the_settings_that_keep_the_fused_kernel() -> None:
    layer = build_network(SHAPE, 1).layers[2]
    assert (layer.recurrent_dropout, layer.unroll, layer.use_bias) == (0, False, True)
    assert (layer.activation.__name__, layer.recurrent_activation.__name__) == ("tanh", "sigmoid")


def test_an_untrained_network_answers_the_base_path() -> None:
    assert not build_network(SHAPE, 1)(inputs()).numpy().any()


def test_a_seed_fixes_the_weights() -> None:
    same, again, other = (build_network(SHAPE, seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(same, again, strict=True))
    assert not np.array_equal(same[0], other[0])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_the_lstm_is_the_published_one() -> None:
    """Against a plain loop: gates i, f, o and candidate; c = f∘c + i∘c̃; h = o∘tanh(c)."""
    shape = replace(SHAPE, widths=(4,), residual=True)
    weights = random_weights(shape, 3)
    network = build_network(shape, 0)
    network.set_weights(weights)
    projection, offset, kernel, recurrent, bias, out, out_bias = weights
    expected = []
    for window in inputs():
        h = c = np.zeros(4)
        for segment in window:
            z = (segment @ projection + offset) @ kernel + h @ recurrent + bias
            i, f, candidate, o = np.split(z, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(candidate)
            h = sigmoid(o) * np.tanh(c)
        residual = window[-1] @ projection + offset
        expected.append((h + residual) @ out + out_bias)
    np.testing.assert_allclose(network(inputs()).numpy(), expected, rtol=1e-4, atol=1e-5)


def test_recalled_segments_are_weighted_and_summed() -> None:
    """With no LSTM in the way: the answer is the sum over segments of weight times segment, horizon after horizon."""
    shape = replace(
        SHAPE, window=replace(WINDOW, horizon=7), recall=True
    )  # 4 values a segment: two segments ahead, the second cut short
    network = build_network(shape, 0)
    zeros = [np.zeros_like(w) for w in network.get_weights()]
    weights = np.random.default_rng(5).normal(size=2 * 3).astype(np.float32)
    network.set_weights([weights if w.shape == weights.shape else w for w in zeros])
    for window, answer in zip(inputs(), network(inputs()).numpy(), strict=True):
        segments = window[:, :-1]
        expected = [sum(weights[n * 3 + k] * segments[k] for k in range(3)) / np.sqrt(3) for n in range(2)]
        np.testing.assert_allclose(answer, np.concatenate(expected)[:7], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("cell", "residual", "recall"),
    [
        ("lstm", False, False),
        ("lstm", True, False),
        ("lstm", True, True),
        ("gru", False, False),
        pytest.param("gru", True, False, marks=pytest.mark.slow),
        pytest.param("gru", True, True, marks=pytest.mark.slow),  # as each cell in test_cells.py
    ],
)
def test_the_onnx_graph_answers_as_the_networks(cell: str, residual: bool, recall: bool) -> None:
    shape = replace(SHAPE, cell=cell, residual=residual, recall=recall, trust=0.5)  # type: ignore[arg-type]
    members = [random_weights(shape, seed) for seed in (1, 2)]
    server = Server(serving_graph(shape, members))
    for count in (1, 7):
        answers = server.answer(inputs(count))
        assert answers.shape == (count, 2, shape.window.horizon)
        for k, weights in enumerate(members):
            network = build_network(shape, 0)
            network.set_weights(weights)
            np.testing.assert_allclose(answers[:, k], shape.trust * network(inputs(count)).numpy(), atol=1e-5)
        np.testing.assert_allclose(server.answer_first(inputs(count)), answers[:, :1], atol=1e-6)


def test_each_lstm_layer_is_one_operator() -> None:
    graph = onnx.load_from_string(serving_graph(SHAPE, [random_weights(SHAPE, 1)])).graph
    assert [node.op_type for node in graph.node].count("LSTM") == SHAPE.layers
    assert not [node for node in graph.node if node.op_type == "Loop"]


def test_quantiles_never_cross_and_leave_the_median_as_it_is() -> None:
    shape = replace(SHAPE, quantiles=(50.0, 80.0, 95.0))
    network = build_network(shape, 1)
    assert not network(inputs()).numpy()[:, : shape.window.horizon].any()  # untrained: the base path
    network.set_weights([10 * w for w in random_weights(shape, 4)])
    distances = network(inputs()).numpy()[:, shape.window.horizon :].reshape(-1, 2, 3, shape.window.horizon)
    assert (distances >= 0).all()
    assert (np.diff(distances, axis=2) >= 0).all()


def test_masks_deviate_as_the_networks_under_them_do() -> None:
    """One layer, so that a mask is on the state alone: against a plain loop over the T masks."""
    shape = replace(SHAPE, widths=(4,), draws=16)
    weights = random_weights(shape, 6)
    answering, parts = answering_network(shape)
    for part in parts:
        part.set_weights(weights)
    kept = np.random.default_rng(1).random((16, 4)) >= shape.dropout
    plain = build_network(replace(shape, dropout=0.0), 0)
    plain.set_weights(weights)
    state = keras.Model(plain.input, plain.layers[-1].input)(inputs()).numpy()
    drawn = [(state * mask / (1 - shape.dropout)) @ weights[-2] + weights[-1] for mask in kept]
    answer = answering(inputs()).numpy()
    np.testing.assert_allclose(answer[:, : shape.window.horizon], plain(inputs()).numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(answer[:, shape.window.horizon :], np.std(drawn, axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(answering(inputs()[:2]).numpy(), answer[:2], rtol=1e-4, atol=1e-5)


def test_where_masks_are_drawn_training_drops_the_same_numbers_at_every_step() -> None:
    shape = replace(SHAPE, draws=4, residual=False)
    network = build_network(shape, 1)
    dropped = keras.Model(network.input, network.layers[3].output)(inputs(), training=True).numpy() == 0  # (N, K, U)
    assert dropped.any()
    assert (dropped == dropped[:, :1]).all()


def test_what_other_threads_draw_changes_no_initial_weights() -> None:
    def draw() -> int:
        return random.randint(1, 10**9)  # noqa: S311 - as Keras does

    random.seed(3)
    alone, ours = [draw() for _ in range(5)], []
    with drawing_alone(3):
        for _ in range(5):
            thread = threading.Thread(target=draw)
            thread.start()
            thread.join()
            ours.append(draw())
    assert ours == alone
