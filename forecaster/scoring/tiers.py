"""Forecasts of every level of a hierarchy, before and after they are made to add up, against the actual values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.base.meter import one, tally
from forecaster.data.hierarchy import Hierarchy
from forecaster.data.panel import Panel
from forecaster.model.coherence import Coherent, Drawing, make_coherent
from forecaster.model.copula import GRID_LEVELS, Dependence
from forecaster.model.forecast import Block, Predicted
from forecaster.model.origins import Origins
from forecaster.model.predictor import Forecaster, forecast_windows
from forecaster.model.quantiles import DECILES, levels_with
from forecaster.model.reconciliation import Reconciler
from forecaster.model.windows import Floats, Ints
from forecaster.scoring.metrics import Evaluation, Tally

SAMPLES = 200
"""Paths of each cutoff: an end of an interval of 95 % is then off by one and a half percent points."""

SHOWN = ("mase", "wape", "rmsse", "bias", "crps")
"""Measures of each level, besides those of intervals."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tiers:
    """What is scored.

    Attributes:
        model: What forecasts `base`.
        base: All nodes, or the series alone, which are the last ones of `whole`.
        whole: The sums, and after them the series.
        reconciler: How forecasts are made to add up; learned before the first cutoff.
        dependence: How errors go together; the same.
        nonnegative: [S] which series are never below zero.
    """

    model: Forecaster
    base: Panel
    whole: Panel
    reconciler: Reconciler
    dependence: Dependence
    nonnegative: NDArray[np.bool_]

    @property
    def hierarchy(self) -> Hierarchy:
        """What adds up to what."""
        return self.reconciler.hierarchy


def score_tiers(
    tiers: Tiers, cutoffs: Ints, horizon: int, levels: tuple[float, ...], on_share: Callable[[float], None]
) -> list[dict[str, Any]]:
    """Return for each level how many series it has, and its measures before and after reconciliation.

    Args:
        tiers: What is scored.
        cutoffs: [K] how many steps before the end each is, at least the horizon.
        horizon: H, steps after a cutoff.
        levels: Of the intervals, in percent.
        on_share: Is called with how much is done, from 0 to 1.

    Raises:
        ModelError: The network's answer is not finite.
    """
    count = len(tiers.hierarchy.levels)
    before, after = ([Tally(1, horizon) for _ in range(count)] for _ in range(2))
    missing = tiers.whole.n_series - tiers.base.n_series
    level_of, needed = tiers.hierarchy.level_of, levels_with((*levels, *GRID_LEVELS), DECILES)
    for done, back in enumerate(tally(cutoffs.tolist(), one, ("forecasting", "cutoffs", len(cutoffs))), 1):
        base = _forecast(tiers.model, tiers.base, back, (horizon, needed))
        drawing = Drawing(count=SAMPLES, seed=done)
        coherent = make_coherent(tiers.reconciler, base, tiers.dependence, drawing, tiers.nonnegative)
        origins = Origins.at_end(tiers.whole).back(back)
        window = Evaluation.of(tiers.whole, origins, tiers.model.season, Predicted(values=coherent.values))
        for number in range(count):
            nodes = np.flatnonzero(level_of == number)
            after[number].add(after_of(window, coherent, nodes, levels))
            if number == count - 1 or not missing:
                before[number].add(before_of(window, base, nodes, missing, levels))
        on_share(done / len(cutoffs))
    sizes = np.bincount(level_of)
    return [
        {
            "level": name,
            "series": int(sizes[number]),
            "windows": int(sizes[number]) * len(cutoffs),
            "before": _shown(before[number]) if number == count - 1 or not missing else None,
            "after": _shown(after[number]),
        }
        for number, name in enumerate(tiers.hierarchy.levels)
    ]


def _shown(tally: Tally) -> dict[str, float | None]:
    return {
        name: value
        for name, value in tally.measures().overall.items()
        if name in SHOWN or name.startswith(("coverage", "width", "msis"))
    }


def _forecast(model: Forecaster, panel: Panel, back: int, asked: tuple[int, tuple[float, ...]]) -> Block:
    """Return the forecast of every series of a panel from a cutoff so many steps before the end."""
    horizon, levels = asked
    origins = Origins.at_end(panel).back(back)
    blocks = list(forecast_windows(model, panel, origins, horizon, levels))
    order = np.argsort(np.concatenate([block.origins.series for block in blocks]))
    intervals = []
    for number, level in enumerate(levels):
        low, high = (np.concatenate([block.intervals[number][end] for block in blocks])[order] for end in (1, 2))
        intervals.append((level, low, high))
    return Block(
        origins=origins,
        values=np.concatenate([block.values for block in blocks])[order],
        intervals=tuple(intervals),
        methods=np.concatenate([block.methods for block in blocks])[order],
    )


def before_of(window: Evaluation, base: Block, nodes: Ints, missing: int, levels: tuple[float, ...]) -> Evaluation:
    """Return the forecasts of some nodes as they were made; `missing` nodes before them have none."""
    rows = nodes - missing
    part = Predicted(
        values=base.values[rows], intervals=tuple((level, low[rows], high[rows]) for level, low, high in base.intervals)
    )
    return _of_nodes(window, nodes, part.narrowed(levels, ()), part.deciles())


def after_of(window: Evaluation, coherent: Coherent, nodes: Ints, levels: tuple[float, ...]) -> Evaluation:
    """Return the forecasts of some nodes as they add up."""
    part = replace(
        coherent, values=coherent.values[nodes], samples=coherent.samples[nodes], means=coherent.means[nodes]
    )
    found = part.quantiles(levels, DECILES)
    intervals = tuple((level, *part.interval(found, level)) for level in levels)
    predicted = Predicted(values=part.values, intervals=intervals)
    return _of_nodes(window, nodes, predicted, np.array([found[share] for share in DECILES]))


def _of_nodes(window: Evaluation, nodes: Ints, predicted: Predicted, deciles: Floats) -> Evaluation:
    return Evaluation(
        actual=window.actual[nodes],
        forecast=predicted.values,
        scale=window.scale[nodes],
        rms_scale=window.rms_scale[nodes],
        series=np.zeros(len(nodes), np.int64),
        intervals=predicted.intervals,
        deciles=deciles,
    )
