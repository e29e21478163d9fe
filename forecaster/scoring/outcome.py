"""Issued forecasts against the actual values: live scores, over all, by lead time and by series.

A forecast counts once its time has come and the value was observed; what was filled in is no observation. Where several
were issued from one cutoff of a series, the last one counts. Every value counts alike: of the latest windows only the
beginning has come. For the same reason training's measures are compared at the same lead times: short ones come first,
and are easy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecaster.base.errors import DataError
from forecaster.data.panel import Panel
from forecaster.model.ledger import Issue
from forecaster.model.manifest import Metrics
from forecaster.model.windows import Floats, Ints
from forecaster.scoring.metrics import Columns, Evaluation, Pooled, Row, by_series, pool_groups, sums_by_group


@dataclass(frozen=True, kw_only=True, eq=False)
class IssuedWindows:
    """Forecasts of N windows, H steps ahead, and the actual values.

    Attributes:
        series: [N] index into the panel of actual values.
        cutoffs: [N] last stamp that each saw.
        actual: [N, H]; NaN where nothing was observed, or not yet.
        values: [N, H] forecasts; 0 where none was issued so far ahead.
        ends: [2 Q, N, H] lower and upper end of each level.
        scales: [2, N] of MASE and RMSSE.
    """

    series: Ints
    cutoffs: Ints
    actual: Floats
    values: Floats
    ends: Floats
    scales: Floats

    def take(self, chosen: np.ndarray) -> IssuedWindows:
        """Return some of the windows."""
        return IssuedWindows(
            series=self.series[chosen],
            cutoffs=self.cutoffs[chosen],
            actual=self.actual[chosen],
            values=self.values[chosen],
            ends=self.ends[:, chosen],
            scales=self.scales[:, chosen],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """How good issued forecasts turned out to be.

    Attributes:
        issues: Predictions that were looked at.
        values: Forecasts that met an observed value.
        pending: Forecasts whose time has not come.
        levels: Levels of the intervals that every prediction has.
        overall: Measures over all values; None as long as there is none.
        by_lead: The same at each lead time [H].
        by_series: The same of each series of the panel [S].
        counts: [H] values at each lead time.
        scaled: [H] those whose series has a scale, as MASE needs.
        of_series: [S] values of each series.
        sums: What the measures are made of, to be pooled with those of other series.
    """

    issues: int
    values: int
    pending: int
    levels: tuple[float, ...]
    overall: Row | None
    by_lead: Columns
    by_series: Columns
    counts: Ints
    scaled: Ints
    of_series: Ints
    sums: Pooled = field(default_factory=dict)

    def compared(self, training: Metrics, name: str) -> tuple[float, float] | None:
        """Return a live measure and training's, over the same mixture of lead times; None where one is not known."""
        theirs = training.by_lead.get(name, ())
        counts = self.scaled if name == "mase" else self.counts
        shared = [
            (count, live, then)
            for count, live, then in zip(counts.tolist(), self.by_lead.get(name, ()), theirs, strict=False)
            if count and live is not None and then is not None
        ]
        if not shared:
            return None
        total = sum(count for count, _, _ in shared)
        return sum(n * live for n, live, _ in shared) / total, sum(n * then for n, _, then in shared) / total


def score_issues(issues: Sequence[Issue], panel: Panel) -> Outcome:
    """Score what was issued, at least one prediction, against a panel of actual values.

    Raises:
        DataError: The time of forecasts has come, but not one of them meets a value: ids or stamps are others.
    """
    ordered = sorted(issues, key=lambda issue: issue.issued)
    horizon = max(issue.values.shape[1] for issue in ordered)
    levels = tuple(level for level in ordered[0].levels if all(level in issue.levels for issue in ordered))
    last = int(panel.ends.max().astype(np.int64))
    pending = sum(int((issue.stamps > last).sum()) for issue in ordered)
    windows = _last_of_each([_matched(issue, panel, horizon, levels) for issue in ordered])
    if not len(windows.series) and pending < sum(issue.values.size for issue in ordered):
        raise _no_match(ordered[-1], panel)
    evaluation, leads = _flat(windows, levels)
    scaled, sums = np.isfinite(evaluation.scale), sums_by_group(evaluation, leads, horizon)
    overall, by_lead = pool_groups([sums], horizon)
    return Outcome(
        issues=len(ordered),
        values=len(leads),
        pending=pending,
        levels=levels,
        overall=_without_rmsse(overall) if len(leads) else None,
        by_lead=_without_rmsse(by_lead),
        by_series=_without_rmsse(by_series(evaluation, panel.n_series)),
        counts=np.bincount(leads, minlength=horizon),
        scaled=np.bincount(leads[scaled], minlength=horizon),
        of_series=np.bincount(evaluation.series, minlength=panel.n_series),
        sums=sums,
    )


