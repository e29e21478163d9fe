"""sLSTM: the LSTM with exponential gates of Beck et al., "xLSTM" (arXiv:2405.04517), as a cell for trials."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

FLOOR = 1e-6  # of the normalizer


class ExponentialCell(layers.Layer):  # type: ignore[misc]
    """One step: `(N, F)` and the state `(h, c, n, m)`, each `(N, units)` → `h` and the next state.

    Gates i and f are exponential (equations 15 to 17), n counts how much was let in (equation 10), and m keeps
    exponents from overflowing (equations 18 to 20). All is zero before the first step.
    """

    def __init__(self, units: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.units = self.output_size = units
        self.state_size = [units] * 4

    def build(self, shape: tuple[int, ...]) -> None:
        """Weights as those of an LSTM, the forget gates open at first."""
        self.kernel = self.add_weight(shape=(shape[-1], 4 * self.units), initializer="glorot_uniform", name="kernel")
        self.recurrent = self.add_weight(
            shape=(self.units, 4 * self.units), initializer="orthogonal", name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(4 * self.units,), initializer="zeros", name="bias")
        self.bias.assign(
            ops.concatenate([ops.zeros(self.units), ops.full((self.units,), 3.0), ops.zeros(2 * self.units)])
        )

    def call(self, step: Any, state: list[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """One step."""
        before, cell, count, size = state
        raw = ops.matmul(step, self.kernel) + ops.matmul(before, self.recurrent) + self.bias
        let_in, keep, value, out = ops.split(raw, 4, axis=-1)
        keep = -ops.softplus(-keep) + size  # logarithm of a sigmoid
        size = ops.maximum(keep, let_in)
        let_in, keep = ops.exp(let_in - size), ops.exp(keep - size)
        cell = keep * cell + let_in * ops.tanh(value)
        count = keep * count + let_in
        answer = ops.sigmoid(out) * cell / ops.maximum(count, FLOOR)
        return answer, [answer, cell, count, size]


def exponential(units: int, name: str) -> keras.layers.Layer:
    """A layer of such cells, `(N, T, F)` → `(N, T, units)`."""
    return layers.RNN(ExponentialCell(units), return_sequences=True, name=name)
