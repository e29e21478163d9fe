"""How many digits after the decimal point the values of a panel have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecaster.data.panel import Panel

MOST = 12
"""Digits that are looked for; values with more of them are taken to be measured as finely as can be."""

BEYOND = 2
"""Digits that a forecast is written with beyond those of the data."""

NOISE = 4
"""Units in the last place that a value may be off its decimal number: sums and unit conversions leave some."""


def digits_for(panel: Panel) -> int | None:
    """Return how many digits after the point forecasts of a panel are written with; None for all that there are."""
    observed = ~panel.filled
    observed[panel.outliers.at] = False
    found = decimals_of(np.concatenate([panel.values[observed], panel.outliers.observed]))
    return None if found is None else found + BEYOND


def decimals_of(values: NDArray[np.float64]) -> int | None:
    """Return the fewest digits after the point that write all values [N]; None where `MOST` are too few, or N is 0.

    Values that came as float32 are judged as such: 0.1 has one digit there too.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    noises = (NOISE * np.spacing(np.abs(values)), _single_noise(values))
    for noise in (each for each in noises if each is not None):
        rest = np.ones(len(values), bool)
        for digits in range(MOST + 1):
            rest[rest] = np.abs(np.round(values[rest], digits) - values[rest]) > noise[rest]
            if not rest.any():
                return digits
    return None


def _single_noise(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return half a unit in the last place of float32 where all values are ones."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    return np.spacing(np.abs(single)).astype(np.float64) / 2 if (single == values).all() else None
