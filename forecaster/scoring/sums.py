"""Totals of the next steps against the actual values: do their intervals hold as much as they say?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from forecaster.data.panel import Panel
from forecaster.model.copula import Dependence, distribution, values_at
from forecaster.model.forecast import Block
from forecaster.model.origins import Origins
from forecaster.model.predictor import Forecaster
from forecaster.model.samples import learn_from_past
from forecaster.model.totals import ends_of, quantiles_of
from forecaster.model.windows import Floats
from forecaster.scoring.metrics import Evaluation, Tally

SAMPLES = 400
"""Paths of each window: an end of an interval of 95 % is then off by about one percent point."""

MOST_SAMPLES = 2**21
"""Values of paths that are in memory at once."""

SHOWN = ("mae", "wape", "bias", "crps")
"""Measures of totals, besides those of intervals and quantiles: MASE has no scale for sums."""


def learn_before(model: Forecaster, panel: Panel, origins: Origins, horizon: int) -> Dependence:
    """Learn how errors go together from what came before the first of the cutoffs of each series.

    Raises:
        ModelError: The network's answer is not finite.
    """
    known = panel.lengths.copy()
    np.minimum.at(known, origins.series, origins.lengths)
    return learn_from_past(model, panel, horizon, known)


class TotalScores:
    """Scores of totals, over windows that come block by block."""

    def __init__(self, dependence: Dependence, steps: Sequence[int], shares: tuple[Sequence[float], ...]) -> None:
        """Begin with no windows.

        Args:
            dependence: How errors go together.
            steps: Over how many of the first steps each total is.
            shares: Levels in percent of the intervals, and quantiles.
        """
        self.dependence, self.steps, (self.levels, self.quantiles) = dependence, tuple(steps), shares
        self._tallies = {k: Tally(1, 1) for k in steps}
        self._draws = dependence.draws(SAMPLES, 0)
        self._windows = dict.fromkeys(steps, 0)

    def add(self, block: Block, actual: Floats) -> None:
        """Score n more windows, with intervals of `GRID_LEVELS`, against the actual values [n, H]."""
        size = max(MOST_SAMPLES // (SAMPLES * actual.shape[1]), 1)
        grid = distribution(block.values, block.intervals)
        for at in range(0, len(actual), size):
            part = slice(at, at + size)
            drawn = values_at(self._draws.scores(block.origins.series[part]), grid[part])
            sums, came = np.cumsum(drawn, axis=-1), np.cumsum(actual[part], axis=-1)
            for k in self.steps:
                self._score(k, sums[..., k - 1 : k], came[:, k - 1 : k])

    def _score(self, k: int, sums: Floats, came: Floats) -> None:
        tenths = [tenth / 10 for tenth in range(1, 10)]
        found = quantiles_of(sums, self.levels, [*self.quantiles, *tenths])
        nothing = np.full(len(came), np.nan)
        self._windows[k] += int(np.isfinite(came).sum())
        self._tallies[k].add(
            Evaluation(
                actual=came,
                forecast=sums.mean(axis=1),
                scale=nothing,
                rms_scale=nothing,
                series=np.zeros(len(came), np.int64),
                intervals=tuple((level, found[ends_of(level)[0]], found[ends_of(level)[1]]) for level in self.levels),
                quantiles=tuple((share, found[share]) for share in self.quantiles),
                deciles=np.array([found[tenth] for tenth in tenths]),
            )
        )

    def records(self) -> list[dict[str, Any]]:
        """Return one row for each total: over how many steps, from how many windows, and its measures."""
        return [
            {"steps": k, "windows": self._windows[k]}
            | {
                name: value
                for name, value in self._tallies[k].measures().overall.items()
                if name in SHOWN or name.startswith(("coverage", "width", "below", "pinball-q"))
            }
            for k in self.steps
        ]
