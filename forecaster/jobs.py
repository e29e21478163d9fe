"""The use cases, one short function each. They only sequence calls: the work is done in the rooms above.

Nothing here prints or asks the clock; whoever calls passes the time and is told by `Events` how far things are.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster import baselines, files, metrics, store
from forecaster.arrow import return_memory
from forecaster.calibration import Calibration, Residuals, make_answers
from forecaster.config import ModelSettings, PredictSettings, ReadSettings, StoreSettings, TrainSettings, parse_levels
from forecaster.errors import GateError, MissingError, UsageError
from forecaster.forecast import Forecast
from forecaster.panel import Panel, read_panel
from forecaster.plan import Plan, choose_season, make_plan
from forecaster.predictor import make_forecast
from forecaster.runtime import prepare_keras
from forecaster.windows import Ints, cut_targets, cut_windows, restore, window_roughness

if TYPE_CHECKING:
    from forecaster.training import Progress, Trained

LEVELS = (80.0, 95.0)
"""Interval levels that training measures coverage of, in percent."""

PACKAGES = ("tensorflow", "keras", "numpy", "pandas", "onnxruntime", "tf2onnx")


def _nothing(_: object) -> None:
    """Do nothing with an event."""


@dataclass(frozen=True, kw_only=True)
class Events:
    """What somebody may want to see while a job runs."""

    on_panel: Callable[[Panel], None] = _nothing
    on_plan: Callable[[Plan], None] = _nothing
    on_progress: Callable[[Progress], None] = _nothing


@dataclass(frozen=True, kw_only=True)
class TrainJob:
    """Everything that `train` is told.

    Attributes:
        data: Path of the data file, or `-` for stdin.
        created: When it was started, ISO 8601 in UTC; only recorded.
    """

    data: str
    reading: ReadSettings = field(default_factory=ReadSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    training: TrainSettings = field(default_factory=TrainSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    created: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainResult:
    """A published model, and what it was made from."""

    model: store.Model
    panel: Panel
    plan: Plan
    metrics: dict[str, Any]
    seconds: float

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        return {
            "model": self.model.name,
            "version": self.model.version,
            "folder": str(self.model.folder),
            "data": self.panel.source,
            "series": self.panel.n_series,
            "frequency": self.panel.frequency.alias,
            "plan": dict(self.plan.choices()),
            "metrics": self.metrics,
            "skipped": [{"series": name, "reason": reason} for name, reason in self.panel.skipped],
            "findings": [asdict(finding) for finding in self.panel.findings],
            "seconds": round(self.seconds, 3),
        }


def train(job: TrainJob, events: Events = Events()) -> TrainResult:
    """Read, plan, train, measure on held-out windows against seasonal naive, and publish a new model version.

    Raises:
        ForecastError: Of the kind that says what went wrong; nothing was published, and what was there is untouched.
    """
    began = time.monotonic()
    root, name = models_folder(job.store.models_dir), job.store.name or name_of(job.data)
    store.check_name(name)
    panel = read_panel(job.data, job.reading)
    events.on_panel(panel)
    plan = make_plan(panel, choose_season(panel, job.reading.season_length), job.model, job.training)
    events.on_plan(plan)
    files.make_folder(root)
    return_memory()
    prepare_keras()
    from forecaster.network import serving_graph
    from forecaster.training import train_ensemble

    trained = train_ensemble(panel.values, plan, job.training.device, events.on_progress)
    measured, calibration = measure(panel, plan, trained)
    check_skill(measured, job.store.min_skill)
    graph = serving_graph(plan.network, trained.members)
    draft = store.Draft(
        schema=replace(panel.schema, season_length=plan.season), window=plan.window, network=plan.network, fit=plan.fit,
        season=plan.season, graph=graph, members=trained.members, calibration=calibration,
        probe=make_probe(panel, plan, trained), metrics=measured, facts=_facts(job, panel, trained),
    )  # fmt: skip
    model = store.publish_model(root, name, draft, job.store.lock_wait)
    return TrainResult(model=model, panel=panel, plan=plan, metrics=measured, seconds=time.monotonic() - began)


def measure(panel: Panel, plan: Plan, trained: Trained) -> tuple[dict[str, Any], Calibration]:
    """Score the held-out windows against seasonal naive, and calibrate the intervals on them.

    Coverage is measured across folds: half the windows are covered by intervals calibrated on the other half.
    """
    starts, ends, series = plan.held_out.all()
    windows = cut_windows(panel.values, starts, ends, plan.window)
    roughness = window_roughness(panel.values, starts, ends, plan.window)
    answers = make_answers(windows, roughness, trained.held_out)
    residuals = Residuals(
        errors=(cut_targets(panel.values, ends, windows) - answers.outputs) * windows.scale,
        answers=answers,
        folds=folds_of(series),
        independent=len(ends) * min(1.0, plan.held_out.stride / plan.window.horizon + 1 / plan.held_out.count.max()),
    )
    evaluation = metrics.Evaluation(
        actual=panel.values[ends[:, None] + np.arange(plan.window.horizon)],
        forecast=restore(answers.outputs, windows),
        scale=metrics.seasonal_error(panel.values, starts, ends, plan.season),
        rms_scale=metrics.seasonal_rms_error(panel.values, starts, ends, plan.season),
        series=series,
        intervals=residuals.cross_intervals(LEVELS),
    )
    naive = baselines.seasonal_naive(panel.values, starts, ends, plan.season, plan.window.horizon)
    scores = metrics.score_against(evaluation, naive, panel.n_series)
    measured = {
        "windows": scores.windows,
        "season_length": plan.season,
        "levels": list(LEVELS),
        "baseline_name": "seasonal naive" if plan.season > 1 else "naive",
        "skill": scores.skill,
        "model": scores.model.overall,
        "baseline": scores.baseline.overall,
        "by_lead": scores.model.by_lead,
    }
    return measured, residuals.calibrate()


def folds_of(series: Ints) -> Ints:
    """Split windows [N] in two: by series where there are several, else the older half and the newer half."""
    if len(np.unique(series)) >= 20:
        return np.unique(series, return_inverse=True)[1] % 2
    nth = np.arange(len(series)) - np.searchsorted(series, series)
    return (nth >= np.bincount(series)[series] / 2).astype(np.int64)


def check_skill(measured: dict[str, Any], min_skill: float | None) -> None:
    """Refuse a model that is not better than the baseline by as much as was asked.

    Raises:
        GateError: Its skill is lower, or undefined.
    """
    skill = measured["skill"]
    if min_skill is not None and (skill is None or skill < min_skill):
        shown = "undefined" if skill is None else f"{skill:.3f}"
        raise GateError(
            f"nothing was published: the skill over {measured['baseline_name']} is {shown}, below {min_skill:g}",
            hint="Train longer (--preset best), give more data, or lower --min-skill",
        )


def make_probe(panel: Panel, plan: Plan, trained: Trained) -> tuple[np.ndarray, np.ndarray]:
    """Return windows at the end of up to 16 series and the trained networks' answers to them."""
    from forecaster.training import answer

    chosen = np.unique(np.linspace(0, panel.n_series - 1, min(16, panel.n_series)).astype(int))
    windows = cut_windows(panel.values, panel.offsets[:-1][chosen], panel.offsets[1:][chosen], plan.window)
    return windows.inputs, answer(plan.network, trained.members, windows.inputs)


