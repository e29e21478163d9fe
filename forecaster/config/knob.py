"""One setting: its default, bounds and help, written once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any

from forecaster.base.errors import UsageError


def knob(
    default: Any,
    help: str,
    *,
    panel: str,
    bounds: tuple[float | None, float | None] = (None, None),
    metavar: str | None = None,
) -> Any:
    """Declare one setting.

    Args:
        default: The value when the flag is not given; `None` means chosen from the data.
        help: One or two sentences; units, and what `None` stands for.
        panel: The heading in `--help` that it stands under.
        bounds: Smallest and largest allowed value, inclusive; `None` for no bound.
        metavar: What stands for the value in `--help`.
    """
    low, high = bounds
    return field(default=default, metadata={"help": help, "panel": panel, "min": low, "max": high, "metavar": metavar})


def key_of(name: str) -> str:
    """Return how flags and files spell the field of a setting; `from_` is called so only because Python has `from`."""
    return name.rstrip("_").replace("_", "-")


def check_bounds(settings: Any) -> None:
    """Refuse a value outside the bounds of its knob.

    Raises:
        UsageError: A value is out of bounds; the message names the flag, the bounds and the value.
    """
    for f in fields(settings):
        check_value(f"--{key_of(f.name)}", getattr(settings, f.name), f.metadata)


def check_value(name: str, value: Any, metadata: Mapping[str, Any]) -> None:
    """Refuse a number outside the bounds of its knob; `name` is what the user knows the setting by.

    Raises:
        UsageError: It is out of bounds, or not a number.
    """
    if not isinstance(value, (int, float)):
        return
    low, high = metadata.get("min"), metadata.get("max")
    if not (-math.inf if low is None else low) <= value <= (math.inf if high is None else high):
        wanted = "a number" if low is None else f"at least {low}" if high is None else f"from {low} to {high}"
        raise UsageError(f"{name} must be {wanted}, received {value}")
