"""Rare demand: how high intervals must reach to hold as much of a series' own past as their levels say.

Most values of such a series are 0, and so is the lower end of its intervals: they can be missed above only. A network
that has seen many series smooths over what one of them shows: 5 pieces on one day in ten have the 0.95 quantile 5, and
nothing between 0 and 5 ever comes. So the upper end of a level is at least the value that this share of the recent past
does not exceed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecaster.model.windows import Floats, Ints

RECENT = 200
"""Values at the end of a series that are looked at, at most."""

MOSTLY = 0.5
"""Share of values that must be 0, and more."""


def least_upper(values: Floats, starts: Ints, ends: Ints, levels: Sequence[float]) -> Floats:
    """Return what the upper ends of intervals must at least be [N, L]; minus infinity where demand is not rare.

    Args:
        values: All of them, NaN where missing.
        starts: [N] index of the first value of each window.
        ends: [N] index after the last one.
        levels: L levels in percent, 0 < level < 100.
    """
    lengths = np.minimum(ends - starts, RECENT)
    width = int(lengths.max(initial=0))
    found = np.full((len(ends), len(levels)), -np.inf)
    if not width:
        return found
    back = np.arange(-width, 0)
    past = np.where(back >= -lengths[:, None], values[np.maximum(ends[:, None] + back, 0)], np.nan)
    known = (~np.isnan(past)).sum(axis=1)
    rare = ((past == 0).sum(axis=1) > MOSTLY * known) & ~(past < 0).any(axis=1)
    past, known = np.sort(past[rare], axis=1), known[rare]  # NaN at the end
    for i, level in enumerate(levels):
        nth = np.ceil(level / 100 * known - 1e-9).astype(np.int64) - 1  # as inverted_cdf of numpy.quantile
        found[rare, i] = past[np.arange(len(past)), np.maximum(nth, 0)]
    return found
