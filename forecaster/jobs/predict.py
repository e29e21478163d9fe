"""From a saved model and a data file to a forecast file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.base import files
from forecaster.base.errors import ForecastError
from forecaster.config import FreshSettings, PredictSettings, parse_levels, parse_quantiles
from forecaster.data.age import Age, age_of, limits_of
from forecaster.data.frames import as_times
from forecaster.data.panel import Panel
from forecaster.data.source import Data
from forecaster.jobs.brief import brief
from forecaster.jobs.events import Events
from forecaster.jobs.futures import Futures, check_files, imagine, levels_of, write_futures
from forecaster.jobs.names import check_outputs, load_asked, models_folder, source_of
from forecaster.jobs.opening import read_for
from forecaster.model import ledger, store
from forecaster.model.forecast import Forecast
from forecaster.model.predictor import check_horizon, make_forecast
from forecaster.model.quantiles import levels_with
from forecaster.model.recursion import check_rounds, forecast_recursively

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class PredictJob:
    """Everything that `predict` is told.

    Attributes:
        data: Path of the data file, `-` for stdin, data in memory, or None for the file that the model was trained
            on, read afresh.
        models_dir: Folder of all models, or None for the default.
        now: The time of the run, aware; without it the age of the data is not known.
    """

    data: Data | None = None
    settings: PredictSettings = field(default_factory=PredictSettings)
    fresh: FreshSettings = field(default_factory=FreshSettings)
    models_dir: Path | None = None
    now: datetime | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class PredictResult:
    """A forecast, and the file that it was written to.

    Attributes:
        output: The file, or None when `text` is to go to stdout.
        text: The forecast file's content.
        age: How old the data is.
        futures: Sample paths and totals, as far as they were asked for.
        warnings: What did not go as it should, though the forecast is whole.
    """

    forecast: Forecast
    model: store.SavedModel
    panel: Panel
    output: Path | None
    text: str
    age: Age | None = None
    futures: Futures = field(default_factory=Futures)
    warnings: tuple[str, ...] = ()

    __repr__ = brief

    @property
    def skill(self) -> float | None:
        """Skill of the model over its baseline, as measured in training."""
        skill = self.model.manifest.metrics.skill
        return None if skill is None else float(skill)

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """(id, reason) of series that were not forecast."""
        return self.panel.skipped

    def to_frame(self) -> pd.DataFrame:
        """Return the forecast file as a DataFrame, with stamps as pandas has them."""
        frame, ahead = self.forecast.to_frame(), self.forecast.values.shape[1]
        stamps = self.panel.frequency.future(self.panel.ends, ahead).ravel()
        frame[self.forecast.time_column] = as_times(stamps, self.panel.schema.tz)
        return frame

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        names, counts = np.unique(self.forecast.last_methods().astype(str), return_counts=True)
        return {
            "model": self.model.name,
            "version": self.model.version,
            "data": self.panel.source,
            **(self.age.summary() if self.age else {}),
            "output": None if self.output is None else str(self.output),
            **({"paths": self.futures.paths.count} if self.futures.paths else {}),
            **({"totals": self.futures.totals.records()} if self.futures.totals else {}),
            "series": self.panel.n_series,
            "horizon": self.forecast.values.shape[1],
            "rows": int(self.forecast.values.size),
            "methods": dict(zip(names.tolist(), counts.tolist(), strict=True)),
            "skipped": [{"series": name, "reason": reason} for name, reason in self.panel.skipped],
            "findings": [asdict(finding) for finding in self.panel.findings],
        }


def predict(job: PredictJob, events: Events = Events()) -> PredictResult:
    """Forecast every series of the data file after its end, with a saved model, and write the forecast file.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written, an old one is untouched.
    """
    settings, levels, limits = job.settings, parse_levels(job.settings.levels), limits_of(job.fresh)
    quantiles = parse_quantiles(settings.quantiles)
    output = None if settings.output == "-" else Path(settings.output)
    if output is not None:
        files.check_writable(output)
    check_files(settings, (output,))
    root = models_folder(job.models_dir)
    model = load_asked(root, settings.model, job.data)
    source = source_of(model, job.data)
    written = {"--output": output, "--paths-output": settings.paths_output, "--totals-output": settings.totals_output}
    check_outputs(written, source, settings.future)
    steps, is_recursive = _reach(model, settings)
    panel = read_for(model, source, as_of=job.fresh.as_of, future=settings.future, steps=steps)
    events.on_panel(panel)
    age = age_of(panel, job.now)
    events.on_age(age)
    age = limits.judge(age, panel.source)
    whole = (forecast_recursively if is_recursive else make_forecast)(
        model, panel, steps, levels_with((*levels, *levels_of(settings)), quantiles)
    )
    futures = imagine(model, panel, whole, settings, (levels, quantiles))
    forecast = whole.narrowed(levels, quantiles)
    text = (forecast.for_spreadsheets() if settings.spreadsheet_safe else forecast).to_csv()
    issued = "" if job.now is None else job.now.isoformat(timespec="seconds")
    warnings = (*age.warnings(panel.source), *futures.warnings)
    warnings += _enter(job, ledger.make_issue(model, panel, forecast, issued), root)
    write_futures(futures, panel, settings)
    if output is not None:
        events.on_state(f"{output} is the old file or the new one, whole")
        files.write_file(output, text.encode())
    return PredictResult(
        forecast=forecast,
        model=model,
        panel=panel,
        output=output,
        text=text,
        age=age,
        warnings=warnings,
        futures=futures,
    )


def _reach(model: store.SavedModel, settings: PredictSettings) -> tuple[int, bool]:
    """Return how many steps to forecast, and whether that takes more than one round."""
    steps = settings.horizon or model.window.horizon
    if settings.recursive and check_rounds(model, steps) > 1:
        return steps, True
    return check_horizon(model, settings.horizon), False


def _enter(job: PredictJob, issue: ledger.Issue, root: Path) -> tuple[str, ...]:
    """Enter a forecast into the ledger, before it is published: nothing is issued that the ledger does not know.

    A ledger that was asked for must work; the model's own only warns: a store that others own may be read-only.
    """
    given = job.settings.ledger
    if given == "none":
        return ()
    try:
        ledger.enter(Path(given) if given else root / issue.model / ledger.FOLDER, issue)
    except ForecastError as fault:
        if given:
            raise
        return (f"this forecast is not in the ledger: {fault.message}; choose another with --ledger DIR, or none",)
    return ()
