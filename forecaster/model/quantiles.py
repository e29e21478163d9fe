"""Quantiles are ends of central intervals: that of 0.1 is the lower end of the interval of 80 %.

So whatever can give intervals of any level gives any quantile, calibrated alike; the median is the point forecast.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecaster.model.windows import Floats

DECILES = tuple(tenth / 10 for tenth in range(1, 10))
"""Quantiles that the CRPS is approximated by."""


def level_of(share: float) -> float:
    """Return the level in percent of the central interval that ends at a quantile: 80 for 0.1 and 0.9, 0 for 0.5."""
    return float(f"{100 * abs(2 * share - 1):g}")


def levels_with(levels: Sequence[float], *quantiles: Sequence[float]) -> tuple[float, ...]:
    """Return the levels in percent that are needed for intervals of some levels and for quantiles, ascending."""
    return tuple(sorted({*levels, *(level_of(share) for shares in quantiles for share in shares)} - {0.0}))


def pick_quantiles(
    values: Floats, intervals: Sequence[tuple[float, Floats, Floats]], quantiles: Sequence[float]
) -> tuple[tuple[float, Floats], ...]:
    """Return quantiles (share, values), ascending, of point forecasts and intervals of any one shape.

    A quantile is never below one of a smaller share.

    Args:
        values: The point forecasts: the median.
        intervals: (level in percent, lower, upper); those of `levels_with` are among them.
        quantiles: Shares between 0 and 1, ascending.
    """
    ends = {level: (low, high) for level, low, high in intervals}
    picked: list[tuple[float, Floats]] = []
    for share in quantiles:
        level = level_of(share)
        found = values if level == 0 else ends[level][share > 0.5]
        picked.append((share, np.maximum(found, picked[-1][1]) if picked else found))
    return tuple(picked)
