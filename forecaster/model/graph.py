"""A saved model as one ONNX graph: raw values in, forecasts out.

Inside are the logarithm, the scaling of each window, the base path, the networks, their median and the data's range.

    values    [N, L] float64        the last L values of N series, oldest first, none missing; where the
                                    pretrained network has a share [N, C], NaN before a series begins
    features  [N, L + H, D] float64 where the model reads some: features that change, before and after the end
    static    [N, G] float64        where the model reads some: what does not change
    forecasts [N, H] float64        what `forecast predict` would say

Features are numbers as they stand in the data, NaN where they are not known; a category is its place among those of the
model, from 1 on, 0 for another. The graph's metadata names them in order: see `inputs_of`.

Around the stored serving graph it records, by `ndonnx`, what `windows` says in NumPy; whoever exports it compares the
two on real windows.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.base.runtime import prepare_onnx
from forecaster.config import Quantize
from forecaster.model.companion import FARTHEST, Companion
from forecaster.model.features import Encoding, split_encodings, standardise
from forecaster.model.origins import Origins
from forecaster.model.pretrained.candidates import Array, namespace
from forecaster.model.pretrained.network import MEDIAN
from forecaster.model.pretrained.rhythm import rhythm
from forecaster.model.recorded import Recorded, built, inlined, recording
from forecaster.model.version import SavedModel, read_graph
from forecaster.model.windows import (
    LOGARITHMS,
    SMALLEST_SCALE,
    Floats,
    Ints,
    Windows,
    WindowShape,
    base_map,
    cut_windows,
    restore,
    to_scale,
)

CALIBRATED = ["MatMul", "Gemm"]
"""Operators whose activations become int8 by ranges measured on windows; ONNX Runtime has no such LSTM."""


@dataclass(frozen=True, eq=False)
class Raw:
    """N whole windows, as an export takes them.

    Attributes:
        values: [N, L]; [N, C], NaN before a series begins, where the pretrained network reads more.
        features: [N, L + H, D]; None where the model reads none.
        static: [N, G]; None where the model reads none.
    """

    values: Floats
    features: Floats | None = None
    static: Floats | None = None

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, chosen: slice) -> Raw:
        features, static = (None if part is None else part[chosen] for part in (self.features, self.static))
        return Raw(self.values[chosen], features, static)

    def feed(self) -> dict[str, Floats]:
        """Return the inputs by name."""
        named = {"values": self.values, "features": self.features, "static": self.static}
        return {name: part for name, part in named.items() if part is not None}


@dataclass(frozen=True, eq=False)
class _RawFeatures:
    """The features of windows, as `cut_windows` takes them: window by window, in their order."""

    raw: Raw
    encodings: tuple[Encoding, ...]

    def arrays(self) -> Iterable[NDArray[np.float32]]:
        return ()

    def of_windows(self, origins: Origins, shape: WindowShape) -> NDArray[np.float32]:
        changing, fixed = split_encodings(self.encodings)
        parts = []
        if self.raw.features is not None:
            known = np.stack([standardise(self.raw.features[..., k], e) for k, e in enumerate(changing)], axis=2)
            known = known[:, : shape.lookback + (shape.horizon if shape.ahead else 0)]
            known[:, shape.lookback :, : len(shape.past)] = 0.0
            padded = np.pad(known, ((0, 0), (0, shape.segments * shape.segment - known.shape[1]), (0, 0)))
            segmented = padded.reshape(len(origins), shape.segments, shape.segment, -1).swapaxes(2, 3)
            parts.append(segmented.reshape(len(origins), shape.segments, -1))
        if self.raw.static is not None:
            read = np.stack([standardise(self.raw.static[:, k], e) for k, e in enumerate(fixed)], axis=1)
            parts.append(np.repeat(read[:, None], shape.segments, axis=1))
        return np.concatenate(parts, axis=2).astype(np.float32)


def inputs_of(encodings: Iterable[Encoding]) -> dict[str, list[dict[str, Any]]]:
    """Return what stands where in `features` and `static`, as far as there are some: name, source, categories."""
    return {
        name: [{"name": e.name, "source": e.source, "categories": list(e.categories)} for e in part]
        for name, part in zip(("features", "static"), split_encodings(encodings), strict=True)
        if part
    }


def cut_raw(model: SavedModel, raw: Raw) -> Windows:
    """Return windows as the networks read them."""
    features = _RawFeatures(raw, model.encodings) if model.encodings else None
    values = np.ascontiguousarray(raw.values[:, -model.window.lookback :])
    return cut_windows(values.ravel(), Origins.of_rows(values), model.window, features)


def forecast_values(model: SavedModel, raw: Raw, *, trained_part: bool = False) -> Floats:
    """Return forecasts [N, H] after windows, or those of the trained networks alone: what exports are compared with."""
    windows = cut_raw(model, raw)
    answers = model.server.answer(windows.inputs)[..., : model.window.horizon].astype(np.float64)
    points = np.median(answers, axis=1)
    if model.companion is not None and not trained_part:
        points = model.companion.mix(points, raw.values.ravel(), Origins.of_rows(raw.values), windows)
    return restore(points, windows)


def drift(model: SavedModel, raw: Raw, ours: Floats, theirs: Floats) -> float:
    """Return the largest difference of two forecasts [N, H] after windows, in units of each window's scale."""
    return float(drifts(model, raw, ours, theirs).max())


