"""How good a model is on windows that it did not see: scores against the baseline, and the intervals' calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster import baselines, metrics
from forecaster.calibration import Answers, Calibration, Residuals, make_answers
from forecaster.panel import Panel
from forecaster.plan import Plan
from forecaster.windows import Ints, cut_targets, cut_windows, restore, window_roughness

if TYPE_CHECKING:
    from forecaster.training import Trained

LEVELS = (80.0, 95.0)
"""Interval levels that training measures coverage of, in percent."""


def measure(panel: Panel, plan: Plan, trained: Trained) -> tuple[dict[str, Any], Calibration]:
    """Score the held-out windows against seasonal naive, and calibrate the intervals on them.

    Coverage is measured across folds: half the windows are covered by intervals calibrated on the other half.
    """
    starts, ends, series = plan.held_out.all()
    answers = answer_held_out(panel, plan, trained)
    residuals = Residuals(
        errors=(cut_targets(panel.values, ends, answers.windows) - answers.outputs) * answers.windows.scale,
        answers=answers,
        folds=folds_of(series),
        independent=len(ends) * min(1.0, plan.held_out.stride / plan.window.horizon + 1 / plan.held_out.count.max()),
    )
    evaluation = metrics.Evaluation(
        actual=panel.values[ends[:, None] + np.arange(plan.window.horizon)],
        forecast=restore(answers.outputs, answers.windows),
        scale=metrics.seasonal_error(panel.values, starts, ends, plan.season),
        rms_scale=metrics.seasonal_rms_error(panel.values, starts, ends, plan.season),
        series=series,
        intervals=residuals.cross_intervals(LEVELS),
    )
    naive = baselines.seasonal_naive(panel.values, starts, ends, plan.season, plan.window.horizon)
    scores = metrics.score_against(evaluation, naive, panel.n_series)
    measured = {
        "windows": scores.windows,
        "season_length": plan.season,
        "levels": list(LEVELS),
        "baseline_name": "seasonal naive" if plan.season > 1 else "naive",
        "skill": scores.skill,
        "model": scores.model.overall,
        "baseline": scores.baseline.overall,
        "by_lead": scores.model.by_lead,
    }
    return measured, residuals.calibrate()


def answer_held_out(panel: Panel, plan: Plan, trained: Trained) -> Answers:
    """Return what the networks said of the held-out windows before they were trained again on all data."""
    starts, ends, _ = plan.held_out.all()
    windows = cut_windows(panel.values, starts, ends, plan.window)
    return make_answers(windows, window_roughness(panel.values, starts, ends, plan.window), trained.held_out)


def folds_of(series: Ints) -> Ints:
    """Split windows [N] in two: by series where there are several, else the older half and the newer half."""
    if len(np.unique(series)) >= 20:
        return np.unique(series, return_inverse=True)[1] % 2
    nth = np.arange(len(series)) - np.searchsorted(series, series)
    return (nth >= np.bincount(series)[series] / 2).astype(np.int64)
