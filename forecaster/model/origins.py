"""Where forecasts start, and the forecasts from there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecaster.data.panel import Panel
from forecaster.model.quantiles import pick_quantiles
from forecaster.model.windows import Floats, Ints

MOST_WINDOWS = 8192
MOST_CELLS = 2**19
"""Windows in a block, and steps of history and forecast in it: memory stays flat however many and however long."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Origins:
    """Where N forecasts start.

    Attributes:
        series: [N] index of the series.
        ends: [N] index into the panel's values after the last one that the forecast may see (exclusive).
    """

    series: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, chosen: slice | NDArray[np.generic]) -> Origins:
        return Origins(series=self.series[chosen], ends=self.ends[chosen])

    def blocks(self, steps: int) -> Iterator[Origins]:
        """Yield the same in blocks, for windows of so many steps of history and forecast."""
        size = min(max(MOST_CELLS // max(steps, 1), 1), MOST_WINDOWS)
        for at in range(0, len(self), size):
            yield self[at : at + size]


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Forecasts of n of the windows.

    Attributes:
        origins: Where they start.
        values: [n, H] point forecasts.
        intervals: (level in percent, lower [n, H], upper [n, H]), ascending by level.
        methods: [n] `lstm`, or what stood in for it.
        quantiles: (share between 0 and 1, values [n, H]), ascending by share.
    """

    origins: Origins
    values: Floats
    intervals: tuple[tuple[float, Floats, Floats], ...]
    methods: NDArray[np.object_]
    quantiles: tuple[tuple[float, Floats], ...] = ()

    def narrowed(self, levels: Sequence[float], quantiles: Sequence[float]) -> Block:
        """Return the block with only these levels, and these quantiles, of the intervals that it has."""
        intervals = tuple(interval for interval in self.intervals if interval[0] in levels)
        return replace(self, intervals=intervals, quantiles=pick_quantiles(self.values, self.intervals, quantiles))


def first_changes(panel: Panel) -> Ints:
    """Return the index [S] of the first value of each series that is not its first; its end where it is constant."""
    starts = panel.offsets[:-1]
    other = np.append(np.flatnonzero(panel.values != np.repeat(panel.values[starts], panel.lengths)), len(panel.values))
    return np.asarray(np.minimum(other[np.searchsorted(other, starts)], panel.offsets[1:]))