def pool_outcomes(parts: Sequence[Outcome]) -> Outcome:
    """Return what the outcomes of several sets of series come to, at least one; nothing by series."""
    horizon = max(len(part.counts) for part in parts)
    counts, scaled = (
        sum(
            (np.pad(getattr(part, name), (0, horizon - len(part.counts))) for part in parts),
            np.zeros(horizon, np.int64),
        )
        for name in ("counts", "scaled")
    )
    known = [part for part in parts if part.values]
    overall, by_lead = pool_groups([part.sums for part in known], horizon) if known else ({}, {})
    levels = [part.levels for part in known or parts]
    return Outcome(
        issues=sum(part.issues for part in parts),
        values=sum(part.values for part in parts),
        pending=sum(part.pending for part in parts),
        levels=tuple(level for level in levels[0] if all(level in each for each in levels)),
        overall=_without_rmsse(overall) if known else None,
        by_lead=_without_rmsse(by_lead),
        by_series={},
        counts=counts,
        scaled=scaled,
        of_series=np.zeros(0, np.int64),
    )


def _flat(windows: IssuedWindows, levels: tuple[float, ...]) -> tuple[Evaluation, Ints]:
    """Return each observed value as a window of one step, and the lead time of each, counted from 0."""
    at, leads = np.nonzero(~np.isnan(windows.actual))
    ends = windows.ends[:, at, leads, None]
    evaluation = Evaluation(
        actual=windows.actual[at, leads, None],
        forecast=windows.values[at, leads, None],
        scale=windows.scales[0, at],
        rms_scale=windows.scales[1, at],
        series=windows.series[at],
        intervals=tuple((level, ends[2 * q], ends[2 * q + 1]) for q, level in enumerate(levels)),
    )
    return evaluation, leads


def _without_rmsse(measures: dict[str, Any]) -> dict[str, Any]:
    """Leave out the one measure that says nothing of single values: the root of their mean square is their size."""
    return {name: value for name, value in measures.items() if name != "rmsse"}


def _no_match(issue: Issue, panel: Panel) -> DataError:
    """Return the refusal of data in which no forecast whose time has come finds its value."""
    if not set(issue.ids) & set(panel.ids):
        reason = f"forecast was {issue.ids[0]!r}, the data has {panel.ids[0]!r}"
    else:
        reason = "the data has no value at the stamps that were forecast"
    return DataError(
        f"{panel.source}: no issued forecast meets a value: {reason}", hint="Pass the data with the actual values"
    )


def _matched(issue: Issue, panel: Panel, horizon: int, levels: tuple[float, ...]) -> IssuedWindows:
    """Return the windows of an issue of which something was observed."""
    index = {name: s for s, name in enumerate(panel.ids)}
    series = np.array([index.get(name, -1) for name in issue.ids], np.int64)
    stamps, inverse = np.unique(issue.stamps, return_inverse=True)
    ordinals, phases = (part[inverse].reshape(issue.stamps.shape) for part in panel.frequency.split(stamps))
    first, phase = (part[series][:, None] for part in panel.frequency.split(panel.starts.astype(np.int64)))
    at = ordinals - first
    there = (series >= 0)[:, None] & (phases == phase) & (at >= 0) & (at < panel.lengths[series][:, None])
    flat = np.where(there, panel.offsets[series][:, None] + at, 0)
    actual = np.where(there & ~panel.filled[flat], panel.values[flat], np.nan)
    seen = ~np.isnan(actual).all(axis=1)
    missing = horizon - issue.values.shape[1]

    def padded(array: Floats, fill: float) -> Floats:
        return np.pad(array[seen], ((0, 0), (0, missing)), constant_values=fill)

    ends = [padded(end, 0.0) for _, *pair in issue.narrowed(levels, ()).intervals for end in pair]
    count = int(seen.sum())
    return IssuedWindows(
        series=series[seen],
        cutoffs=issue.cutoffs[seen],
        actual=padded(actual, np.nan),
        values=padded(issue.values, 0.0),
        ends=np.array(ends).reshape(len(ends), count, horizon),
        scales=np.array([issue.scale[seen], issue.rms_scale[seen]]),
    )


def _last_of_each(parts: Sequence[IssuedWindows]) -> IssuedWindows:
    """Join windows, oldest issue first, and keep the last of each series and cutoff."""
    whole = IssuedWindows(
        series=np.concatenate([part.series for part in parts]),
        cutoffs=np.concatenate([part.cutoffs for part in parts]),
        actual=np.concatenate([part.actual for part in parts]),
        values=np.concatenate([part.values for part in parts]),
        ends=np.concatenate([part.ends for part in parts], axis=1),
        scales=np.concatenate([part.scales for part in parts], axis=1),
    )
    order = np.lexsort((whole.cutoffs, whole.series))  # stable: the last issue of a group stays its last
    series, cutoffs = whole.series[order], whole.cutoffs[order]
    is_last = np.append((series[1:] != series[:-1]) | (cutoffs[1:] != cutoffs[:-1]), True)[: len(order)]
    return whole.take(order[is_last])
