"""The recurrent cells: what the state becomes after one more segment.

    lstm      i, f, o = σ(W x_t + U h_{t-1} + b)       c̃_t = φ(W x_t + U h_{t-1} + b)
              c_t = f ∘ c_{t-1} + i ∘ c̃_t              h_t = o ∘ φ(c_t)
    peephole  the same, with gates that see the cell state: `PeepholeCell`
    gru       z, r = σ(W x_t + U h_{t-1} + b)          h̃_t = φ(W x_t + b + r ∘ (U h_{t-1} + b'))
              h_t = z ∘ h_{t-1} + (1 − z) ∘ h̃_t
    rnn       h_t = φ(W x_t + U h_{t-1} + b)

Each gate has a W, U and b of its own; φ is the activation, σ the sigmoid. The reset gate of the `gru` is applied after
the product with U (`reset_after`), as cuDNN does, and in version 1 of Cho et al.

References: Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997, with the forget gate of
Gers, Schmidhuber & Cummins, Learning to forget, Neural Computation 12(10), 2000; Cho et al., Learning phrase
representations using RNN encoder-decoder, 2014, arXiv:1406.1078v1; Elman, Finding structure in time, Cognitive Science
14(2), 1990.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from forecaster.config import Activation, Cell


class PeepholeCell(keras.layers.Layer):
    """An LSTM cell whose gates see the cell state (Gers & Schmidhuber, Recurrent nets that time and count, IJCNN 2000).

        i_t = σ(W_i x_t + U_i h_{t-1} + p_i ∘ c_{t-1} + b_i)
        f_t = σ(W_f x_t + U_f h_{t-1} + p_f ∘ c_{t-1} + b_f)
        c_t = f_t ∘ c_{t-1} + i_t ∘ φ(W_c x_t + U_c h_{t-1} + b_c)
        o_t = σ(W_o x_t + U_o h_{t-1} + p_o ∘ c_t + b_o)
        h_t = o_t ∘ φ(c_t)

    The output gate sees the new state, the others the old one. A plain LSTM knows of its state only what the output
    gate lets through. The weights lie as in Keras's LSTM, gates in the order i f c o, with b_f = 1 at the start.
    """

    def __init__(self, units: int, activation: Activation = "tanh") -> None:
        """Make a cell of `units` numbers, with φ by its name."""
        super().__init__()
        self.units = units
        self.activation = keras.activations.get(activation)
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights for inputs [N, C]."""
        n = self.units
        self.kernel = self.add_weight(shape=(input_shape[-1], 4 * n), initializer="glorot_uniform", name="kernel")
        self.recurrent = self.add_weight(shape=(n, 4 * n), initializer="orthogonal", name="recurrent")
        self.peepholes = self.add_weight(shape=(3, n), initializer="zeros", name="peepholes")  # p_i, p_f, p_o
        self.bias = self.add_weight(shape=(4 * n,), initializer=_remember, name="bias")

    def call(self, inputs: Any, states: list[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """Return h_t [N, U], and h_t and c_t, from x_t [N, C], h_{t-1} and c_{t-1} [N, U]."""
        h, c = states
        p_i, p_f, p_o = ops.unstack(self.peepholes)
        sums = ops.matmul(inputs, self.kernel) + ops.matmul(h, self.recurrent) + self.bias  # (N, 4U)
        to_i, to_f, to_c, to_o = ops.split(sums, 4, axis=-1)
        c = ops.sigmoid(to_f + p_f * c) * c + ops.sigmoid(to_i + p_i * c) * self.activation(to_c)
        h = ops.sigmoid(to_o + p_o * c) * self.activation(c)
        return h, [h, c]


def _remember(shape: tuple[int, ...], dtype: Any = None) -> Any:
    """Return a bias [4U] of 1 for the forget gate and 0 for the others."""
    n = shape[0] // 4
    return ops.concatenate([ops.zeros(n, dtype), ops.ones(n, dtype), ops.zeros(2 * n, dtype)])


LAYERS = {
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
    "rnn": keras.layers.SimpleRNN,
    "peephole": lambda units, activation, **how: keras.layers.RNN(PeepholeCell(units, activation), **how),
}


def recurrent_layer(cell: Cell, units: int, activation: Activation, **how: bool) -> keras.layers.Layer:
    """Return a layer of a cell: [N, K, C] → its last state [N, U], or with `return_sequences` all of them [N, K, U].

    `go_backwards` reads the last step first.
    """
    return LAYERS[cell](units, activation=activation, **how)
