"""Tests of `serving.py`: graphs on ONNX Runtime, in batches, and graphs that are not ours."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from forecaster.base.errors import ModelError
from forecaster.model import serving
from forecaster.model.serving import Server, side_by_side


def graph_of(outputs: int = 1, inputs: int = 1, segments: int = 3) -> bytes:
    """Return a graph that answers windows [N, K, 2] with themselves, once for each output."""
    shape = ["N", segments, 2]
    ins = [helper.make_tensor_value_info(f"in{k}", TensorProto.FLOAT, shape) for k in range(inputs)]
    outs = [helper.make_tensor_value_info(f"out{k}", TensorProto.FLOAT, shape) for k in range(outputs)]
    nodes = [helper.make_node("Identity", [f"in{min(k, inputs - 1)}"], [f"out{k}"]) for k in range(outputs)]
    nodes += [helper.make_node("Identity", [f"in{k}"], [f"unused{k}"]) for k in range(outputs, inputs)]
    graph = helper.make_graph(nodes, "mirror", ins, outs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def windows(count: int) -> np.ndarray:
    return np.arange(count * 6, dtype=np.float32).reshape(count, 3, 2)


@pytest.mark.parametrize("count", [1, 4, 5, 11])
def test_batches_are_put_together_in_their_order(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(serving, "BATCH", 4)
    np.testing.assert_array_equal(Server(graph_of()).answer(windows(count)), windows(count))


def test_draws_make_batches_smaller_and_never_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "BATCH", 4)
    for draws in (1, 3, 100):
        np.testing.assert_array_equal(Server(graph_of(), draws).answer(windows(5)), windows(5))


def test_no_window_is_no_answer() -> None:
    assert Server(graph_of()).answer(windows(0)).shape == (0, 1, 1)


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_first_network_answers_alone(monkeypatch: pytest.MonkeyPatch, outputs: int) -> None:
    monkeypatch.setattr(serving, "BATCH", 4)
    np.testing.assert_array_equal(Server(graph_of(outputs)).answer_first(windows(5)), windows(5)[:, :1])


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 1), (1, 3)])
def test_a_graph_with_other_ends_is_refused(inputs: int, outputs: int) -> None:
    with pytest.raises(ModelError, match="other inputs and outputs than ours"):
        Server(graph_of(outputs, inputs))


@pytest.mark.parametrize("graph", [b"", b"not a graph", graph_of()[:-20]], ids=["empty", "text", "cut"])
def test_what_is_no_graph_is_refused(graph: bytes) -> None:
    with pytest.raises(ModelError, match="the serving graph cannot be loaded"):
        Server(graph)


def test_windows_of_another_shape_are_refused() -> None:
    with pytest.raises(ModelError, match="the serving graph cannot answer"):
        Server(graph_of(segments=4)).answer(windows(2))


def test_a_graph_that_reads_other_files_is_refused() -> None:
    model = onnx.load_from_string(graph_of())
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [1], [0.0])
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    model.graph.initializer.append(tensor)
    with pytest.raises(ModelError, match="takes numbers from other files"):
        Server(model.SerializeToString())


def test_parts_that_are_done_side_by_side_come_in_order_and_one_that_fails_ends_them() -> None:
    assert list(side_by_side(lambda part: part * part, range(40))) == [part * part for part in range(40)]

    def fail(part: int) -> int:
        if part == 3:
            raise ValueError(part)
        return part

    with pytest.raises(ValueError, match="3"):
        list(side_by_side(fail, range(40)))
