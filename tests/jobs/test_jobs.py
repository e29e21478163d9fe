"""The use cases, without a terminal: what is forecast, by which method, and what is refused."""

from __future__ import annotations

import csv
import io
import math
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from forecaster import jobs
from forecaster.base.errors import GateError, MissingError, ModelError, OutputError, UsageError
from forecaster.config import ModelSettings, PredictSettings, StoreSettings, TrainSettings
from forecaster.model import store
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


def predict(trained: Trained, data: Path | None = None, **settings: object) -> jobs.PredictResult:
    chosen = PredictSettings(**{"output": "-", **settings})  # type: ignore[arg-type]
    job = jobs.PredictJob(data=data and str(data), settings=chosen, models_dir=trained.models_dir)
    return jobs.predict(job)


def rows_of(result: jobs.PredictResult) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(result.text)))


def test_a_forecast_has_the_users_columns_and_goes_on_where_the_data_ends(trained: Trained) -> None:
    rows = rows_of(predict(trained))
    assert list(rows[0]) == [
        "shop",
        "day",
        "forecast",
        "forecast-lo-80",
        "forecast-hi-80",
        "forecast-lo-95",
        "forecast-hi-95",
        "method",
    ]
    assert (rows[0]["shop"], rows[0]["day"], rows[0]["method"]) == ("shop-0", "2024-03-01", "lstm")
    assert len(rows) == 5 * 14
    for row in rows:
        lo95, lo80, mid, hi80, hi95 = (
            float(row[f"forecast{end}"]) for end in ("-lo-95", "-lo-80", "", "-hi-80", "-hi-95")
        )
        assert lo95 <= lo80 <= mid <= hi80 <= hi95


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    data = monthly_csv(tmp_path / "sales.csv")
    texts = []
    for models in (tmp_path / "a", tmp_path / "b"):
        train(data, models, from_=None)
        settings = PredictSettings(output="-")
        texts.append(jobs.predict(jobs.PredictJob(settings=settings, models_dir=models)).text)
    assert texts[0] == texts[1]


def test_a_shorter_horizon_is_the_beginning_of_the_longer(trained: Trained) -> None:
    whole, part = rows_of(predict(trained)), rows_of(predict(trained, horizon=3))
    assert part == [row for i, row in enumerate(whole) if i % 14 < 3]


def test_levels_are_the_users(trained: Trained) -> None:
    row = rows_of(predict(trained, levels="50,99.5"))[0]
    assert {"forecast-lo-50", "forecast-hi-99.5"} <= set(row)
    assert "forecast-lo-80" not in row


def test_a_series_never_seen_is_forecast_and_a_short_one_by_seasonal_naive(
    trained: Trained, write_csv: Callable[..., Path]
) -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 31)]
    lines = [f"new,{day},{10 + i % 7}" for i, day in enumerate(days)]
    lines += [f"tiny,{day},{value}" for day, value in zip(days[:2], (5, 6), strict=True)]
    lines += [f"flat,{day},7" for day in days]
    result = predict(trained, write_csv("shop,day,sales\n" + "\n".join(lines) + "\n"))
    method = {row["shop"]: row["method"] for row in rows_of(result)}
    assert method == {"new": "lstm", "tiny": "seasonal_naive", "flat": "constant"}
    tiny = [float(row["forecast"]) for row in rows_of(result) if row["shop"] == "tiny"]
    np.testing.assert_allclose(tiny, 6.0)
    flat = [row for row in rows_of(result) if row["shop"] == "flat"]
    assert {row[f"forecast{end}"] for row in flat for end in ("", "-lo-80", "-hi-95")} == {"7.0"}
    assert result.summary()["methods"] == {"constant": 1, "lstm": 1, "seasonal_naive": 1}