def drifts(model: SavedModel, raw: Raw, ours: Floats, theirs: Floats) -> Floats:
    """Return how far apart two forecasts [N, H] are, in units of each window's scale; inf for no number."""
    windows = cut_raw(model, raw)
    apart = np.abs(to_scale(ours, model.window) - to_scale(theirs, model.window)) / windows.scale
    return np.where(np.isfinite(apart), apart, np.inf)


def base_lags(shape: WindowShape) -> list[Ints]:
    """Return for each lag of the base path the places [H] in the window whose values it repeats."""
    ahead = np.arange(shape.horizon)
    return [shape.lookback - lag + ahead % lag for lag in shape.base] or [np.full(shape.horizon, shape.lookback - 1)]


# ---------------------------------------------------------------------------------------------------- the graph


@recording()
def raw_graph(model: SavedModel, context: int = 0) -> bytes:
    """Return the ONNX graph of a saved model, as the module says.

    Args:
        model: The model.
        context: C ≥ L, values that the pretrained network reads where it has a share; 0 for the trained networks alone.
    """
    import ndonnx
    import onnx

    shape, inner = model.window, onnx.load_from_string(read_graph(model))
    changing, fixed = split_encodings(model.encodings)
    sizes = {"values": (context or shape.lookback,), "features": (shape.lookback + shape.horizon, len(changing))}
    sizes |= {"static": (len(fixed),)}
    given = {
        name: ndonnx.argument(shape=("N", *size), dtype=ndonnx.float64) for name, size in sizes.items() if size[-1]
    }
    window, base, scale = _scaled(given["values"][:, -shape.lookback :], shape)
    window = _with_features(given, window, shape, model.encodings) if model.encodings else window
    answers = inlined(inner, {inner.graph.input[0].name: window})[0]
    points = _median(answers, inner.graph.output[0].type.tensor_type.shape.dim[1].dim_value, shape.horizon)
    if context and model.companion is not None:
        points = _mixed(model.companion, given["values"], (points, base, scale), shape)
    whole = built(given, {"forecasts": (_restored(base + points * scale, shape), (shape.horizon,))})
    whole.producer_name = f"forecast {model.name} {model.version}"
    if model.encodings:
        onnx.helper.set_model_props(whole, {"inputs": json.dumps(inputs_of(model.encodings))})
    return bytes(whole.SerializeToString())


def _with_features(given: dict[str, Array], window: Array, shape: WindowShape, encodings: Iterable[Encoding]) -> Array:
    """The features of windows [N, L/P, P + 1]: the answer is [N, K, C]."""
    xp, (changing, fixed) = namespace(window), split_encodings(encodings)
    if shape.ahead:  # the segments ahead of the end have no values
        window = xp.concat([window, xp.zeros_like(xp.tile(window[:, :1, :], (1, shape.ahead, 1)))], axis=1)
    parts = [window]
    if changing:
        length = shape.lookback + (shape.horizon if shape.ahead else 0)
        observed = np.ones((1, length, len(changing)))
        observed[:, shape.lookback :, : len(shape.past)] = 0.0
        known = _standardised(given["features"][:, :length, :], changing) * observed
        if missing := shape.segments * shape.segment - length:
            known = xp.concat([known, xp.zeros_like(xp.tile(known[:, :1, :], (1, missing, 1)))], axis=1)
        known = xp.reshape(known, (-1, shape.segments, shape.segment, len(changing)))
        known = xp.permute_dims(known, (0, 1, 3, 2))
        parts.append(xp.reshape(known, (-1, shape.segments, shape.segment * len(changing))))
    if fixed:
        parts.append(xp.tile(_standardised(given["static"], fixed)[:, None, :], (1, shape.segments, 1)))
    return xp.concat([xp.astype(part, xp.float32) for part in parts], axis=2)


def _standardised(numbers: Array, encodings: list[Encoding]) -> Array:
    """What `features.standardise` does, along the last axis."""
    xp = namespace(numbers)
    read = (numbers - np.array([e.mean for e in encodings])) / np.array([e.deviation for e in encodings])
    return xp.where(xp.isnan(read), 0.0, read)


