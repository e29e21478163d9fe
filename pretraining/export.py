"""The trained network → `network.onnx`, `weights.npz` and `card.json`: built operator by operator, and compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from forecaster.model.pretrained import open_builtin
from forecaster.model.pretrained.inputs import CONTEXT, FUTURE, PAST, SIMPLE
from forecaster.model.pretrained.rhythm import LEVELS, WIDTH

Weights = dict[str, NDArray[np.float32]]

MEDIAN = LEVELS.index(0.5)
KEY = 32  # width of queries and keys
INPUTS = {
    "past": ("n", "k", PAST),
    "future": ("n", "a", FUTURE),
    "simple": ("n", "a", SIMPLE, WIDTH),
    "context": ("n", CONTEXT),
}


def named(network: Any) -> Weights:
    """The weights of a Keras network by layer and kind: `past/kernel`, `lstm_0/recurrent_kernel`, …"""
    found = {}
    for variable in network.weights:
        parts = [part for part in variable.path.split("/")[1:] if part != "lstm_cell"]
        found["/".join(parts)] = np.asarray(variable, dtype=np.float32)
    return found


def trained(path: Path) -> tuple[Weights, dict[str, float]]:
    """The weights of a checkpoint of `run.store` by name, and its progress; no Keras is needed."""
    with np.load(path) as held:
        values = [held[name] for name in sorted(held.files) if name.startswith("weight_")]
        progress = {name.removeprefix("progress_"): held[name].item() for name in held.files if "progress_" in name}
        return dict(zip(held["names"].tolist(), values, strict=True)), progress


class Graph:
    """An ONNX graph that grows by one operator at a time."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        """The name of a constant."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def op(self, kind: str, *given: str, **attributes: Any) -> str:
        """The name of what an operator gives."""
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(given), [name], **attributes))
        return name

    def dense(self, x: str, weights: Weights, layer: str) -> str:
        """`x @ kernel + bias`."""
        product = self.op("MatMul", x, self.constant(weights[f"{layer}/kernel"]))
        bias = weights.get(f"{layer}/bias")
        return product if bias is None else self.op("Add", product, self.constant(bias))

    def shape(self, x: str, sizes: list[int]) -> str:
        """Reshape: 0 keeps a size, -1 is what remains."""
        return self.op("Reshape", x, self.constant(sizes, np.int64))

    def lstm(self, x: str, weights: Weights, layer: str) -> str:
        """A Keras LSTM layer over `(T, N, F)`, `(T, N, U)`: its gates i f c o in the order i o f c of ONNX."""

        def gates(value: NDArray[np.float32]) -> NDArray[np.float32]:
            i, f, c, o = np.split(value, 4, axis=-1)
            return np.concatenate([i, o, f, c], axis=-1)

        bias = gates(weights[f"{layer}/bias"])
        given = (
            self.constant(gates(weights[f"{layer}/kernel"]).T[None]),
            self.constant(gates(weights[f"{layer}/recurrent_kernel"]).T[None]),
            self.constant(np.concatenate([bias, np.zeros_like(bias)])[None]),
        )
        units = len(bias) // 4
        return self.shape(self.op("LSTM", x, *given, hidden_size=units), [0, -1, units])


def graph(weights: Weights) -> onnx.ModelProto:
    """The network of `net.Forecaster` as an ONNX model; any number of contexts and segments."""
    g = Graph()
    layers = sum(name.endswith("recurrent_kernel") for name in weights)
    recalls = weights["query/kernel"].shape[1] // KEY if "query/kernel" in weights else 0
    whole = g.dense(g.op("Relu", g.dense("context", weights, "context")), weights, "context_out")
    whole = g.op("Unsqueeze", whole, g.constant([1], np.int64))
    flat = g.shape(g.op("Asinh", "simple"), [0, 0, SIMPLE * WIDTH])
    ahead = g.op("Add", g.dense("future", weights, "ahead"), g.dense(flat, weights, "simple"))
    state = g.op("Concat", g.dense("past", weights, "past"), ahead, axis=1)
    state = g.op("Transpose", g.op("Add", state, whole), perm=[1, 0, 2])
    for layer in range(layers):
        state = g.op("Add", state, g.lstm(state, weights, f"lstm_{layer}"))
    state = g.op("Transpose", state, perm=[1, 0, 2])
    zero, one, end = (g.constant([value], np.int64) for value in (0, 1, 2**31))
    segments = g.op("Slice", g.op("Shape", "past"), one, g.constant([2], np.int64))
    behind, now = g.op("Slice", state, zero, segments, one), g.op("Slice", state, segments, end, one)
    now = g.op("Add", now, g.op("Relu", g.dense(now, weights, "hidden")))
    pool = _pool(g, weights, (behind, now), recalls) if recalls else "simple"
    weight = g.op("Softmax", g.dense(now, weights, "weigh"), axis=-1)
    mixed = g.op("MatMul", g.op("Unsqueeze", weight, g.constant([2], np.int64)), pool)
    point = g.op("Add", g.op("Squeeze", mixed, g.constant([2], np.int64)), g.dense(now, weights, "correct"))
    _fan(g, point, g.op("Softplus", g.dense(now, weights, "widths")))
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes) for name, sizes in INPUTS.items()]
    found = [helper.make_tensor_value_info("levels", TensorProto.FLOAT, ("n", "a", WIDTH, len(LEVELS)))]
    made = helper.make_graph(g.nodes, "forecast", given, found, g.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9, producer_name="forecast")
    onnx.checker.check_model(model)
    return model


