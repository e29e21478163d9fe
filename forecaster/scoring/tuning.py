"""Settings judged on windows held out of training, and the best of them against the defaults.

A trial trains up to three networks one after the other. After each, the median of those so far forecasts the windows
that `train` would hold out, from many cutoffs, and its MASE is the trial's: networks of one setting differ by chance,
and more of them say more. A trial that is behind after its first network is given up.

The search sees nothing of the last part of each series. When it has ended, the best settings and the defaults are
trained on all before that part, and forecast it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from forecaster._version import __version__
from forecaster.base.errors import DataError
from forecaster.base.files import sha256
from forecaster.base.meter import one, tally, working
from forecaster.base.records import to_json
from forecaster.base.runtime import prepare_keras
from forecaster.config import FitSettings, ModelSettings, TrainSettings
from forecaster.data.panel import Panel, head
from forecaster.model.features import signals_of
from forecaster.model.forecast import Predicted
from forecaster.model.plan import Plan
from forecaster.model.planner import choose_held_out, make_plan
from forecaster.model.shaping import LONGEST_LOOKBACK
from forecaster.model.windows import Floats, cut_windows, restore
from forecaster.scoring import metrics
from forecaster.scoring.backtest import Backtest, rolling_origin
from forecaster.scoring.comparison import Judgement, difference_interval
from forecaster.scoring.kinds import Task, fit_lstm
from forecaster.scoring.search import Axis

if TYPE_CHECKING:
    from forecaster.training.fit import Progress

ROUNDS = 3
"""Networks that a trial trains at most."""

Settings = tuple[ModelSettings, FitSettings]


class OutOfTimeError(Exception):
    """The time for the search has passed; the trial that ran says nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FinalTest:
    """The best settings against the defaults, on windows that the search never saw.

    Attributes:
        default, best: Scores, each against those of seasonal naive.
        windows: How many windows there were.
        interval: 95 % interval of MASE(best) − MASE(default); None where there are too few windows for one.
    """

    default: metrics.Scores
    best: metrics.Scores
    windows: int
    interval: tuple[float, float] | None

    @property
    def difference(self) -> float | None:
        """MASE(best) − MASE(default): negative where the search gained something."""
        ours, theirs = self.best.model.overall["mase"], self.default.model.overall["mase"]
        return None if ours is None or theirs is None else ours - theirs

    @property
    def judgement(self) -> Judgement:
        """Whether the best settings are better (`best`), or `worse`, or the data does not say (`tie`, `unknown`)."""
        if self.interval is None:
            return "unknown"
        low, high = self.interval
        return "best" if high < 0 else "worse" if low > 0 else "tie"


