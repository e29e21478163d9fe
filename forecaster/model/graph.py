"""A saved model as one ONNX graph: raw values in, forecasts out.

Inside are the logarithm, the scaling of each window, the base path, the networks, their median and the data's range.

    values    [N, L] float64        the last L values of N series, oldest first, none missing
    features  [N, L + H, D] float64 where the model reads some: features that change, before and after the end
    static    [N, G] float64        where the model reads some: what does not change
    forecasts [N, H] float64        what `forecast predict` would say

Features are numbers as they stand in the data, NaN where they are not known; a category is its place among those of the
model, from 1 on, 0 for another. The graph's metadata names them in order: see `inputs_of`.

Around the stored serving graph it says, operator by operator, what `windows` says in NumPy; whoever exports it compares
the two on real windows.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from forecaster.base.runtime import prepare_onnx
from forecaster.config import Quantize
from forecaster.model.features import Encoding, split_encodings, standardise
from forecaster.model.origins import Origins
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
        values: [N, L].
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
    return cut_windows(raw.values.ravel(), Origins.of_rows(raw.values), model.window, features)


def forecast_values(model: SavedModel, raw: Raw) -> Floats:
    """Return the forecasts [N, H] after windows: what every export is compared with."""
    windows = cut_raw(model, raw)
    answers = model.server.answer(windows.inputs)[..., : model.window.horizon].astype(np.float64)
    return restore(np.median(answers, axis=1), windows)


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


class _Builder:
    """Nodes of an ONNX graph in float64, added one after the other."""

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Any, kind: Any = np.float64) -> str:
        from onnx import numpy_helper

        name = f"raw/c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add one node and return the name of its first output."""
        from onnx import helper

        name = name or f"raw/n{len(self.nodes)}"
        outputs = [name, f"{name}/places"] if operator == "TopK" else [name]
        self.nodes.append(helper.make_node(operator, list(inputs), outputs, **attributes))
        return name

    def cast(self, x: str, kind: Literal["FLOAT", "DOUBLE"]) -> str:
        """Return the same numbers in another precision."""
        from onnx import TensorProto

        return self.add("Cast", x, to=getattr(TensorProto, kind))

    def mean(self, x: str, count: int) -> str:
        """Mean along the second axis, kept."""
        total = self.add("ReduceSum", x, self.constant([1], np.int64), keepdims=1)
        return self.add("Div", total, self.constant(float(count)))

    def largest(self, x: str) -> str:
        """Maximum along the second axis, kept; its axis became an input in opset 18."""
        if self.opset < 18:
            return self.add("ReduceMax", x, axes=[1], keepdims=1)
        return self.add("ReduceMax", x, self.constant([1], np.int64), keepdims=1)


def raw_graph(model: SavedModel) -> bytes:
    """Return the ONNX graph of a saved model, as the module says."""
    import onnx
    from onnx import TensorProto, helper

    inner = onnx.load_from_string(read_graph(model))
    shape, answers = model.window, inner.graph.output[0]
    opset = next(each.version for each in inner.opset_import if each.domain == "")
    before, after = _Builder(opset), _Builder(opset)
    after.constants = before.constants
    windows, base, scale = _scale(before, shape)
    if model.encodings:
        windows = _add_features(before, windows, shape, model.encodings)
    before.add("Identity", windows, name=inner.graph.input[0].name)
    after.nodes = [*before.nodes, *inner.graph.node]
    _restore(after, shape, (answers.name, base, scale), answers.type.tensor_type.shape.dim[1].dim_value)
    changing, fixed = split_encodings(model.encodings)
    inputs = {"values": [shape.lookback], "features": [shape.lookback + shape.horizon, len(changing)]}
    inputs |= {"static": [len(fixed)]}
    graph = helper.make_graph(
        after.nodes,
        "forecast",
        [
            helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["N", *sizes])
            for name, sizes in inputs.items()
            if sizes[-1]
        ],
        [helper.make_tensor_value_info("forecasts", TensorProto.DOUBLE, ["N", shape.horizon])],
        [*inner.graph.initializer, *after.constants],
    )
    whole = helper.make_model(graph, opset_imports=inner.opset_import, ir_version=inner.ir_version)
    whole.producer_name = f"forecast {model.name} {model.version}"
    if model.encodings:
        helper.set_model_props(whole, {"inputs": json.dumps(inputs_of(model.encodings))})
    onnx.checker.check_model(whole)
    return bytes(whole.SerializeToString())


