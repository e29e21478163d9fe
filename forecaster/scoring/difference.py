"""Two forecasts of the same steps → how much of their difference is revised data, new rows, and another model.

    old model, old data ─revision→ old model, old rows of the new data ─new rows→ old model, new data ─model→ new model

One thing changes at each stage, so the three differences add up to the whole, step by step and in every mean. The order
is that in which it happens: data first, as a model is trained on it. In another order the parts would be somewhat
others, wherever two changes strengthen each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forecaster.data.panel import Panel
from forecaster.model.forecast import Predicted
from forecaster.model.predictor import make_forecast
from forecaster.model.version import FittedModel
from forecaster.model.windows import Floats, Ints

PARTS = ("revision", "new_rows", "model")


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage(Predicted):
    """What a model forecasts after the end of a panel.

    Attributes:
        ids: [S] names of the series.
        ends: [S] position of each series' last stamp on the grid of its frequency.
        phases: [S] which of the grids of that frequency it is.
    """

    ids: tuple[str, ...]
    ends: Ints
    phases: Ints


def forecast_stage(model: FittedModel, panel: Panel) -> Stage:
    """Return what a model forecasts after the end of a panel, all steps that it can.

    Raises:
        ModelError: The network's answer is not finite.
    """
    ends, phases = panel.frequency.split(panel.ends.astype(np.int64))
    return Stage(ids=panel.ids, ends=ends, phases=phases, values=make_forecast(model, panel, None, ()).values)


@dataclass(frozen=True, kw_only=True, eq=False)
class Difference:
    """Forecasts of S series, H steps after the end of the new data, at four stages.

    Attributes:
        ids: [S] series that every stage knows.
        stamps: [S, H] as they are written.
        values: [4, S, H] forecasts by stage; NaN at a step that a stage does not reach.
    """

    ids: tuple[str, ...]
    stamps: npt.NDArray[np.object_]
    values: Floats

    @property
    def shared(self) -> npt.NDArray[np.bool_]:
        """Steps [S, H] that every stage forecasts."""
        return np.asarray(~np.isnan(self.values).any(axis=0))

    @property
    def parts(self) -> Floats:
        """What each of `PARTS` adds, [3, S, H]; NaN where the stages before and after it are not both known."""
        return np.diff(self.values, axis=0)

    def overall(self) -> dict[str, Any]:
        """Return means over the shared steps of all series: old and new forecast, each part, and its absolute size."""
        where = self.shared
        if not where.any():
            return {"steps": 0, "old": None, **dict.fromkeys((*PARTS, "total", "new"))}
        return {"steps": int(where.sum()), **_means(self.values[:, where])}

    def size(self) -> dict[str, float | None]:
        """Return the mean absolute size of each part over the shared steps; of the model over all that both reach."""
        where = self.shared
        parts = [np.abs(part[where]) for part in self.parts[:2]] + [np.abs(self.parts[2][~np.isnan(self.parts[2])])]
        return {name: float(part.mean()) if part.size else None for name, part in zip(PARTS, parts, strict=True)}

    def by_series(self) -> list[dict[str, Any]]:
        """Return the means of each series over its shared steps; series without one are left out."""
        where = self.shared
        return [
            {"series": self.ids[s], "steps": int(where[s].sum()), **_means(self.values[:, s, where[s]])}
            for s in np.flatnonzero(where.any(axis=1))
        ]

    def records(self) -> list[dict[str, Any]]:
        """Return one row a series and step that both models forecast: the stamp, the forecasts, and the parts."""
        rows = []
        known = ~np.isnan(self.values[2:]).any(axis=0)
        for s, h in zip(*np.nonzero(known), strict=True):
            old, _, _, new = (_number(value) for value in self.values[:, s, h])
            parts = (_number(part) for part in self.parts[:, s, h])
            total = None if old is None or new is None else new - old
            row = {"series": self.ids[s], "stamp": self.stamps[s, h], "lead": int(h) + 1, "old": old}
            rows.append({**row, **dict(zip(PARTS, parts, strict=True)), "total": total, "new": new})
        return rows


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _means(values: Floats) -> dict[str, float]:
    """Return the means over steps [4, n] of the first and last stage, and of what lies between."""
    old, *_, new = means = values.mean(axis=1)
    parts = dict(zip(PARTS, np.diff(means).tolist(), strict=True))
    return {"old": float(old), **parts, "total": float(new - old), "new": float(new)}


def align(stages: Sequence[Stage], panel: Panel) -> Difference:
    """Compare forecasts, step by step.

    Args:
        stages: Four, in the order above; the last two forecast from the ends of `panel`.
        panel: The new data, as the last stage knows it.
    """
    *_, last = stages
    index = [{name: s for s, name in enumerate(stage.ids)} for stage in stages]
    ids = tuple(name for name in last.ids if all(name in known for known in index))
    horizon = min(stages[2].values.shape[1], last.values.shape[1])
    own = np.array([index[-1][name] for name in ids], np.int64)
    values = np.full((len(stages), len(ids), horizon), np.nan)
    for k, stage in enumerate(stages):
        there = np.array([index[k][name] for name in ids], np.int64)
        column = np.arange(horizon) + (last.ends[own] - stage.ends[there])[:, None]
        longest = stage.values.shape[1]
        fits = (column >= 0) & (column < longest) & (last.phases[own] == stage.phases[there])[:, None]
        values[k] = np.where(fits, stage.values[there[:, None], np.clip(column, 0, longest - 1)], np.nan)
    stamps = panel.write(panel.frequency.future(panel.ends[own], horizon))
    return Difference(ids=ids, stamps=stamps, values=values)
