"""Sample paths learn from past errors."""

from __future__ import annotations

import numpy as np

from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.model.builtin import bind
from forecaster.model.origins import Origins
from forecaster.model.predictor import forecast_windows
from forecaster.model.samples import look_at_past


def months(series: int = 4, length: int = 60, seed: int = 0) -> Panel:
    rng = np.random.default_rng(seed)
    season = 10 * np.sin(2 * np.pi * np.arange(length) / 12)
    return panel_from_arrays(list(100 + season + rng.normal(0, 2, (series, length))), freq="MS")


def test_past_errors_are_those_of_their_series_and_cutoff() -> None:
    """Its blocks come in an order of its own: what is learned from them must not be of another series or time."""
    panel = months(series=3, length=60)
    model = bind(panel, horizon=3)
    past = look_at_past(model, panel, 3)
    step = round(3 * past.spacing)
    for nth in (0, 5, len(past.errors) - 1):
        for s in range(3):
            origin = Origins.of(panel, np.array([s]), panel.offsets[s + 1 : s + 2] - 3 - step * nth)
            [block] = forecast_windows(model, panel, origin, 3, ())
            missed = panel.observed(origin.ahead(3)) - block.values
            np.testing.assert_allclose(past.errors[nth, s], missed[0], atol=1e-3)
