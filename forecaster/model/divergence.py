"""Why a loss is no number any more: the window that is furthest from the usual, and what to do about it."""

from __future__ import annotations

import numpy as np

from forecaster.base.errors import GateError, shown
from forecaster.data.panel import Panel
from forecaster.model.features import signals_of
from forecaster.model.origins import Origins
from forecaster.model.plan import Plan
from forecaster.model.windows import cut_targets, cut_windows

FAR = 100.0
"""Scales of a window from which on a value is a likely cause."""


def diagnose(panel: Panel, plan: Plan, drawn: Origins, step: int, *, can_resume: bool) -> GateError:
    """Return the fault of a training whose loss is no number after the windows drawn last.

    Args:
        panel: What was trained on.
        plan: How.
        drawn: Where the windows end.
        step: Steps done before them.
        can_resume: Whether the last good weights are stored on disk.
    """
    features = signals_of(panel, plan.encodings, plan.window.horizon).features
    windows = cut_windows(panel.values, drawn, plan.window, features)
    targets = np.abs(cut_targets(panel.values, drawn, windows)).max(axis=1)
    size = np.maximum(targets, np.abs(windows.inputs).max(axis=(1, 2)))  # (n,)
    worst = int(np.argmax(np.where(np.isfinite(size), size, np.inf)))
    found = drawn[worst : worst + 1]
    last = panel.write(panel.stamps_at(found.series, found.lengths - 1))[0]
    of = panel.ids[int(found.series[0])]
    name = f"series {shown(of)}, " if of else ""
    cause, hint = _cause_of(float(size[worst]), plan)
    if can_resume:
        hint += f", or go on from the last good weights: --resume --learning-rate {plan.fit.learning_rate / 10:g}"
    return GateError(
        f"{panel.source or 'the data'}: training diverged after step {step}, and nothing was published. Most unusual "
        f"in its last batches: {name}the window up to {last}. Likely cause: {cause}",
        hint=hint,
    )


def _cause_of(size: float, plan: Plan) -> tuple[str, str]:
    """Return the likely cause and what to try, from the furthest that a value is from its window, in scales."""
    if not np.isfinite(size):
        return "its values are too large to compute with", "Divide them by a constant"
    if size > FAR:
        return f"a value {size:.3g} scales of its window away from it", "Correct it, or train with --on-outlier clip"
    rate, activation = f"--learning-rate {plan.fit.learning_rate:g}", plan.network.activation
    if activation in ("relu", "elu", "gelu"):
        return f"--activation {activation} has no upper end, and {rate} is large", "Try --activation tanh"
    return f"{rate} is too large, since no value of the window is unusual", "Try a smaller one"
