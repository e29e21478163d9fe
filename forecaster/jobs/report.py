"""From a saved model and a data file to one page that says what the model is worth."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecaster.base import files
from forecaster.base.machine import version_of
from forecaster.base.meter import working
from forecaster.base.rowfile import check_promise
from forecaster.config import BacktestSettings, EvaluateSettings, ReportSettings
from forecaster.data.checks import check_duplicates
from forecaster.data.grid import lay_out
from forecaster.data.panel import Panel
from forecaster.jobs.brief import brief
from forecaster.jobs.evaluate import EvaluateJob, EvaluateResult, open_model, score_panel
from forecaster.jobs.events import Events
from forecaster.jobs.names import check_outputs
from forecaster.jobs.notices import replaced_report
from forecaster.jobs.opening import ModelJob, note_covariates
from forecaster.jobs.score import NOT_TRAINED
from forecaster.model.builtin import HOME, BuiltinModel
from forecaster.model.manifest import FileFacts, Metrics
from forecaster.model.predictor import UsedModel, check_horizon
from forecaster.reporting.verdict import judge
from forecaster.scoring.backtest import measure_builtin
from forecaster.scoring.outlook import look_ahead, usual_history
from forecaster.scoring.residuals import find_residuals

if TYPE_CHECKING:
    from forecaster.reporting.page import BuiltinCard

PAST = 3
"""Forecasts inside the history of a series that is shown."""


@dataclass(frozen=True, kw_only=True)
class ReportJob(ModelJob):
    """All inputs of `report`.

    Attributes:
        now: The time of the run, aware; only recorded.
    """

    settings: ReportSettings = field(default_factory=ReportSettings)
    backtest: BacktestSettings = field(default_factory=BacktestSettings)
    now: datetime | None = None

    @property
    def evaluation(self) -> EvaluateJob:
        """The backtest that the report shows."""
        asked = self.settings
        settings = EvaluateSettings(
            model=asked.model,
            horizon=asked.horizon,
            levels=asked.levels,
            quantiles=asked.quantiles,
            totals=asked.totals,
        )
        return EvaluateJob(
            data=self.data,
            settings=settings,
            reading=self.reading,
            backtest=self.backtest,
            models_dir=self.models_dir,
            attended=self.attended,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportResult:
    """A report, and the file that it was written to.

    Attributes:
        evaluation: The scores that it shows.
        headline: The sentence that it begins with, whether that is good news, and the numbers shown with it.
        size: Of the file, in bytes.
        replaced: What was said of the page that was there before.
    """

    output: Path
    evaluation: EvaluateResult
    headline: dict[str, Any]
    size: int
    replaced: tuple[str, ...] = ()

    __repr__ = brief

    @property
    def warnings(self) -> tuple[str, ...]:
        """What did not go as it should, though the page is whole."""
        return (*self.replaced, *self.evaluation.warnings)

    @property
    def model(self) -> UsedModel:
        """The model that was reported on."""
        return self.evaluation.model

    @property
    def panel(self) -> Panel:
        """What was read."""
        return self.evaluation.panel

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        return {
            "model": self.model.name,
            "version": self.model.version,
            "data": self.panel.source,
            "output": str(self.output),
            "headline": self.headline["sentence"],
            "bytes": self.size,
            "series": self.panel.n_series,
            "windows": self.evaluation.scores.windows,
            "windows_seen_in_training": self.evaluation.seen,
            "mase": self.evaluation.metrics["model"]["mase"],
            "skill": self.evaluation.metrics["skill"],
            **({"totals": list(self.evaluation.totals)} if self.evaluation.totals else {}),
            "skipped": [{"series": name, "reason": reason} for name, reason in self.evaluation.skipped],
            "findings": [asdict(finding) for finding in self.panel.findings],
        }


def report(job: ReportJob, events: Events = Events()) -> ReportResult:
    """Measure a saved model on a data file, look at its errors and its forecasts, and write all of it as one page.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written, an old one is untouched.
    """
    from forecaster.reporting.page import MOST_ROWS, Evidence, choose_examples, headline, worst_first, write_page

    output = job.settings.output
    files.check_writable(output)
    asked, source = open_model(job.evaluation)
    check_outputs({"--output": output}, source, job.settings.future)
    check_promise(output, "--output", ".html")
    with working("report") as work:
        work.begin(0.15)
        read = asked.observe(source, job.settings.future)
        check_duplicates(read.rows, read.table, read.clock)
        panel = lay_out(read)
        model = asked.bind(panel, job.settings.horizon)
        panel = note_covariates(model, panel, check_horizon(model, job.settings.horizon))
        work.begin(0.55)
        result = score_panel(job.evaluation, model, panel, events)
        work.begin(0.85)
        panel, evaluation = result.panel, result.summary()
        horizon = evaluation["horizon"]
        steps, ranks = usual_history(model.season, horizon), choose_examples(evaluation)
        examples = look_ahead(model, panel, [s for _, s in ranks], (steps, horizon, PAST), result.levels)
        evidence = Evidence(
            manifest=_card_of(model, result) if isinstance(model, BuiltinModel) else model.manifest,
            panel=panel,
            verdict=judge(read),
            evaluation=evaluation,
            residuals=find_residuals(model, panel),
            examples=[(rank, outlook) for (rank, _), outlook in zip(ranks, examples, strict=True)],
            listed=look_ahead(model, panel, worst_first(evaluation)[:MOST_ROWS], (steps, horizon, 0), ()),
            written="" if job.now is None else job.now.isoformat(timespec="minutes"),
        )
        work.begin(1.0)
        page = write_page(evidence).encode()
    replaced = replaced_report(output, model.name, panel.source)
    events.on_state(f"{output} is the old file or the new one, whole")
    files.write_file(output, page)
    return ReportResult(
        output=output, evaluation=result, headline=headline(evidence), size=len(page), replaced=replaced
    )


def _card_of(model: BuiltinModel, result: EvaluateResult) -> BuiltinCard:
    """Return what a report shows of the built-in network."""
    from forecaster.reporting.page import BuiltinCard

    card, measured = model.network.card, measure_builtin(model, result.levels)
    baseline = result.metrics["baseline_name"]
    sizes = {name: (HOME / name).stat().st_size for name in card["files"]}
    return BuiltinCard(
        name=model.name,
        version=model.version,
        window=model.window,
        packages={name: version_of(name) for name in ("forecast-lstm", "numpy", "onnxruntime")},
        metrics=Metrics(**measured) if measured else replace(NOT_TRAINED, baseline_name=baseline),
        files={name: FileFacts(sha256=hash_, bytes=sizes[name]) for name, hash_ in card["files"].items()},
        card=card,
    )
