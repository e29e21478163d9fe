"""Graphs that run others: an LSTM of ours passes, what might run without end does not."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from forecaster.base.errors import ModelError
from forecaster.model.rounds import MOST_ROUNDS, check_rounds_of


def loop(rounds: np.ndarray | None, body: list[onnx.NodeProto] | None = None, domain: str = "") -> bytes:
    """Return a graph with a `Loop`, whose number of rounds is a constant or an input."""
    inner = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["d"]), helper.make_node("Identity", ["x"], ["y"]), *(body or [])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("c", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1]),
        ],
        [
            helper.make_tensor_value_info("d", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, [1]),
        ],
    )
    node = helper.make_node("Loop", ["n", "", "a"], ["b"], body=inner, domain=domain)
    inputs = [helper.make_tensor_value_info("a", TensorProto.FLOAT, [1])]
    constants = [] if rounds is None else [numpy_helper.from_array(rounds, "n")]
    if rounds is None:
        inputs.append(helper.make_tensor_value_info("n", TensorProto.INT64, []))
    outputs = [helper.make_tensor_value_info("b", TensorProto.FLOAT, [1])]
    return helper.make_model(helper.make_graph([node], "g", inputs, outputs, constants)).SerializeToString()


def test_a_constant_number_of_rounds_ends() -> None:
    check_rounds_of(loop(np.array(12)))
    check_rounds_of(loop(np.array(MOST_ROUNDS)))


@pytest.mark.parametrize("rounds", [None, np.array(MOST_ROUNDS + 1), np.array(-1)])
def test_any_other_number_may_not(rounds: np.ndarray | None) -> None:
    with pytest.raises(ModelError, match="has a Loop that may run without end"):
        check_rounds_of(loop(rounds))


def test_a_loop_in_a_loop_is_none_of_ours() -> None:
    inner = onnx.load_from_string(loop(np.array(2))).graph.node[0]
    with pytest.raises(ModelError, match="may run without end"):
        check_rounds_of(loop(np.array(2), [inner]))


def test_operators_of_others_are_refused() -> None:
    with pytest.raises(ModelError, match=r"operators of b'com\.example'"):
        check_rounds_of(loop(np.array(2), domain="com.example"))
