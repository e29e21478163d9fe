"""How many digits the data has, and forecasts of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecaster.data.panel import panel_from_arrays
from forecaster.data.precision import digits_for


def test_only_what_was_observed_counts() -> None:
    panel = panel_from_arrays([np.array([1.0, 2.0, 1 / 3, 4.0])], freq="D")
    assert digits_for(panel) is None
    assert digits_for(replace(panel, filled=np.array([False, False, True, False]))) == 2
