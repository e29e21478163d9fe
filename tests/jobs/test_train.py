"""Training: measured against the baseline, published only where asked for, and gone on with."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from forecaster import jobs
from forecaster.base.errors import GateError, ModelError
from forecaster.config import ModelSettings, PredictSettings, ReadSettings, StoreSettings, TrainSettings
from forecaster.data.grid import read_panel
from forecaster.model import store
from forecaster.model.features import choose_encodings
from forecaster.scoring.challenge import ChallengeResult
from tests.conftest import Trained, monthly_csv
from tests.saved import TINY_DATA, copy_tiny

if TYPE_CHECKING:
    from forecaster.training.fit import Progress


TINY = TrainSettings(steps=4, ensemble=1, preset="fast")


SMALL = ModelSettings(units=4, layers=1)


def train(data: Path, models: Path, **store_settings: object) -> jobs.TrainResult:
    """Train in a moment; on its own, unless the network to begin with is named."""
    settings = StoreSettings(models_dir=models, **{"from_": "none", **store_settings})  # type: ignore[arg-type]
    return jobs.train(jobs.TrainJob(data=str(data), model=SMALL, training=TINY, store=settings, created="2026-01-01"))


def rows_of(result: jobs.PredictResult) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(result.text)))


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    data = monthly_csv(tmp_path / "sales.csv")
    texts = []
    for models in (tmp_path / "a", tmp_path / "b"):
        train(data, models, from_=None)
        settings = PredictSettings(output="-")
        texts.append(jobs.predict(jobs.PredictJob(settings=settings, models_dir=models)).text)
    assert texts[0] == texts[1]


def test_every_train_measures_against_seasonal_naive(trained: Trained) -> None:
    metrics = jobs.show_model("shops", trained.models_dir).manifest.metrics
    assert metrics.baseline_name == "seasonal naive"
    names = {"mse", "rmse", "mae", "smape", "mase", "bias", "coverage-80", "width-95"}
    assert names <= set(metrics.model)
    assert metrics.skill == pytest.approx(1 - metrics.model["mase"] / metrics.baseline["mase"])
    assert len(metrics.by_lead["mase"]) == 14
    assert math.isclose(np.mean(metrics.by_lead["mae"]), metrics.model["mae"])


def test_a_model_below_the_asked_skill_is_not_published(tmp_path: Path) -> None:
    models = copy_tiny(tmp_path / "models")
    with pytest.raises(GateError, match="nothing was published: the skill over seasonal naive is"):
        train(TINY_DATA, models, min_skill=0.99)
    assert store.load_model(models, "tiny").version == "v000001"


@pytest.mark.parametrize("better", [True, False])
def test_a_new_version_is_used_only_if_it_beats_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, better: bool
) -> None:
    models, asked = copy_tiny(tmp_path / "models"), []

    def compare(champion: store.SavedModel, *_: object) -> ChallengeResult:
        asked.append(champion.version)
        return ChallengeResult(
            version=champion.version,
            measure="mase",
            challenger=0.5 if better else 0.75,
            champion=0.75,
            windows=20,
            seen=True,
        )

    monkeypatch.setattr(sys.modules["forecaster.jobs.train"], "compare", compare)
    if better:
        result = train(TINY_DATA, models, promote_if_better=True)
        assert result.summary()["against_current"]["version"] == "v000001"
    else:
        said = r"tiny v000002 was saved, and v000001 stays current: the new MASE of 0.75 is not below 0.75 on 20"
        with pytest.raises(GateError, match=said) as refused:
            train(TINY_DATA, models, promote_if_better=True)
        assert refused.value.hint == "To use it all the same: forecast models promote tiny@v000002"
    assert asked == ["v000001"]
    assert store.load_model(models, "tiny").version == ("v000002" if better else "v000001")
    assert store.load_model(models, "tiny@v000002").manifest.data.last == "2024-02-29"
    assert not (models / "tiny" / "CHECKPOINT").exists()


def test_an_interrupted_training_leaves_a_checkpoint_that_is_gone_on_from(tmp_path: Path) -> None:
    models, said, starts = tmp_path / "models", [], []

    def stop(progress: Progress) -> None:
        if progress.stage == "refit":
            raise KeyboardInterrupt

    events = jobs.Events(on_state=said.append, on_progress=stop)
    job = jobs.TrainJob(
        data=str(monthly_csv(tmp_path / "sales.csv")),
        model=SMALL,
        training=replace(TINY, checkpoint_every=0.0, preset="default"),
        store=StoreSettings(models_dir=models, from_="none"),
        created="2026-01-01",
    )
    with pytest.raises(KeyboardInterrupt):
        jobs.train(job, events)
    assert set(said) == {"nothing was published; to continue, run it again with --resume"}
    assert sorted(path.name for path in (models / "sales").iterdir()) == ["CHECKPOINT", "LOCK", "versions"]
    assert jobs.list_models(models) == []
    events = jobs.Events(on_start=starts.append, on_progress=lambda progress: said.append(progress.stage))
    said.clear()
    jobs.train(replace(job, training=replace(job.training, resume=True)), events)
    assert (starts, set(said)) == ([True], {"refit"})
    assert not (models / "sales" / "CHECKPOINT").exists()
    other = replace(job, training=replace(job.training, resume=True, steps=5))
    (models / "sales" / "CHECKPOINT").write_text("nonsense")
    with pytest.raises(ModelError, match="CHECKPOINT is damaged"):
        jobs.train(other)


def test_a_constant_series_goes_on(tmp_path: Path, write_csv: Callable[..., Path]) -> None:
    constants = {"none": 0.0, "some": 7.5, "below": -3.0}
    data = write_csv("id,t,y\n" + "".join(f"{name},{i},{constants[name]}\n" for name in constants for i in range(60)))
    result = train(data, tmp_path / "models")
    assert result.metrics["skill"] is None
    job = jobs.PredictJob(settings=PredictSettings(output="-"), models_dir=tmp_path / "models")
    assert {(row["id"], float(row["forecast"])) for row in rows_of(jobs.predict(job))} == {*constants.items()}


@pytest.mark.parametrize("ahead", [0, 3])
def test_it_is_known_whether_a_forecast_needs_a_file_of_what_is_known_ahead(tmp_path: Path, ahead: int) -> None:
    rows = [f"2024-02-{n + 1:02d},{n % 3},{n if n < 20 else ''}" for n in range(20 + ahead)]
    (tmp_path / "a.csv").write_text("\n".join(["ds,promo,y", *rows]) + "\n")
    panel = read_panel(str(tmp_path / "a.csv"), ReadSettings(target="y", future_covariates="promo"))
    model = SimpleNamespace(encodings=choose_encodings(panel, SMALL), window=SimpleNamespace(horizon=3))
    result = jobs.TrainResult(model=model, panel=panel, plan=None, metrics={}, seconds=0)  # type: ignore[arg-type]
    assert result.wants_future == (not ahead)
