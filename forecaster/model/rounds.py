"""The bytes of an ONNX graph → whether it could run without end: which of its nodes run others, and how often.

An LSTM layer is one operator, other cells are a `Loop` whose number of rounds stands in the graph as a constant. What
runs other nodes in any other way is none of ours. The bytes are read as protocol buffers (field numbers: `onnx.proto`),
without the package `onnx`, which takes long to import.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from forecaster.base.errors import ModelError

MOST_ROUNDS = 100_000
"""Rounds of a loop; ours run one for each segment of the lookback."""

_GRAPH, _FUNCTIONS = 7, 25
_NODE, _INITIALIZER, _OUTPUT = 1, 5, 12
_INPUT, _OPERATOR, _ATTRIBUTE, _DOMAIN = 1, 4, 5, 7
_SUBGRAPH, _SUBGRAPHS = 6, 11
_NUMBERS, _NAME, _RAW = 7, 8, 9
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def check_rounds_of(graph: bytes) -> None:
    """Refuse a graph with loops that are not bounded by a constant, with loops in loops, or with other control flow.

    Raises:
        ModelError: It has one, or its bytes are no protocol buffer.
    """
    try:
        for number, value in _fields(memoryview(graph)):
            if number == _FUNCTIONS:
                raise ModelError("the serving graph brings functions of its own: it is not one of ours")
            if number == _GRAPH:
                _check(_view(value), {}, depth=0)
    except (IndexError, ValueError, RecursionError) as error:
        raise ModelError("the serving graph cannot be loaded: its bytes are no ONNX graph") from error


def last_output_alone(graph: bytes) -> bytes | None:
    """Return a graph with its last output alone and the operators that it takes, or None where some run graphs.

    ONNX Runtime calculates every output of a graph, whichever it is asked for.
    """
    parts = []
    for number, value in _fields(memoryview(graph)):
        kept = _cut(_view(value)) if number == _GRAPH else value
        if kept is None:
            return None
        parts.append(_encoded(number, kept))
    return b"".join(parts)


def _cut(graph: memoryview) -> bytes | None:
    """Return the graph with its last output alone; operators stand in the order in which they are calculated."""
    fields = list(_fields(graph))
    nodes = [_Node.of(_view(value)) for number, value in fields if number == _NODE]
    if any(node.runs_others for node in nodes):
        return None
    last = max(k for k, (number, _) in enumerate(fields) if number == _OUTPUT)
    needed = {bytes(_view(value)) for number, value in _fields(_view(fields[last][1])) if number == 1}
    parts = []
    for k, (number, value) in reversed(list(enumerate(fields))):
        if number == _NODE:
            names = [(own, bytes(_view(name))) for own, name in _fields(_view(value)) if own in (1, 2)]
            if not any(own == 2 and name in needed for own, name in names):
                continue
            needed |= {name for own, name in names if own == 1 and name}  # one that is left out has an empty name
        if number != _OUTPUT or k == last:
            parts.append(_encoded(number, value))
    return b"".join(reversed(parts))


def _encoded(number: int, value: int | memoryview | bytes) -> bytes:
    """Return a field as its bytes."""
    if isinstance(value, int):
        return _as_varint(number << 3 | _VARINT) + _as_varint(value)
    return _as_varint(number << 3 | _LENGTH) + _as_varint(len(value)) + bytes(value)


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _check(graph: memoryview, outside: dict[bytes, int | None], depth: int) -> None:
    """Check the nodes of a graph; `outside` holds the constants that it may name from around it."""
    constants, nodes = dict(outside), []
    for number, value in _fields(graph):
        if number == _INITIALIZER:
            name, rounds = _constant(_view(value))
            constants[name] = rounds
        elif number == _NODE:
            nodes.append(_view(value))
    for node in map(_Node.of, nodes):
        if node.domain not in (b"", b"ai.onnx"):
            raise ModelError(f"the serving graph has operators of {node.domain[:40]!r}: it is not one of ours")
        if not node.runs_others:
            continue
        rounds = constants.get(node.inputs[0]) if node.operator == b"Loop" and node.inputs else None
        if depth or rounds is None or not 0 <= rounds <= MOST_ROUNDS:
            kind = node.operator[:20].decode("ascii", "replace")
            raise ModelError(
                f"the serving graph has a {kind} that may run without end: expected a constant of at most "
                f"{MOST_ROUNDS:,} rounds"
            )
        for body in node.bodies:
            _check(body, constants, depth + 1)


@dataclass(frozen=True)
class _Node:
    """An operator, the names of its inputs, and the graphs that it runs."""

    operator: bytes = b""
    domain: bytes = b""
    inputs: tuple[bytes, ...] = ()
    bodies: tuple[memoryview, ...] = ()

    @property
    def runs_others(self) -> bool:
        """Whether it runs other nodes."""
        return self.operator == b"Loop" or bool(self.bodies)

    @classmethod
    def of(cls, data: memoryview) -> _Node:
        """Read a node."""
        found: dict[int, list[memoryview]] = {number: [] for number in (_INPUT, _OPERATOR, _ATTRIBUTE, _DOMAIN)}
        for number, value in _fields(data):
            if number in found:
                found[number].append(_view(value))
        inside = [field for attribute in found[_ATTRIBUTE] for field in _fields(attribute)]
        return cls(
            operator=b"".join(map(bytes, found[_OPERATOR][-1:])),
            domain=b"".join(map(bytes, found[_DOMAIN][-1:])),
            inputs=tuple(map(bytes, found[_INPUT])),
            bodies=tuple(_view(value) for number, value in inside if number in (_SUBGRAPH, _SUBGRAPHS)),
        )


def _constant(tensor: memoryview) -> tuple[bytes, int | None]:
    """Return the name of a tensor, and its number where it is one whole number of 64 bits."""
    name, number_of = b"", None
    for number, value in _fields(tensor):
        if number == _NAME:
            name = bytes(_view(value))
        elif number == _RAW and len(_view(value)) == 8:
            number_of = int.from_bytes(_view(value), "little", signed=True)
        elif number == _NUMBERS and not isinstance(value, int):
            number_of = _varint(value, 0)[0]
        elif number == _NUMBERS and isinstance(value, int):
            number_of = value
    return name, number_of


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of each field of a message."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == _LENGTH:
            size, at = _varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(kind)
        if at + size > len(data):
            raise ValueError(size)
        yield number, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return a number and where the next field begins."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError(shift)


def _view(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError(value)
    return value