def _pool(g: Graph, weights: Weights, states: tuple[str, str], recalls: int) -> str:
    behind, now = states
    last, width, twice, thrice = (g.constant([value], np.int64) for value in (2, WIDTH, 2 * WIDTH, 3 * WIDTH))
    near = g.op("Slice", "past", width, twice, last)
    value = g.op("Sinh", g.op("Clip", near, g.constant(-6.0), g.constant(6.0)))
    seen = g.op("ReduceMax", g.op("Slice", "past", twice, thrice, last), axes=[-1], keepdims=0)
    hidden = g.op("Mul", g.op("Sub", g.constant(1.0), seen), g.constant(30.0))
    query = g.op("Reshape", g.dense(now, weights, "query"), g.constant([0, -1, KEY], np.int64))
    key = g.op("Transpose", g.dense(behind, weights, "key"), perm=[0, 2, 1])
    score = g.op("Mul", g.op("MatMul", query, key), g.constant(KEY**-0.5))
    score = g.op("Sub", score, g.op("Unsqueeze", hidden, g.constant([1], np.int64)))
    found = g.op("MatMul", g.op("Softmax", score, axis=-1), value)
    sizes = g.op("Slice", g.op("Shape", now), g.constant([0], np.int64), g.constant([2], np.int64))
    sizes = g.op("Concat", sizes, g.constant([recalls, WIDTH], np.int64), axis=0)
    return g.op("Concat", "simple", g.op("Reshape", found, sizes), axis=2)


def _fan(g: Graph, point: str, widths: str) -> None:
    """Cumulated steps between levels as one matrix product, named `levels`."""
    count = len(LEVELS) - 1
    steps = np.zeros((count, len(LEVELS)), np.float32)
    for level in range(len(LEVELS)):
        for step in range(count):
            # below the median the first step is the nearest one, as in `net.Forecaster._fan`
            if level < MEDIAN and step < MEDIAN - level:
                steps[step, level] = -1
            if level > MEDIAN and MEDIAN <= step < level:
                steps[step, level] = 1
    offset = g.op("MatMul", g.shape(widths, [0, 0, WIDTH, count]), g.constant(steps))
    g.nodes.append(helper.make_node("Add", [g.op("Unsqueeze", point, g.constant([3], np.int64)), offset], ["levels"]))


def write(folder: Path, weights: Weights, card: dict[str, Any]) -> None:
    """Write the three files; the card names the hashes of the other two."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "network.onnx").write_bytes(graph(weights).SerializeToString())
    np.savez_compressed(folder / "weights.npz", **weights)
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("network.onnx", "weights.npz")}
    (folder / "card.json").write_text(json.dumps({**card, "files": files}, indent=2, ensure_ascii=False) + "\n")


def answers(folder: Path) -> Callable[[dict[str, Any]], Any]:
    """What the exported network in a folder answers to a batch of inputs."""
    session = open_builtin(folder).session
    return lambda read: session.run(None, read)[0]


def differs(network: Any, folder: Path, read: dict[str, Any]) -> float:
    """The largest relative difference between Keras and ONNX Runtime on a batch of inputs."""
    found = answers(folder)(read)
    wanted = np.asarray(network.predict_on_batch(read))
    return float((np.abs(found - wanted) / (1 + np.abs(wanted))).max())
