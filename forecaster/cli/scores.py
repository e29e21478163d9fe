"""Scores in the words and grids that a person reads, wherever they were measured."""

from __future__ import annotations

from typing import Any

from forecaster.base.words import MEASURES, conclude
from forecaster.cli.output import TextGrid, TextLine, number


def metric_rows(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the model and its baseline, one row each with every measure; the baseline has no intervals."""
    empty = dict.fromkeys(metrics["model"])
    names = {"model": "model", "baseline": metrics["baseline_name"]}
    return [{"method": names[key], **empty, **metrics[key]} for key in names]


def error_grid(metrics: dict[str, Any], title: str) -> TextGrid:
    """Return the errors of the model against those of the baseline."""
    ours, baseline = metrics["model"], metrics["baseline"]
    return TextGrid(
        [(label, number(ours[name]), number(baseline[name])) for name, label in MEASURES.items() if name in ours],
        header=(title, "model", metrics["baseline_name"]),
    )


def verdict(metrics: dict[str, Any], windows: str, remedy: str) -> TextLine:
    """Return one plain sentence: is the model better than the baseline.

    Args:
        metrics: As a job gives them.
        windows: What the windows are called.
        remedy: What to do where it is not.
    """
    sentence, better = conclude(metrics, windows)
    advice = "" if better or metrics["skill"] is None else f" {remedy}"
    return TextLine(sentence + advice, "green" if better else "yellow")


def way_of(facts: dict[str, Any]) -> str:
    """Return how forecasts of a hierarchy were made to add up, and what was tried where that was chosen.

    Args:
        facts: As a job gives them: `reconcile`, and `tried` with the error of each way over that of the forecasts.
    """
    tried = facts.get("tried")
    if not tried:
        return str(facts["reconcile"])
    others = ", ".join(f"{method} {number(100 * (error - 1), 2)} %" for method, error in tried.items())
    return f"{facts['reconcile']} (change of the error on past windows: {others})"