def _scaled(values: Array, shape: WindowShape) -> tuple[Array, Array, Array]:
    """What `cut_windows` does to a window without holes; the answer: [N, L/P, P + 1], base path, scale."""
    xp = namespace(values)
    x = xp.log(xp.maximum(values, LOGARITHMS[0])) if shape.transform == "log" else values
    loc = xp.mean(x, axis=1, keepdims=True) if shape.base else x[:, -1:]
    size = xp.maximum(xp.max(xp.abs(x), axis=1, keepdims=True), 1e-300)
    spread = xp.std(x / size, axis=1, keepdims=True) * size
    level = xp.ones_like(loc) if shape.transform == "log" else xp.mean(xp.abs(x), axis=1, keepdims=True)
    scale = xp.sqrt(spread**2 + (level * shape.floor) ** 2)
    scale = xp.where(scale > SMALLEST_SCALE * level, scale, xp.where(level > 0, level, 1.0))
    segments = xp.reshape((x - loc) / scale, (-1, shape.lookback // shape.segment, shape.segment))
    window = xp.concat([segments, xp.ones_like(segments[:, :, :1])], axis=2)  # all of the window was observed
    return xp.astype(window, xp.float32), _base_path(x, shape), scale


def _base_path(x: Array, shape: WindowShape) -> Array:
    """The base path [N, H] of windows in transformed units."""
    xp = namespace(x)
    if shape.smoothing:
        return xp.tensordot(x, xp.asarray(base_map(shape)), axes=1)
    places = [xp.take(x, xp.asarray(lag), axis=1) for lag in base_lags(shape)]
    return sum(places[1:], places[0]) / float(len(places))


def _median(answers: Array, members: int, horizon: int) -> Array:
    """The median of the networks' first H answers [N, M, H …]."""
    xp = namespace(answers)
    ordered = xp.sort(xp.astype(answers[:, :, :horizon], xp.float64), axis=1)
    return 0.5 * (ordered[:, (members - 1) // 2, :] + ordered[:, members // 2, :])


def _mixed(companion: Companion, values: Array, own: tuple[Array, Array, Array], shape: WindowShape) -> Array:
    """What `Companion.mix` makes of the trained networks' answers: [N, H] in scaled units."""
    import onnx

    xp, (points, base, scale) = namespace(values), own
    recorded = Recorded(onnx.load_from_string(companion.graph), rhythm(companion.share.seasons))
    medians = recorded.forecast(values, shape.horizon)[:, :, MEDIAN]
    if shape.transform == "log":
        least = xp.min(xp.where(xp.isfinite(values), values, xp.inf), axis=1, keepdims=True)
        medians = xp.log(xp.maximum(xp.maximum(medians, 0.1 * least), LOGARITHMS[0]))
    said = (medians - base) / scale
    said = xp.clip(xp.where(xp.isnan(said), 0.0, said), -FARTHEST, FARTHEST)
    return companion.share.trained * points + companion.share.pretrained * said


def _restored(x: Array, shape: WindowShape) -> Array:
    """What `restore` does to answers in transformed units."""
    xp = namespace(x)
    x = xp.exp(xp.minimum(x, np.log(LOGARITHMS[1]))) if shape.transform == "log" else x
    x = x if shape.low is None else xp.maximum(x, shape.low)
    return x if shape.high is None else xp.minimum(x, shape.high)


class RawServer:
    """A graph of raw values, loaded."""

    def __init__(self, graph: bytes) -> None:
        prepare_onnx()
        import onnxruntime

        self._session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])

    def answer(self, raw: Raw) -> Floats:
        """Return the forecasts [N, H] after windows."""
        return np.asarray(self._session.run(["forecasts"], raw.feed())[0])


# ---------------------------------------------------------------------------------------------------- quantised


def quantize_graph(graph: bytes, how: Quantize, raw: Raw) -> bytes:
    """Return a graph whose networks calculate with whole numbers of 8 bits.

    `dynamic` stores weights so, and takes the range of what the weights are applied to from each call; `int8` measures
    the ranges of the Dense layers on windows once. The scaling stays in float64 in either case.

    Args:
        graph: From `raw_graph`.
        how: The way.
        raw: Windows to measure ranges on.
    """
    from onnxruntime.quantization import CalibrationDataReader, quantize_dynamic, quantize_static

    class CalibrationWindows(CalibrationDataReader):  # type: ignore[misc]
        """Gives the windows, once."""

        def __init__(self) -> None:
            self.batches = iter([raw.feed()])

        def get_next(self) -> dict[str, Floats] | None:
            return next(self.batches, None)

    with tempfile.TemporaryDirectory() as folder, _silent():
        plain, weights, whole = (Path(folder) / f"{name}.onnx" for name in ("plain", "weights", "whole"))
        plain.write_bytes(graph)
        if how == "dynamic":
            quantize_dynamic(plain, whole)
        else:
            quantize_dynamic(plain, weights, op_types_to_quantize=["LSTM"])
            quantize_static(weights, whole, CalibrationWindows(), op_types_to_quantize=CALIBRATED)
        return whole.read_bytes()


@contextmanager
def _silent() -> Iterator[None]:
    """Keep what ONNX Runtime's quantisation would log, through the root logger, from being shown."""
    handlers, level = list(logging.root.handlers), logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(level)
        logging.root.handlers[:] = handlers
