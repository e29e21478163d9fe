"""A newly trained network against the current version, on the windows that were held out from the new one.

The new network never saw those windows; the current version, trained again on all data that there was, may have seen
most of them, and would win by memory. So where enough values came after the end of its data, only those count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecaster.base.errors import ModelError
from forecaster.data.panel import Panel
from forecaster.model.features import signals_of
from forecaster.model.forecast import Predicted
from forecaster.model.origins import Origins
from forecaster.model.plan import Plan
from forecaster.model.predictor import ask_model
from forecaster.model.version import SavedModel
from forecaster.model.windows import restore
from forecaster.scoring import metrics
from forecaster.scoring.backtest import answer_held_out

if TYPE_CHECKING:
    from forecaster.training.fit import Trained

ENOUGH_NEW = 100
"""Values after the end of the current version's data from which they alone decide."""


@dataclass(frozen=True, kw_only=True)
class ChallengeResult:
    """How the new network did against the current version; smaller is better.

    Attributes:
        version: The current version.
        measure: `mase`, or `mae` where no window has a scale.
        challenger: Error of the new network.
        champion: Error of the current version.
        windows: Held-out windows that were compared.
        seen: Whether the current version may have been trained on them.
    """

    version: str
    measure: str
    challenger: float
    champion: float
    windows: int
    seen: bool

    @property
    def is_better(self) -> bool:
        """Whether the new network is to take over."""
        return self.challenger < self.champion


def check_rules(champion: SavedModel, panel: Panel) -> None:
    """Find out before the long work whether the current version can be asked about these series.

    Raises:
        ModelError: It is for another frequency, or reads covariates that are missing.
    """
    if champion.schema.frequency != panel.frequency.alias:
        raise ModelError(
            f"{champion.name} {champion.version} is for {champion.schema.frequency} data, and {panel.source} is "
            f"{panel.frequency.alias}: they cannot be compared",
            hint="Leave out --promote-if-better, or give another --name",
        )
    present = panel.schema.covariates
    if missing := [e.name for e in champion.encodings if e.is_column and e.name not in present]:
        raise ModelError(
            f"{champion.name} {champion.version} reads the covariate {missing[0]!r}, which is not read here: they "
            "cannot be compared",
            hint="Name its covariates, leave out --promote-if-better, or give another --name",
        )


def compare(champion: SavedModel, panel: Panel, plan: Plan, trained: Trained) -> ChallengeResult:
    """Let both forecast the held-out windows, as far ahead as both can."""
    origins, ours = plan.held_out.all(), answer_held_out(panel, plan, trained)
    theirs = ask_model(champion, signals_of(panel, champion.encodings, champion.window.horizon), origins)
    steps = min(plan.window.horizon, champion.window.horizon)
    actual = panel.values[origins.ahead(steps)]
    new = _find_new(champion, panel, origins, steps)
    decides = np.count_nonzero(new) >= ENOUGH_NEW
    predicted = Predicted(values=restore(ours.outputs, ours.windows)[:, :steps])
    evaluation = replace(
        metrics.Evaluation.of(panel, origins, plan.season, predicted),
        actual=np.where(new, actual, np.nan) if decides else actual,
    )
    other = replace(evaluation, forecast=restore(theirs.outputs, theirs.windows)[:, :steps])
    new_row, old_row = metrics.score(evaluation), metrics.score(other)
    measure = "mae" if new_row["mase"] is None or old_row["mase"] is None else "mase"
    return ChallengeResult(
        version=champion.version,
        measure=measure,
        challenger=_number(new_row[measure]),
        champion=_number(old_row[measure]),
        windows=int(new.any(axis=1).sum()) if decides else len(origins),
        seen=not (decides or new.all()),
    )


def _number(value: float | None) -> float:
    return np.inf if value is None else value


def _find_new(champion: SavedModel, panel: Panel, origins: Origins, horizon: int) -> NDArray[np.bool_]:
    """Return which of the panel's values [N, H] surely had no part in the current version's training."""
    if not champion.manifest.fit.refit:
        return np.ones((len(origins), horizon), np.bool_)  # what is held out now was held out then, or came later
    last = champion.trained_until
    if last is None:
        return np.zeros((len(origins), horizon), np.bool_)
    ordinals, phases = panel.frequency.split(panel.starts.astype(np.int64))
    steps, series = origins.lengths[:, None] + np.arange(horizon), origins.series
    return np.asarray(panel.frequency.join(ordinals[series][:, None] + steps, phases[series][:, None]) > last)
