"""The published error measures, each written once, with its sign and its edge cases.

A measure maps windows [N, H] to one number a window [N]; every window then counts alike in a mean over all windows,
over one series, or at one lead time. Two values are never averaged away by mistake:

- NaN leaves a window out: nothing of it was observed, or its series has no scale (constant, or a single value).
- inf spoils the mean: the measure is undefined, as MAPE is once an actual is 0. It is given as `None`, so results are
  strict JSON.

Residual = actual − forecast, and bias is positive when forecasts are too high. A NaN among the actuals is a value that
was not observed, and is not scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forecaster.data.panel import Panel
from forecaster.model.forecast import Interval, Predicted
from forecaster.model.origins import Origins
from forecaster.model.windows import Floats, Ints

Row = dict[str, float | None]
"""One number a measure; `None` where it is undefined."""
Columns = dict[str, list[float | None]]
"""One list a measure: an entry for each lead time, or for each series."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """Windows that are scored together.

    Attributes:
        actual: [N, H] the actual values; NaN where it was not observed.
        forecast: [N, H] what had been forecast; finite.
        scale: [N] mean absolute seasonal difference up to the window's cutoff, from `seasonal_error`; NaN for none.
        rms_scale: [N] root mean square of the same differences, from `seasonal_rms_error`.
        series: [N] index of the series that each window was cut from.
        intervals: (level in percent, lower [N, H], upper [N, H]).
        quantiles: (share between 0 and 1, values [N, H]); each is scored.
        deciles: [9, N, H] quantiles 0.1 … 0.9, of which the CRPS is made; None where there are none.

    Raises:
        ValueError: An array has another shape than the actuals, or a forecast is not finite: a fault of the caller.
    """

    actual: Floats
    forecast: Floats
    scale: Floats
    rms_scale: Floats
    series: Ints
    intervals: tuple[Interval, ...] = ()
    quantiles: tuple[tuple[float, Floats], ...] = ()
    deciles: Floats | None = None

    def __post_init__(self) -> None:
        flat = {"scale": self.scale, "rms_scale": self.rms_scale, "series": self.series}
        deep = {"forecast": self.forecast}
        for level, lo, hi in self.intervals:
            deep |= {f"lo of level {level:g}": lo, f"hi of level {level:g}": hi}
        deep |= {f"quantile {share:g}": values for share, values in self.quantiles}
        deep |= {f"decile {nth}": values for nth, values in enumerate(() if self.deciles is None else self.deciles, 1)}
        if self.actual.ndim != 2:
            raise ValueError(f"actual must have the shape [N, H], received {self.actual.shape}")
        for name, array in (flat | deep).items():
            expected = self.actual.shape if name in deep else self.actual.shape[:1]
            if array.shape != expected:
                raise ValueError(f"{name} must have the shape {expected}, received {array.shape}")
        for name, array in deep.items():
            if wrong := np.count_nonzero(~np.isfinite(array)):
                raise ValueError(f"{name} must be finite, received {wrong} values that are not")

    @classmethod
    def of(
        cls, panel: Panel, origins: Origins, season: int, predicted: Predicted, deciles: Floats | None = None
    ) -> Evaluation:
        """Return forecasts of windows of a panel with the actual values, and what errors are scaled by.

        Args:
            panel: S series.
            origins: Where the N forecasts start.
            season: m in steps.
            predicted: What was forecast; its intervals and quantiles are scored.
            deciles: [9, N, H], of which the CRPS is made; None where there are none.
        """
        return cls(
            actual=panel.observed(origins.ahead(predicted.values.shape[1])),
            forecast=predicted.values,
            scale=seasonal_error(panel.values, origins, season),
            rms_scale=seasonal_rms_error(panel.values, origins, season),
            series=origins.series,
            intervals=predicted.intervals,
            quantiles=predicted.quantiles,
            deciles=deciles,
        )

    def cells(self) -> tuple[Evaluation, Ints]:
        """Return every step as a window of its own, N · H of one step each, and the lead time of each, from 0."""
        count, horizon = self.actual.shape
        single = replace(
            self,
            actual=self.actual.reshape(-1, 1),
            forecast=self.forecast.reshape(-1, 1),
            scale=np.repeat(self.scale, horizon),
            rms_scale=np.repeat(self.rms_scale, horizon),
            series=np.repeat(self.series, horizon),
            intervals=tuple((level, lo.reshape(-1, 1), hi.reshape(-1, 1)) for level, lo, hi in self.intervals),
            quantiles=tuple((share, values.reshape(-1, 1)) for share, values in self.quantiles),
            deciles=None if self.deciles is None else self.deciles.reshape(len(self.deciles), -1, 1),
        )
        return single, np.tile(np.arange(horizon), count)


@dataclass(frozen=True, kw_only=True, eq=False)
class Measures:
    """The measures of one method: over all windows, by lead time [H], and by series [S]."""

    overall: Row
    by_lead: Columns
    by_series: Columns


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """A model and its baseline on the same windows.

    Attributes:
        windows: N, how many windows were scored.
        model: Measures of the model, with those of its intervals.
        baseline: Measures of the baseline's point forecasts.
        skill: 1 − MASE(model) / MASE(baseline): 1 is perfect, 0 no better than the baseline, negative worse.
    """

    windows: int
    model: Measures
    baseline: Measures
    skill: float | None


Pooled = dict[str, Any]
"""Sums that scores are made of; None for one that is not finite."""


def pool(parts: Sequence[Pooled], horizon: int) -> Scores:
    """Return the scores over the windows of several contests of H = `horizon` steps, as of one; none by series."""
    whole = Contest(0, horizon)
    for part in parts:
        whole.join(part)
    return whole.scores()


class Contest:
    """A model against its baseline on windows that come block by block: only sums are stored, never the windows."""

    def __init__(self, series_count: int, horizon: int) -> None:
        """Begin with no windows of H = `horizon` steps, of S = `series_count` series."""
        self._windows = 0
        self._model, self._baseline = Tally(series_count, horizon), Tally(series_count, horizon)

    def add(self, evaluation: Evaluation, baseline: Floats) -> None:
        """Score a model and a baseline [N, H] on N more windows."""
        self._windows += len(baseline)
        self._model.add(evaluation)
        self._baseline.add(as_points(evaluation, baseline))

    def sums(self) -> Pooled:
        """Return what the scores are made of, but for those by series, as JSON-safe data for `pool`."""
        return {"windows": self._windows, "model": self._model.sums(), "baseline": self._baseline.sums()}

    def join(self, other: Pooled) -> None:
        """Add what `sums` returned of other series."""
        self._windows += int(other["windows"])
        self._model.join(other["model"])
        self._baseline.join(other["baseline"])

    def scores(self) -> Scores:
        """Return the scores on all windows so far."""
        model, base = self._model.measures(), self._baseline.measures()
        return Scores(windows=self._windows, model=model, baseline=base, skill=skill(model.overall, base.overall))


def as_points(evaluation: Evaluation, forecast: Floats) -> Evaluation:
    """Return the same windows with point forecasts [N, H] alone: of such a one all deciles are the same."""
    deciles = None if evaluation.deciles is None else np.broadcast_to(forecast, evaluation.deciles.shape)
    return replace(evaluation, forecast=forecast, intervals=(), quantiles=(), deciles=deciles)


def score_against(evaluation: Evaluation, baseline: Floats, series_count: int) -> Scores:
    """Score a model and a baseline [N, H] on the same windows; S = `series_count` entries by series."""
    contest = Contest(series_count, baseline.shape[1])
    contest.add(evaluation, baseline)
    return contest.scores()


def measure(evaluation: Evaluation, series_count: int) -> Measures:
    """Return every measure over all windows, by lead time, and of the series 0 … `series_count` − 1."""
    tally = Tally(series_count, evaluation.actual.shape[1])
    tally.add(evaluation)
    return tally.measures()


def score(evaluation: Evaluation) -> Row:
    """Return every measure over all windows.

    Names: mae, mse, rmse, smape, mape, wape, mase, rmsse, bias; and coverage-80, width-80, pinball-80 (the mean loss of
    both ends), msis-80 for an interval of level 80; pinball-q-10 and below-q-10 (the share of actuals at or below it)
    for a quantile of 0.1; crps and wql where there are deciles. The percentages are smape, mape and wape; coverage,
    below and wql are shares.
    """
    return measure(evaluation, 1 + int(evaluation.series.max(initial=0))).overall


def by_lead(evaluation: Evaluation) -> Columns:
    """Return every measure at each lead time: the windows are scored as if they were that one step long."""
    return measure(evaluation, 1 + int(evaluation.series.max(initial=0))).by_lead


def by_series(evaluation: Evaluation, series_count: int) -> Columns:
    """Return every measure of each series 0 … `series_count` − 1; `None` for a series without windows."""
    return measure(evaluation, series_count).by_series


def skill(model: Row, baseline: Row) -> float | None:
    """Return 1 − MASE(model) / MASE(baseline), or None where one is undefined or the baseline makes no error."""
    ours, theirs = model["mase"], baseline["mase"]
    return None if ours is None or not theirs else 1.0 - ours / theirs


def seasonal_error(values: Floats, origins: Origins, m: int) -> Floats:
    """Return the in-sample mean of |x_t − x_{t−m}| of each window's history, the scale of MASE and MSIS.

    Hyndman & Koehler, Another look at measures of forecast accuracy, IJF 22(4), 2006. A history that is not longer than
    `m` is measured with `m` = 1.

    Args:
        values: [T] all series end to end, finite.
        origins: Where the N histories end.
        m: Season length in steps, at least 1.

    Returns:
        [N] scales; NaN for a history of one value, and for one whose seasonal difference is always 0.
    """
    return _mean_difference(values, origins, m, np.abs)


def seasonal_rms_error(values: Floats, origins: Origins, m: int) -> Floats:
    """Return the root of the in-sample mean of (x_t − x_{t−m})², the scale of RMSSE.

    Everything else is as in `seasonal_error`; M5 (Makridakis et al., IJF 38(4), 2022) takes `m` = 1.
    """
    return np.sqrt(_mean_difference(values, origins, m, np.square))


def mae(actual: Floats, forecast: Floats) -> Floats:
    """Mean absolute error [N]."""
    return _mean(np.abs(actual - forecast))


def mse(actual: Floats, forecast: Floats) -> Floats:
    """Mean squared error [N]."""
    return _mean(np.square(actual - forecast))


def rmse(actual: Floats, forecast: Floats) -> Floats:
    """Root mean squared error [N]."""
    return np.sqrt(mse(actual, forecast))


def bias(actual: Floats, forecast: Floats) -> Floats:
    """Mean of forecast − actual [N]: positive when forecasts are too high."""
    return _mean(forecast - actual)


def smape(actual: Floats, forecast: Floats) -> Floats:
    """Mean of 200 |y − f| / (|y| + |f|) [N], from 0 to 200 %; 0 where both are 0. As in M4 (Makridakis et al. 2020)."""
    size = np.abs(actual) + np.abs(forecast)
    return _mean(200.0 * np.divide(np.abs(actual - forecast), size, out=0.0 * size, where=size != 0))


def mape(actual: Floats, forecast: Floats) -> Floats:
    """Mean of 100 |y − f| / |y| [N], in %; inf, that is undefined, once an actual is 0."""
    ratio = np.divide(actual - forecast, actual, out=np.full(actual.shape, np.inf), where=actual != 0)
    return _mean(100.0 * np.abs(ratio))


def mase(actual: Floats, forecast: Floats, scale: Floats) -> Floats:
    """Mean absolute scaled error [N] (Hyndman & Koehler 2006): the MAE over `scale` [N] from `seasonal_error`."""
    return mae(actual, forecast) / scale


def rmsse(actual: Floats, forecast: Floats, rms_scale: Floats) -> Floats:
    """Root mean squared scaled error [N]: the RMSE over `rms_scale` [N] from `seasonal_rms_error`."""
    return rmse(actual, forecast) / rms_scale


def pinball(actual: Floats, forecast: Floats, quantile: float) -> Floats:
    """Mean pinball loss [N] of forecasts of one quantile, 0 < quantile < 1 (Koenker & Bassett, Econometrica, 1978)."""
    residual = actual - forecast
    return _mean(np.maximum(quantile * residual, (quantile - 1.0) * residual))


def crps(actual: Floats, deciles: Floats) -> Floats:
    """Mean continuous ranked probability score [N] by nine deciles [9, N, H]: twice the mean of their pinball losses.

    CRPS is twice the integral of the pinball loss over all quantiles (Laio & Tamea, HESS 11, 2007; Gneiting & Ranjan,
    JBES 29(3), 2011). The mean over 0.1 … 0.9 is the usual approximation of it, as in GluonTS (Alexandrov et al., JMLR
    21, 2020) and Chronos (Ansari et al., 2024, arXiv:2403.07815), where it is called the weighted quantile loss once it
    is divided by the mean of |y|: `wql` here. It leaves the tails out. Of a point forecast it is the absolute error.
    """
    shares = np.arange(1, len(deciles) + 1) / (len(deciles) + 1)
    return np.asarray(2.0 * np.mean([pinball(actual, d, q) for d, q in zip(deciles, shares, strict=True)], axis=0))


def coverage(actual: Floats, lo: Floats, hi: Floats) -> Floats:
    """Share of the actuals inside [lo, hi] [N], both ends included, from 0 to 1."""
    return _mean(np.where(np.isnan(actual), np.nan, (lo <= actual) & (actual <= hi)))


def interval_width(lo: Floats, hi: Floats) -> Floats:
    """Mean width of the intervals [N]."""
    return _mean(hi - lo)


def msis(actual: Floats, interval: tuple[Floats, Floats], level: float, scale: Floats) -> Floats:
    """Mean scaled interval score [N] of M4 (Makridakis et al., IJF 36(1), 2020).

    The mean of (hi − lo) + (2 / a) × (how far the actual is outside), over `scale` [N]; a = 1 − level / 100, level in
    percent. Narrow intervals are good, and each miss costs the more, the surer the interval was (Gneiting & Raftery,
    JASA 2007).
    """
    lo, hi = interval
    outside = np.maximum(lo - actual, 0.0) + np.maximum(actual - hi, 0.0)
    return _mean((hi - lo) + 2.0 / (1.0 - level / 100.0) * outside) / scale


class Tally:
    """The measures of one method, over windows that come block by block: only sums are stored, never the windows."""

    def __init__(self, series_count: int, horizon: int) -> None:
        """Begin with no windows of H = `horizon` steps, of S = `series_count` series."""
        self._overall, self._by_series, self._by_lead = _Means(1), _Means(series_count), _Means(horizon)

    def add(self, e: Evaluation) -> None:
        """Score N more windows."""
        # Values near 1e300 have no square in float64: their MSE is inf, and is given as None.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for name, x in _measures_of(e):
                self._overall.add(name, x, np.zeros(len(x), np.int64))
                self._by_series.add(name, x, e.series)
            cells, lead = e.cells()
            for name, x in _measures_of(cells):
                self._by_lead.add(name, x, lead)

    def sums(self) -> Pooled:
        """Return the sums over all windows and by lead time."""
        return {"overall": self._overall.sums(), "by_lead": self._by_lead.sums()}

    def join(self, other: Pooled) -> None:
        """Add what `sums` returned of other windows."""
        self._overall.join(other["overall"])
        self._by_lead.join(other["by_lead"])

    def measures(self) -> Measures:
        """Return the measures of all windows so far."""
        overall = {name: column[0] for name, column in self._overall.columns().items()}
        return Measures(overall=overall, by_lead=self._by_lead.columns(), by_series=self._by_series.columns())


def sums_by_group(evaluation: Evaluation, groups: Ints, count: int) -> Pooled:
    """Return what the measures over all windows, and of each of `count` groups of them, are made of."""
    whole, each = _Means(1), _Means(count)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for name, x in _measures_of(evaluation):
            whole.add(name, x, np.zeros(len(x), np.int64))
            each.add(name, x, groups)
    return {"overall": whole.sums(), "groups": each.sums()}


def pool_groups(parts: Sequence[Pooled], count: int) -> tuple[Row, Columns]:
    """Return the measures over all windows of several parts, and of each of `count` groups, that all parts have."""
    whole, each = _Means(1), _Means(count)
    shared = set.intersection(*(set(part["overall"]) for part in parts))
    for part in parts:
        whole.join({name: rows for name, rows in part["overall"].items() if name in shared})
        groups = {name: rows for name, rows in part["groups"].items() if name in shared}
        each.join({name: [[*row, *[0.0] * (count - len(row))] for row in rows] for name, rows in groups.items()})
    return {name: column[0] for name, column in whole.columns().items()}, each.columns()


def _measures_of(e: Evaluation) -> Iterator[tuple[str, Floats]]:
    """Yield each measure [N] of which the mean is published, and `size`, mean |y|, that others are relative to."""
    yield "mae", mae(e.actual, e.forecast)
    yield "mse", mse(e.actual, e.forecast)
    yield "smape", smape(e.actual, e.forecast)
    yield "mape", mape(e.actual, e.forecast)
    if e.deciles is not None:
        yield "crps", crps(e.actual, e.deciles)
    yield "size", _mean(np.abs(e.actual))
    yield "mase", mase(e.actual, e.forecast, e.scale)
    yield "rmsse", rmsse(e.actual, e.forecast, e.rms_scale)
    yield "bias", bias(e.actual, e.forecast)
    for level, lo, hi in e.intervals:
        tail = (1.0 - level / 100.0) / 2.0
        yield f"coverage-{level:g}", coverage(e.actual, lo, hi)
        yield f"width-{level:g}", interval_width(lo, hi)
        yield f"pinball-{level:g}", (pinball(e.actual, lo, tail) + pinball(e.actual, hi, 1.0 - tail)) / 2.0
        yield f"msis-{level:g}", msis(e.actual, (lo, hi), level, e.scale)
    for share, values in e.quantiles:
        yield f"pinball-q-{100 * share:g}", pinball(e.actual, values, share)
        yield f"below-q-{100 * share:g}", coverage(e.actual, np.full_like(values, -np.inf), values)


class _Means:
    """Means by group of numbers that come in parts; NaN is left out, and is the mean of an empty group."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._sums: dict[str, Floats] = {}  # [2, count]: the sum, and how many

    def add(self, name: str, x: Floats, group: Ints) -> None:
        seen = ~np.isnan(x)
        total = np.bincount(group[seen], weights=x[seen], minlength=self.count)
        sums = np.array([total, np.bincount(group[seen], minlength=self.count)])
        self._sums[name] = self._sums[name] + sums if name in self._sums else sums

    def sums(self) -> Pooled:
        return {name: [_listed(row) for row in sums] for name, sums in self._sums.items()}

    def join(self, other: Pooled) -> None:
        for name, rows in other.items():
            sums = np.array([[np.inf if x is None else x for x in row] for row in rows])
            self._sums[name] = self._sums[name] + sums if name in self._sums else sums

    def columns(self) -> Columns:
        columns: dict[str, Floats] = {}
        with np.errstate(invalid="ignore", divide="ignore"):
            for name, (total, seen) in self._sums.items():
                if name == "size":
                    columns["wape"] = 100.0 * columns["mae"] / (total / seen)  # sum |y − f| / sum |y|, in %
                    if "crps" in columns:
                        columns["wql"] = columns["crps"] / (total / seen)
                    continue
                columns[name] = total / seen
                if name == "mse":
                    columns["rmse"] = np.sqrt(columns["mse"])
        return {name: _listed(column) for name, column in columns.items()}


