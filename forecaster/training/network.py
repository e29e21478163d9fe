"""The network, the whole of it: a stacked LSTM with dropout between the layers.

    inputs   [N, K, C]    K segments of a scaled window
    Dense    [N, K, U]    one linear projection of each segment
    LSTM     [N, K, U]    then Dropout; the next layer reads every step
    …
    LSTM     [N, U]       the last layer answers only after the last segment
    Dropout  [N, U]
    Dense    [N, H]       all H steps at once, in scaled units
    Dense    [N, H]       where features are known ahead: what they do at each step, from their values there
    Dense    [N, ⌈H/P⌉·K] where segments are in phase with a season: for each segment ahead the weight of each segment
                          of the window, whose weighted sum is added to the answer. What happened on the same days of
                          the last weeks is carried over as it was, and need not pass through U numbers.

Both Dense layers at the end are zero at the start, so that an untrained network answers the base path itself. The cells
may be others (`cells.py`), the layers of different widths, the window read from both ends; with attention the answer is
made of all states of the last layer.

Dropout stands between layers, never inside the recurrence, and the gates are sigmoid, the candidate tanh: the settings
that keep cuDNN's fused kernel on a GPU (`recurrent_dropout=0`, `unroll=False`). Where intervals follow the deviation of
the answers under dropout, a mask drops the same numbers at every step, and answers under T fixed masks are compared.

References: Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997; segments as in Lin et al.,
SegRNN, 2023, arXiv:2308.11200; an answer made of the input's own parts as in Vinyals et al., Pointer networks, 2015,
arXiv:1506.03134, here with weights of either sign; both directions: Schuster & Paliwal, Bidirectional recurrent neural
networks, IEEE Transactions on Signal Processing 45(11), 1997; attention: Luong, Pham & Manning, Effective approaches to
attention-based neural machine translation, 2015, arXiv:1508.04025.
"""

from __future__ import annotations

import random
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from forecaster.config import Precision
from forecaster.model.plan import NetworkShape
from forecaster.model.windows import WindowShape
from forecaster.training.canonical import canonical
from forecaster.training.cells import recurrent_layer

Weights = list[NDArray[np.float32]]

WIDEST_VECTOR = 16
"""Numbers that a category is learned as, at most."""

STATE, HIDDEN = 16, 32
"""Numbers that the features ahead are given of the window's state, and width of the network that weighs both."""


