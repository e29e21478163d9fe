"""How many digits after the decimal point the values of a panel have."""

from __future__ import annotations

import numpy as np

from forecaster.data.decimals import decimals_of
from forecaster.data.panel import Panel

BEYOND = 2
"""Digits that a forecast is written with beyond those of the data."""


def digits_for(panel: Panel) -> int | None:
    """Return how many digits after the point forecasts of a panel are written with; None for all that there are."""
    observed = ~panel.filled
    observed[panel.outliers.at] = False
    found = decimals_of(np.concatenate([panel.values[observed], panel.outliers.observed]))
    return None if found is None else found + BEYOND
