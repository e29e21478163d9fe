"""One setting: its default, bounds and help, written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any

from forecaster.base.errors import UsageError

LARGEST = 10**9
"""What no setting is above, or below with a minus, that has no bound of its own."""

MOST_DIGITS = 40
"""Digits of a number in a message."""


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


def levels_knob(panel: str) -> Any:
    """Declare the levels of intervals."""
    return knob("80,95", "Interval levels in percent, separated by commas.", panel=panel)


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
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return
    low, high = metadata.get("min"), metadata.get("max")
    least, most = (-LARGEST if low is None else low), (LARGEST if high is None else high)
    if least <= value <= most:
        return
    if value != value:
        wanted = "a number"
    elif high is None and value > most:
        wanted = f"at most {LARGEST:,}"
    elif low is None:
        wanted = f"at least {-LARGEST:,}"
    else:
        wanted = f"at least {low}" if high is None else f"from {low} to {high}"
    raise UsageError(f"{name} must be {wanted}, received {_cut(str(value))}")


def _cut(text: str) -> str:
    return text if len(text) <= MOST_DIGITS else f"{text[:MOST_DIGITS]}… ({len(text)} digits)"