@contextmanager
def computing_in(precision: Precision) -> Iterator[None]:
    """Let networks that are built in the block multiply in bfloat16, where that is asked; their weights are float32.

    It has the range of float32, so no loss must be scaled (Kalamkar et al., A study of BFLOAT16 for deep learning
    training, 2019, arXiv:1905.12322), and cuDNN's LSTM takes it.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "mixed" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextmanager
def drawing_alone(seed: int) -> Iterator[None]:
    """Let this thread draw from a generator of its own where Keras asks Python for seeds of initial weights.

    Other threads of a worker draw from Python's one generator too, and what they take would be missing here.
    """
    own, here, shared = random.Random(seed), threading.get_ident(), random.randint  # noqa: S311 - no secret

    def draw(a: int, b: int) -> int:
        return own.randint(a, b) if threading.get_ident() == here else shared(a, b)

    random.randint = draw
    try:
        yield
    finally:
        random.randint = shared


def build_network(shape: NetworkShape, seed: int, *, masked: bool = False) -> keras.Model:
    """Build a fresh network: [N, K, C] → [N, H], or with quantiles [N, (1 + 2Q) H].

    Args:
        shape: The architecture.
        seed: Fixes the initial weights and the dropout masks of training.
        masked: Drop by T fixed masks when asked too: of [N · T, K, C], the t-th of each T windows by the t-th mask.
    """
    keras.utils.set_random_seed(seed)
    window = shape.window
    inputs = keras.Input((window.segments, window.channels))
    segments, path = _embed_features(inputs, window) if window.has_features else (inputs, None)
    x = keras.layers.Dense(shape.widths[0])(segments)  # (N, K, U)
    for layer, width in enumerate(shape.widths, start=1):
        every = layer < shape.layers or shape.attention
        y = _recurrent(x, width, shape, every)  # (N, K, U), at last (N, U)
        if shape.residual:
            y = keras.layers.Add()([y, _widen(x if every else x[:, -1], y.shape[-1])])
        x = _mask(y, shape, layer) if masked else _drop(y, shape, seed + layer)
    if shape.attention:
        x = _attend(x)  # (N, 2U)
    answer = keras.layers.Dense(window.horizon, kernel_initializer="zeros")(x)
    if shape.recall:
        answer = keras.layers.Add()([answer, _recall(inputs, x, window)])
    if window.future:
        answer = keras.layers.Add()([answer, _future_effects(path, x, window)])
    if shape.quantiles:
        answer = keras.layers.Concatenate()([answer, _quantile_offsets(x, shape)])
    return keras.Model(inputs, answer if answer.dtype == "float32" else keras.ops.cast(answer, "float32"))


def _drop(x: keras.KerasTensor, shape: NetworkShape, seed: int) -> keras.KerasTensor:
    """Drop numbers of [N, K, U] or [N, U] in training; the same ones at every step where they are dropped later too."""
    steps = (None, 1, x.shape[-1]) if shape.draws and len(x.shape) == 3 else None
    return keras.layers.Dropout(shape.dropout, noise_shape=steps, seed=seed)(x)


def _mask(x: keras.KerasTensor, shape: NetworkShape, layer: int) -> keras.KerasTensor:
    """Drop numbers of [N · T, K, U] or [N · T, U] by the T masks of a layer, which are the same for every window."""
    inner = tuple(x.shape[1:])
    kept = np.random.default_rng(layer).random((shape.draws, *(1,) * (len(inner) - 1), inner[-1])) >= shape.dropout
    masks = (kept / (1 - shape.dropout)).astype(np.float32)  # (T, 1, U)
    return keras.ops.reshape(keras.ops.reshape(x, (-1, shape.draws, *inner)) * masks, (-1, *inner))


def _quantile_offsets(state: keras.KerasTensor, shape: NetworkShape) -> keras.KerasTensor:
    """Return the distances of the interval ends from the median, [N, 2Q · H]: all lower ends, then all upper ones.

    Each level adds a positive amount (a softplus) to the one before it, so that quantiles never cross.
    """
    sides = 2, len(shape.quantiles), shape.window.horizon
    further = keras.layers.Dense(sides[0] * sides[1] * sides[2], kernel_initializer="zeros")(state)
    further = keras.ops.softplus(keras.layers.Reshape(sides)(further))
    return keras.layers.Flatten()(keras.ops.cumsum(further, axis=2))


def _recurrent(x: keras.KerasTensor, width: int, shape: NetworkShape, every: bool) -> keras.KerasTensor:
    """Return the states of one layer after each step [N, K, U] or the last [N, U]; of both directions, side by side."""
    forward = recurrent_layer(shape.cell, width, shape.activation, return_sequences=every)(x)
    if not shape.bidirectional:
        return forward
    backward = recurrent_layer(shape.cell, width, shape.activation, return_sequences=every, go_backwards=True)(x)
    return keras.layers.Concatenate()([forward, keras.ops.flip(backward, axis=1) if every else backward])


def _widen(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """Return the input of a layer in the width of its output, through a linear map where the widths differ.

    As in He et al., Deep residual learning, 2016, arXiv:1512.03385.
    """
    return x if x.shape[-1] == width else keras.layers.Dense(width, use_bias=False)(x)


def _attend(states: keras.KerasTensor) -> keras.KerasTensor:
    """Return the last of the states [N, K, U], joined with their mean weighted by softmax(h_k W h_K): [N, 2U]."""
    last = states[:, -1]
    query = keras.layers.Dense(states.shape[-1], use_bias=False)(last)
    weights = keras.ops.softmax(keras.ops.matmul(states, query[:, :, None]), axis=1)  # (N, K, 1)
    return keras.layers.Concatenate()([last, keras.ops.sum(weights * states, axis=1)])


def _recall(inputs: keras.KerasTensor, state: keras.KerasTensor, window: WindowShape) -> keras.KerasTensor:
    """Return a weighted sum [N, H] of the window's segments [N, K, P]; the weights follow from the state [N, U].

    It is divided by √K: a step of the optimiser moves K weights at once.
    """
    length, known = window.segment, window.segments - window.ahead
    ahead = -(-window.horizon // length)
    weights = keras.layers.Dense(ahead * known, kernel_initializer="zeros")(state)
    weights = keras.layers.Reshape((ahead, known))(weights)
    path = keras.ops.matmul(weights, inputs[:, :known, :length]) / known**0.5  # (N, ⌈H/P⌉, P)
    return keras.layers.Reshape((ahead * length,))(path)[:, : window.horizon]


def _embed_features(inputs: keras.KerasTensor, window: WindowShape) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the segments with their features embedded, and the features [N, K · P, E] step by step.

    A category is looked up in a learned table of vectors; an unknown one is a vector of zeros.
    """
    length, count = window.segment, len(window.past) + len(window.future)
    plain = inputs[:, :, : length + 1]
    dynamic = inputs[:, :, length + 1 : length + 1 + count * length]
    dynamic = keras.layers.Reshape((window.segments, count, length))(dynamic)
    steps = keras.layers.Reshape((window.segments * length, count))(keras.layers.Permute((1, 3, 2))(dynamic))
    parts = [_look_up(steps[:, :, d], size) for d, size in enumerate(window.past + window.future)]
    path = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0] if parts else None
    parts = [plain]
    if path is not None:
        parts.append(keras.layers.Reshape((window.segments, length * path.shape[-1]))(path))
    fixed = window.channels - len(window.static)
    parts += [_look_up(inputs[:, :, fixed + g], size) for g, size in enumerate(window.static)]
    return keras.layers.Concatenate()(parts), path