def test_a_forecast_does_not_depend_on_the_other_series_of_the_file(
    trained: Trained, write_csv: Callable[..., Path]
) -> None:
    one = [line for line in trained.data.read_text().splitlines() if line.startswith(("shop,", "shop-3,"))]
    alone = rows_of(predict(trained, write_csv("\n".join(one) + "\n")))
    together = [row for row in rows_of(predict(trained)) if row["shop"] == "shop-3"]
    for a, b in zip(alone, together, strict=True):
        assert float(a["forecast"]) == pytest.approx(float(b["forecast"]), rel=1e-6)


def test_a_longer_horizon_is_refused(trained: Trained) -> None:
    with pytest.raises(UsageError, match="was trained for 14 steps") as caught:
        predict(trained, horizon=15)
    assert "--horizon 15" in caught.value.hint


def test_another_frequency_is_refused(trained: Trained, write_csv: Callable[..., Path]) -> None:
    weeks = np.datetime64("2024-01-01") + np.arange(0, 168, 7).astype("m8[D]")
    lines = "\n".join(f"a,{week},{i}" for i, week in enumerate(weeks))
    with pytest.raises(ModelError, match="model is D"):
        predict(trained, write_csv(f"shop,day,sales\n{lines}\n"))


def test_the_output_is_checked_before_the_work(trained: Trained, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        predict(trained, output=str(tmp_path / "none" / "f.csv"))


def test_the_data_file_is_never_the_output(trained: Trained) -> None:
    before = trained.data.read_bytes()
    with pytest.raises(UsageError, match="is the data file itself"):
        predict(trained, output=str(trained.data))
    assert trained.data.read_bytes() == before


def test_no_model_yet(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no model in") as caught:
        jobs.predict(jobs.PredictJob(settings=PredictSettings(output="-"), models_dir=tmp_path / "models"))
    assert caught.value.hint == "Run: forecast train DATA, or name a data file for the built-in network"


def test_which_model_is_used(trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained.models_dir, tmp_path / "m")
    assert jobs.choose_model(tmp_path / "m", None) == "shops"
    shutil.copytree(tmp_path / "m" / "shops", tmp_path / "m" / "other")
    assert jobs.choose_model(tmp_path / "m", "data/other.csv.gz") == "other"
    with pytest.raises(UsageError, match="several models") as caught:
        jobs.choose_model(tmp_path / "m", None)
    assert "--model other" in caught.value.hint
    with pytest.raises(ModelError, match="belongs to model 'shops'"):
        store.load_model(tmp_path / "m", "other")


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
    assert set(said) == {"nothing was published; to go on, run it again with --resume"}
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


def test_list_and_show(trained: Trained) -> None:
    [row] = jobs.list_models(trained.models_dir)
    assert (row["name"], row["version"], row["series"], row["horizon"]) == ("shops", "v000001", 5, 14)
    shown = jobs.show_model("shops@v000001", trained.models_dir)
    assert shown.versions == ["v000001"]
    assert shown.manifest.schema.id == "shop"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("a/sales.csv", "sales"),
        ("m4.train.csv.gz", "m4.train"),
        ("-", "stdin"),
        ("my data (1).csv", "my-data-1"),
        ("été.csv", "t"),
        (".csv", "csv"),
        ("日本.csv", "model"),
    ],
)
def test_a_models_default_name(data: str, name: str) -> None:
    assert jobs.name_of(data) == store.check_name(name)


@pytest.mark.parametrize("constant", [0.0, 7.5, -3.0])
def test_a_constant_series_goes_on(tmp_path: Path, write_csv: Callable[..., Path], constant: float) -> None:
    data = write_csv("t,y\n" + "".join(f"{i},{constant}\n" for i in range(60)))
    result = train(data, tmp_path / "models")
    assert result.metrics["skill"] is None
    job = jobs.PredictJob(settings=PredictSettings(output="-"), models_dir=tmp_path / "models")
    assert {float(row["forecast"]) for row in rows_of(jobs.predict(job))} == {constant}
