"""Forecasts of series and their sums that add up, with intervals of paths that do.

Paths of all nodes are drawn with the dependence of their past errors, each is reconciled on its own, and the intervals
are the quantiles of what comes out (Panagiotelis, Gamakumara, Athanasopoulos & Hyndman, Probabilistic forecast
reconciliation, European Journal of Operational Research 306(2), 2023). Forecasts below zero of series that never were
become zero before they are added up (Di Fonzo & Girolimetto, Spatio-temporal reconciliation of solar forecasts, Solar
Energy 251, 2023).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecaster.base.errors import UsageError
from forecaster.model.copula import Dependence, distribution, values_at
from forecaster.model.forecast import Block, Forecast
from forecaster.model.reconciliation import Reconciler, add_exactly, decimals_for, from_units, in_units
from forecaster.model.totals import ends_of, quantiles_of
from forecaster.model.windows import Floats, Ints

SAMPLES, FEWEST_SAMPLES = 1000, 200
"""Paths where nobody says how many: as many as `USUAL` allows, within these bounds."""

USUAL, MOST = 2**25, 2**28
"""Values of the paths of all nodes that are in memory: where nobody says how many paths, and at most."""

PART = 2**22
"""Values that are reconciled at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Coherent:
    """Forecasts of n nodes, H steps, that add up.

    Attributes:
        values: [n, H] point forecasts; sums are exact in the decimals that they are written with.
        samples: [n, N, H] paths, of which the same is true.
        decimals: How many decimals that are; negative for whole tens, hundreds and so on.
        means: [n, H] means of the paths, which add up as well.
    """

    values: Floats
    samples: Floats
    decimals: int
    means: Floats

    @property
    def count(self) -> int:
        """How many paths, N."""
        return int(self.samples.shape[1])

    def blocks(self) -> Iterator[tuple[Ints, Floats]]:
        """Yield the indices of the next nodes, and their paths."""
        size = max(PART // max(self.samples[0].size, 1), 1)
        for at in range(0, len(self.samples), size):
            part = self.samples[at : at + size]
            yield np.arange(at, at + len(part)), part

    def quantiles(self, levels: Sequence[float], shares: Sequence[float]) -> dict[float, Floats]:
        """Return the quantiles [n, H] that intervals of these levels end at, and these quantiles."""
        found = [quantiles_of(part, levels, shares) for _, part in self.blocks()]
        joined = {share: np.concatenate([each[share] for each in found]) for share in found[0]} if found[0] else {}
        return {share: from_units(in_units(values, self.decimals), self.decimals) for share, values in joined.items()}

    def interval(self, found: dict[float, Floats], level: float) -> tuple[Floats, Floats]:
        """Return the ends [n, H] of the interval of a level, which holds the point forecast in any case."""
        low, high = (found[share] for share in ends_of(level))
        return np.minimum(low, self.values), np.maximum(high, self.values)


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How paths are drawn.

    Attributes:
        count: N, how many.
        seed: The same gives the same.
        digits: After the decimal point that values are written with; None for as many as are exact.
    """

    count: int
    seed: int
    digits: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class CoherentPaths:
    """Sample paths of a forecast that adds up: see `Paths`.

    Attributes:
        forecast: Of n nodes.
        coherent: Their paths.
    """

    forecast: Forecast
    coherent: Coherent

    @property
    def count(self) -> int:
        """How many paths of each node."""
        return self.coherent.count

    @property
    def decimals(self) -> int:
        """Decimals that values are rounded to."""
        return self.coherent.decimals

    def blocks(self) -> Iterator[tuple[Ints, Floats]]:
        """Yield the indices of the next nodes, and their paths."""
        return self.coherent.blocks()

    def all(self) -> Floats:
        """Return all paths [n, N, H]."""
        return self.coherent.samples


def check_count(nodes: int, horizon: int, asked: int | None) -> int:
    """Return how many paths to draw.

    Raises:
        UsageError: More were asked for than fit into memory.
    """
    each = nodes * horizon
    if asked is None:
        return int(np.clip(USUAL // each, FEWEST_SAMPLES, SAMPLES))
    if asked * each > MOST and asked > FEWEST_SAMPLES:
        most = max(MOST // each, FEWEST_SAMPLES)
        raise UsageError(
            f"--paths {asked:,} of {nodes:,} series and sums, {horizon:,} steps each: {8e-9 * asked * each:.1f} GB",
            hint=f"Give at most --paths {most}, or a shorter --horizon",
        )
    return asked


def make_coherent(
    reconciler: Reconciler,
    base: Block | Forecast,
    dependence: Dependence,
    drawing: Drawing,
    nonnegative: NDArray[np.bool_],
) -> Coherent:
    """Reconcile forecasts, and paths of them.

    Args:
        reconciler: How.
        base: Forecasts of all nodes, each on its own, with intervals of `GRID_LEVELS`; for `bottom-up` those of the
            series are enough.
        dependence: How the errors of the same nodes go together.
        drawing: How many paths, and how values are written.
        nonnegative: [S] which series are never below zero.
    """
    least = np.where(nonnegative, 0.0, -np.inf)[:, None]
    series = np.maximum(reconciler.series(base.values), least)
    grid = distribution(base.values, base.intervals)
    reach = np.abs(grid).max(axis=(1, 2))
    hierarchy, (rows, horizon) = reconciler.hierarchy, base.values.shape
    # No reconciled path is likely to be further out than all series at their ends together.
    bound = 4 * max(float(reach[-len(series) :].sum()), float(reach.max()), float(np.abs(series).sum(axis=0).max()))
    decimals = decimals_for(series, bound)
    if drawing.digits is not None:
        decimals = min(decimals, drawing.digits)
    # Correlations between series that are drawn towards none would make sums of them too certain.
    together = replace(dependence, weight=1.0 if dependence.is_known and len(dependence.shared) else 0.0)
    samples = np.empty((len(hierarchy.nodes), drawing.count, horizon))
    size = max(PART // (rows * horizon), 1)
    for number, at in enumerate(range(0, drawing.count, size)):
        part = samples[:, at : at + size]
        draws = together.draws(part.shape[1], drawing.seed + (number << 32))
        paths = np.concatenate([values_at(draws.scores(some), grid[some]) for some in _blocks(rows, part[0].size)])
        found = np.maximum(reconciler.series(paths), least[:, None])
        part[:] = add_exactly(hierarchy, found, decimals)
    return Coherent(
        values=add_exactly(hierarchy, series, decimals),
        samples=samples,
        decimals=decimals,
        means=add_exactly(hierarchy, samples[-len(series) :].mean(axis=1), decimals),
    )


def _blocks(rows: int, each: int) -> Iterator[Ints]:
    """Yield the indices of some rows, so many that their draws do not fill the memory."""
    size = max(PART // 4 // max(each, 1), 1)
    for at in range(0, rows, size):
        yield np.arange(at, min(at + size, rows))
