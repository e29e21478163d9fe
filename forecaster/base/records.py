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
from functools import lru_cache
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
    """Build a frozen dataclass from its JSON, all the way down.

    Args:
        cls: The dataclass; its fields are numbers, texts, choices, other dataclasses, and tuples, lists and dicts of
            them.
        data: What JSON holds for it.
        where: What to call it in a message.
        limits: Bounds of fields.

    Raises:
        ModelError: As `check`.
    """
    check(data, cls, where, limits)
    record: Record = _construct(data, cls)
    return record


def dump(value: Any) -> Any:
    """Return what JSON holds for a dataclass, as `build` reads it: objects, lists, numbers and texts."""
    if is_dataclass(value):
        return {f.name: dump(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {name: dump(part) for name, part in value.items()}
    return [dump(part) for part in value] if isinstance(value, (tuple, list)) else value


def check(value: Any, kind: Any, where: str, limits: Limits) -> None:
    """Compare a value of JSON with the type that it should have, all the way down.

    Raises:
        ModelError: Another key or type, or a number out of its bounds; the message has the path of the first.
    """
    if is_dataclass(kind):
        _check_keys(value, kind, where)
        hints = _hints_of(typing.cast(type, kind))
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


@lru_cache
def _hints_of(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _construct(value: Any, kind: Any) -> Any:
    """Return a value of JSON, already checked, as its type has it."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(**{name: _construct(part, _hints_of(kind)[name]) for name, part in value.items()})
    if origin in (typing.Union, types.UnionType):
        return _construct(value, next(part for part in parts if _is_like(value, part)))
    if origin in (tuple, list):
        return origin(_construct(part, parts[0]) for part in value)
    return {name: _construct(part, parts[1]) for name, part in value.items()} if origin is dict else value


def _is_like(value: Any, kind: Any) -> bool:
    """Return whether a checked value can only be of this part of a union: an object, a list, or neither."""
    origin = typing.get_origin(kind)
    if isinstance(value, dict):
        return is_dataclass(kind) or origin is dict
    return (origin in (tuple, list)) == isinstance(value, list) and not is_dataclass(kind) and origin is not dict


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
    if is_dataclass(kind) and isinstance(value, dict):
        check(value, kind, where, limits)
        return True
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
    return kind is Any or (isinstance(kind, type) and isinstance(value, kind))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _name_of(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")


def _without_repeats(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
