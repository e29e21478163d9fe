"""Where forecasts start: what names a window until a batch of windows is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.data.panel import Panel
from forecaster.data.stamps import Ints

MOST_WINDOWS = 8192
MOST_CELLS = 2**19
"""Windows in a block, and steps of history and forecast in it: memory stays flat however many and however long."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Origins:
    """Where N forecasts start, in the flat array in which all series of a panel lie end to end.

    Attributes:
        series: [N] index of the series.
        starts: [N] index of the first value of that series.
        ends: [N] index after the last value that the forecast may see (exclusive), after `starts`.
        done: Asked before some of them are forecast: returns the block of forecasts where it is known already.
    """

    series: Ints
    starts: Ints
    ends: Ints
    done: Callable[[Origins], Any] | None = None

    @classmethod
    def of(cls, panel: Panel, series: Ints, ends: Ints) -> Origins:
        """Return the origins in some series of a panel that may see the values before `ends` [N]."""
        return cls(series=series, starts=panel.offsets[series], ends=ends)

    @classmethod
    def at_end(cls, panel: Panel, series: Ints | None = None) -> Origins:
        """Return the ends of series of a panel; None means all of them."""
        chosen = np.arange(panel.n_series) if series is None else series
        return cls.of(panel, chosen, panel.offsets[chosen + 1])

    @classmethod
    def of_rows(cls, rows: NDArray[np.generic]) -> Origins:
        """Return the ends of rows [N, L] that lie end to end as N series."""
        edges = np.arange(len(rows) + 1, dtype=np.int64) * rows.shape[1]
        return cls(series=np.arange(len(rows)), starts=edges[:-1], ends=edges[1:])

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, chosen: slice | NDArray[np.generic]) -> Origins:
        return replace(self, series=self.series[chosen], starts=self.starts[chosen], ends=self.ends[chosen])

    def known(self) -> Any:
        """Return the block of forecasts from all of these origins, where it is known already."""
        return None if self.done is None else self.done(self)

    @property
    def lengths(self) -> Ints:
        """[N] How many values of its series each may see."""
        return self.ends - self.starts

    def ahead(self, horizon: int) -> Ints:
        """Return the places [N, H] of the values that are forecast."""
        return np.asarray(self.ends[:, None] + np.arange(horizon))

    def back(self, steps: int) -> Origins:
        """Return as many origins so many steps earlier."""
        return Origins(series=self.series, starts=self.starts, ends=self.ends - steps)

    def blocks(self, steps: int) -> Iterator[Origins]:
        """Yield the same in blocks, for windows of so many steps of history and forecast."""
        size = min(max(MOST_CELLS // max(steps, 1), 1), MOST_WINDOWS)
        for at in range(0, len(self), size):
            yield self[at : at + size]


@dataclass(frozen=True, eq=False)
class Cutoffs:
    """Origins by a range for each of S series: as little in memory as there are series, however many there are.

    Attributes:
        starts: [S] index of each series' first value.
        first: [S] first allowed history end (exclusive index), inclusive.
        count: [S] number of allowed ends; 0 for a series that has none.
        stride: Steps from one end to the next.
    """

    starts: Ints
    first: Ints
    count: Ints
    stride: int = 1

    @property
    def total(self) -> int:
        """Number of windows."""
        return int(self.count.sum())

    def draw(self, rng: np.random.Generator, size: int, evenness: float) -> Origins:
        """Draw origins with replacement.

        Args:
            rng: Source of randomness.
            size: How many.
            evenness: 0 draws every window alike, 1 every series alike;
                in between, a series by `count ** (1 − evenness)`.
        """
        weight = np.where(self.count > 0, np.maximum(self.count, 1).astype(np.float64) ** (1.0 - evenness), 0.0)
        edges = np.cumsum(weight)
        series = np.searchsorted(edges, rng.random(size) * edges[-1], side="right")
        return self._nth(series, (rng.random(size) * self.count[series]).astype(np.int64))

    def all(self) -> Origins:
        """Return all of them, series by series, oldest first."""
        return self.spread(self.total)

    def spread(self, most: int) -> Origins:
        """Return at most so many of them, evenly spread over all, in the order of `all`."""
        total = self.total
        places = np.arange(total) if most >= total else np.linspace(0, total - 1, most).astype(np.int64)
        after = np.cumsum(self.count)
        series = np.searchsorted(after, places, side="right")
        return self._nth(series, places - (after - self.count)[series])

    def _nth(self, series: Ints, nth: Ints) -> Origins:
        """Return the `nth` origin [N], from 0, of each of these series [N]."""
        return Origins(series=series, starts=self.starts[series], ends=self.first[series] + nth * self.stride)


def first_changes(panel: Panel) -> Ints:
    """Return the index [S] of the first value of each series that is not its first; its end where it is constant."""
    starts = panel.offsets[:-1]
    other = np.append(np.flatnonzero(panel.values != np.repeat(panel.values[starts], panel.lengths)), len(panel.values))
    return np.asarray(np.minimum(other[np.searchsorted(other, starts)], panel.offsets[1:]))