def _listed(column: Floats) -> list[float | None]:
    """Return numbers with None for those that are not finite."""
    listed: list[float | None] = column.tolist()
    for at in np.flatnonzero(~np.isfinite(column)).tolist():
        listed[at] = None
    return listed


def _mean(x: Floats) -> Floats:
    """Average over the steps of each window, [N, H] → [N]; NaN is left out, and is the mean of nothing."""
    seen = ~np.isnan(x)
    with np.errstate(invalid="ignore"):
        mean: Floats = np.where(seen, x, 0.0).sum(axis=-1) / seen.sum(axis=-1)
    return mean


def _mean_difference(values: Floats, origins: Origins, m: int, size: Callable[[Floats], Floats]) -> Floats:
    """Average `size(x_t − x_{t−m})` over each history, with m = 1 where it is too short; NaN for 0 or nothing."""
    starts, means = origins.starts, np.full(len(origins), np.nan)
    order = np.argsort(starts, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(starts[order])) + 1) if len(order) else []:
        start, lengths = int(starts[group[0]]), origins.lengths[group]
        history = values[start : start + int(lengths.max())]  # one series at a time: no copy of all values
        for lag, chosen in ((m, lengths > m), (1, (lengths <= m) & (lengths > 1))):
            if chosen.any():
                with np.errstate(over="ignore"):
                    sums = np.cumsum(size(history[lag:] - history[:-lag]))
                means[group[chosen]] = sums[lengths[chosen] - lag - 1] / (lengths[chosen] - lag)
    return np.where(np.isfinite(means) & (means > 0), means, np.nan)
