"""The network in Keras: a stacked LSTM over segments that weighs simple forecasts and corrects them.

Written against Keras alone, so that it trains on any backend; what is shipped is the same arithmetic in ONNX.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from forecaster.model.pretrained.inputs import CONTEXT, FUTURE, PAST, SIMPLE
from forecaster.model.pretrained.rhythm import LEVELS, WIDTH
from pretraining.gates import exponential

MEDIAN = LEVELS.index(0.5)
EMPHASIS = 4.0  # weight of the median among the levels: the point forecast is the median


@dataclass(frozen=True)
class Shape:
    """Sizes of the network.

    Attributes:
        units: Of every LSTM layer.
        layers: LSTM layers, with residual connections.
        recalls: Past segments that attention adds to the simple forecasts.
        dropout: After every LSTM layer but the last.
        cell: "lstm", or "slstm" with exponential gates (for trials: it is not exported).
    """

    units: int = 128
    layers: int = 2
    recalls: int = 2
    dropout: float = 0.05
    cell: str = "lstm"


def _prefer_weighed(shape: tuple[int, ...], dtype: Any = None) -> Any:
    """First weights: mostly the weighed mean of the candidates."""
    return 4.0 * ops.one_hot(ops.convert_to_tensor(SIMPLE - 1), shape[0], dtype=dtype or "float32")


def recurrent(shape: Shape, name: str) -> Any:
    """One recurrent layer of the kind asked for."""
    if shape.cell == "slstm":
        return exponential(shape.units, name)
    return layers.LSTM(shape.units, return_sequences=True, name=name)


class Forecaster(keras.Model):  # type: ignore[misc]
    """Inputs as `forecaster.model.pretrained.inputs` → `(N, A, WIDTH, 9)`, units of MASE from the level."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        units = shape.units
        self.shape_of = shape
        self.past = layers.Dense(units, name="past")
        self.ahead = layers.Dense(units, name="ahead")
        self.simple = layers.Dense(units, use_bias=False, name="simple")
        self.context = layers.Dense(units, activation="relu", name="context")
        self.context_out = layers.Dense(units, name="context_out")
        self.cells = [recurrent(shape, f"lstm_{i}") for i in range(shape.layers)]
        self.drop = layers.Dropout(shape.dropout)
        self.hidden = layers.Dense(units, activation="relu", name="hidden")
        self.query = layers.Dense(shape.recalls * 32, name="query")
        self.key = layers.Dense(32, name="key")
        self.weigh = layers.Dense(
            SIMPLE + shape.recalls, kernel_initializer="zeros", bias_initializer=_prefer_weighed, name="weigh"
        )
        self.correct = layers.Dense(WIDTH, kernel_initializer="zeros", name="correct")
        self.widths = layers.Dense(
            WIDTH * (len(LEVELS) - 1), bias_initializer=keras.initializers.Constant(-0.7), name="widths"
        )

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """One answer a step ahead and level."""
        past, simple = inputs["past"], inputs["simple"]
        segments, ahead = ops.shape(past)[1], ops.shape(simple)[1]
        whole = self.context_out(self.context(inputs["context"]))[:, None]
        flat = ops.reshape(ops.arcsinh(simple), (-1, ahead, SIMPLE * WIDTH))
        first = ops.concatenate(
            [self.past(past) + whole, self.ahead(inputs["future"]) + self.simple(flat) + whole], axis=1
        )
        state = first
        for i, cell in enumerate(self.cells):
            state = state + cell(state)
            if i + 1 < len(self.cells):
                state = self.drop(state, training=training)
        behind, now = state[:, :segments], state[:, segments:]
        now = now + self.hidden(now)
        pool = self._pool(past, behind, now, simple)
        weight = ops.softmax(self.weigh(now), axis=-1)
        point = ops.sum(weight[..., None] * pool, axis=2) + self.correct(now)
        return self._fan(point, ops.softplus(self.widths(now)))

    def _pool(self, past: Any, behind: Any, now: Any, simple: Any) -> Any:
        """The simple forecasts and the past segments recalled, `(N, A, C, WIDTH)`."""
        ahead, recalls = ops.shape(simple)[1], self.shape_of.recalls
        if not recalls:
            return simple
        value = ops.sinh(ops.clip(past[..., WIDTH : 2 * WIDTH], -6.0, 6.0))
        empty = ops.cast(ops.max(past[..., 2 * WIDTH : 3 * WIDTH], axis=-1) < 0.5, "float32")
        query = ops.reshape(self.query(now), (-1, ahead * recalls, 32))
        score = ops.matmul(query, ops.transpose(self.key(behind), (0, 2, 1))) / 32**0.5 - 30.0 * empty[:, None]
        found = ops.matmul(ops.softmax(score, axis=-1), value)
        return ops.concatenate([simple, ops.reshape(found, (-1, ahead, recalls, WIDTH))], axis=2)

    def _fan(self, point: Any, widths: Any) -> Any:
        """Median and steps between levels → levels that never cross, `(N, A, WIDTH, 9)`."""
        ahead = ops.shape(point)[1]
        widths = ops.reshape(widths, (-1, ahead, WIDTH, len(LEVELS) - 1))
        below = ops.flip(ops.cumsum(widths[..., :MEDIAN], axis=-1), axis=-1)
        above = ops.cumsum(widths[..., MEDIAN:], axis=-1)
        return ops.concatenate([point[..., None] - below, point[..., None], point[..., None] + above], axis=-1)


def loss(target: Any, answer: Any) -> Any:
    """Quantile loss in units of MASE, the median weighed up; unknown steps and absurd ones count little, `(N,)`.

    `target` is `(N, A, WIDTH)`, NaN where unknown.
    """
    known = ops.cast(ops.logical_not(ops.isnan(target)), "float32")
    target = ops.where(known > 0, target, 0.0)
    error = target[..., None] - answer
    levels = ops.convert_to_tensor(LEVELS, dtype="float32")
    weight = ops.convert_to_tensor([EMPHASIS if i == MEDIAN else 1.0 for i in range(len(LEVELS))], dtype="float32")
    pinball = ops.sum(ops.maximum(levels * error, (levels - 1) * error) * weight, axis=-1) * (2 / (len(LEVELS) + 3))
    steps = ops.maximum(ops.sum(known, axis=(1, 2)), 1.0)
    size = ops.sum(ops.abs(target), axis=(1, 2)) / steps
    return ops.sum(pinball * known, axis=(1, 2)) / steps / ops.maximum(1.0, size / 10.0)


def build(shape: Shape) -> Forecaster:
    """A network with fresh weights, called once so that they exist."""
    network = Forecaster(shape)
    empty = {
        "past": ops.zeros((1, 4, PAST)),
        "future": ops.zeros((1, 2, FUTURE)),
        "simple": ops.zeros((1, 2, SIMPLE, WIDTH)),
        "context": ops.zeros((1, CONTEXT)),
    }
    network(empty)
    return network
