"""The built-in network as one ONNX graph of raw values: what NumPy makes of a context becomes operators of it.

The code that prepares contexts keeps to the array API standard, so that `ndonnx` can record it in place of computing.

    values     [N, T] float64         the last T values of N series, oldest first, NaN where missing or before the start
    forecasts  [N, H] float64         medians
    quantiles  [N, H, 9] float64      of the levels `LEVELS`, as the network says them: not corrected on anybody's past
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from forecaster.base.runtime import prepare_onnx
from forecaster.model.pretrained.candidates import Array, count, namespace
from forecaster.model.pretrained.inputs import read
from forecaster.model.pretrained.network import MEDIAN, in_rounds, in_units
from forecaster.model.pretrained.offset import offset_of
from forecaster.model.pretrained.rhythm import AHEAD, LEVELS, LONGEST, Rhythm

OPSET = 20
"""Version of the operators that is declared. They are recorded as those of 21, which allow more types and say the same;
ONNX Runtime (1.32) cannot open networks of 8 bits that declare 21."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """The network within a graph that is being recorded.

    Attributes:
        graph: Its own graph, parsed.
        shape: The rhythm of all contexts.
    """

    graph: Any
    shape: Rhythm

    def forecast(self, values: Array, horizon: int) -> Array:
        """Quantiles after contexts `(N, T)`, `(N, horizon, 9)`; NaN where a context holds no value.

        Contexts count as full: those of series that begin later are read in the same number of segments.
        """
        xp = namespace(values)
        seen, offset = xp.isfinite(values), self._offset(values)
        values = values - offset
        least = xp.min(xp.where(seen, values, xp.inf), axis=1, keepdims=True)
        low = xp.where(least >= 0, xp.zeros_like(least), -xp.inf)[:, :, None]
        answer = in_rounds(self._direct, self._extended, (values[:, -LONGEST:], low), self.shape, horizon)
        return xp.where((count(seen) > 0)[:, :, None], answer + offset[:, :, None], xp.nan)

    def _offset(self, values: Array) -> Array:
        """What `offset.offsets_of` takes off contexts far from 0, `(N, 1)`."""
        xp = namespace(values)
        recent = values[:, -min(self.shape.bucket(values.shape[1]) * self.shape.segment, LONGEST) :]
        seen = xp.isfinite(recent)
        high = xp.max(xp.where(seen, recent, -xp.inf), axis=1, keepdims=True)
        low = xp.min(xp.where(seen, recent, xp.inf), axis=1, keepdims=True)
        return offset_of(high, low)

    def _direct(self, past: Array, ahead: int) -> Array:
        given = read(past, self.shape, self.shape.bucket(past.shape[1]), ahead)
        [answer] = inlined(self.graph, given.arrays())
        return in_units(answer, given, past, (self.shape.segment, ahead))

    def _extended(self, past: Array, more: Array) -> Array:
        """Longer contexts; their length is said again, since it is not recorded of what the network answers."""
        xp = namespace(past)
        more = xp.reshape(more, (-1, AHEAD * self.shape.segment))
        return xp.concat([past, more], axis=1)[:, -LONGEST:]


@contextmanager
def recording() -> Iterator[None]:
    """Let NumPy work out what is constant: to open a session of ONNX Runtime for each of thousands takes longer."""
    import ndonnx  # noqa: F401 - it chooses ONNX Runtime when it is imported
    from spox import _future

    with _future.value_prop_backend(_future.ValuePropBackend.REFERENCE):
        yield


def inlined(graph: Any, inputs: dict[str, Array]) -> list[Array]:
    """The outputs of a parsed ONNX graph, put into the one that is being recorded."""
    import ndonnx
    import spox

    outputs = spox.inline(graph)(**{name: value.unwrap_spox() for name, value in inputs.items()})
    return [ndonnx.asarray(value) for value in outputs.values()]


def built(inputs: dict[str, Array], outputs: dict[str, tuple[Array, tuple[int, ...]]]) -> Any:
    """The recorded graph as a model: its outputs with their shapes `(N, …)`, its weights as what quantising looks for.

    Recording loses the shapes, and makes of each constant an operator.
    """
    import ndonnx
    import onnx

    model = ndonnx.build(inputs, {name: array for name, (array, _) in outputs.items()})
    for port, (_, sizes) in zip(model.graph.output, outputs.values(), strict=True):
        shape = port.type.tensor_type.shape
        shape.Clear()
        for size in ("N", *sizes):
            shape.dim.add(**{"dim_param" if isinstance(size, str) else "dim_value": size})
    nodes = list(model.graph.node)
    del model.graph.node[:]
    for node in nodes:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            value = model.graph.initializer.add()
            value.CopyFrom(node.attribute[0].t)
            value.name = node.output[0]
        else:
            model.graph.node.append(node)
    for imported in model.opset_import:
        imported.version = OPSET if imported.domain == "" else imported.version
    onnx.checker.check_model(model, full_check=True)
    return model


@recording()
def whole_graph(network: bytes, shape: Rhythm, context: int, horizon: int) -> bytes:
    """The graph, as the module says.

    Args:
        network: The built-in network's own graph.
        shape: The rhythm of all contexts.
        context: T ≥ 1; the last 2,048 are read.
        horizon: H ≥ 1.
    """
    import ndonnx
    import onnx

    values = ndonnx.argument(shape=("N", context), dtype=ndonnx.float64)
    quantiles = Recorded(onnx.load_from_string(network), shape).forecast(values, horizon)
    found = {"forecasts": (quantiles[:, :, MEDIAN], (horizon,)), "quantiles": (quantiles, (horizon, len(LEVELS)))}
    return bytes(built({"values": values}, found).SerializeToString())


class WholeServer:
    """Such a graph, loaded."""

    def __init__(self, graph: bytes) -> None:
        prepare_onnx()
        import onnxruntime

        self._session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])

    def answer(self, values: Array) -> Array:
        """Return the quantiles [N, H, 9] after contexts [N, T]."""
        return self._session.run(["quantiles"], {"values": values})[0]

    def ports(self) -> tuple[list[tuple[str, list[str]]], list[tuple[str, list[str]]]]:
        """Return name and shape of each input, and of each output."""
        return ports_of(self._session)


def ports_of(session: Any) -> tuple[list[tuple[str, list[str]]], list[tuple[str, list[str]]]]:
    """Return name and shape of each input of an opened graph, and of each output."""
    inputs, outputs = (
        [(port.name, [str(size) for size in port.shape]) for port in ports]
        for ports in (session.get_inputs(), session.get_outputs())
    )
    return inputs, outputs
