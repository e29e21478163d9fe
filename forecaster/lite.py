"""A saved model for TensorFlow: a SavedModel, or a LiteRT file; raw values in, forecasts out.

The networks are built from the bounded settings of the version and its weights, and what `windows` says in NumPy is
said around them in TensorFlow: in float64 for a SavedModel, which takes any number of series, in float32 for LiteRT,
which has no more and takes one series at a time. For LiteRT the recurrence is written out step by step: nothing is left
but operators that every interpreter has.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from forecaster.errors import ModelError
from forecaster.graph import base_lags
from forecaster.manifest import shapes_of
from forecaster.network import build_network
from forecaster.version import Model, read_weights
from forecaster.windows import LOGARITHMS, SMALLEST_SCALE, Floats


class Forecaster(tf.Module):  # type: ignore[misc]
    """The networks of a version with their scaling, as one function of TensorFlow."""

    def __init__(self, model: Model, dtype: Any = tf.float64, *, unrolled: bool = False) -> None:
        """Build it.

        Args:
            model: The version.
            dtype: Of values, scaling and forecasts.
            unrolled: Write the recurrence out, step by step.
        """
        super().__init__()
        network = shapes_of(model.manifest)[1]
        self.shape, self.trust, self.dtype = model.window, network.trust, dtype
        self.networks = []
        for weights in read_weights(model):
            built = build_network(network, seed=0)
            built.set_weights(weights)
            for layer in built.layers:
                if unrolled and hasattr(layer, "unroll"):
                    layer.unroll = True
            self.networks.append(built)

    def forecast(self, values: tf.Tensor) -> tf.Tensor:
        """Return the forecasts [N, H] after windows [N, L]."""
        shape = self.shape
        x = tf.math.log(tf.maximum(values, self._number(LOGARITHMS[0]))) if shape.transform == "log" else values
        base = tf.add_n([tf.gather(x, lag, axis=1) for lag in base_lags(shape)]) / max(len(shape.base), 1)
        loc = tf.reduce_mean(x, axis=1, keepdims=True) if shape.base else x[:, -1:]
        scale = self._scale(x)
        segments = tf.reshape(tf.cast((x - loc) / scale, tf.float32), (-1, shape.segments, shape.segment))
        windows = tf.concat([segments, tf.ones_like(segments[:, :, :1])], axis=2)
        points = [network(windows, training=False)[:, : shape.horizon] for network in self.networks]
        answers = self.trust * tf.cast(_median(points), self.dtype)
        return self._to_range(base + answers * scale)

    def _number(self, value: float) -> tf.Tensor:
        """Return a constant of our precision, no smaller than it can be."""
        return tf.constant(max(value, float(np.finfo(self.dtype.as_numpy_dtype).tiny)), self.dtype)

    def _scale(self, x: tf.Tensor) -> tf.Tensor:
        """Return the scale [N, 1] of windows [N, L] in transformed units."""
        level = tf.ones_like(x[:, :1]) if self.shape.transform == "log" else tf.reduce_mean(tf.abs(x), 1, keepdims=True)
        size = tf.maximum(tf.reduce_max(tf.abs(x), axis=1, keepdims=True), self._number(1e-300))
        part = x / size
        off = part - tf.reduce_mean(part, axis=1, keepdims=True)
        spread = tf.sqrt(tf.reduce_mean(off * off, axis=1, keepdims=True)) * size
        floor = level * self.shape.floor
        scale = tf.sqrt(spread * spread + floor * floor)
        flat = tf.where(level > 0, level, tf.ones_like(level))
        return tf.where(scale > SMALLEST_SCALE * level, scale, flat)

    def _to_range(self, x: tf.Tensor) -> tf.Tensor:
        """Undo the logarithm, and keep to the range of the data."""
        largest = np.log(min(LOGARITHMS[1], float(np.finfo(self.dtype.as_numpy_dtype).max)))
        x = tf.exp(tf.minimum(x, tf.constant(largest, self.dtype))) if self.shape.transform == "log" else x
        x = x if self.shape.low is None else tf.maximum(x, tf.constant(self.shape.low, self.dtype))
        return x if self.shape.high is None else tf.minimum(x, tf.constant(self.shape.high, self.dtype))


def _median(answers: list[tf.Tensor]) -> tf.Tensor:
    """Return the median [N, H] of the networks' answers."""
    if len(answers) == 1:
        return answers[0]
    ordered = tf.sort(tf.stack(answers, axis=2), axis=2)  # LiteRT sorts along the last axis only
    return (ordered[:, :, (len(answers) - 1) // 2] + ordered[:, :, len(answers) // 2]) / 2


def save_tensorflow(model: Model, folder: Path) -> None:
    """Write a SavedModel into a new folder; its signature takes `values` [N, L] and gives `forecasts` [N, H]."""
    module = Forecaster(model)
    given = tf.TensorSpec([None, model.window.lookback], tf.float64, name="values")
    serve = tf.function(lambda values: {"forecasts": module.forecast(values)}, input_signature=[given], autograph=False)
    module.serve = serve  # what is saved is what hangs on the module
    tf.saved_model.save(module, str(folder), signatures=serve)


def ask_tensorflow(folder: Path, values: Floats) -> Floats:
    """Return what a SavedModel forecasts [N, H] after windows [N, L]."""
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    return np.asarray(serve(values=tf.constant(values))["forecasts"], np.float64)


def lite_file(model: Model, *, quantized: bool) -> bytes:
    """Return a LiteRT file: one window [1, L] of float32 → forecasts [1, H]; quantised, its weights have 8 bits.

    Raises:
        ModelError: TensorFlow's converter cannot convert the network.
    """
    module = Forecaster(model, tf.float32, unrolled=True)
    given = tf.TensorSpec([1, model.window.lookback], tf.float32, name="values")
    traced = tf.function(module.forecast, autograph=False).get_concrete_function(given)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([convert_variables_to_constants_v2(traced)], module)
    if quantized:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return bytes(converter.convert())
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"LiteRT cannot hold this network: {str(error).splitlines()[0][:200]}") from error


class LiteServer:
    """A LiteRT file, loaded."""

    def __init__(self, data: bytes) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is to move to a package of its own
            self._interpreter = tf.lite.Interpreter(model_content=data)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def answer(self, values: Floats) -> Floats:
        """Return the forecasts [N, H] after windows [N, L], asked one at a time."""
        return np.array([self._ask(row) for row in values.astype(np.float32)], np.float64)

    def _ask(self, row: NDArray[np.float32]) -> NDArray[np.float32]:
        self._interpreter.set_tensor(self._input, row[None])
        self._interpreter.invoke()
        return np.array(self._interpreter.get_tensor(self._output)[0])
