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
from tensorflow.lite.python.convert_phase import ConverterError
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from forecaster.base.errors import ModelError
from forecaster.model.features import Encoding, split_encodings
from forecaster.model.graph import Raw, base_lags
from forecaster.model.version import SavedModel, read_weights
from forecaster.model.windows import LOGARITHMS, SMALLEST_SCALE, Floats, base_map
from forecaster.training.network import build_network


class Forecaster(tf.Module):  # type: ignore[misc]
    """The networks of a version with their scaling, as one function of TensorFlow."""

    def __init__(self, model: SavedModel, dtype: Any = tf.float64, *, unrolled: bool = False) -> None:
        """Build it.

        Args:
            model: The version.
            dtype: Of values, scaling and forecasts.
            unrolled: Write the recurrence out, step by step.
        """
        super().__init__()
        network = model.network
        self.shape, self.trust, self.dtype = model.window, network.trust, dtype
        self.changing, self.fixed = split_encodings(model.encodings)
        self.networks = []
        for weights in read_weights(model):
            built = build_network(network, seed=0)
            built.set_weights(weights)
            for layer in built.layers:
                if unrolled and hasattr(layer, "unroll"):
                    layer.unroll = True
            self.networks.append(built)

    def forecast(
        self, values: tf.Tensor, features: tf.Tensor | None = None, static: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Return the forecasts [N, H] after windows [N, L], with features as in `graph`."""
        shape = self.shape
        x = tf.math.log(tf.maximum(values, self._number(LOGARITHMS[0]))) if shape.transform == "log" else values
        base = self._base_path(x)
        loc = tf.reduce_mean(x, axis=1, keepdims=True) if shape.base else x[:, -1:]
        scale = self._scale(x)
        cut = (-1, shape.lookback // shape.segment, shape.segment)
        segments = tf.reshape(tf.cast((x - loc) / scale, tf.float32), cut)
        windows = tf.concat([segments, tf.ones_like(segments[:, :, :1])], axis=2)
        windows = self._with_features(windows, features, static)
        points = [network(windows, training=False)[:, : shape.horizon] for network in self.networks]
        answers = self.trust * tf.cast(_median(points), self.dtype)
        return self._to_range(base + answers * scale)

    def _base_path(self, x: tf.Tensor) -> tf.Tensor:
        """Return the base path [N, H] of windows [N, L] in transformed units."""
        if self.shape.smoothing:
            return tf.matmul(x, tf.constant(base_map(self.shape), self.dtype))
        return tf.add_n([tf.gather(x, lag, axis=1) for lag in base_lags(self.shape)]) / max(len(self.shape.base), 1)

    def _with_features(self, windows: tf.Tensor, features: tf.Tensor | None, static: tf.Tensor | None) -> tf.Tensor:
        """Return windows [N, K, C] from those of values alone."""
        shape, parts = self.shape, [tf.pad(windows, ((0, 0), (0, self.shape.ahead), (0, 0)))]
        if features is not None:
            length = shape.lookback + (shape.horizon if shape.ahead else 0)
            there = np.ones((length, len(self.changing)))
            there[shape.lookback :, : len(shape.past)] = 0.0
            known = self._standardise(features[:, :length], self.changing) * tf.constant(there, self.dtype)
            known = tf.pad(known, ((0, 0), (0, shape.segments * shape.segment - length), (0, 0)))
            each = tf.unstack(tf.cast(known, tf.float32), axis=2)
            parts += [tf.reshape(one, (-1, shape.segments, shape.segment)) for one in each]
        if static is not None:
            row = tf.cast(self._standardise(static, self.fixed), tf.float32)
            parts.append(tf.tile(row[:, None], (1, shape.segments, 1)))
        return tf.concat(parts, axis=2)

    def _standardise(self, numbers: tf.Tensor, encodings: list[Encoding]) -> tf.Tensor:
        """Return what `features.standardise` returns, along the last axis."""
        mean, deviation = ([getattr(e, name) for e in encodings] for name in ("mean", "deviation"))
        read = (numbers - tf.constant(mean, self.dtype)) / tf.constant(deviation, self.dtype)
        return tf.where(tf.equal(read, read), read, tf.zeros_like(read))  # LiteRT has no IsNaN

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


def _inputs_of(model: SavedModel, count: int | None, dtype: Any) -> dict[str, tf.TensorSpec]:
    """Return the inputs by name: `values`, and `features` and `static` where the model reads some."""
    (changing, fixed), shape = split_encodings(model.encodings), model.window
    sizes = {"values": [shape.lookback], "features": [shape.lookback + shape.horizon, len(changing)]}
    sizes |= {"static": [len(fixed)]}
    return {name: tf.TensorSpec([count, *size], dtype, name=name) for name, size in sizes.items() if size[-1]}


def save_tensorflow(model: SavedModel, folder: Path) -> None:
    """Write a SavedModel into a new folder; its signature takes what `graph` says and gives `forecasts` [N, H]."""
    module = Forecaster(model)
    serve = tf.function(lambda **given: {"forecasts": module.forecast(**given)}, autograph=False)
    serve = serve.get_concrete_function(**_inputs_of(model, None, tf.float64))
    module.serve = serve  # what is saved is what hangs on the module
    tf.saved_model.save(module, str(folder), signatures=serve)


def ask_tensorflow(folder: Path, raw: Raw) -> Floats:
    """Return what a SavedModel forecasts [N, H] after windows."""
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    given = {name: tf.constant(part) for name, part in raw.feed().items()}
    return np.asarray(serve(**given)["forecasts"], np.float64)


def lite_file(model: SavedModel, *, quantized: bool) -> bytes:
    """Return a LiteRT file: one window [1, L] of float32 → forecasts [1, H]; quantised, its weights have 8 bits.

    Raises:
        ModelError: TensorFlow's converter cannot convert the network.
    """
    module = Forecaster(model, tf.float32, unrolled=True)
    given = _inputs_of(model, 1, tf.float32)
    traced = tf.function(module.forecast, autograph=False).get_concrete_function(**given)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([convert_variables_to_constants_v2(traced)], module)
    if quantized:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return bytes(converter.convert())
        except (RuntimeError, ValueError, ConverterError) as error:
            reason = str(error).splitlines()[0][:200]
            raise ModelError(f"LiteRT cannot hold this network: {reason}", hint="Use --format onnx") from error


class LiteServer:
    """A LiteRT file, loaded."""

    def __init__(self, data: bytes) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is to move to a package of its own
            self._interpreter = tf.lite.Interpreter(model_content=data)
        self._interpreter.allocate_tensors()
        found = {each["name"]: each["index"] for each in self._interpreter.get_input_details()}
        self._inputs = {name.removeprefix("serving_default_").partition(":")[0]: at for name, at in found.items()}
        self._output = self._interpreter.get_output_details()[0]["index"]

    def answer(self, raw: Raw) -> Floats:
        """Return the forecasts [N, H] after windows, asked one at a time."""
        return np.array([self._ask(raw[at : at + 1]) for at in range(len(raw))], np.float64)

    def _ask(self, raw: Raw) -> NDArray[np.float32]:
        for name, part in raw.feed().items():
            self._interpreter.set_tensor(self._inputs[name], part.astype(np.float32))
        self._interpreter.invoke()
        return np.array(self._interpreter.get_tensor(self._output)[0])