def _facts(job: TrainJob, panel: Panel, trained: Trained) -> dict[str, Any]:
    """Return what the manifest records beside what `predict` needs."""
    return {
        "created": job.created,
        "data": {
            "source": panel.source if panel.source == "-" else str(Path(panel.source).resolve()),
            "sha256": panel.sha256,
            "rows": panel.rows,
            "series": panel.n_series,
            "frequency": panel.frequency.alias,
            "skipped": len(panel.skipped),
        },
        "device": trained.device,
        "best_steps": trained.best_steps,
        "curve": [{"member": p.member, "step": p.step, "loss": p.loss, "held_out": p.held_out} for p in trained.curve],
        "packages": {"forecast-lstm": _version_of("forecast-lstm"), **{name: _version_of(name) for name in PACKAGES}},
    }


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@dataclass(frozen=True, kw_only=True)
class PredictJob:
    """Everything that `predict` is told.

    Attributes:
        data: Path of the data file, `-` for stdin, or None for the file that the model was trained on, read afresh.
        models_dir: Folder of all models, or None for the default.
    """

    data: str | None = None
    settings: PredictSettings = field(default_factory=PredictSettings)
    models_dir: Path | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class PredictResult:
    """A forecast, and the file that it was written to.

    Attributes:
        output: The file, or None when `text` is to go to stdout.
        text: The forecast file's content.
    """

    forecast: Forecast
    model: store.Model
    panel: Panel
    output: Path | None
    text: str

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        names, counts = np.unique(self.forecast.methods.astype(str), return_counts=True)
        return {
            "model": self.model.name,
            "version": self.model.version,
            "data": self.panel.source,
            "output": None if self.output is None else str(self.output),
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
    settings, levels = job.settings, parse_levels(job.settings.levels)
    output = None if settings.output == "-" else Path(settings.output)
    if output is not None:
        files.check_writable(output)
    root = models_folder(job.models_dir)
    model = store.load_model(root, settings.model or choose_model(root, job.data))
    source = job.data or model.manifest["data"]["source"]
    if output is not None and source != "-" and output.exists() and Path(source).exists() and output.samefile(source):
        raise UsageError(f"--output {output} is the data file itself", hint="Name another file")
    if source == "-" and job.data is None:
        raise UsageError(f"model {model.name!r} was trained on stdin", hint="Name a data file: forecast predict DATA")
    panel = read_panel(source, ReadSettings(), model.schema)
    events.on_panel(panel)
    forecast = make_forecast(model, panel, settings.horizon, levels)
    text = forecast.to_csv()
    if output is not None:
        files.write_file(output, text.encode())
    return PredictResult(forecast=forecast, model=model, panel=panel, output=output, text=text)


def list_models(models_dir: Path | None) -> list[dict[str, Any]]:
    """Return one row for each model: its current version, when it was made, from what, and how good it is."""
    root, rows = models_folder(models_dir), []
    for name in store.list_models(root):
        folder, _, current = store.find_version(root, name)
        manifest = store.read_manifest(folder)
        rows.append({
            "name": name,
            "version": current,
            "created": manifest["created"],
            "series": manifest["data"]["series"],
            "frequency": manifest["data"]["frequency"],
            "horizon": manifest["window"]["horizon"],
            "mase": manifest["metrics"]["model"]["mase"],
            "skill": manifest["metrics"]["skill"],
        })  # fmt: skip
    return rows


def show_model(name: str, models_dir: Path | None) -> dict[str, Any]:
    """Return a version's manifest, with the list of all versions of the model."""
    root = models_folder(models_dir)
    folder, name, _ = store.find_version(root, name)
    return {"folder": str(folder), "versions": store.list_versions(root / name), **store.read_manifest(folder)}


def models_folder(given: Path | None) -> Path:
    """Return the folder of all models: the given one, else `$FORECAST_MODELS`, else `./models`."""
    return given or Path(os.environ.get("FORECAST_MODELS") or "models")


def name_of(data: str) -> str:
    """Return the default name of a model: the data file's stem, with what a name may not hold replaced by `-`."""
    stem = Path(data).name.removesuffix(".gz")
    stem = "stdin" if data == "-" else stem.rsplit(".", 1)[0] if "." in stem[1:] else stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or "model"


def choose_model(root: Path, data: str | None) -> str:
    """Return the model to use when none was named: the data file's, or the only one.

    Raises:
        MissingError: There is none.
        UsageError: There are several, and none has the data file's name.
    """
    names = store.list_models(root)
    if not names:
        raise MissingError(f"no model in {root}", hint="Run: forecast train DATA")
    if data is not None and name_of(data) in names:
        return name_of(data)
    if len(names) == 1:
        return names[0]
    raise UsageError(f"several models in {root}: {', '.join(names)}", hint=f"Choose one: --model {names[0]}")