def _add_features(g: _Builder, windows: str, shape: WindowShape, encodings: tuple[Encoding, ...]) -> str:
    """Add the features to windows [N, L/P, P + 1]: the answer is [N, K, C]."""
    (changing, fixed), parts = split_encodings(encodings), [windows]
    if shape.ahead:  # the segments ahead of the end have no values
        parts = [g.add("Pad", windows, g.constant([0, 0, 0, 0, shape.ahead, 0], np.int64))]
    if changing:
        length = shape.lookback + (shape.horizon if shape.ahead else 0)
        known = g.add("Gather", _standardise(g, "features", changing), g.constant(np.arange(length), np.int64), axis=1)
        past = np.ones((1, length, len(changing)))
        past[:, shape.lookback :, : len(shape.past)] = 0.0
        known = g.add("Mul", known, g.constant(past))
        known = g.add("Pad", known, g.constant([0, 0, 0, 0, shape.segments * shape.segment - length, 0], np.int64))
        cut = g.constant([-1, shape.segments, shape.segment, len(changing)], np.int64)
        segmented = g.add("Transpose", g.add("Reshape", known, cut), perm=[0, 1, 3, 2])
        flat = g.constant([-1, shape.segments, shape.segment * len(changing)], np.int64)
        parts.append(g.cast(g.add("Reshape", segmented, flat), "FLOAT"))
    if fixed:
        row = g.add("Unsqueeze", _standardise(g, "static", fixed), g.constant([1], np.int64))
        every = g.add("Expand", row, g.constant([1, shape.segments, len(fixed)], np.int64))
        parts.append(g.cast(every, "FLOAT"))
    return g.add("Concat", *parts, axis=2)


def _standardise(g: _Builder, name: str, encodings: list[Encoding]) -> str:
    """Add what `features.standardise` does along the last axis."""
    off = g.add("Sub", name, g.constant([e.mean for e in encodings]))
    read = g.add("Div", off, g.constant([e.deviation for e in encodings]))
    return g.add("Where", g.add("IsNaN", read), g.constant(0.0), read)


def _scale(g: _Builder, shape: WindowShape) -> tuple[str, str, str]:
    """Add what `cut_windows` does to a window without holes; the answer: [N, L/P, P + 1], base path, scale."""
    length, x = shape.lookback, "values"
    if shape.transform == "log":
        x = g.add("Log", g.add("Max", x, g.constant(LOGARITHMS[0])))
    base = _base_path(g, x, shape)
    loc = g.mean(x, length) if shape.base else g.add("Gather", x, g.constant([length - 1], np.int64), axis=1)
    size = g.add("Max", g.largest(g.add("Abs", x)), g.constant(1e-300))
    part = g.add("Div", x, size)
    off = g.add("Sub", part, g.mean(part, length))
    spread = g.add("Mul", g.add("Sqrt", g.mean(g.add("Mul", off, off), length)), size)
    level = g.constant([[1.0]]) if shape.transform == "log" else g.mean(g.add("Abs", x), length)
    floor = g.add("Mul", level, g.constant(shape.floor))
    scale = g.add("Sqrt", g.add("Add", g.add("Mul", spread, spread), g.add("Mul", floor, floor)))
    flat = g.add("Where", g.add("Greater", level, g.constant(0.0)), level, g.constant(1.0))
    is_rough = g.add("Greater", scale, g.add("Mul", level, g.constant(SMALLEST_SCALE)))
    scale = g.add("Where", is_rough, scale, flat)
    scaled = g.cast(g.add("Div", g.add("Sub", x, loc), scale), "FLOAT")
    segments = g.add("Reshape", scaled, g.constant([-1, length // shape.segment, shape.segment], np.int64))
    first = g.add("Gather", segments, g.constant([0], np.int64), axis=2)
    observed = g.add("Add", g.add("Sub", first, first), g.constant(1.0, np.float32))  # all of the window was
    return g.add("Concat", segments, observed, axis=2), base, scale


def _base_path(g: _Builder, x: str, shape: WindowShape) -> str:
    """Add the base path [N, H] of windows in transformed units."""
    if shape.smoothing:
        return g.add("MatMul", x, g.constant(base_map(shape)))
    places = [g.add("Gather", x, g.constant(lag, np.int64), axis=1) for lag in base_lags(shape)]
    return places[0] if len(places) == 1 else g.add("Div", g.add("Sum", *places), g.constant(float(len(places))))


def _restore(g: _Builder, shape: WindowShape, names: tuple[str, str, str], members: int) -> None:
    """Add the median of the networks' answers [N, M, H …], and what `restore` does."""
    answers, base, scale = names
    points = g.add("Gather", answers, g.constant(np.arange(shape.horizon), np.int64), axis=2)  # the first H answers
    ordered = g.add("TopK", g.cast(points, "DOUBLE"), g.constant([members], np.int64), axis=1, largest=0)
    middle = [g.add("Gather", ordered, g.constant(at, np.int64), axis=1) for at in ((members - 1) // 2, members // 2)]
    median = g.add("Mul", g.add("Add", *middle), g.constant(0.5))
    x = g.add("Add", base, g.add("Mul", median, scale))
    if shape.transform == "log":
        x = g.add("Exp", g.add("Min", x, g.constant(np.log(LOGARITHMS[1]))))
    if shape.low is not None:
        x = g.add("Max", x, g.constant(shape.low))
    if shape.high is not None:
        x = g.add("Min", x, g.constant(shape.high))
    g.add("Identity", x, name="forecasts")


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
