"""JSON ↔ frozen dataclasses, read without trust: closed, typed, bounded.

A dataclass is the schema: a key that is no field is refused, and so is a field that is missing, unless it has a
default. So a field that is added later has a default that means what was so before, and older files load for ever.
"""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar

from forecaster.base.errors import ModelError

Json = dict[str, Any]
Limits = Mapping[str, tuple[float | None, float | None]]
"""Field name → smallest and largest value, inclusive; `None` for no bound."""

LARGEST_WHOLE = 2**63
Record = TypeVar("Record")


def to_json(data: Mapping[str, Any]) -> bytes:
    """Return strict JSON: no NaN, no infinity."""
    return (json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()


def parse(data: bytes, where: object) -> Json:
    """Return the object that JSON holds.

    Raises:
        ModelError: It is not strict JSON, not an object, or has a key twice.
    """
    try:
        parsed = json.loads(data.decode(), object_pairs_hook=_without_repeats, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{where}: not strict JSON") from error
    if not isinstance(parsed, dict):
        raise ModelError(f"{where}: expected a JSON object")
    return parsed


def build(cls: type[Record], data: Any, where: str, limits: Limits) -> Record:
    """Build a frozen dataclass from its JSON.

    Args:
        cls: The dataclass; its fields are numbers, texts, choices and tuples of them.
        data: What JSON holds for it.
        where: What to call it in a message.
        limits: Bounds of fields.

    Raises:
        ModelError: As `check`.
    """
    check(data, cls, where, limits)
    return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in data.items()})


def check(value: Any, kind: Any, where: str, limits: Limits) -> None:
    """Compare a value of JSON with the type that it should have, all the way down.

    Raises:
        ModelError: Another key or type, or a number out of its bounds; the message has the path of the first.
    """
    if is_dataclass(kind):
        _check_keys(value, kind, where)
        hints = typing.get_type_hints(kind)
        for name, part in value.items():
            check(part, hints[name], f"{where}.{name}", limits)
            low, high = limits.get(name, (None, None))
            for number in filter(_is_number, part if isinstance(part, list) else [part]):
                if not (low is None or low <= number) & (high is None or number <= high):
                    raise ModelError(f"{where}.{name} is {number}, expected {low} to {high}")
    elif not _fits(value, kind, where, limits):
        raise ModelError(f"{where} is {str(value)[:40]!r}, expected {_name_of(kind)}")


def flatten(data: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of nested objects; lists stay whole."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _check_keys(value: Any, kind: Any, where: str) -> None:
    known = fields(kind)
    needed = {f.name for f in known if f.default is MISSING and f.default_factory is MISSING}
    if not isinstance(value, dict):
        raise ModelError(f"{where}: expected a JSON object")
    odd = sorted((value.keys() - {f.name for f in known}) | (needed - value.keys()))
    if odd:
        raise ModelError(f"{where}: {'unknown' if odd[0] in value else 'missing'} key {odd[0][:40]!r}")


def _fits(value: Any, kind: Any, where: str, limits: Limits) -> bool:
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, part, where, limits) for part in parts)
    if origin is Literal:
        return value in parts
    if origin in (tuple, list):
        for part in value if isinstance(value, list) else ():
            check(part, parts[0], where, limits)
        return isinstance(value, list)
    if origin is dict:
        for name, part in value.items() if isinstance(value, dict) else ():
            check(part, parts[1], f"{where}.{name[:40]}", limits)
        return isinstance(value, dict)
    if kind in (int, float):
        whole = isinstance(value, int) and abs(value) < LARGEST_WHOLE
        return _is_number(value) and (whole or (kind is float and isinstance(value, float) and math.isfinite(value)))
    return kind is Any or isinstance(value, kind)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _name_of(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")


def _without_repeats(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
