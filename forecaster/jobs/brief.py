"""A result in one line: what a notebook shows of it."""

from __future__ import annotations

from typing import Any


def brief(result: Any) -> str:
    """Return the plain facts of a result's summary; its tables and texts would fill screens."""
    facts = {name: value for name, value in result.summary().items() if isinstance(value, str | int | float)}
    return f"<{type(result).__name__} {', '.join(f'{name}={value!r}' for name, value in facts.items())}>"
