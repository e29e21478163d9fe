"""Scores in the words and grids that a person reads, wherever they were measured."""

from __future__ import annotations

from typing import Any

from forecaster.cli.output import Grid, Line, number, percent

MEASURES = {
    "mase": "MASE",
    "rmsse": "RMSSE",
    "mae": "MAE",
    "rmse": "RMSE",
    "smape": "sMAPE, %",
    "wape": "WAPE, %",
    "bias": "bias",
}
"""Measures in the table on the screen."""


def metric_rows(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the model and its baseline, one row each with every measure; the baseline has no intervals."""
    empty = dict.fromkeys(metrics["model"])
    names = {"model": "model", "baseline": metrics["baseline_name"]}
    return [{"method": names[key], **empty, **metrics[key]} for key in names]


def error_grid(metrics: dict[str, Any], title: str) -> Grid:
    """Return the errors of the model beside those of the baseline."""
    ours, baseline = metrics["model"], metrics["baseline"]
    return Grid(
        [(label, number(ours[name]), number(baseline[name])) for name, label in MEASURES.items()],
        header=(title, "model", metrics["baseline_name"]),
    )


def verdict(metrics: dict[str, Any], windows: str, remedy: str) -> Line:
    """Return one plain sentence: is the model better than the baseline.

    Args:
        metrics: As a job gives them.
        windows: What the windows are called.
        remedy: What to do where it is not.
    """
    skill, base, where = metrics["skill"], metrics["baseline_name"], f"{metrics['windows']:,} {windows}"
    if skill is None:
        return Line(f"The skill over {base} is undefined: the baseline made no error on {where}.", "yellow")
    if skill > 0:
        return Line(f"Better than {base}: its error (MASE) is {percent(skill)} lower on {where}.", "green")
    return Line(f"Not better than {base}: its error (MASE) is {percent(-skill)} higher on {where}. {remedy}", "yellow")
