"""The same use cases for notebooks: settings are keywords, spelled as the flags are, and results have `to_frame()`.

    from forecaster import evaluate, train

    model = train("sales.csv", horizon=12, preset="fast")
    model.predict(levels=(80, 95)).to_frame()
    evaluate(model, windows=4).to_frame("lead")

Data is a path or a pandas DataFrame. A fault is raised as a `ForecastError`, its hint as a note of the exception; what
the command line writes to stderr though the work is done (series that were skipped, stale data) is a `ForecastWarning`.
As `cli` is for the terminal, this room is the one that reads the clock for a notebook.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecaster import jobs
from forecaster.base.errors import ForecastError, UsageError
from forecaster.base.records import dump
from forecaster.config.binder import keys_of
from forecaster.config.keywords import in_keywords, make, takes
from forecaster.config.spelling import as_keywords
from forecaster.data.frames import as_data
from forecaster.data.grid import read_panel as read
from forecaster.data.panel import Panel
from forecaster.data.source import Data
from forecaster.jobs.names import load_asked, models_folder
from forecaster.model import store
from forecaster.model.builtin import NAME, is_builtin
from forecaster.reporting.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

    Table = Data | pd.DataFrame | pd.Series[Any]

__all__ = [
    "ForecastError",
    "ForecastWarning",
    "Model",
    "check",
    "compare",
    "compare_futures",
    "compare_versions",
    "evaluate",
    "explain",
    "find_anomalies",
    "forecast",
    "list_models",
    "load_model",
    "predict",
    "read_gates",
    "read_panel",
    "report",
    "score",
    "train",
]

KINDS = {key.field: key.kind for job in (jobs.TrainJob, jobs.PredictJob) for key in keys_of(job).values()}
"""Settings that messages name, with their types."""

MOST_NAMES = 5
"""Series that a warning names."""


class ForecastWarning(UserWarning):
    """Something did not go as it should, though what was asked for is done."""


def _warn(skipped: Sequence[tuple[str, str]], *messages: str) -> None:
    """Warn of series that were skipped, (id, reason), and of whatever else."""
    names = ", ".join(name for name, _ in skipped[:MOST_NAMES]) + (", …" if len(skipped) > MOST_NAMES else "")
    left_out = [f"{len(skipped):,} series skipped: {names} (the first: {skipped[0][1]})"] if skipped else []
    for message in [*messages, *left_out]:
        warnings.warn(as_keywords(message, KINDS), ForecastWarning, stacklevel=4)


# ---------------------------------------------------------------------------------------------------- models


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """One version of a saved model, checked and ready to forecast.

    Attributes:
        saved: What was loaded: window, schema, season, manifest, …
        data: What it was trained on where that is no file that could be read again, else None.
    """

    saved: store.SavedModel
    data: Data | None = field(default=None)

    def __repr__(self) -> str:
        facts = self.saved.manifest.data
        return (
            f"<Model {self.reference}: {facts.series:,} series, {facts.frequency}, "
            f"{self.saved.window.horizon} steps ahead>"
        )

    @property
    def reference(self) -> str:
        """`NAME@VERSION`, by which commands and other functions know it."""
        return self.saved.reference

    @property
    def models_dir(self) -> Path:
        """The folder of all models that it lies in."""
        return self.saved.folder.parent.parent.parent

    @property
    def metrics(self) -> dict[str, Any]:
        """What training measured on held-out windows, model and baseline."""
        return dict(dump(self.saved.manifest.metrics))

    def to_frame(self) -> pd.DataFrame:
        """Return what training measured as a DataFrame: one row for the model and one for the baseline."""
        import pandas as pd

        measured = self.metrics
        rows = [("model", measured["model"]), (measured["baseline_name"], measured["baseline"])]
        return pd.DataFrame([{"method": name, **row} for name, row in rows])

    @takes(jobs.PredictJob, "model", "ledger")
    def predict(
        self, data: Table | None = None, *, output: str | Path | None = None, **settings: Any
    ) -> jobs.PredictResult:
        """Forecast with this version: see `forecaster.predict`."""
        return predict(self, data, output=output, **settings)


@in_keywords()
def load_model(name: str | None = None, *, models_dir: str | Path | None = None) -> Model:
    """Load a saved model, and check that it is whole.

    Args:
        name: NAME for its current version, NAME@VERSION, or None for the only model that there is.
        models_dir: Folder of all models; by default `$FORECAST_MODELS`, else `./models`.

    Raises:
        MissingError: There is no such model or version.
        UsageError: There are several, and none was named.
        ModelError: It is corrupt, or of a newer format.
    """
    return Model(load_asked(models_folder(None if models_dir is None else Path(models_dir)), name, None))


@in_keywords()
def list_models(*, models_dir: str | Path | None = None) -> list[dict[str, Any]]:
    """Return one row for each saved model: its current version, when it was made, from what, and how good it is."""
    return jobs.list_models(None if models_dir is None else Path(models_dir))


def _job_of(job: type, model: Model | str, data: Table | None, settings: dict[str, Any], **given: Any) -> Any:
    """Return a job on a model, and on the data given or that it was trained on."""
    future = settings.get("future")
    if not isinstance(future, str | Path | list | tuple | None):  # future rows that are in memory
        made = _job_of(job, model, data, {**settings, "future": None}, **given)
        return replace(made, settings=replace(made.settings, future=as_data(future)))
    if isinstance(model, str) and is_builtin(model):
        if data is None:
            raise UsageError("the built-in network was trained on none of your data", hint="Pass the data")
        return make(job, {**settings, "model": model}, data=as_data(data), **given)
    model = load_model(model) if isinstance(model, str) else model
    used = model.data if data is None else as_data(data)
    return make(job, {**settings, "model": model.reference}, data=used, models_dir=model.models_dir, **given)


# ---------------------------------------------------------------------------------------------------- use cases


@takes(jobs.CheckJob)
def read_panel(data: Table, *, as_of: str | None = None, **settings: Any) -> Panel:
    """Read data of one or many series on a regular grid: what is detected stands in the panel, and in its findings.

    Args:
        data: A path, `-` for standard input, a DataFrame, or a Series.
        as_of: The last stamp that counts, inclusive.
        **settings: How to read it; see below.

    Raises:
        DataError: The content is wrong or ambiguous.
        UsageError: A wrong setting.
    """
    panel = read(as_data(data), make(jobs.CheckJob, settings, data="").reading, as_of=as_of)
    _warn(panel.skipped)
    return panel


@takes(jobs.CheckJob)
def check(data: Table, **settings: Any) -> Verdict:
    """Return the verdict on data: what was detected and how sure, and every finding; as `forecast check` does.

    Args:
        data: A path, or a DataFrame.
        **settings: How to read it; see below.

    Raises:
        ForecastError: The file cannot be opened, or a setting is wrong. Wrong content is a finding.
    """
    verdict = jobs.check(make(jobs.CheckJob, settings, data=as_data(data)))
    return verdict.spelled(*[lambda text: as_keywords(text, KINDS)] * 2)


@takes(jobs.TrainJob)
def train(data: Table, *, events: jobs.Events | None = None, **settings: Any) -> Model:
    """Train a model on data, measure it, and save it as a new version; as `forecast train` does.

    Args:
        data: A path, or a DataFrame.
        events: What to call while it runs, such as `Events(on_progress=…)`.
        **settings: The flags of `forecast train`; see below.

    Returns:
        The new version; what was measured is in its `metrics`.

    Raises:
        GateError: It is not good enough for `min_skill` or `promote_if_better`; what was current stays so.
        ForecastError: Anything else that went wrong; nothing was published.
    """
    now, used = datetime.now(UTC).astimezone(), as_data(data)
    created = now.astimezone(UTC).isoformat(timespec="milliseconds")
    job = make(jobs.TrainJob, settings, data=used, created=created, now=now)
    result = jobs.train(job, events or jobs.Events())
    _warn(result.panel.skipped, *result.warnings)
    return Model(result.model, used if used is not data else None)


@takes(jobs.PredictJob)
def predict(
    model: Model | str,
    data: Table | None = None,
    *,
    output: str | Path | None = None,
    ledger: str | None = None,
    **settings: Any,
) -> jobs.PredictResult:
    """Forecast what comes after the end of data, with a saved model; as `forecast predict` does.

    Args:
        model: A model, NAME or NAME@VERSION, or `builtin` for the network that comes with the package.
        data: A path, or a DataFrame; None is what the model was trained on.
        output: The file to write; None writes none.
        ledger: Folder that remembers what was issued; None is the model's own where a file is written, else none: what
            is not published is not issued.
        **settings: The flags of `forecast predict`; see below.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written.
    """
    asked = {**settings, "output": output or "-", "ledger": ledger or (None if output else "none")}
    result = jobs.predict(_job_of(jobs.PredictJob, model, data, asked, now=datetime.now(UTC).astimezone()))
    _warn(result.skipped, *result.warnings)
    return result


@takes(jobs.EvaluateJob)
def evaluate(model: Model | str, data: Table | None = None, **settings: Any) -> jobs.EvaluateResult:
    """Score a saved model on known data, by rolling origin; as `forecast evaluate` does.

    Args:
        model: A model, NAME or NAME@VERSION, or `builtin` for the network that comes with the package.
        data: A path, or a DataFrame; None is what the model was trained on.
        **settings: The flags of `forecast evaluate`; see below.

    Raises:
        GateError: The model does not reach what was asked.
        ForecastError: Anything else that went wrong; no file was written.
    """
    result = jobs.evaluate(_job_of(jobs.EvaluateJob, model, data, settings))
    windows = f"{result.seen or 0:,} of {result.scores.windows:,} windows"
    _warn(result.skipped, *([f"{windows} lie in the time that the model was trained on"] if result.seen else []))
    return result


@takes(jobs.ReportJob)
def report(
    model: Model | str, data: Table | None = None, *, output: str | Path = "report.html", **settings: Any
) -> jobs.ReportResult:
    """Write one page of HTML that says what a model is worth, and why; as `forecast report` does.

    Args:
        model: A model, NAME or NAME@VERSION, or `builtin` for the network that comes with the package.
        data: A path, or a DataFrame; None is what the model was trained on.
        output: The page to write; one that exists is replaced.
        **settings: The flags of `forecast report`; see below.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written.
    """
    asked = {**settings, "output": output}
    result = jobs.report(_job_of(jobs.ReportJob, model, data, asked, now=datetime.now(UTC).astimezone()))
    _warn(result.evaluation.skipped, *result.warnings)
    return result


@takes(jobs.AnomalyJob)
def find_anomalies(model: Model | str, data: Table | None = None, **settings: Any) -> jobs.AnomalyResult:
    """Find values that are not as they were forecast one step ahead; as `forecast anomalies` does.

    Args:
        model: A model, or NAME or NAME@VERSION.
        data: A path, or a DataFrame; None is what the model was trained on.
        **settings: The flags of `forecast anomalies`; see below.

    Raises:
        GateError: There are more than `max_anomalies`.
        ForecastError: Anything else that went wrong; no file was written.
    """
    result = jobs.anomalies(_job_of(jobs.AnomalyJob, model, data, settings))
    _warn(result.skipped)
    result.check()
    return result


@takes(jobs.ScenarioJob)
def compare_futures(model: Model | str, data: Table, **settings: Any) -> jobs.ScenarioResult:
    """Forecast under several possible futures of the covariates; as `forecast scenario` does.

    Args:
        model: A model, or NAME or NAME@VERSION.
        data: A path, or a DataFrame.
        **settings: The flags of `forecast scenario`; see below.

    Raises:
        DataError: A covariate has values ahead that it never had in the history of the data.
        ForecastError: Anything else that went wrong; no file was written.
    """
    result = jobs.scenario(_job_of(jobs.ScenarioJob, model, data, settings))
    _warn(result.skipped, *result.warnings)
    return result


@takes(jobs.ExplainJob, "gates")
def explain(model: Model | str, data: Table | None = None, **settings: Any) -> jobs.ExplainResult:
    """Find which past values move a model's forecasts, and how far; as `forecast explain` does.

    Args:
        model: A model, NAME or NAME@VERSION, or `builtin` for the network that comes with the package.
        data: A path, or a DataFrame; None is what the model was trained on.
        **settings: The flags of `forecast explain`; see below.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written.
    """
    result = jobs.explain(_job_of(jobs.ExplainJob, model, data, settings))
    _warn(result.skipped)
    return result


@takes(jobs.ExplainJob, "gates", "sample", "leads", "horizon")
def read_gates(model: Model | str, data: Table | None = None, **settings: Any) -> jobs.GatesResult:
    """Return the gates and states of a model's first network over one series; as `forecast explain --gates` does.

    Args:
        model: A model, NAME or NAME@VERSION, or `builtin` for the network that comes with the package.
        data: A path, or a DataFrame; None is what the model was trained on.
        **settings: The flags of `forecast explain`; see below.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written.
    """
    return jobs.read_gates(_job_of(jobs.ExplainJob, model, data, settings))


@takes(jobs.CompareJob)
def compare(data: Table, *, events: jobs.Events | None = None, **settings: Any) -> jobs.CompareResult:
    """Let kinds of methods learn anew at each cutoff, and score them on the same windows; as `forecast compare` does.

    Args:
        data: A path, or a DataFrame.
        events: What to call while it runs, such as `Events(on_share=…)`.
        **settings: The flags of `forecast compare`; see below.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written.
    """
    result = jobs.compare(make(jobs.CompareJob, settings, data=as_data(data)), events or jobs.Events())
    _warn(result.skipped)
    return result


@takes(jobs.SuccessionJob)
def compare_versions(
    old: Model | str, new: Model | str, data: Table | None = None, **settings: Any
) -> jobs.SuccessionResult:
    """Compare two versions, and split the difference of their forecasts; as `forecast models compare` does.

    Args:
        old: The version that was used: a model, or NAME@VERSION.
        new: The version that is.
        data: A path, or a DataFrame; None is what `new` was trained on.
        **settings: The flags of `forecast models compare`; see below.

    Raises:
        ModelError: They forecast different things, or one is corrupt.
        ForecastError: Anything else that went wrong.
    """
    one, other = (load_model(model) if isinstance(model, str) else model for model in (old, new))
    given = {"old": one.reference, "new": other.reference, "models_dir": other.models_dir}
    used = other.data if data is None else as_data(data)
    result = jobs.compare_versions(make(jobs.SuccessionJob, settings, data=used, **given))
    _warn(result.skipped)
    return result


@takes(jobs.PredictJob, "model", "recursive")
def forecast(
    data: Table, *, horizon: int | None = None, output: str | Path | None = None, **settings: Any
) -> jobs.PredictResult:
    """Forecast at once what comes after the end of data, with the built-in network: nothing is trained or saved.

        forecaster.forecast(frame, horizon=12).to_frame()

    Args:
        data: A path, a DataFrame, or a Series.
        horizon: Steps to forecast; None is what a training on this data would take.
        output: The file to write; None writes none.
        **settings: The flags of `forecast predict`, those of reading the data included; see below.

    Returns:
        The forecast; what was detected and measured on the data's own past is in its `summary()`.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written.
    """
    return predict(NAME, data, output=output, horizon=horizon, **settings)


@takes(jobs.ScoreJob)
def score(model: Model | str, actuals: Table, **settings: Any) -> jobs.ScoreResult:
    """Score the forecasts that a model issued against the actual values; as `forecast score` does.

    Args:
        model: A model, or NAME or NAME@VERSION; with a version only what that one issued.
        actuals: A path, or a DataFrame, with the actual values.
        **settings: The flags of `forecast score`; see below.

    Raises:
        GateError: Live quality has left the limits that were given.
        ForecastError: Anything else that went wrong.
    """
    name, root = (model, None) if isinstance(model, str) else (model.reference, model.models_dir)
    job = make(jobs.ScoreJob, {**settings, "model": name}, actuals=as_data(actuals), models_dir=root)
    result = jobs.score(job)
    _warn((), *(f"left out of the scores: {part.path}: {part.reason}" for part in result.unreadable))
    return result