def _look_up(codes: keras.KerasTensor, size: int) -> keras.KerasTensor:
    """Return numbers [N, T] as [N, T, 1], or for categories 1 to `size` their vectors [N, T, E]; 0 is not known."""
    if not size:
        return keras.layers.Reshape((*codes.shape[1:], 1))(codes)
    known = keras.layers.Reshape((*codes.shape[1:], 1))(keras.ops.cast(codes > 0, "float32"))
    places = keras.ops.cast(codes, "int32")
    return keras.layers.Embedding(size + 1, _embedding_size(size))(places) * known


def _embedding_size(size: int) -> int:
    """Return E, the size of the embedding of a feature with so many categories; 1 for a number, which has 0 of them."""
    return min(WIDEST_VECTOR, 1 + size // 2)


def _future_effects(path: keras.KerasTensor, state: keras.KerasTensor, window: WindowShape) -> keras.KerasTensor:
    """Return the effect of the future features at each step ahead, [N, H].

    The base path repeats past values with the effect of their features (of a promotion, say), so the features of each
    step and those of the steps that the base path repeats are both inputs. The effect is a linear map of them plus a
    small network that reads the state too, as in the temporal decoder of Das et al., Long-term forecasting with TiDE,
    2023, arXiv:2304.08424.
    """
    lookback, horizon = window.segment * (window.segments - window.ahead), window.horizon
    past = sum(_embedding_size(size) for size in window.past)
    then = path[:, lookback : lookback + horizon, past:]  # (N, H, E of the future ones)
    places = [lookback - lag + np.arange(horizon) % lag for lag in window.base] or [np.full(horizon, lookback - 1)]
    before = [keras.ops.take(path, np.asarray(at, np.int32), axis=1) for at in places]
    features = keras.layers.Concatenate()([then, sum(before[1:], before[0]) / len(before)])
    seen = keras.layers.RepeatVector(horizon)(keras.layers.Dense(STATE, activation="tanh")(state))
    hidden = keras.layers.Dense(HIDDEN, activation="tanh")(keras.layers.Concatenate()([features, seen]))
    bent = keras.layers.Dense(1, kernel_initializer="zeros")(hidden)
    straight = keras.layers.Dense(1, kernel_initializer="zeros", use_bias=False)(features)
    return keras.layers.Reshape((horizon,))(keras.layers.Add()([bent, straight]))


def answering_network(shape: NetworkShape) -> tuple[keras.Model, list[keras.Model]]:
    """Return the network that serves, [N, K, C] → [N, R], and its parts, each of which takes a member's weights.

    It is the network itself; with dropout masks, joined with one that answers each window under each mask.
    """
    network, window = build_network(shape, seed=0), shape.window
    if not shape.draws:
        return network, [network]
    masked = build_network(shape, seed=0, masked=True)
    windows = keras.Input((window.segments, window.channels))
    repeated = keras.layers.RepeatVector(shape.draws)(keras.layers.Flatten()(windows))  # (N, T, K · C)
    answers = masked(keras.ops.reshape(repeated, (-1, window.segments, window.channels)))[:, : window.horizon]
    deviation = keras.ops.std(keras.ops.reshape(answers, (-1, shape.draws, window.horizon)), axis=1)
    return keras.Model(windows, keras.layers.Concatenate()([network(windows), deviation])), [network, masked]


def serving_graph(shape: NetworkShape, members: Sequence[Weights]) -> bytes:
    """Return an ONNX graph of the whole ensemble: [N, K, C] → [N, M, R], one answer of each member.

    Of several members it also gives the first one's answer alone, [N, 1, R]: the others need not run for that.

    Keras and tf2onnx turn each `lstm` layer into one ONNX `LSTM` operator, the other cells into a `Loop`, which ONNX
    Runtime runs about as fast.
    """
    form = shape.window.segments, shape.window.channels
    windows = keras.Input(form, name="windows")
    networks = []
    for weights in members:
        network, parts = answering_network(shape)
        for part in parts:
            part.set_weights(weights)
        networks.append(network)
    said = [network(windows) for network in networks]
    answers = [shape.trust * keras.ops.stack(some, axis=1) for some in ([said, said[:1]] if len(said) > 1 else [said])]
    ensemble = keras.Model(windows, answers if len(answers) > 1 else answers[0])
    ensemble(np.zeros((1, *form), np.float32))  # export needs a model that was called
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "network.onnx"
        ensemble.export(path, format="onnx", verbose=False)
        return canonical(path.read_bytes())
