"""An ONNX graph → the same graph in the one order and with the one set of names that its structure gives.

TensorFlow and tf2onnx count every object that they ever made, and put the counts into names; nodes come in the order of
a hash. Two trainings alike would give two files. Here nodes stand in the order in which the outputs need them, and are
numbered in it; what only hands a value on (`Identity`), which is put now here, now there, is left out. Graphs of one
structure and the same numbers are the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import onnx

ANSWERS = "answers"
"""Name of the only output."""


def canonical(graph: bytes) -> bytes:
    """Return a graph in canonical form. What no output needs, names and notes are left out."""
    model = onnx.load_model_from_string(graph)
    made = onnx.ModelProto(ir_version=model.ir_version)
    made.opset_import.extend(sorted(model.opset_import, key=lambda opset: opset.domain))
    made.graph.CopyFrom(_Ordered(_Names()).graph(model.graph, {}))
    return bytes(made.SerializeToString(deterministic=True))


@dataclass
class _Names:
    """New names, each given once."""

    numbers: Iterator[int] = field(default_factory=count)

    def next(self, kind: str) -> str:
        return f"{kind}{next(self.numbers)}"


@dataclass
class _Ordered:
    """Orders one graph; graphs inside it are ordered by others with the same names."""

    names: _Names
    known: dict[str, str] = field(default_factory=dict)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def graph(self, graph: onnx.GraphProto, outside: dict[str, str]) -> onnx.GraphProto:
        """Return a graph whose values are named anew; `outside` are the new names of what it may use from around it."""
        self.known = dict(outside)
        is_whole = not outside
        made = onnx.GraphProto(name="network" if is_whole else self.names.next("g"))
        for value in graph.input:
            self.known[value.name] = value.name if is_whole else self.names.next("v")
            made.input.append(self._value(value))
        tensors = {tensor.name: tensor for tensor in graph.initializer}
        makers = {name: node for node in graph.node for name in node.output if name}
        for value in graph.output:
            self._need(value.name, makers, tensors)
        if is_whole:
            self._call(graph.output[0].name, ANSWERS)
        for value in graph.output:
            made.output.append(self._value(value))
            if made.output[-1].name in [other.name for other in made.output[:-1]]:
                made.output[-1].name = self._again(made.output[-1].name)
        made.node.extend(self.nodes)
        made.initializer.extend(self.constants)
        return made

    def _call(self, old: str, name: str) -> None:
        """Give a value another name, wherever it stands."""
        given, self.known[old] = self.known[old], name
        for node in self.nodes:
            for names in (node.input, node.output):
                for k, each in enumerate(names):
                    if each == given:
                        names[k] = name

    def _value(self, value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
        """Return an input or output by its new name; a size that is not known has one name as well."""
        made = onnx.ValueInfoProto()
        made.CopyFrom(value)
        made.name = self.known[value.name]
        made.ClearField("doc_string")
        for dim in made.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_param = "N"
        return made

    def _need(self, name: str, makers: dict[str, onnx.NodeProto], tensors: dict[str, onnx.TensorProto]) -> None:
        """Add whatever makes a value, after what that needs in turn."""
        waiting = [(name, False)]
        while waiting:
            name, is_ready = waiting.pop()
            if not name or name in self.known:
                continue
            if name in tensors:
                self._add_constant(tensors[name])
                continue
            node = makers[name]
            if is_ready and node.op_type == "Identity":
                self.known[name] = self.known[node.input[0]]
                continue
            if is_ready:
                self._add(node)
                continue
            waiting.append((name, True))
            waiting += [(needed, False) for needed in reversed(list(_inputs(node)))]

    def _again(self, name: str) -> str:
        """Return another name for a value: no two outputs may have one."""
        other = self.names.next("v")
        self.nodes.append(onnx.NodeProto(op_type="Identity", name=self.names.next("n"), input=[name], output=[other]))
        return other

    def _add_constant(self, tensor: onnx.TensorProto) -> None:
        made = onnx.TensorProto()
        made.CopyFrom(tensor)
        made.name = self.known[tensor.name] = self.names.next("c")
        self.constants.append(made)

    def _add(self, node: onnx.NodeProto) -> None:
        made = onnx.NodeProto(op_type=node.op_type, domain=node.domain, name=self.names.next("n"))
        made.input.extend(self.known[name] if name else "" for name in node.input)
        for name in node.output:
            if name:
                self.known[name] = self.names.next("v")
            made.output.append(self.known[name] if name else "")
        for attribute in sorted(node.attribute, key=lambda each: each.name):
            copied = made.attribute.add()
            copied.CopyFrom(attribute)
            if attribute.type == onnx.AttributeProto.GRAPH:
                copied.g.CopyFrom(_Ordered(self.names).graph(attribute.g, self.known))
        self.nodes.append(made)


def _inputs(node: onnx.NodeProto) -> Iterator[str]:
    """Yield the names that a node needs: its inputs, and what graphs inside it use from around them."""
    yield from node.input
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield from _from_outside(attribute.g)


def _from_outside(graph: onnx.GraphProto) -> Iterator[str]:
    """Yield the names that a graph uses and does not make, in the order in which its outputs need them."""
    makers = {name: node for node in graph.node for name in node.output if name}
    own = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    waiting, seen = [value.name for value in reversed(graph.output)], set[str]()
    while waiting:
        name = waiting.pop()
        if not name or name in own or name in seen:
            continue
        seen.add(name)
        if name in makers:
            waiting += reversed(list(_inputs(makers[name])))
        else:
            yield name
