"""Several kinds, each learning anew at each cutoff: their scores side by side, and which differences are real.

All kinds forecast the same windows. What they learn from ends at the cutoff, for the network as for the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import pairwise
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from forecaster.base.meter import working
from forecaster.data.panel import Panel, head
from forecaster.model.forecast import Block
from forecaster.model.origins import Origins
from forecaster.model.quantiles import DECILES, levels_with
from forecaster.model.windows import Floats, Ints
from forecaster.scoring import metrics
from forecaster.scoring.backtest import Scored
from forecaster.scoring.kept import Kept, key_of_part
from forecaster.scoring.kinds import SLOW, Answer, Task, forecast_kind

Judgement = Literal["best", "tie", "worse", "unknown"]

RESAMPLES = 2000
FEWEST_UNITS = 5
"""Series, or cutoffs whose windows do not overlap, from which a difference can be judged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """One row of the leaderboard.

    Attributes:
        kind: Its name.
        measures: All of its scores.
        seconds: Of learning and forecasting, at all cutoffs.
        replaced: Forecasts that the seasonal naive method stood in for.
        difference: MASE less that of the best.
        interval: 95 % confidence interval of the difference; None where there are too few windows for one.
        judgement: `tie` where the interval holds 0: then the data does not say which of the two is better.
    """

    kind: str
    measures: metrics.Measures
    seconds: float
    replaced: int
    difference: float | None
    interval: tuple[float, float] | None
    judgement: Judgement


