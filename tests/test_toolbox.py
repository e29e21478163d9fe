"""Cells, losses, optimisers, schedules and intervals together: whatever is chosen trains, is saved, and forecasts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecaster import jobs
from forecaster.base.records import dump
from forecaster.config import ModelSettings, PredictSettings, StoreSettings, TrainSettings
from forecaster.config.binder import keys_of
from forecaster.data.grid import read_panel
from forecaster.model import store
from forecaster.scoring.kinds import Task, forecast_kind
from tests.conftest import monthly_csv
from tests.covering import covering

OPTIONS = "cell activation bidirectional attention units loss optimizer schedule weight-decay intervals quantile-levels"


def train_and_predict(folder: Path, **options: Any) -> store.SavedModel:
    """Train a tiny model, load it from its folder and forecast with it; publishing has run its probe."""
    data = monthly_csv(folder / "data.csv", 60)
    of_model = {name: options.pop(name) for name in [*options] if name in ModelSettings.__dataclass_fields__}
    job = jobs.TrainJob(
        data=str(data),
        model=ModelSettings(**{"units": "4,3", "horizon": 6, **of_model}),
        training=TrainSettings(steps=3, ensemble=1, preset="fast", **options),
        store=StoreSettings(models_dir=folder / "models", from_="none"),
    )
    model = jobs.train(job).model
    asked = PredictSettings(output="-", levels="50,80,95", ledger="none")
    forecasts = [
        jobs.predict(jobs.PredictJob(data=str(data), settings=asked, models_dir=folder / "models")).text.splitlines()
        for _ in range(2)
    ]
    assert forecasts[0] == forecasts[1]  # the same answer each time, whatever is drawn
    rows = np.array([[float(cell) for cell in line.split(",")[1:-1]] for line in forecasts[0][1:]])
    point, low, high = rows[:, 0], rows[:, 1::2], rows[:, 2::2]
    assert rows.shape == (6, 7)
    assert (np.diff(low, axis=1) <= 0).all()
    assert (np.diff(high, axis=1) >= 0).all()
    assert ((low <= point[:, None]) & (point[:, None] <= high)).all()
    assert {line.split(",")[-1] for line in forecasts[0][1:]} == {of_model.get("cell", "lstm")}
    return model


CHOICES: list[dict[str, Any]] = [
    {"cell": "gru", "bidirectional": True, "loss": "log-cosh", "optimizer": "rmsprop", "schedule": "plateau"},
    {"cell": "peephole", "loss": "log-cosh", "optimizer": "adamw", "weight_decay": 0.1},
    {"cell": "rnn", "attention": True, "activation": "relu", "intervals": "quantile", "optimizer": "sgd"},
    {"intervals": "mc-dropout", "loss": "quantile", "quantile_levels": "60", "schedule": "constant", "segment": 1},
]


@pytest.mark.parametrize(
    "chosen",
    [pytest.param(c, marks=[] if "attention" in c else pytest.mark.slow) for c in CHOICES],
    ids=[" ".join(map(str, chosen.values())) for chosen in CHOICES],
)
def test_what_is_chosen_trains_is_saved_and_forecasts(tmp_path: Path, chosen: dict[str, Any]) -> None:
    model = train_and_predict(tmp_path, **chosen)
    kept = dump(model.manifest.network) | dump(model.manifest.fit) | {"segment": model.window.segment}
    kept["quantile_levels"] = ",".join(f"{level:g}" for level in kept["quantiles"])
    assert {name: kept[name] for name in chosen} == chosen


PRODUCT = [
    (cell, bidirectional, attention, loss, intervals)
    for cell in ("lstm", "gru", "peephole", "rnn")
    for bidirectional in (False, True)
    for attention in (False, True)
    for loss in ("mse", "mae", "huber", "log-cosh", "quantile")
    for intervals in ("conformal", "quantile", "mc-dropout")
    if intervals != "quantile" or loss == "quantile"
]


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "bidirectional", "attention", "loss", "intervals"), covering(PRODUCT, 3))
def test_combinations_train_are_saved_and_forecast(
    tmp_path: Path, cell: str, bidirectional: bool, attention: bool, loss: str, intervals: str
) -> None:
    chosen = {"cell": cell, "bidirectional": bidirectional, "attention": attention, "loss": loss}
    train_and_predict(tmp_path, **chosen, intervals=intervals)


@pytest.mark.parametrize("intervals", ["quantile", pytest.param("mc-dropout", marks=pytest.mark.slow)])
def test_a_comparison_has_the_same_choices(tmp_path: Path, intervals: str) -> None:
    panel = read_panel(str(monthly_csv(tmp_path / "data.csv", 60)))
    settings = TrainSettings(steps=3, ensemble=1, intervals=intervals)  # type: ignore[arg-type]
    task = Task(season=12, horizon=6, levels=(80.0,), model=ModelSettings(units="4", cell="gru"), training=settings)
    [(_, low, high)] = forecast_kind("lstm", panel, task).intervals
    assert (low < high).all()


@pytest.mark.parametrize("job", [jobs.TrainJob, jobs.CompareJob])
def test_every_choice_is_a_key_of_a_job_file(job: type) -> None:
    assert set(OPTIONS.split()) <= keys_of(job).keys()
