"""Numbers and scores in the words that a person reads, on a terminal and on a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

MEASURES = {
    "mase": "MASE",
    "rmsse": "RMSSE",
    "mae": "MAE",
    "rmse": "RMSE",
    "smape": "sMAPE, %",
    "wape": "WAPE, %",
    "bias": "bias",
    "crps": "CRPS",
    "wql": "WQL",
}
"""Measures that are shown, each with its name; the last two need a distribution."""


def number(value: float | None, digits: int = 4) -> str:
    """Return a number with at least that many significant digits, thousands grouped; a dash where it is undefined."""
    if value is None or not math.isfinite(value):
        return "–"
    places = digits - 1 - math.floor(math.log10(abs(value))) if value else digits - 1
    return f"{value:,.{min(max(places, 0), 9)}f}"


def percent(share: float | None) -> str:
    """Return a share of one in percent."""
    return "–" if share is None else f"{100 * share:.1f} %"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it needs one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(names: Sequence[str], most: int) -> str:
    """Return the first names, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def conclude(metrics: dict[str, Any], windows: str) -> tuple[str, bool]:
    """Return one plain sentence, and whether it is good news: is the model better than the baseline.

    Args:
        metrics: As a job gives them.
        windows: What the windows are called.
    """
    skill, base, where = metrics["skill"], metrics["baseline_name"], f"{metrics['windows']:,} {windows}"
    if skill is None:
        return f"The skill over {base} is undefined: the baseline made no error on {where}.", False
    ours, theirs = metrics["model"]["mase"], metrics["baseline"]["mase"]
    if f"{ours:.3g}" == f"{theirs:.3g}":
        return f"As good as {base}, to three digits: a MASE of {ours:.3g} on {where}.", False
    if skill > 0:
        return f"Better than {base}: its error (MASE) is {percent(skill)} lower on {where}.", True
    return f"Not better than {base}: its error (MASE) is {percent(-skill)} higher on {where}.", False


def split_names(text: str | None) -> tuple[str, ...]:
    """Return the names that a setting gives, separated by commas; none for None."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
