"""How the tests of the command line run it: as a program would, and as a person at a terminal would."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from forecaster import jobs
from forecaster.cli import output, progress
from forecaster.cli.app import app
from forecaster.config import HERE_ALONE, WorkerSettings
from forecaster.data.age import Age
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.model.forecast import Forecast
from forecaster.model.manifest import Metrics
from forecaster.model.version import read_manifest
from forecaster.model.windows import WindowShape
from forecaster.scoring.challenge import ChallengeResult
from tests.saved import NEWEST, version_of

Run = Callable[..., Result]


class Seen(NamedTuple):
    """What a person saw, and the exit code."""

    stdout: str
    stderr: str
    code: Any


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder, in a terminal without colour, with nothing set by whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("FORECAST_MODELS", "FORECAST_DEBUG", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "dumb")


@pytest.fixture
def run() -> Run:
    """Run a command line whose stdout and stderr are no terminals."""
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def see(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Seen]:
    """Run a command line at a terminal of a given width."""

    def see(*arguments: object, width: int = 80) -> Seen:
        out, err = Terminal(), Terminal()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        for module in (output, progress, *(sys.modules[f"forecaster.cli.{name}"] for name in ("check", "predict"))):
            monkeypatch.setattr(module, "width_of", lambda stream: width if stream.isatty() else output.ENDLESS)
        with pytest.raises(SystemExit) as ended:
            typer.main.get_command(app).main([str(argument) for argument in arguments])
        return Seen(out.getvalue(), err.getvalue(), ended.value.code)

    return see


def panel_of(folder: Path, ids: tuple[str, ...] = ("a",), short: str = "") -> Panel:
    """Return a panel of monthly series of 60 steps; the series `short` is left out for its holes."""
    lines = ["id,month,sales"]
    for name in ids:
        steps = [0, 59] if name == short else range(60)
        lines += [f'"{name}",{2020 + t // 12}-{t % 12 + 1:02d}-01,{100 + t + 10 * (t % 12)}' for t in steps]
    path = folder / "sales.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return read_panel(path)


ROW = {
    "mae": 1.5,
    "mse": 4.0,
    "rmse": 2.0,
    "smape": 10.0,
    "mape": None,
    "wape": 9.0,
    "mase": 0.75,
    "rmsse": 0.8,
    "bias": -0.25,
}
INTERVALS = {"coverage-80": 0.79, "width-80": 3.0, "coverage-95": 0.94, "width-95": 5.0}


def metrics_of(skill: float | None = 0.25) -> dict[str, Any]:
    """Return metrics as a job does."""
    return {
        "windows": 40,
        "season_length": 12,
        "levels": [80.0, 95.0],
        "baseline_name": "seasonal naive",
        "skill": skill,
        "model": ROW | INTERVALS,
        "baseline": ROW | {"mase": 1.0},
        "by_lead": {"mase": [0.7, 0.8]},
    }


TINY = read_manifest(version_of(NEWEST))
MODEL = SimpleNamespace(
    name="sales",
    version="v000001",
    folder=Path("models/sales/versions/v000001"),
    manifest=replace(TINY, name="sales", metrics=Metrics(**metrics_of())),
    encodings=(),
    window=WindowShape(lookback=12, segment=3, horizon=3, season=12),
)


class FakeJobs:
    """Stands in for `forecaster.jobs`: keeps what it was told, tells what it was given.

    Attributes:
        told: The last job.
        panel: What was read.
        skill: What training reaches.
        resumed: Whether training goes on from a checkpoint.
        verdict: How the new version does against the current one.
        fault: Raised instead of an answer.
        age: How old the data is.
        warnings: What is odd about the plan.
    """

    def __init__(self, folder: Path) -> None:
        self.told: Any = None
        self.panel = panel_of(folder)
        self.skill: float | None = 0.25
        self.fault: BaseException | None = None
        self.resumed: bool | None = None
        self.verdict: ChallengeResult | None = None
        self.age: Age | None = None
        self.warnings: list[str] = []

    def train(self, job: jobs.TrainJob, events: jobs.Events, workers: WorkerSettings = HERE_ALONE) -> jobs.TrainResult:
        self.told = job
        events.on_panel(self.panel)
        if self.age:
            events.on_age(self.age)
        chosen = [("horizon", "3 steps"), ("lookback", "36 steps in 6 segments of 6")]
        plan = SimpleNamespace(choices=lambda: chosen, warnings=lambda device: self.warnings)
        events.on_plan(plan)
        events.on_start(self.resumed)
        for member, held_out in ((1, None), (1, 0.5), (2, 0.25)):
            events.on_progress(
                SimpleNamespace(
                    stage="measure",
                    member=member,
                    members=2,
                    step=20,
                    steps=20,
                    loss=0.125,
                    held_out=held_out,
                    done=0.5,
                )
            )
        if self.fault:
            raise self.fault
        return jobs.TrainResult(
            model=MODEL,
            panel=self.panel,
            plan=plan,
            metrics=metrics_of(self.skill),
            seconds=1.0,
            verdict=self.verdict,
            age=self.age,
        )

    def predict(self, job: jobs.PredictJob, events: jobs.Events) -> jobs.PredictResult:
        self.told = job
        events.on_panel(self.panel)
        if self.age:
            events.on_age(self.age)
        if self.fault:
            raise self.fault
        values = np.array([panel[-3:] for panel in map(self.panel.series, range(self.panel.n_series))])
        forecast = Forecast(
            ids=self.panel.ids,
            stamps=self.panel.future_stamps(3),
            values=values,
            intervals=((80.0, values - 50, values + 50), (95.0, values - 90, values + 90)),
            methods=np.array(["lstm"] * len(values), dtype=object),
            id_column=self.panel.schema.id,
            time_column="month",
        )
        text = forecast.to_frame().to_csv(index=False, lineterminator="\n")
        path = None if job.settings.output == "-" else Path(job.settings.output)
        if path:
            path.write_text(text, "utf-8")
        return jobs.PredictResult(
            forecast=forecast,
            model=MODEL,
            panel=self.panel,
            output=path,
            text=text,
            age=self.age,
            warnings=self.age.warnings("sales.csv") if self.age else (),
        )


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeJobs:
    """Put fake jobs behind the command line."""
    fake = FakeJobs(tmp_path)
    monkeypatch.setattr(jobs, "train", fake.train)
    monkeypatch.setattr(jobs, "predict", fake.predict)
    return fake