class Tuning:
    """A panel cut in two: the part that the search may use, and what came after it."""

    def __init__(self, panel: Panel, season: int, settings: Settings) -> None:
        """Cut off as much of the end of each series as `train` holds out.

        Raises:
            DataError: What is left is too short for the network.
        """
        self.panel, self.season, self.settings = panel, season, settings
        whole = self._plan(panel, settings)
        self.horizon = whole.window.horizon
        model, fit = settings
        self.settings = (replace(model, horizon=self.horizon), fit)
        windows, self.step = choose_held_out(panel.lengths, self.horizon, whole.window.shortest_history)
        self.origins = rolling_origin(panel, windows, self.step, self.horizon)
        steps = np.zeros(panel.n_series, np.int64)
        series, at = np.unique(self.origins.series, return_index=True)  # the first of each is its oldest cutoff
        steps[series] = self.origins.lengths[at]
        self.known = head(panel, steps)
        try:
            self.plan = self._plan(self.known, self.settings)
        except DataError as error:
            away = self.horizon + (windows - 1) * self.step
            raise DataError(
                f"{error.message}, not counting the last {away}, which no search may see",
                hint="Give more data" + f", or a shorter --horizon than {self.horizon}" * (self.horizon > 1),
            ) from None

    @cached_property
    def longest(self) -> int:
        """Steps that a lookback may have: so many that three quarters of the series have two horizons more."""
        room = int(np.quantile(self.known.lengths, 0.25)) - 2 * self.horizon
        return max(self.plan.window.lookback, min(room, LONGEST_LOOKBACK))

    def identify(self, axes: tuple[Axis, ...]) -> str:
        """Return the hash of all that decides what a search would find: data, settings and axes."""
        model, fit = self.settings
        facts = {
            "forecast": __version__,
            "season": self.season,
            "values": sha256(self.panel.values.tobytes()),
            "offsets": sha256(self.panel.offsets.tobytes()),
            "model": asdict(model),
            "fit": asdict(fit),
            "axes": [asdict(axis) for axis in axes],
        }
        return sha256(to_json(facts))

    def rounds(self, settings: Settings, has_time: Callable[[], bool]) -> Iterator[float]:
        """Train one network after the other, and yield after each the MASE of the median of those so far.

        All settings are judged on the same windows. Where MASE is undefined, it is MAE.

        Raises:
            OutOfTimeError: `has_time` said that there is none left.
            UsageError, DataError, GateError: The settings do not fit each other or the data, or training diverged.
        """
        plan = self._plan(self.known, settings)
        parts = {name: getattr(self.plan, name) for name in ("training", "every", "held_out")}
        plan = replace(plan, **parts, fit=replace(plan.fit, members=1, refit=False))
        with working("loading TensorFlow"):
            prepare_keras()
            from forecaster.training.fit import train_ensemble

        def tell(_: Progress) -> None:
            if not has_time():
                raise OutOfTimeError

        members = []
        count = min(self.plan.fit.members, ROUNDS)
        for k in tally(range(count), one, ("trial", "networks", count)):
            alone = replace(plan, fit=replace(plan.fit, seed=plan.fit.seed + k))
            members += train_ensemble(self.known, alone, settings[1].device, tell).members
            yield self._judge(plan, members)

    def _judge(self, plan: Plan, members: list[list[np.ndarray]]) -> float:
        from forecaster.training.fit import ensemble

        panel, origins = self.known, plan.held_out.all()
        features = signals_of(panel, plan.encodings, plan.window.horizon).features
        windows = cut_windows(panel.values, origins, plan.window, features)
        outputs = np.median(ensemble(plan.network, members)(windows.inputs)[..., : self.horizon], axis=1)
        predicted = Predicted(values=restore(outputs, windows))
        row = metrics.score(metrics.Evaluation.of(panel, origins, self.season, predicted))
        error = row["mae"] if row["mase"] is None else row["mase"]
        return float("inf") if error is None else error

    def contest(self, best: Settings, seconds: float | None, on_share: Callable[[float], None]) -> FinalTest:
        """Train the defaults and the best settings on all that the search could use, and let both forecast the rest.

        Args:
            best: What was found.
            seconds: For both together, or None.
            on_share: Called with how much is done, from 0 to 1.
        """
        limit = None if seconds is None else max(seconds / 2, 1.0)
        default, theirs = self._score(self.settings, limit, lambda share: on_share(share / 2))
        found, ours = (
            (default, theirs)
            if best == self.settings
            else self._score(best, limit, lambda share: on_share(0.5 + share / 2))
        )
        overlapping = 2 * -(-self.horizon // self.step) - 1
        return FinalTest(
            default=default,
            best=found,
            windows=len(self.origins),
            interval=difference_interval(ours - theirs, overlapping),
        )

    def _score(
        self, settings: Settings, limit: float | None, on_share: Callable[[float], None]
    ) -> tuple[metrics.Scores, Floats]:
        """Return the scores on the actual values, and the MASE [S, W] of each window, oldest first."""
        model, fit = settings
        training = TrainSettings(**asdict(fit), time_limit=limit)
        task = Task(
            season=self.season, horizon=self.horizon, levels=(80.0,), model=model, training=training, on_share=on_share
        )
        panel = self.panel
        newest = panel.offsets[1:] - self.horizon
        errors = np.full((panel.n_series, int((newest[self.origins.series] - self.origins.ends).max()) + 1), np.nan)
        backtest = Backtest(fit_lstm(self.known, task), panel, self.origins, self.horizon)
        for scored in backtest.run(task.levels):
            series, ends = scored.block.origins.series, scored.block.origins.ends
            scale = metrics.seasonal_error(panel.values, scored.block.origins, self.season)
            errors[series, newest[series] - ends] = metrics.mase(scored.actual, scored.block.values, scale)
        return backtest.scores(), errors[:, :: -self.step]

    def _plan(self, panel: Panel, settings: Settings) -> Plan:
        model, fit = settings
        return make_plan(panel, self.season, model, TrainSettings(**asdict(fit)))