class Comparison:
    """Kinds against each other on the same windows of one panel."""

    def __init__(self, panel: Panel, origins: Origins, step: int, task: Task, kept: Kept | None = None) -> None:
        """Name the windows: `origins`, the cutoffs of each series `step` steps apart; `kept` holds what is done."""
        self.panel, self.origins, self.step, self.task = panel, origins, step, task
        self.kept = Kept() if kept is None else kept
        newest = panel.offsets[origins.series + 1] - task.horizon
        self._nth: Ints = (newest - origins.ends) // step  # 0 is the newest cutoff of a series
        self._kinds: tuple[str, ...] = ()
        self._tallies: dict[str, metrics.Tally] = {}
        self._errors: dict[str, Floats] = {}  # [S, W] MASE of each window
        self._seconds: dict[str, float] = {}
        self._taken: dict[tuple[str, int], tuple[Answer, float]] = {}
        self._replaced: dict[str, int] = {}

    @property
    def cutoffs(self) -> int:
        """W, how many cutoffs there are."""
        return len(np.unique(self._nth))

    def at(self, nth: int) -> tuple[Origins, Panel]:
        """Return the nth cutoff of each series, 0 the newest, and the panel as it was known there."""
        chosen = self._nth == nth
        origins = self.origins[chosen]
        steps = np.zeros(self.panel.n_series, np.int64)
        steps[origins.series] = origins.lengths
        return origins, head(self.panel, steps)

    def run(
        self, kinds: tuple[str, ...], clock: Callable[[], float], on_share: Callable[[float], None]
    ) -> Iterator[tuple[str, Scored]]:
        """Forecast and score, oldest cutoff first, and yield each kind with its forecasts from each cutoff.

        Args:
            kinds: Their names.
            clock: Gives seconds.
            on_share: Called with how much is done, from 0 to 1; of the time that it takes, the network counts most.
        """
        self._kinds = kinds
        cost = np.array([1.0 if kind in SLOW else 0.01 for kind in kinds])
        parts = np.concatenate(([0.0], np.cumsum(np.tile(cost, self.cutoffs)))) / (cost.sum() * self.cutoffs)
        levels = levels_with(self.task.levels, self.task.quantiles, DECILES)
        spans = iter(pairwise(parts.tolist()))
        with working("comparing", len(kinds) * self.cutoffs, "forecasts") as work:
            for nth in self.numbers:
                origins, known = self.at(nth)
                for kind in kinds:
                    low, high = next(spans)
                    task = replace(self.task, levels=levels, on_share=partial(_within, on_share, low, high))
                    taken = self._taken.pop((kind, nth), None)
                    answer, seconds = taken or self._ask(kind, (known, origins), task, clock)
                    self._seconds[kind] = self._seconds.get(kind, 0.0) + seconds
                    self._replaced[kind] = self._replaced.get(kind, 0) + int(answer.replaced.sum())
                    methods = np.full(len(origins), kind, object)
                    block = Block(origins=origins, values=answer.values, intervals=answer.intervals, methods=methods)
                    yield kind, self._score(kind, nth, block)
                    work.done += 1
                    on_share(high)

    @property
    def numbers(self) -> list[int]:
        """Which cutoffs there are, the oldest first; 0 is the newest."""
        return [int(nth) for nth in np.unique(self._nth)[::-1]]

    def learn(self, kind: str, nth: int, clock: Callable[[], float]) -> tuple[Answer, float]:
        """Let a kind learn at one cutoff, and return what it forecasts from there, and the seconds that it took."""
        origins, known = self.at(nth)
        levels = levels_with(self.task.levels, self.task.quantiles, DECILES)
        return self._ask(kind, (known, origins), replace(self.task, levels=levels), clock)

    def take(self, kind: str, nth: int, learned: tuple[Answer, float]) -> None:
        """Take what `learn` returned elsewhere: `run` then asks nobody again."""
        self._taken[kind, nth] = learned

    @property
    def so_far(self) -> str:
        """The scores at the cutoffs at which all kinds have learned, in words; nothing before the first."""
        done = [np.isfinite(errors).any(axis=0) for errors in self._errors.values()]
        whole = np.logical_and.reduce(done) if len(done) == len(self._kinds) else np.zeros(0, bool)
        if not whole.any():
            return ""
        shown = ", ".join(f"{kind} {np.nanmean(errors[:, whole]):.3g}" for kind, errors in self._errors.items())
        return f" (MASE at {int(whole.sum())} of {self.cutoffs} cutoffs: {shown})"

    def _ask(
        self, kind: str, known: tuple[Panel, Origins], task: Task, clock: Callable[[], float]
    ) -> tuple[Answer, float]:
        """Return what a kind says, and the seconds that it took; from an earlier run where that is stored."""
        panel, origins = known
        asked = {name: getattr(task, name) for name in ("season", "horizon", "levels")}
        training = replace(task.training, resume=False, checkpoint_every=0.0)  # these do not decide what is learned
        asked |= {"model": asdict(task.model), "training": asdict(training)}
        key = key_of_part(kind, panel, origins, asked)
        kept = self.kept.find(key)
        if kept is not None:
            intervals = tuple((level, kept[f"low-{n}"], kept[f"high-{n}"]) for n, level in enumerate(task.levels))
            answer = Answer(values=kept["values"], intervals=intervals, replaced=kept["replaced"].astype(bool))
            return answer, float(kept["seconds"][0])
        began = clock()
        answer = forecast_kind(kind, panel, task)
        seconds = clock() - began
        arrays = {"values": answer.values, "replaced": answer.replaced, "seconds": np.array([seconds])}
        for n, (_, low, high) in enumerate(answer.intervals):
            arrays |= {f"low-{n}": low, f"high-{n}": high}
        self.kept.keep(key, arrays, seconds)
        return answer, seconds

    def _score(self, kind: str, nth: int, block: Block) -> Scored:
        scored = block.narrowed(self.task.levels, self.task.quantiles)
        evaluation = metrics.Evaluation.of(self.panel, block.origins, self.task.season, scored, block.deciles())
        if kind not in self._tallies:
            self._tallies[kind] = metrics.Tally(self.panel.n_series, self.task.horizon)
            self._errors[kind] = np.full((self.panel.n_series, int(self._nth.max()) + 1), np.nan)
        self._tallies[kind].add(evaluation)
        self._errors[kind][block.origins.series, nth] = metrics.mase(
            evaluation.actual, evaluation.forecast, evaluation.scale
        )
        return Scored(block=scored, actual=evaluation.actual)

    def standings(self) -> list[Standing]:
        """Return the leaderboard, best first by MASE; where that is undefined, by MAE."""
        measures = {kind: tally.measures() for kind, tally in self._tallies.items()}

        def rank(kind: str) -> list[float]:
            found = (measures[kind].overall[name] for name in ("mase", "mae"))
            return [np.inf if value is None else value for value in found]

        order = sorted(measures, key=rank)
        return [self._standing(kind, order[0], measures[kind]) for kind in order]

    def _standing(self, kind: str, best: str, measures: metrics.Measures) -> Standing:
        block = 2 * -(-self.task.horizon // self.step) - 1  # windows that overlap, on both sides
        difference, interval = None, None
        if np.isfinite(self._errors[kind]).any():
            # From the oldest cutoff to the newest: neighbours share what happened.
            ours, theirs = (self._errors[name][:, ::-1] for name in (kind, best))
            difference = float(np.nanmean(ours - theirs))
            interval = difference_interval(ours - theirs, block)
        judgement: Judgement = "best"
        if kind != best:
            judgement = "unknown" if interval is None else "tie" if interval[0] <= 0 <= interval[1] else "worse"
        return Standing(
            kind=kind,
            measures=measures,
            seconds=self._seconds[kind],
            replaced=self._replaced[kind],
            difference=difference,
            interval=interval,
            judgement=judgement,
        )


def _within(on_share: Callable[[float], None], low: float, high: float, share: float) -> None:
    """Report the share of one part of the work, which goes from `low` to `high` of the whole."""
    on_share(low + share * (high - low))


def difference_interval(differences: Floats, block: int) -> tuple[float, float] | None:
    """Return the 95 % bootstrap interval of the mean of differences [S, W], of series and cutoffs; NaN is left out.

    Series and cutoffs are resampled independently of each other (the pigeonhole bootstrap, Owen, AoAS 1(2), 2007):
    windows of one series resemble each other, and so do windows of one time. Cutoffs are drawn in circular blocks of
    neighbours (Politis & Romano 1992). The percentiles are those that Student's t asks for (Hesterberg, What teachers
    should know about the bootstrap, 2015), by the units of which there are more. With few cutoffs it is too narrow for
    what all series share at one time, and too wide where they share nothing.

    Args:
        differences: Cutoffs in the order of time.
        block: Cutoffs that are drawn together: their windows overlap.

    Returns:
        The interval; None where there are fewer than 5 cutoffs, whatever the number of series: what all series share
        at one time is then not known; and where there are fewer than 5 series and fewer than 5 blocks of cutoffs.
    """
    known = np.isfinite(differences)
    kept = differences[known.any(axis=1)][:, known.any(axis=0)]
    series, cutoffs = kept.shape
    units = max(series, cutoffs // block)
    if units < FEWEST_UNITS or cutoffs < FEWEST_UNITS:
        return None
    values, counts = np.nan_to_num(kept), np.isfinite(kept).astype(np.float64)
    rng, means = np.random.default_rng(0), []
    for _ in range(RESAMPLES):
        rows = np.bincount(rng.integers(series, size=series), minlength=series) if series > 1 else np.ones(1)
        columns = _block_weights(rng, cutoffs, block)
        weight = rows @ counts @ columns
        means.append(rows @ values @ columns / weight if weight else np.nan)
    tail = _tail(units)
    low, high = np.nanquantile(means, (tail, 1.0 - tail))
    return float(low), float(high)


def _tail(units: int) -> float:
    """Return the percentile of a bootstrap of n units that stands for 2.5 %: `Φ(−√(n / (n − 1)) · t)`, t by its series.

    Abramowitz & Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    z, freedom = NormalDist().inv_cdf(0.975), units - 1
    student = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    return NormalDist().cdf(-math.sqrt(units / freedom) * student)


def _block_weights(rng: np.random.Generator, cutoffs: int, block: int) -> NDArray[Any]:
    """Return how often each cutoff [W] is drawn, in circular blocks; all once where there is but one block."""
    if cutoffs < 2 * block:
        return np.ones(cutoffs)
    starts = rng.integers(cutoffs, size=-(-cutoffs // block))
    return np.bincount((starts[:, None] + np.arange(block)).ravel() % cutoffs, minlength=cutoffs)
