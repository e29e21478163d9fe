"""Settings as keywords of a function: shown in its signature and its help, checked, and put into a job."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING
from pathlib import Path
from typing import Any, TypeVar, cast, get_origin, get_type_hints

from forecaster.base.errors import ForecastError, UsageError
from forecaster.config.binder import bind, keys_of, near, take_value
from forecaster.config.spelling import as_keywords

Function = TypeVar("Function", bound=Callable[..., Any])


def takes(job: type, *without: str) -> Callable[[Function], Function]:
    """Say in the signature and the docstring of a function with `**settings` which settings a job has, less some."""

    def show(function: Function) -> Function:
        own = inspect.signature(function).parameters
        known = {key.field: key for key in keys_of(job).values() if key.group and key.field not in {*own, *without}}
        defaults = {f.name: f.default for group in get_type_hints(job).values() for f in _fields_of(group)}
        given = [p for p in own.values() if p.kind is not p.VAR_KEYWORD]
        keywords = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name]) for name in known]
        kinds = {name: key.kind for name, key in known.items()}
        lines = [f"    {name}: {as_keywords(key.metadata['help'], kinds)}" for name, key in known.items()]
        documented: Any = in_keywords(kinds)(function)
        documented.__signature__ = inspect.Signature([*given, *keywords])
        documented.__doc__ = "\n".join([inspect.getdoc(function) or "", "", "Settings:", *lines])
        return cast("Function", documented)

    return show


def in_keywords(kinds: Mapping[str, Any] | None = None) -> Callable[[Function], Function]:
    """Let the faults of a function name settings as keywords, as its caller does; `kinds` are the types of some."""

    def spell(function: Function) -> Function:
        @functools.wraps(function)
        def call(*args: Any, **settings: Any) -> Any:
            try:
                return function(*args, **settings)
            except ForecastError as error:
                error.respell(lambda text: as_keywords(text, kinds))
                raise

        spelled: Any = call
        return cast("Function", spelled)

    return spell


def _fields_of(group: Any) -> list[Any]:
    """Return the settings in a group of them."""
    known = getattr(group, "__dataclass_fields__", {}).values()
    return [f for f in known if f.metadata and f.default is not MISSING]


def make(job: type, settings: dict[str, Any], **given: Any) -> Any:
    """Return a job with these settings, checked as those of a job file; `given` are fields of its own.

    A setting that is None is left at its default, and a sequence is what the command line takes with commas.

    Raises:
        UsageError: An unknown setting, or a wrong value.
    """
    keys = {key.field: key for key in keys_of(job).values() if key.group}
    taken: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in keys:
            similar = near(name, [known.replace("_", "-") for known in keys]).replace("-", "_")
            raise UsageError(f"unknown setting {name!r}", hint=similar or f"Known: {', '.join(sorted(keys))}")
        if value is not None:
            taken[name] = take_value(name, _plain(value, keys[name].kind), keys[name])
    return bind(job, keys, taken, given)


def _plain(value: Any, kind: Any) -> Any:
    """Return a value of Python or NumPy as a job file would hold it."""
    if kind is str and isinstance(value, tuple | list | range):
        return ",".join(f"{_plain(part, None)}" for part in value)
    if get_origin(kind) is list and isinstance(value, tuple | list):
        return [_plain(part, None) for part in value]
    if isinstance(value, Path):
        return str(value)
    return value.item() if hasattr(value, "item") and not isinstance(value, type) else value
