"""Sample paths: whole futures, of which each step follows its interval, and all together the errors of the past."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from forecaster.base.meter import tally
from forecaster.data.panel import Panel
from forecaster.model.copula import (
    GRID_LEVELS,
    Dependence,
    distribution,
    learn_dependence,
    normal_scores,
    values_at,
)
from forecaster.model.forecast import Forecast
from forecaster.model.origins import Origins
from forecaster.model.predictor import Forecaster, forecast_windows
from forecaster.model.windows import Floats, Ints

MOST_CUTOFFS = 100
FEWEST_CUTOFFS = 12
MOST_PAST_WINDOWS = 100_000
"""Past cutoffs that dependence is learned from: as many as these windows allow, within these bounds."""

LEAST_APART = 0.5
"""Of the horizon, how far cutoffs are apart at least where they are as few as that: more would say little new."""

FEWEST_SEEN = 2
"""Values before a past cutoff, at least."""

MOST_SAMPLES = 2**22
"""Values of paths that are in memory at once."""

SAMPLES = 1000
"""Paths that totals are taken from where nobody says how many."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PastForecasts:
    """What a model would have forecast at K past cutoffs, the same for all S series; NaN where nothing is known.

    Attributes:
        scores: [K, S, H] normal scores of the actual values, each in its own predictive distribution.
        values: [K, S, H] point forecasts.
        errors: [K, S, H] actual values − point forecast.
        spacing: Steps from one cutoff to the next, over the horizon.
    """

    scores: Floats
    values: Floats
    errors: Floats
    spacing: float

    @property
    def dependence(self) -> Dependence:
        """How the errors go together."""
        return learn_dependence(self.scores, self.spacing)


def learn_from_past(model: Forecaster, panel: Panel, horizon: int, known: Ints | None = None) -> Dependence:
    """Learn how a model's errors go together, from what it would have forecast at past cutoffs.

    Args:
        model: What forecasts.
        panel: S series.
        horizon: H, steps of a path.
        known: [S] steps of each series that may be seen; None for all.

    Raises:
        ModelError: The network's answer is not finite.
    """
    return look_at_past(model, panel, horizon, known).dependence


def look_at_past(model: Forecaster, panel: Panel, horizon: int, known: Ints | None = None) -> PastForecasts:
    """Return what a model would have forecast at past cutoffs: see `learn_from_past`.

    Raises:
        ModelError: The network's answer is not finite.
    """
    lengths = panel.lengths if known is None else known
    ordinals, _ = panel.frequency.split(panel.stamps_at(np.arange(panel.n_series), lengths - 1).astype(np.int64))
    latest, first = int(ordinals.max()), ordinals - lengths + 1
    count, step = cutoffs_in(int((latest - first).max()) + 1, panel.n_series, model.window.shortest_history, horizon)
    scores = np.full((count, panel.n_series, horizon), np.nan)
    values, errors = scores.copy(), scores.copy()
    cutoffs = latest - horizon - step * np.arange(count)
    inside = (cutoffs[:, None] + horizon <= ordinals) & (cutoffs[:, None] - first + 1 >= FEWEST_SEEN)
    at, series = np.nonzero(inside)
    order = np.lexsort((-at, series))  # series by series, oldest first, as the rolling origin does
    at, series = at[order], series[order]
    ends = panel.offsets[series] + cutoffs[at] - first[series] + 1
    origins = Origins.of(panel, series, ends)
    for block in forecast_windows(model, panel, origins, horizon, GRID_LEVELS) if len(ends) else ():
        actual = panel.observed(block.origins.ahead(horizon))
        of = block.origins.series  # blocks come in an order of the model's own
        nth = (latest - horizon - (block.origins.lengths + first[of] - 1)) // step
        scores[nth, of] = normal_scores(actual, distribution(block.values, block.intervals))
        values[nth, of] = block.values
        errors[nth, of] = actual - block.values
    return PastForecasts(scores=scores, values=values, errors=errors, spacing=step / horizon)


def cutoffs_in(longest: int, series: int, shortest: int, horizon: int) -> tuple[int, int]:
    """Return at how many past cutoffs it is looked how far off forecasts would have been, and steps between them.

    Args:
        longest: Steps from the first to the last of all series.
        series: S.
        shortest: Steps that the network needs at least.
        horizon: H.
    """
    count = int(np.clip(MOST_PAST_WINDOWS // series, FEWEST_CUTOFFS, MOST_CUTOFFS))
    # Series too short for the network get the seasonal naive forecast, and its errors are what counts then.
    known = longest - horizon
    room = known - (shortest if known >= shortest else FEWEST_SEEN)
    least = int(np.ceil(LEAST_APART * horizon)) if count == FEWEST_CUTOFFS else 1
    step = int(np.clip(room // count, least, horizon))
    return min(count, max(room // step + 1, 0)), step


class AnyPaths(Protocol):
    """Sample paths, wherever they come from: see `Paths`."""

    @property
    def forecast(self) -> Forecast:
        """What they are paths of."""

    @property
    def count(self) -> int:
        """How many paths of each series."""

    @property
    def decimals(self) -> int | None:
        """Decimals that values are rounded to, so that sums are exact; None for none."""

    def blocks(self) -> Iterator[tuple[Ints, Floats]]:
        """Yield the indices [n] of the next series, and their paths [n, N, H]."""

    def all(self) -> Floats:
        """Return all paths [S, N, H]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths:
    """Sample paths of a forecast; they are drawn when they are asked for.

    Attributes:
        forecast: S series, H steps, with intervals of `GRID_LEVELS` at least.
        dependence: How steps and series go together.
        count: N, how many paths.
        seed: The same seed gives the same paths.
    """

    forecast: Forecast
    dependence: Dependence
    count: int
    seed: int
    decimals: None = None

    def blocks(self) -> Iterator[tuple[Ints, Floats]]:
        """Yield the indices [n] of the next series, and their paths [n, N, H]."""
        draws = self.dependence.draws(self.count, self.seed)
        series, horizon = self.forecast.values.shape
        size = max(MOST_SAMPLES // (self.count * horizon), 1)
        for at in tally(range(0, series, size), lambda _: min(size, series), ("drawing paths", "series", series)):
            chosen = np.arange(at, min(at + size, series))
            grid = distribution(
                self.forecast.values[chosen],
                [(q, low[chosen], high[chosen]) for q, low, high in self.forecast.intervals],
            )
            yield chosen, values_at(draws.scores(chosen), grid)

    def all(self) -> Floats:
        """Return all paths [S, N, H]."""
        return np.concatenate([paths for _, paths in self.blocks()])
