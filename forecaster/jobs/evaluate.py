"""From a saved model and a data file to scores by rolling origin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from forecaster.base import files
from forecaster.base.errors import GateError, UsageError, shown
from forecaster.base.rowfile import is_parquet, maybe_writing_rows
from forecaster.config import (
    BacktestSettings,
    EvaluateSettings,
    GateSettings,
    parse_levels,
    parse_quantiles,
    parse_totals,
)
from forecaster.data.panel import Panel
from forecaster.data.source import Data
from forecaster.jobs.brief import brief
from forecaster.jobs.events import Events
from forecaster.jobs.hierarchy import Learned, Tree, check_hierarchy, cutoffs_of, grow, named_by_groups, reading_groups
from forecaster.jobs.names import check_outputs, is_named, keep_in, models_folder
from forecaster.jobs.notices import mostly_zero
from forecaster.jobs.opening import Asked, ModelJob, asked_by
from forecaster.model.builtin import BuiltinModel
from forecaster.model.copula import GRID_LEVELS
from forecaster.model.origins import Origins
from forecaster.model.predictor import UsedModel, check_horizon, leave_out_unreadable
from forecaster.scoring.backtest import Backtest, check_names, facts_of, prediction_rows, rolling_origin, span
from forecaster.scoring.metrics import Pooled, Scores
from forecaster.scoring.sums import TotalScores, learn_before
from forecaster.scoring.tiers import Tiers, score_tiers

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = (
    "too little before the first cutoff to learn how errors of different steps go together: totals are scored as if "
    "all erred alike; give fewer --windows"
)

Scope = Literal["overall", "lead", "series"]


@dataclass(frozen=True, kw_only=True)
class EvaluateJob(ModelJob):
    """All inputs of `evaluate`."""

    settings: EvaluateSettings = field(default_factory=EvaluateSettings)
    backtest: BacktestSettings = field(default_factory=BacktestSettings)
    gates: GateSettings = field(default_factory=GateSettings)


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluateResult:
    """The scores of a saved model.

    Attributes:
        counts: [S] windows of each series.
        seen: Windows that ask for values of the time that the model was trained on; None where that is not known.
        cutoffs: The first and the last, as they are written.
        step: Steps from one cutoff of a series to the next.
        levels: Of the intervals, in percent.
        predictions: The file of all forecasts, or None.
        totals: Scores of sums of the next steps, one row each.
        learned: How forecasts were made to add up; None where no hierarchy was asked for.
        tiers: Scores of each level of it before and after reconciliation, one row each.
        warnings: What is not as well known as it should be.
        sums: What the scores are made of, to be pooled with those of other parts.
    """

    model: UsedModel
    panel: Panel
    scores: Scores
    counts: np.ndarray
    seen: int | None
    cutoffs: tuple[str, str]
    step: int
    levels: tuple[float, ...]
    predictions: Path | None
    totals: tuple[dict[str, Any], ...] = ()
    learned: Learned | None = None
    tiers: tuple[dict[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()
    sums: Pooled = field(default_factory=dict)

    __repr__ = brief

    @property
    def metrics(self) -> dict[str, Any]:
        """The scores over all windows, as training gives its own."""
        return facts_of(self.scores, self.model.season, self.levels)

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """(id, reason) of series that were not scored."""
        short = [(self.panel.ids[s], "too short for a cutoff") for s in np.flatnonzero(self.counts == 0)]
        return [*self.panel.skipped, *short]

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        ours, theirs = self.scores.model, self.scores.baseline
        return {
            "model": self.model.name,
            "version": self.model.version,
            "data": self.panel.source,
            "series": self.panel.n_series,
            "horizon": len(ours.by_lead["mae"]),
            "step": self.step,
            "cutoffs": {"first": self.cutoffs[0], "last": self.cutoffs[1]},
            "windows_seen_in_training": self.seen,
            "metrics": self.metrics,
            **({"totals": list(self.totals)} if self.totals else {}),
            **({"hierarchy": {**self.learned.summary(), "levels": list(self.tiers)}} if self.learned else {}),
            "by_lead": {"model": ours.by_lead, "baseline": theirs.by_lead},
            "by_series": {
                "series": list(self.panel.ids),
                "windows": self.counts.tolist(),
                "model": ours.by_series,
                "baseline": theirs.by_series,
            },
            "predictions": None if self.predictions is None else str(self.predictions),
            "skipped": [{"series": name, "reason": reason} for name, reason in self.skipped],
            "findings": [asdict(finding) for finding in self.panel.findings],
        }

    def records(self) -> list[dict[str, Any]]:
        """Return the scores as rows: over all windows, then by lead time, then by series, model and baseline each."""
        sides = (("model", self.scores.model), (self.metrics["baseline_name"], self.scores.baseline))
        names = list(self.scores.model.overall)
        rows = []
        for method, measures in sides:
            blank = dict.fromkeys(names)
            rows.append(
                {"scope": "overall", "lead": None, "series": None, "method": method, **blank, **measures.overall}
            )
            for scope, columns, keys in (
                ("lead", measures.by_lead, range(1, len(measures.by_lead["mae"]) + 1)),
                ("series", measures.by_series, self.panel.ids),
            ):
                for at, key in enumerate(keys):
                    place = {"scope": scope, "lead": None, "series": None} | {scope: key}
                    rows.append({**place, "method": method, **blank, **{name: c[at] for name, c in columns.items()}})
        for tier in self.tiers:
            for side in ("before", "after"):
                place = {"scope": "level", "lead": None, "series": tier["level"], "method": f"{side} reconciliation"}
                rows.append({**place, **blank, **{n: v for n, v in (tier[side] or {}).items() if n in blank}})
        return rows

    def to_frame(self, scope: Scope = "overall") -> pd.DataFrame:
        """Return the scores of model and baseline as a DataFrame: over all windows, by lead time, or by series."""
        import pandas as pd

        empty = {"overall": ["scope", "lead", "series"], "lead": ["scope", "series"], "series": ["scope", "lead"]}
        if scope not in empty:
            raise UsageError(f"scope must be one of {', '.join(empty)}, received {scope!r}")
        return pd.DataFrame([row for row in self.records() if row["scope"] == scope]).drop(columns=empty[scope])


def evaluate(job: EvaluateJob, events: Events = Events()) -> EvaluateResult:
    """Forecast from many cutoffs inside the series with a saved model, as it is, and score them against actual values.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written, an old one is untouched.
        GateError: The model does not reach what was asked; no file was written.
    """
    asked, source = open_model(job)
    if not job.settings.is_hierarchical:
        panel = asked.read(source)
        return score_panel(job, asked.bind(panel, job.settings.horizon), panel, events, keeps=True)

    tree = tree_of(job, asked, source)
    model, panel = tree_ready(job, asked)(tree.panel)
    result = score_panel(job, model, panel, Events(on_panel=events.on_panel))
    return score_tree(job, tree, result, events)


def tree_of(job: EvaluateJob, asked: Asked, source: Data) -> Tree:
    """Return the series, their sums, and the model that forecasts them.

    Raises:
        ForecastError: Groups are missing or ambiguous, or the model cannot forecast sums.
    """
    with reading_groups(asked, job.settings):
        read = asked.observe(source)
    return grow(job.settings, read, tree_ready(job, asked))


def tree_ready(job: EvaluateJob, asked: Asked) -> Callable[[Panel], tuple[UsedModel, Panel]]:
    """Return what makes a panel ready for the model, and the model for the panel."""

    def bound(panel: Panel) -> tuple[UsedModel, Panel]:
        model = asked.bind(panel, job.settings.horizon)
        return model, leave_out_unreadable(model, panel, model.window.lookback)

    return bound


def score_tree(job: EvaluateJob, tree: Tree, result: EvaluateResult, events: Events) -> EvaluateResult:
    """Return a result with the scores of each level before and after reconciliation, too.

    Raises:
        DataError: A series is too short for a cutoff.
    """
    horizon = check_horizon(tree.model, job.settings.horizon)
    cutoffs = cutoffs_of(tree, job.backtest.windows, result.step, horizon)
    learned = tree.learn(horizon, held_out=int(cutoffs[0]))
    tiers = Tiers(
        model=tree.model,
        base=tree.base,
        whole=tree.whole,
        reconciler=learned.reconciler,
        dependence=learned.dependence,
        nonnegative=tree.nonnegative,
    )
    rows = score_tiers(tiers, cutoffs, horizon, parse_levels(job.settings.levels), events.on_share)
    few = len(cutoffs) < job.backtest.windows
    shortest = tree.panel.ids[int(np.argmin(tree.panel.lengths))]
    why = f"levels are scored at {len(cutoffs)} cutoffs: series {shown(shortest)} is too short for more"
    notes: tuple[str, ...] = (why,) if few else ()
    return replace(result, learned=learned, tiers=tuple(rows), warnings=(*result.warnings, *notes, *learned.warnings))


def open_model(job: EvaluateJob) -> tuple[Asked, Data]:
    """Return the model that is meant and the data file to read; wrong settings are refused before any work.

    Raises:
        ForecastError: Of the kind that says what went wrong.
    """
    settings = job.settings
    parse_levels(settings.levels)
    parse_quantiles(settings.quantiles)
    check_hierarchy(settings)
    if settings.output is not None:
        fault = "--output is for parts, which are scored one by one by forecast evaluate alone"
        raise UsageError(fault, hint="Leave it out")
    if settings.predictions is not None:
        is_parquet(settings.predictions)
        files.check_writable(settings.predictions)
    asked = named_by_groups(asked_by(job), settings)
    asked.check_horizon(settings.horizon)
    source = asked.source(job.data)
    check_outputs({"--predictions": settings.predictions}, source, settings.hierarchy_file)
    return asked, source


def begin_backtest(job: EvaluateJob, model: UsedModel, panel: Panel, events: Events) -> Backtest:
    """Lay the cutoffs on the series that the model can read; nothing has been forecast yet.

    Raises:
        DataError: No series is long enough.
    """
    horizon = check_horizon(model, job.settings.horizon)
    step = job.backtest.step or horizon
    panel = leave_out_unreadable(model, panel, model.window.lookback + horizon + (job.backtest.windows - 1) * step)
    if job.settings.predictions is not None:
        check_names(panel)
    events.on_panel(panel)
    kept = None
    if job.data is None or is_named(job.data):
        home = models_folder(job.models_dir) / model.name / "EVALUATING"
        kept = keep_in(job.settings, home, resume=job.settings.resume)
    return Backtest(model, panel, rolling_origin(panel, job.backtest.windows, step, horizon), horizon, kept)


def so_far(backtest: Backtest, done: int) -> str:
    """Return what is shown if the backtest is stopped after so many windows."""
    kept = backtest.kept.where if backtest.kept else ""
    error = backtest.scores().model.overall["mase"] if kept else None
    shown = "" if error is None else f" (MASE so far {error:.3g})"
    return f"{done:,} of {len(backtest.origins):,} windows are forecast{shown}{kept or ', and none is stored'}"


def forget(backtest: Backtest) -> None:
    """Remove what was stored of a backtest that is done."""
    if backtest.kept is not None:
        backtest.kept.remove()


def score_panel(
    job: EvaluateJob, model: UsedModel, panel: Panel, events: Events = Events(), *, keeps: bool = False
) -> EvaluateResult:
    """Measure a model on data that has been read: what remains of `evaluate`; `keeps` what is finished on the way."""
    settings, levels = job.settings, parse_levels(job.settings.levels)
    backtest = begin_backtest(job, model, panel, events)
    backtest.kept = backtest.kept if keeps else None
    panel, origins, horizon = backtest.panel, backtest.origins, backtest.horizon
    sums = score_totals(settings, model, panel, origins, horizon)
    also = None if sums is None else (GRID_LEVELS, sums.add)
    with maybe_writing_rows(settings.predictions) as writer:
        done = 0
        for scored in backtest.run(levels, parse_quantiles(settings.quantiles), also):
            if writer is not None and settings.predictions is not None:
                writer.write(prediction_rows(panel, scored, as_text=not is_parquet(settings.predictions)))
            done += len(scored.actual)
            events.on_share(done / len(origins))
            if keeps:
                events.on_state(so_far(backtest, done))
        scores = backtest.scores()
        try:
            check_gates(scores, levels, job.gates)
        except GateError:
            forget(backtest)
            raise
    forget(backtest)
    last, counts = model.trained_until, np.bincount(origins.series, minlength=panel.n_series)
    return EvaluateResult(
        model=model,
        panel=panel,
        scores=scores,
        counts=counts,
        step=job.backtest.step or horizon,
        levels=levels,
        seen=backtest.seen_until(last) if last is not None else 0 if isinstance(model, BuiltinModel) else None,
        cutoffs=span(panel, origins),
        predictions=settings.predictions,
        totals=() if sums is None else tuple(sums.records()),
        warnings=(*(() if sums is None or sums.dependence.is_known else (UNKNOWN,)), *mostly_zero(panel, model.season)),
        sums=backtest.sums(),
    )


def score_totals(
    settings: EvaluateSettings, model: UsedModel, panel: Panel, origins: Origins, horizon: int
) -> TotalScores | None:
    """Return what scores totals, where they are asked for."""
    steps = parse_totals(settings.totals, horizon)
    if not steps:
        return None
    shares = (parse_levels(settings.levels), parse_quantiles(settings.quantiles))
    return TotalScores(learn_before(model, panel, origins, horizon), steps, shares)


def check_gates(scores: Scores, levels: tuple[float, ...], gates: GateSettings) -> None:
    """Refuse scores that are not as good as was asked.

    Raises:
        GateError: One is worse, or undefined.
    """
    ours, level = scores.model.overall, levels[-1]
    asked = (
        ("MASE", ours["mase"], "above", "--max-mase", gates.max_mase),
        ("the skill over seasonal naive", scores.skill, "below", "--min-skill", gates.min_skill),
        (
            f"the coverage of the {level:g} % interval",
            ours[f"coverage-{level:g}"],
            "below",
            "--min-coverage",
            gates.min_coverage,
        ),
    )
    failed = [
        f"{what} is {'undefined' if value is None else f'{value:.3f}'}, {side} {flag} {limit:g}"
        for what, value, side, flag, limit in asked
        if limit is not None and (value is None or (value > limit if side == "above" else value < limit))
    ]
    if failed:
        raise GateError("; ".join(failed), hint="See the scores: the same command without the gate")
