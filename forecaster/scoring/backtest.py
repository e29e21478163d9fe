"""How good a model is on windows that it did not see: scores against the baseline, and what intervals follow.

Training measures on the windows that it held out; a saved model is measured by rolling origin: forecasts from cutoffs
inside the series, each seeing nothing after its cutoff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecaster.base.arrow import from_numpy
from forecaster.base.errors import DataError, UsageError
from forecaster.base.rowfile import Columns, categories, measured, stamp_column
from forecaster.data.panel import Panel
from forecaster.model import baselines
from forecaster.model.bands import fitter
from forecaster.model.builtin import BuiltinModel
from forecaster.model.calibration import (
    SERIES_TO_SPLIT,
    Answers,
    Intervals,
    Residuals,
    answer_windows,
    folds_of,
    join_answers,
)
from forecaster.model.features import signals_of
from forecaster.model.forecast import Block, Predicted
from forecaster.model.origins import Cutoffs, Origins
from forecaster.model.plan import Plan
from forecaster.model.predictor import Forecaster, forecast_windows
from forecaster.model.quantiles import DECILES, levels_with
from forecaster.model.windows import Floats, cut_targets, restore
from forecaster.scoring import metrics
from forecaster.scoring.kept import Kept, KeptBlocks

if TYPE_CHECKING:
    from forecaster.training.fit import Trained

LEVELS = (80.0, 95.0)
"""Interval levels that training measures coverage of, in percent."""

FEWEST_SEEN = 2
"""Values before a cutoff, at least: one difference, which errors are scaled by."""


def measure(panel: Panel, plan: Plan, trained: Trained) -> tuple[dict[str, Any], Intervals]:
    """Score the held-out windows against seasonal naive, and calibrate the intervals on them.

    Coverage is measured across folds: half the windows are covered by intervals calibrated on the other half.
    """
    origins, answers = plan.held_out.all(), answer_held_out(panel, plan, trained)
    residuals = find_residuals(panel, plan, trained, answers)
    crossed = residuals.cross_intervals(levels_with(LEVELS, DECILES))
    predicted = Predicted(
        values=restore(answers.outputs, answers.windows),
        intervals=tuple((level, low[: len(origins)], high[: len(origins)]) for level, low, high in crossed),
    )
    return score_past(panel, origins, plan.season, predicted, LEVELS), residuals.calibrate()


def score_past(
    panel: Panel, origins: Origins, season: int, predicted: Predicted, levels: tuple[float, ...]
) -> dict[str, Any]:
    """Return the scores of forecasts against seasonal naive as JSON-safe data, over all windows and by lead time.

    Args:
        panel: S series.
        origins: Where the N forecasts start.
        season: m in steps.
        predicted: The forecasts, with intervals of `levels_with(levels, DECILES)`.
        levels: Of the intervals that are scored, in percent.
    """
    evaluation = metrics.Evaluation.of(panel, origins, season, predicted.narrowed(levels, ()), predicted.deciles())
    naive = baselines.seasonal_naive(panel.values, origins, season, predicted.values.shape[1])
    scores = metrics.score_against(evaluation, naive, panel.n_series)
    return {**facts_of(scores, season, levels), "by_lead": scores.model.by_lead}


def measure_builtin(model: BuiltinModel, levels: tuple[float, ...]) -> dict[str, Any] | None:
    """Score what the built-in network says of its panel's own past, against seasonal naive, as training scores a model.

    Coverage is measured across halves of the windows. None where the past is too short to say anything.
    """
    past = model.past
    if past is None or not past.is_telling:
        return None
    intervals = past.cross_intervals(levels_with(levels, DECILES))
    predicted = Predicted(values=past.fan.middle, intervals=intervals)
    return score_past(model.panel, past.origins, model.season, predicted, levels)


def facts_of(scores: metrics.Scores, season: int, levels: tuple[float, ...]) -> dict[str, Any]:
    """Return scores over all windows as JSON-safe data, with what they were measured by."""
    return {
        "windows": scores.windows,
        "season_length": season,
        "levels": list(levels),
        "baseline_name": "seasonal naive" if season > 1 else "naive",
        "skill": scores.skill,
        "model": scores.model.overall,
        "baseline": scores.baseline.overall,
    }


def find_residuals(panel: Panel, plan: Plan, trained: Trained, answers: Answers) -> Residuals:
    """Return the errors on the held-out windows, and after them those of earlier times, where there are some.

    The networks have learned from the earlier windows. What they would have missed there is taken to be what the base
    path missed, times how much nearer than it they were on the held-out windows.

    Args:
        panel: The series.
        plan: Which windows.
        trained: The networks.
        answers: What these said of the held-out windows.
    """
    origins = plan.held_out.all()
    missed = cut_targets(panel.values, origins, answers.windows).astype(np.float64)
    residuals = Residuals(
        errors=(missed - answers.outputs) * answers.windows.scale,
        answers=answers,
        folds=folds_of(origins.series),
        independent=count_independent(plan),
        fit=fitter(plan.fit.intervals, plan.network.quantiles),
    )
    if not plan.earlier.total:
        return residuals
    before = plan.earlier.all()
    theirs = _ask_about(panel, plan, trained, plan.earlier)
    nearer = np.abs(missed - answers.outputs).mean() / max(float(np.abs(missed).mean()), 1e-12)
    errors = cut_targets(panel.values, before, theirs.windows) * theirs.windows.scale * nearer
    fold = dict(zip(origins.series.tolist(), residuals.folds.tolist(), strict=True))
    by_series = len(np.unique(origins.series)) >= SERIES_TO_SPLIT
    folds = np.array([fold[s] for s in before.series.tolist()]) if by_series else np.full(len(before), -1)
    return Residuals(
        np.concatenate([residuals.errors, errors]),
        join_answers(answers, theirs),
        np.concatenate([residuals.folds, folds]),
        residuals.independent + len(before),
        residuals.fit,
    )


def count_independent(plan: Plan) -> float:
    """Return how many of the held-out windows do not overlap."""
    held_out = plan.held_out
    return held_out.total * min(1.0, held_out.stride / plan.window.horizon + 1 / float(held_out.count.max()))


def answer_held_out(panel: Panel, plan: Plan, trained: Trained) -> Answers:
    """Return what the networks said of the held-out windows before they were trained again on all data."""
    return _ask_about(panel, plan, trained, plan.held_out)


def _ask_about(panel: Panel, plan: Plan, trained: Trained, cutoffs: Cutoffs) -> Answers:
    from forecaster.training.fit import ensemble

    signals = replace(signals_of(panel, plan.encodings, plan.window.horizon), companion=trained.companion)
    return answer_windows(ensemble(plan.network, trained.first), signals, cutoffs.all(), plan.window)


# ---------------------------------------------------------------------------------------------------- rolling origin


def rolling_origin(panel: Panel, windows: int, step: int, horizon: int) -> Origins:
    """Return the last cutoffs of each series that have a whole horizon after them, series by series, oldest first.

    A series that is too short has fewer. A cutoff at a value that was interpolated is left out: the value that came
    after it would shine through.

    Args:
        panel: S series.
        windows: Most cutoffs of a series.
        step: Steps from one cutoff to the next.
        horizon: H, steps after a cutoff.

    Raises:
        DataError: No series is long enough for one cutoff, or has a value at one.
    """
    room = panel.lengths - FEWEST_SEEN - horizon
    if not (room >= 0).any():
        longest = int(np.argmax(panel.lengths))
        name = f"series {panel.ids[longest]!r}" if panel.ids[longest] else "the series"
        raise DataError(
            f"{panel.source}: {name} has {panel.lengths[longest]:,} steps; one cutoff with {horizon:,} steps after it "
            f"needs at least {FEWEST_SEEN + horizon:,}",
            hint="Give more data, or a smaller --horizon",
        )
    count = np.where(room >= 0, np.minimum(room // step + 1, windows), 0)
    first = panel.offsets[1:] - horizon - (count - 1) * step
    origins = Cutoffs(starts=panel.offsets[:-1], first=first, count=count, stride=step).all()
    seen = ~panel.filled[origins.ends - 1] if panel.schema.on_gap == "interpolate" else np.ones(len(origins), bool)
    if not seen.any():
        raise DataError(
            f"{panel.source}: the value at every cutoff is missing", hint="Give --windows more, or another --step"
        )
    return origins[seen]


def span(panel: Panel, origins: Origins) -> tuple[str, str]:
    """Return the first and the last cutoff, as they are written."""
    stamps = panel.stamps_at(origins.series, origins.lengths - 1)
    first, last = panel.write(np.array([stamps.min(), stamps.max()]))
    return str(first), str(last)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """A block of forecasts, and the actual values.

    Attributes:
        block: n forecasts of H steps.
        actual: [n, H] the actual values; NaN where it was missing and has been filled.
    """

    block: Block
    actual: Floats


class Backtest:
    """A saved model, not fitted anew, against seasonal naive on the same cutoffs."""

    def __init__(
        self, model: Forecaster, panel: Panel, origins: Origins, horizon: int, kept: Kept | None = None
    ) -> None:
        """Name the windows: `origins` with H = `horizon` steps after each; `kept` holds what is already forecast."""
        self.model, self.panel, self.origins, self.horizon, self.kept = model, panel, origins, horizon, kept
        self._contest = metrics.Contest(panel.n_series, horizon)

    def run(
        self,
        levels: tuple[float, ...],
        quantiles: tuple[float, ...] = (),
        also: tuple[tuple[float, ...], Callable[[Block, Floats], None]] | None = None,
    ) -> Iterator[Scored]:
        """Forecast and score block by block, and yield each with its intervals of these levels, and these quantiles.

        `also`: more levels, and what is called with each block that has intervals of these, and actual values [n, H].
        """
        panel, season = self.panel, self.model.season
        needed = levels_with((*levels, *(also[0] if also else ())), quantiles, DECILES)
        for block in self._blocks(needed):
            scored = block.narrowed(levels, quantiles)
            evaluation = metrics.Evaluation.of(panel, block.origins, season, scored, block.deciles())
            if also is not None:
                also[1](block, evaluation.actual)
            naive = baselines.seasonal_naive(panel.values, block.origins, season, self.horizon)
            self._contest.add(evaluation, naive)
            yield Scored(block=scored, actual=evaluation.actual)

    def _blocks(self, levels: tuple[float, ...]) -> Iterator[Block]:
        """Yield the forecasts, those that are stored among them, and store the others."""
        model, origins = self.model, self.origins
        if self.kept is None:
            yield from forecast_windows(model, self.panel, origins, self.horizon, levels)
            return
        asked = {"model": identity_of(model), "season": model.season, "horizon": self.horizon}
        kept = KeptBlocks(self.kept, self.panel, asked, levels)
        yield from kept.watch(
            forecast_windows(model, self.panel, replace(origins, done=kept.done), self.horizon, levels)
        )

    def scores(self) -> metrics.Scores:
        """Return the scores on what has been run."""
        return self._contest.scores()

    def sums(self) -> metrics.Pooled:
        """Return what these scores are made of, to be pooled with those of other series."""
        return self._contest.sums()

    def seen_until(self, stamp: int) -> int:
        """Return how many windows ask for a value at this stamp or before it: one that a model may have learned."""
        first = self.panel.stamps_at(self.origins.series, self.origins.lengths)
        return int(np.count_nonzero(first.astype(np.int64) <= stamp))


def identity_of(model: Forecaster) -> str:
    """Return what identifies a model: the hash of its manifest, or name and version where it has none."""
    manifest = getattr(model, "manifest", None)
    return str(getattr(manifest, "sha256", None) or f"{model.name} {model.version}")


def check_names(panel: Panel) -> None:
    """Refuse names of columns in the data that a predictions file, unlike a forecast file, has for columns of its own.

    Raises:
        UsageError: There is one.
    """
    for name in (panel.id_column, panel.schema.time):
        if name in ("cutoff", "lead", "actual"):
            raise UsageError(f"column {name!r} of the data is also a column of --predictions", hint="Rename it")


def prediction_rows(panel: Panel, scored: Scored, *, as_text: bool) -> Columns:
    """Return the rows of a predictions file, one a window and lead time.

    Columns: the panel's own id (where it has one) and time, `cutoff` (the last stamp seen, inclusive), `lead` (from 1),
    `actual` (empty where it was not observed), `forecast`, the ends of each interval, the quantiles, `method`.

    Args:
        panel: What was forecast.
        scored: n windows of H steps.
        as_text: Write stamps as they are in the user's file; otherwise as a type of their own.
    """
    block, (count, horizon) = scored.block, scored.actual.shape
    series, past = block.origins.series, block.origins.lengths
    leads = np.arange(1, horizon + 1)
    stamps = panel.stamps_at(np.repeat(series, horizon), (past[:, None] + leads - 1).ravel())
    cutoffs = np.repeat(panel.stamps_at(series, past - 1), horizon)
    methods, method = np.unique(block.methods.astype(str), return_inverse=True)
    columns = {}
    if panel.id_column is not None:
        known, codes = np.unique(series, return_inverse=True)
        columns[panel.id_column] = categories([panel.ids[s] for s in known], np.repeat(codes, horizon))
    columns[panel.schema.time] = stamps_written(panel, stamps, as_text, apart=panel.has_repeats)
    columns |= {
        "cutoff": stamps_written(panel, cutoffs, as_text, apart=panel.has_repeats),
        "lead": from_numpy(np.tile(leads, count)),
        "actual": measured(scored.actual.ravel()),
        "forecast": measured(block.values.ravel()),
    }
    for level, low, high in block.intervals:
        columns |= {f"forecast-lo-{level:g}": measured(low.ravel()), f"forecast-hi-{level:g}": measured(high.ravel())}
    for share, values in block.quantiles:
        columns[f"forecast-q-{100 * share:g}"] = measured(values.ravel())
    return columns | {"method": categories(methods.tolist(), np.repeat(method, horizon))}


def stamps_written(panel: Panel, stamps: NDArray[np.generic], as_text: bool, *, apart: bool | None = None) -> Any:
    """Return stamps [N] as a column: as they are written in the user's file, or in a type of their own.

    Args:
        panel: Knows how.
        stamps: In any order.
        as_text: Write them as in the user's file.
        apart: See `Panel.write`; whoever writes in blocks says it, so that all of them are written alike.
    """
    if panel.schema.time_format == "integer":
        return from_numpy(stamps)
    if not as_text:
        return stamp_column(stamps.astype(np.int64), panel.schema.tz)
    unique, codes = np.unique(stamps, return_inverse=True)
    return categories([str(written) for written in panel.write(unique, apart=apart)], codes)
