"""Numbers → how many digits after the decimal point write them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST = 12
"""Digits that are looked for; values with more of them are taken to be measured as finely as can be."""

NOISE = 4
"""Units in the last place that a value may be off its decimal number: sums and unit conversions leave some."""

EXACT = 2.0**53
"""Units of the last digit up to which each number is another float."""


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


def rounded_as(totals: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sums [K] of values [N] with as many digits as the values have: without the noise of adding them up.

    As they are where the values have no fewest digits, or a sum is so large that a float has no such ones.
    """
    digits = decimals_of(values)
    if digits is None:
        return totals
    small = np.abs(totals) < EXACT / 10.0**digits
    return np.where(small, np.round(np.where(small, totals, 0.0), digits), totals)


def _single_noise(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return half a unit in the last place of float32 where all values are ones."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    return np.spacing(np.abs(single)).astype(np.float64) / 2 if (single == values).all() else None
