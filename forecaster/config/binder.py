"""Keys and values ↔ the settings of a job: which keys there are, what each takes, and the job that has them.

One binder for all that is not the command line: files of jobs and of settings, keywords of a function, requests.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, time
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from forecaster.base.errors import UsageError
from forecaster.config import check_value, key_of

NOT_KEYS = frozenset({"created", "now", "attended", "part_of"})
"""Fields of a job that the program fills in."""

KINDS = {
    str: "text in quotes",
    Path: "a path in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list[str]: "texts in quotes, between [ and ]",
    list[Path]: "paths in quotes, between [ and ]",
}


@dataclass(frozen=True)
class Key:
    """A key that a job may have.

    Attributes:
        group: The field of the job that is a settings dataclass, or None for a field of the job itself.
        field: The field that the key sets.
        kind: Its type, without `None`.
        metadata: Of its knob.
        required: Whether a job must have it.
    """

    group: str | None
    field: str
    kind: Any
    metadata: Mapping[str, Any]
    required: bool = False


def keys_of(job: type) -> dict[str, Key]:
    """Return the keys of a job of this class: one for each field of its own, and one for each knob of its settings."""
    keys: dict[str, Key] = {}
    kinds = get_type_hints(job)
    for own in fields(job):
        kind = kinds[own.name]
        if is_dataclass(kind):
            hints = get_type_hints(kind)
            found = [Key(own.name, f.name, _plain(hints[f.name]), f.metadata) for f in fields(kind)]
        elif own.name not in NOT_KEYS:
            optional = own.default is not MISSING or own.default_factory is not MISSING
            found = [Key(None, own.name, _plain(kind), {}, required=not optional)]
        else:
            continue
        keys |= {key_of(key.field): key for key in found}
    return keys


def _plain(hint: Any) -> Any:
    """Return a type without its `None`."""
    if get_origin(hint) in (Union, types.UnionType):
        return next(part for part in get_args(hint) if part is not type(None))
    return hint


def bind(job: type, keys: Mapping[str, Key], values: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    """Return the job whose settings have these values, each already taken by `take_value`.

    Args:
        job: The class of the job.
        keys: What its keys set, by name.
        values: Key → value.
        given: Fields of the job that the program fills in.
    """
    own, groups = dict(given), dict[str, dict[str, Any]]()
    for name, value in values.items():
        key = keys[name]
        (own if key.group is None else groups.setdefault(key.group, {}))[key.field] = value
    hints = get_type_hints(job)
    return job(**own, **{group: hints[group](**settings) for group, settings in groups.items()})


def take_value(name: str, value: Any, key: Key) -> Any:
    """Return a value as the setting of a key holds it.

    Raises:
        UsageError: It is of another type, no such choice, or out of its bounds.
    """
    taken = _taken(value, key.kind)
    if taken is None:
        choices = get_args(key.kind) if get_origin(key.kind) is Literal else ()
        wanted = f"one of {', '.join(choices)}" if choices else KINDS[key.kind]
        raise UsageError(f"{name} must be {wanted}, {f'received {value!r}'[:90]}", hint=near(str(value), choices))
    check_value(name, value, key.metadata)
    return taken


def _taken(value: Any, kind: Any) -> Any:
    """Return a TOML value as a setting of this type holds it, or None where it does not fit."""
    if get_origin(kind) is Literal:
        return value if value in get_args(kind) else None
    if get_origin(kind) is list:
        [inner] = get_args(kind)
        parts = [_taken(part, inner) for part in (value if isinstance(value, list | tuple) else [value])]
        return None if None in parts or not parts else parts
    if kind in (str, Path):
        if isinstance(value, (date, time)):  # as-of = 2026-01-31, without quotes
            value = value.isoformat()
        if kind is str and isinstance(value, int) and not isinstance(value, bool):  # units = 64
            value = str(value)
        return kind(value) if isinstance(value, str) and value and "\0" not in value else None
    if isinstance(value, bool) or kind is bool:
        return value if kind is bool and isinstance(value, bool) else None
    if kind is float and isinstance(value, int):
        return float(value)
    return value if isinstance(value, kind) else None


def near(name: str, known: Iterable[str]) -> str:
    """Return the question whether something similar was meant, or an empty text."""
    spelled = name.replace("_", "-")
    found = difflib.get_close_matches(spelled.lower(), list(known), 1, 0.6)
    return f"Did you mean {found[0]!r}?" if found else ""
