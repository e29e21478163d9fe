"""The recurrence of a saved network, step by step in NumPy: what its gates let pass, and what its cells hold.

The serving graph answers, and shows nothing of how. Here the same layers are computed from the saved weights, so that
each gate can be looked at; `network` is the definition, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.model.plan import NetworkShape

Array = NDArray[np.float64]
Weights = Sequence[NDArray[np.float32]]

GATES = {"lstm": ("input", "forget", "output", "cell", "hidden"), "gru": ("update", "reset", "candidate", "hidden")}
"""What is seen of a layer: gates, from 0 to 1, then states; of a GRU also the candidate for its state."""


@dataclass(frozen=True, eq=False)
class Trace:
    """What a network did with N windows of K segments.

    Attributes:
        layers: For each layer the name of a gate or state → its values [N, K, U].
        answers: [N, H] in scaled units.
    """

    layers: tuple[dict[str, Array], ...]
    answers: Array


def can_trace(shape: NetworkShape) -> bool:
    """Return whether a network is one that is computed here: LSTM or GRU layers of one width that read forward."""
    others = (
        shape.bidirectional
        or shape.attention
        or shape.quantiles
        or shape.window.has_features
        or len(set(shape.widths)) > 1
    )
    return shape.cell in GATES and shape.activation == "tanh" and not others


def trace(shape: NetworkShape, weights: Weights, inputs: NDArray[Any]) -> Trace:
    """Return what one network does with windows [N, K, C].

    Args:
        shape: Its architecture, one that `can_trace`.
        weights: Its arrays in Keras's order: projection, each layer's three, recall if there is one, answer.
        inputs: Scaled windows, as `cut_windows` gives them.
    """
    arrays = [w.astype(np.float64) for w in weights]
    x = inputs.astype(np.float64) @ arrays[0] + arrays[1]  # (N, K, U)
    run, layers = (_run_lstm if shape.cell == "lstm" else _run_gru), []
    for layer in range(shape.layers):
        kernel, recurrent, bias = arrays[2 + 3 * layer : 5 + 3 * layer]
        layers.append(run(x, kernel, recurrent, bias))
        x = layers[-1]["hidden"] + (x if shape.residual else 0.0)
    state = x[:, -1]  # (N, U)
    answers = state @ arrays[-2] + arrays[-1]
    if shape.recall:
        answers = answers + _recall(shape, arrays[-4], arrays[-3], inputs.astype(np.float64), state)
    return Trace(tuple(layers), shape.trust * answers)


def _run_lstm(x: Array, kernel: Array, recurrent: Array, bias: Array) -> dict[str, Array]:
    """Gates i, f, o and candidate c̃; c = f∘c + i∘c̃; h = o∘tanh(c) (Hochreiter & Schmidhuber, 1997)."""
    given = x @ kernel + bias
    h = c = np.zeros((len(x), len(recurrent)))
    steps = []
    for k in range(x.shape[1]):
        i, f, candidate, o = np.split(given[:, k] + h @ recurrent, 4, axis=1)
        i, f, o = _sigmoid(i), _sigmoid(f), _sigmoid(o)
        c = f * c + i * np.tanh(candidate)
        h = o * np.tanh(c)
        steps.append((i, f, o, c, h))
    return _named("lstm", steps)


def _run_gru(x: Array, kernel: Array, recurrent: Array, bias: Array) -> dict[str, Array]:
    """Gates z, r; h̃ = tanh(W x + r∘(U h + b)); h = z∘h + (1 − z)∘h̃ (Cho et al., 2014, reset after the product)."""
    given = x @ kernel + bias[0]
    h = np.zeros((len(x), len(recurrent)))
    steps = []
    for k in range(x.shape[1]):
        own = h @ recurrent + bias[1]
        (z, r, new), (own_z, own_r, own_new) = np.split(given[:, k], 3, axis=1), np.split(own, 3, axis=1)
        z, r = _sigmoid(z + own_z), _sigmoid(r + own_r)
        candidate = np.tanh(new + r * own_new)
        h = z * h + (1 - z) * candidate
        steps.append((z, r, candidate, h))
    return _named("gru", steps)


def _named(cell: str, steps: Sequence[tuple[Array, ...]]) -> dict[str, Array]:
    """Return name → [N, K, U] of what was seen at each step."""
    return {name: np.stack(seen, axis=1) for name, seen in zip(GATES[cell], zip(*steps, strict=True), strict=True)}


def _recall(shape: NetworkShape, kernel: Array, bias: Array, inputs: Array, state: Array) -> Array:
    """Return the weighted sum [N, H] of the window's segments."""
    length = shape.window.segment
    ahead = -(-shape.window.horizon // length)
    weights = (state @ kernel + bias).reshape(len(state), ahead, shape.window.segments)
    path = weights @ inputs[:, :, :length] / shape.window.segments**0.5
    return np.asarray(path.reshape(len(state), ahead * length)[:, : shape.window.horizon])


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))  # never overflows
