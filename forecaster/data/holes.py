"""Missing steps: where each series begins and ends, which have too many, and what fills the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forecaster.config import OnGap
from forecaster.data.frequency import Frequency
from forecaster.data.rows import Rows
from forecaster.data.stamps import Ints, Mask

Floats = npt.NDArray[np.float64]


def extent(rows: Rows, ordinals: Ints, seen: Mask) -> tuple[Ints, Ints]:
    """Return how many steps each series [S] spans from its first to its last observed stamp, and where it starts."""
    count = len(rows.ids)
    at, series = ordinals[rows.stamps[seen]], rows.series[seen]
    begins = np.flatnonzero(np.diff(series, prepend=-1))
    first, last = np.zeros(count, np.int64), np.full(count, -1, np.int64)
    ends = np.append(begins[1:], len(series)) - 1
    first[series[begins]], last[series[begins]] = at[begins], at[ends[: len(begins)]]
    return last - first + 1, first


def reasons_to_skip(lengths: Ints, observed: Ints, off_grid: Mask, most: float, frequency: Frequency) -> dict[int, str]:
    """Return why series are left out: series → reason."""
    out = {}
    share = 1 - observed / np.maximum(lengths, 1)
    for s in np.flatnonzero((observed == 0) | off_grid | (share > most)).tolist():
        if off_grid[s]:
            out[s] = f"its stamps are not on the frequency {frequency.alias}"
        elif not observed[s]:
            out[s] = "all its values are missing"
        else:
            out[s] = f"{100 * share[s]:.0f} % of its steps are missing, more than --max-missing {most:g}"
    return out


def fill(values: Floats, holes: Mask, on_gap: OnGap) -> None:
    """Fill holes in place. Each lies between two observed values of its own series.

    Args:
        values: [T], series end to end.
        holes: [T], True where a value is missing.
        on_gap: `interpolate` on a straight line, `ffill` with the last observed value, or `zero`.
    """
    at = np.flatnonzero(holes)
    if on_gap == "zero":
        values[at] = 0.0
        return
    known = np.flatnonzero(~holes)
    after = np.searchsorted(known, at)
    left, right = known[after - 1], known[after]
    if on_gap == "ffill":
        values[at] = values[left]
        return
    weight = (at - left) / (right - left)
    values[at] = values[left] * (1 - weight) + values[right] * weight  # in this order nothing overflows
