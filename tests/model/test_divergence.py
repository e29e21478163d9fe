"""Why a loss is no number: the window that is named, the cause, and what to try."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecaster.config import ModelSettings, TrainSettings
from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.model.divergence import diagnose
from forecaster.model.plan import Plan
from forecaster.model.planner import make_plan
from tests.origins import between

WAVE = 50 + 10 * np.sin(2 * np.pi * np.arange(100) / 10)


def planned(planted: float, **model: str) -> tuple[Panel, Plan]:
    """Two daily series of 100 steps, and a value of the second on its 61st day."""
    panel = panel_from_arrays({"a": WAVE, "b": WAVE}, freq="D", start="2024-01-01")
    settings = ModelSettings(horizon=4, lookback=20, segment=5, transform="none", base="last", **model)  # type: ignore[arg-type]
    plan = make_plan(panel, 10, settings, TrainSettings(learning_rate=0.5))
    values = panel.values.copy()
    values[160] = planted
    return replace(panel, values=values), plan


@pytest.mark.parametrize(
    ("planted", "activation", "cause", "hint"),
    [
        (np.inf, "tanh", "too large to compute with", "Divide them"),
        (1e6, "tanh", "scales of its window away from it", "--on-outlier clip"),
        (WAVE[60], "relu", "--activation relu has no upper end", "--activation tanh"),
        (WAVE[60], "tanh", "--learning-rate 0.5 is too large", "Try a smaller one"),
    ],
)
def test_the_likely_cause(planted: float, activation: str, cause: str, hint: str) -> None:
    panel, plan = planned(planted, activation=activation)
    drawn = between([0, 100, 0], [30, 159, 60])  # the window just before the value, and two others
    with np.errstate(all="ignore"):
        fault = diagnose(panel, plan, drawn, 40, can_resume=False)
    assert fault.exit_code == 4
    assert "diverged after step 40" in fault.message
    assert cause in fault.message
    assert fault.hint.startswith(hint) or hint in fault.hint
    assert "--resume" not in fault.hint
    if planted > 100:
        assert "series 'b', the window up to 2024-02-28" in fault.message
    with np.errstate(all="ignore"):
        assert "--resume --learning-rate 0.05" in diagnose(panel, plan, drawn, 40, can_resume=True).hint
