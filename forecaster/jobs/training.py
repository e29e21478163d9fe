"""From a data file to a published model."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster import files, store
from forecaster.arrow import return_memory
from forecaster.backtest import measure
from forecaster.config import ModelSettings, ReadSettings, StoreSettings, TrainSettings
from forecaster.errors import GateError
from forecaster.jobs.events import Events
from forecaster.jobs.names import models_folder, name_of
from forecaster.panel import Panel, read_panel
from forecaster.plan import Plan
from forecaster.planner import choose_season, make_plan
from forecaster.runtime import prepare_keras
from forecaster.windows import cut_windows

if TYPE_CHECKING:
    from forecaster.training import Trained

PACKAGES = ("tensorflow", "keras", "numpy", "pandas", "onnxruntime", "tf2onnx")


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
    root = models_folder(job.store.models_dir)
    name = store.check_name(name_of(job.data) if job.store.name is None else job.store.name)
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
    from forecaster.training import ensemble

    chosen = np.unique(np.linspace(0, panel.n_series - 1, min(16, panel.n_series)).astype(int))
    windows = cut_windows(panel.values, panel.offsets[:-1][chosen], panel.offsets[1:][chosen], plan.window)
    return windows.inputs, ensemble(plan.network, trained.members)(windows.inputs)


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
            "last": str(panel.write(panel.ends.max())),
            "last_stamp": int(panel.ends.max().astype(np.int64)),
            "findings": [finding.message for finding in panel.findings],
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
