"""Values outside the interval that was forecast for them one step ahead, with nothing seen that came after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.base.errors import UsageError
from forecaster.data.decimals import decimals_of
from forecaster.data.panel import Panel
from forecaster.model.builtin import BuiltinModel
from forecaster.model.origins import Origins
from forecaster.model.predictor import UsedModel, forecast_windows
from forecaster.model.windows import Floats, Ints

FEWEST_SEEN = 2
"""Values before one that is judged, at least: one difference, as in a backtest."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Alarms:
    """N values that were judged, series by series, oldest first.

    Attributes:
        series: [N] index of the series.
        at: [N] index of the value in the panel.
        actual: [N] what was observed.
        expected: [N] what was forecast one step ahead.
        low: [N] lower end of its interval.
        high: [N] upper end.
        unjudged: Values that could not be: nothing was observed there, or right before.
    """

    series: Ints
    at: Ints
    actual: Floats
    expected: Floats
    low: Floats
    high: Floats
    unjudged: int

    @property
    def outside(self) -> NDArray[np.bool_]:
        """[N] Whether each value is outside its interval."""
        return (self.actual < self.low) | (self.actual > self.high)

    @property
    def rate(self) -> float:
        """Share of the judged values that are outside."""
        return float(self.outside.mean()) if len(self.at) else 0.0

    def distances(self) -> Floats:
        """Return how far outside each value is [N], in widths of its interval: negative below, NaN for no width."""
        over = np.maximum(self.actual - self.high, 0.0) - np.maximum(self.low - self.actual, 0.0)
        width = self.high - self.low
        return np.asarray(np.divide(over, width, out=np.where(over == 0, 0.0, np.nan), where=width > 0))

    def runs(self) -> Ints:
        """Return the run of each value outside [M], counted from 1: neighbours on the same side are one run."""
        chosen = np.flatnonzero(self.outside)
        above = self.actual[chosen] > self.high[chosen]
        begins = np.ones(len(chosen), bool)
        begins[1:] = (np.diff(self.at[chosen]) != 1) | (np.diff(self.series[chosen]) != 0) | (above[1:] != above[:-1])
        return np.cumsum(begins)


def values_to_judge(model: UsedModel, panel: Panel, last: int | None, trained_until: int | None) -> Origins:
    """Return the values to judge as origins: each is the first one after its origin.

    Args:
        model: What judges.
        panel: S series.
        last: So many values at the end of each series; None for all after the training.
        trained_until: Last stamp of the training, as an integer; None where it is not known.

    Raises:
        UsageError: There is no value after the training, and nobody says how many to judge.
    """
    first = np.maximum(panel.lengths - last, 0) if last is not None else np.zeros(panel.n_series, np.int64)
    if last is None:
        if trained_until is None:
            built_in = "the built-in network was trained on none of your data, so any value may be judged"
            unknown = f"model {model.name!r} does not know the data it was trained on"
            raise UsageError(
                built_in if isinstance(model, BuiltinModel) else unknown,
                hint="Say how many at the end of each series: --last 30",
            )
        for s in range(panel.n_series):
            first[s] = np.searchsorted(panel.stamps(s).astype(np.int64), trained_until, side="right")
    first = np.maximum(first, FEWEST_SEEN)
    count = np.maximum(panel.lengths - first, 0)
    if not count.any():
        raise UsageError(
            f"{panel.source}: no value came after those that model {model.name!r} was trained on",
            hint="Judge the last values anyway: --last 30",
        )
    series = np.repeat(np.arange(panel.n_series), count)
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return Origins.of(panel, series, panel.offsets[series] + first[series] + nth)


def _on_grid(low: Floats, high: Floats, digits: int) -> tuple[Floats, Floats]:
    """Return the ends of intervals as far out as the nearest value that data of so many digits may have.

    A value that is written as 0 stands for all that is nearer to 0 than to its neighbours, so it is not below 0.01
    where all values are whole numbers: the continuity correction of a count.
    """
    return np.minimum(low, np.round(low, digits)), np.maximum(high, np.round(high, digits))


def judge(model: UsedModel, panel: Panel, values: Origins, level: float) -> Alarms:
    """Forecast each value from those before it, and compare.

    Intervals reach to the nearest value with as many digits as the data has. A value is left out where it, or in
    interpolated series the one before it, was not observed: what came after would shine through.

    Raises:
        ModelError: The network's answer is not finite.
    """
    known = np.isfinite(panel.observed(values.ends))
    if panel.schema.on_gap == "interpolate":
        known &= ~panel.filled[values.ends - 1]
    kept = values[known]
    blocks = list(forecast_windows(model, panel, kept, 1, (level,))) if len(kept) else []
    parts = [np.stack([block.values[:, 0], *(end[:, 0] for end in block.intervals[0][1:])]) for block in blocks]
    found = np.concatenate(parts, axis=1) if parts else np.empty((3, 0))
    if blocks:  # they come in an order of the model's own
        found = found[:, np.argsort(np.concatenate([block.origins.ends for block in blocks]))]
    expected, low, high = found
    if (digits := decimals_of(panel.observed(np.arange(len(panel.values))))) is not None:
        low, high = _on_grid(low, high, digits)
    return Alarms(
        series=kept.series,
        at=kept.ends,
        actual=panel.observed(kept.ends),
        expected=expected,
        low=low,
        high=high,
        unjudged=int((~known).sum()),
    )
