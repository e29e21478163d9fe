"""JSON against dataclasses: closed, typed, bounded."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import ModelError
from forecaster.base.records import build, check, dump, parse, to_json


@dataclass(frozen=True, kw_only=True)
class Leaf:
    size: int
    colour: Literal["green", "red"] = "green"


@dataclass(frozen=True, kw_only=True)
class Tree:
    name: str
    height: float
    leaf: Leaf
    marks: tuple[int, ...] = ()
    notes: dict[str, float | None] | None = None
    alive: bool = True


LIMITS = {"size": (1, 10), "height": (None, 100.0), "marks": (None, 1_000)}
GOOD: dict[str, Any] = {
    "name": "oak",
    "height": 3,
    "leaf": {"size": 2, "colour": "red"},
    "marks": [1, 2],
    "notes": {"a": None, "b": 1.5},
    "alive": False,
}


def test_what_fits_is_taken() -> None:
    check(GOOD, Tree, "tree", LIMITS)
    check({"name": "", "height": -1e300, "leaf": {"size": 10}}, Tree, "tree", LIMITS)
    assert build(Leaf, {"size": 3}, "leaf", LIMITS) == Leaf(size=3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bark": 1}, "tree: unknown key 'bark'"),
        ({"name": None}, "tree.name is 'None', expected str"),
        ({"height": "3"}, "tree.height is '3', expected float"),
        ({"height": True}, "tree.height is 'True'"),
        ({"height": float("inf")}, "tree.height is 'inf'"),
        ({"height": 101}, "tree.height is 101, expected None to 100.0"),
        ({"marks": [1, 1_001]}, "tree.marks is 1001, expected None to 1000"),
        ({"leaf": []}, "tree.leaf: expected a JSON object"),
        ({"leaf": {}}, "tree.leaf: missing key 'size'"),
        ({"leaf": {"size": 0}}, "tree.leaf.size is 0, expected 1 to 10"),
        ({"leaf": {"size": 2.5}}, "tree.leaf.size is '2.5', expected int"),
        ({"leaf": {"size": 10**40}}, "tree.leaf.size is"),
        ({"leaf": {"size": 1, "colour": "blue"}}, "tree.leaf.colour is 'blue', expected Literal['green', 'red']"),
        ({"marks": [1, "2"]}, "tree.marks is '2', expected int"),
        ({"marks": {"0": 1}}, "tree.marks is"),
        ({"notes": {"a": "x"}}, "tree.notes.a is 'x'"),
        ({"alive": 1}, "tree.alive is '1', expected bool"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError) as refused:
        check(GOOD | change, Tree, "tree", LIMITS)
    assert said in refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "1",
        "null",
        '{"a": 1,}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1, "a": 1}',
        '{"b": {"a": 1, "a": 2}}',
        '{"a": ' + "9" * 5000 + "}",
        "[" * 100_000,
        '{"a":' * 50_000,
        "\ufeff{}",
        "{} {}",
    ],
)
def test_what_is_not_strict_json_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="JSON"):
        parse(text.encode(), "file")


@given(st.binary())
def test_random_bytes_are_refused_or_an_object(data: bytes) -> None:
    with suppress(ModelError):
        assert isinstance(parse(data, "file"), dict)


def test_json_is_strict_and_comes_back() -> None:
    tree = Tree(name="Ψ\x1b", height=0.1 + 0.2, leaf=Leaf(size=1))
    assert build(Leaf, parse(to_json(asdict(tree)), "file")["leaf"], "leaf", LIMITS) == tree.leaf
    assert parse(to_json(asdict(tree)), "file")["height"] == tree.height
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"x": float("nan")})


@dataclass(frozen=True, kw_only=True)
class Wood:
    """Every kind of field that a record may have."""

    trees: tuple[Tree, ...]
    named: dict[str, Leaf]
    first: Tree | None = None
    widths: int | tuple[int, ...] = 1
    seen: list[Leaf] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)


leaves = st.builds(Leaf, size=st.integers(1, 10), colour=st.sampled_from(["green", "red"]))
trees = st.builds(
    Tree,
    name=st.text(),
    height=st.floats(-1e300, 100),
    leaf=leaves,
    marks=st.lists(st.integers(-9, 9)).map(tuple),
    notes=st.none() | st.dictionaries(st.text(), st.none() | st.floats(0, 1)),
    alive=st.booleans(),
)
woods = st.builds(
    Wood,
    trees=st.lists(trees, max_size=3).map(tuple),
    named=st.dictionaries(st.text(), leaves, max_size=3),
    first=st.none() | trees,
    widths=st.integers(0, 99) | st.lists(st.integers(0, 99)).map(tuple),
    seen=st.lists(leaves, max_size=3),
    notes=st.dictionaries(st.text(), st.none() | st.booleans() | st.lists(st.text())),
)


@given(woods)
def test_what_is_dumped_is_built_again(wood: Wood) -> None:
    assert build(Wood, parse(to_json(dump(wood)), "file"), "wood", LIMITS) == wood


def test_a_fault_inside_an_optional_record_has_its_path() -> None:
    with pytest.raises(ModelError, match=r"wood\.first\.leaf\.size is 11"):
        build(Wood, {"trees": [], "named": {}, "first": GOOD | {"leaf": {"size": 11}}}, "wood", LIMITS)
    with pytest.raises(ModelError, match=r"wood\.first is '3', expected"):
        build(Wood, {"trees": [], "named": {}, "first": 3}, "wood", LIMITS)
