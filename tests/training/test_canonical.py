"""Graphs of one structure are the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from forecaster.training.canonical import canonical
from tests.conftest import TINY, names, panel_csv


def looped(seed: int, *, with_identity: bool) -> bytes:
    """Return a graph that doubles its input three times in a loop and adds a constant; names and order by a seed."""
    rng = np.random.default_rng(seed)

    def name() -> str:
        return f"while_{rng.integers(10**9)}/x:0"

    x, out, rounds, yes, one, grown, summed = "windows", name(), name(), name(), name(), name(), name()
    at, flag, before, doubled, after, two = name(), name(), name(), name(), name(), name()
    inner = [helper.make_node("Mul", [before, two], [doubled], name=name())]
    if with_identity:
        inner.append(helper.make_node("Identity", [doubled], [after], name=name()))
    body = helper.make_graph(
        inner,
        name(),
        [
            helper.make_tensor_value_info(at, TensorProto.INT64, []),
            helper.make_tensor_value_info(flag, TensorProto.BOOL, []),
            helper.make_tensor_value_info(before, TensorProto.FLOAT, [name(), 2]),
        ],
        [
            helper.make_tensor_value_info(flag, TensorProto.BOOL, []),
            helper.make_tensor_value_info(after if with_identity else doubled, TensorProto.FLOAT, [name(), 2]),
        ],
    )
    constants = [
        numpy_helper.from_array(np.array(3, np.int64), rounds),
        numpy_helper.from_array(np.array(True), yes),
        numpy_helper.from_array(np.array([1.5], np.float32), one),
        numpy_helper.from_array(np.array([2.0], np.float32), two),
        numpy_helper.from_array(np.array([9.0], np.float32), name()),  # that nothing needs
    ]
    constants = [constants[k] for k in rng.permutation(len(constants))]
    nodes = [
        helper.make_node("Loop", [rounds, yes, x], [grown], name=name(), body=body),
        helper.make_node("Add", [grown, one], [summed], name=name()),
        helper.make_node("Identity", [summed], [out], name=name()),
    ]
    graph = helper.make_graph(
        nodes,
        name(),
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [name(), 2])],
        [helper.make_tensor_value_info(out, TensorProto.FLOAT, [name(), 2])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    model.doc_string = name()
    return bytes(model.SerializeToString())


def answer(graph: bytes) -> Any:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run(None, {"windows": np.array([[1.0, -2.0]], np.float32)})[0].tolist()


def test_names_order_and_what_hands_values_on_do_not_count() -> None:
    made = {canonical(looped(seed, with_identity=bool(seed % 2))) for seed in range(6)}
    assert len(made) == 1
    graph = made.pop()
    onnx.checker.check_model(graph)
    assert answer(graph) == answer(looped(0, with_identity=True)) == [[9.5, -14.5]]
    assert canonical(graph) == graph
    model = onnx.load_model_from_string(graph)
    assert [value.name for value in (*model.graph.input, *model.graph.output)] == ["windows", "answers"]
    assert len(model.graph.initializer) == 4


def test_other_numbers_are_another_graph() -> None:
    model = onnx.load_model_from_string(looped(0, with_identity=True))
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and numpy_helper.to_array(tensor)[0] == 1.5:
            tensor.CopyFrom(numpy_helper.from_array(np.array([1.25], np.float32), tensor.name))
    assert canonical(model.SerializeToString()) != canonical(looped(0, with_identity=True))


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_two_trainings_alike_make_the_same_files(cell: str, tmp_path: Path) -> None:
    data, versions = panel_csv(tmp_path / "shops.csv"), []
    for seed in ("1", "2"):
        words = ["train", str(data), "--models-dir", str(tmp_path / seed), "--cell", cell, *TINY, "--quiet"]
        env = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-m", "forecaster", *words], env=env, check=True, timeout=300)
        versions.append(tmp_path / seed / "shops" / "versions" / "v000001")
    one, two = versions
    assert names(one) == names(two)
    for file in names(one):
        lines = [(folder / file).read_bytes().splitlines() for folder in versions]
        if file == "manifest.json":  # it says when it was made, and is sealed with its own hash
            lines = [[each for each in own if b'"created"' not in each and b'"sha256"' not in each] for own in lines]
        assert lines[0] == lines[1], file
