"""Season lengths found in the values themselves, for data whose stamps do not tell (an integer index)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_SERIES = 200
MOST_STEPS = 4096
LONGEST = 400
LARGEST = 1e150
"""What can still be squared: series with larger values show no season."""

STRONG = 0.3
"""Autocorrelation of the differenced series at a season's lag from which the season is believed."""


def find_season(values: NDArray[np.float64], offsets: NDArray[np.int64]) -> int:
    """Find the season length of a panel from the autocorrelation of its first differences.

    The autocorrelations of up to 200 series, evenly spaced over the panel, are averaged, weighted by length. A season
    is a lag at which that average has a peak of at least 0.3; of several (a day, two days, a week of hours) the
    shortest that comes within a tenth of the highest is taken, since its multiples repeat it.

    Args:
        values: [T] all series end to end.
        offsets: [S + 1] where each begins and ends.

    Returns:
        The season length in steps, at most a third of the longest series; 1 when there is none.
    """
    lengths = np.diff(offsets)
    longest = min(LONGEST, int(lengths.max()) // 3)
    if longest < 2:
        return 1
    total, weight = np.zeros(longest + 2), np.zeros(longest + 2)
    for s in np.unique(np.linspace(0, len(lengths) - 1, min(MOST_SERIES, len(lengths))).astype(int)):
        series = values[max(offsets[s], offsets[s + 1] - MOST_STEPS) : offsets[s + 1]]
        usable = min(longest + 2, len(series) // 3 + 1)
        if usable > 2 and np.abs(series).max() <= LARGEST and np.ptp(series) > 0:
            total[:usable] += _autocorrelation(np.diff(series))[:usable] * len(series)
            weight[:usable] += len(series)
    acf = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    lags = np.arange(2, longest + 1)
    is_peak = (acf[lags] >= STRONG) & (acf[lags] > acf[lags - 1]) & (acf[lags] >= acf[lags + 1])
    if not is_peak.any():
        return 1
    near_best = is_peak & (acf[lags] >= acf[lags[is_peak]].max() - 0.1)
    return int(lags[near_best][0])


def seasonal_strength(values: NDArray[np.float64], offsets: NDArray[np.int64], season: int) -> float | None:
    """Return how much of the values' variation around their trend the season explains, from 0 to 1.

    As Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, section 4.3, with the trend a moving
    mean of one season, the season the mean of each phase, and variances by degrees of freedom: noise has 0, however few
    its cycles. The median over up to 200 series, evenly spaced; None where none has three seasons.
    """
    lengths, found = np.diff(offsets), []
    long = np.flatnonzero(lengths >= 4 * season)
    for s in long[np.unique(np.linspace(0, len(long) - 1, min(MOST_SERIES, len(long))).astype(int))]:
        series = values[max(offsets[s], offsets[s + 1] - MOST_STEPS) : offsets[s + 1]]
        if np.abs(series).max() > LARGEST or np.ptp(series) == 0:
            continue
        sums = np.cumsum(np.concatenate([[0.0], series - series.mean()]))
        around = (sums[season:] - sums[:-season]) / season  # mean of season steps, from each step on
        trend = (around[1:] + around[:-1]) / 2 if season % 2 == 0 else around
        half = season // 2
        rest = (series - series.mean())[half : half + len(trend)] - trend
        cycles = len(rest) // season
        detrended = rest[: cycles * season].reshape(cycles, season)
        remainder = detrended - detrended.mean(axis=0)
        total = detrended.var() * detrended.size / (detrended.size - 1)
        if total > 0:
            found.append(max(0.0, 1.0 - (remainder**2).sum() / (detrended.size - season) / total))
    return float(np.median(found)) if found else None


def _autocorrelation(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the autocorrelation of `x` at lags 0, 1, …, by FFT (Wiener–Khinchin)."""
    x = x - x.mean()
    size = 1 << (2 * len(x) - 1).bit_length()
    power = np.abs(np.fft.rfft(x, size)) ** 2
    acov = np.fft.irfft(power, size)[: len(x)]
    return acov / acov[0] if acov[0] > 0 else np.zeros(len(x))
