"""`jobs.compare_versions`: what differs between two versions, and what became of a forecast."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import forecaster
from forecaster import jobs
from forecaster.base.errors import DataError, ForecastError, MissingError, ModelError
from forecaster.config import FreshSettings, ModelSettings, StoreSettings, SuccessionSettings, TrainSettings
from forecaster.jobs.models_compare import check_alike
from forecaster.model import store
from forecaster.scoring.difference import PARTS
from tests.conftest import Trained, run_forecast


@pytest.fixture(scope="module")
def versions(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Two versions of `shops`: until 2024-02-20, and of all data with other settings and a shorter horizon."""
    models = tmp_path_factory.mktemp("versions") / "models"
    for as_of, horizon, seed in (("2024-02-20", None, 1), (None, 10, 9)):
        job = jobs.TrainJob(
            data=str(trained.data),
            fresh=FreshSettings(as_of=as_of),
            model=ModelSettings(horizon=horizon, units="4", layers=1),
            training=TrainSettings(steps=4, ensemble=1, preset="fast", seed=seed),
            store=StoreSettings(models_dir=models, from_="none"),
        )
        jobs.train(job)
    return replace(trained, models_dir=models)


def compare(versions: Trained, data: Path | None = None, old_data: Path | None = None, **names: str) -> Any:
    names = {"old": "shops@v000001", "new": "shops"} | names
    settings = SuccessionSettings(old_data=old_data)
    path = None if data is None else str(data)
    return jobs.compare_versions(
        jobs.SuccessionJob(**names, data=path, settings=settings, models_dir=versions.models_dir)
    )


def test_settings_and_measures_side_by_side(versions: Trained) -> None:
    summary = compare(versions).summary()
    json.dumps(summary, allow_nan=False)
    settings = {row["setting"]: (row["old"], row["new"]) for row in summary["settings"]}
    assert settings["fit.seed"] == (1, 9)
    assert settings["window.horizon"] == (14, 10)
    assert "network.units" not in settings
    assert {"setting": "data.last", "old": "2024-02-20", "new": "2024-02-29"} in summary["made_from"]
    assert {"windows", "skill", "mase", "coverage-80"} <= {row["measure"] for row in summary["metrics"]}


def test_without_old_data_revision_is_not_told_apart(versions: Trained) -> None:
    """The old data ends 9 days before the new, and the old version sees 14 ahead: 5 steps are shared."""
    result = compare(versions)
    assert (result.separated, result.cutoff) == (False, "2024-02-20")
    overall = result.difference.overall()
    assert (overall["steps"], overall["revision"]) == (5 * 5, 0)
    assert result.difference.values.shape[2] == 10
    assert sum(overall[part] for part in PARTS) == pytest.approx(overall["total"])
    assert len(result.to_frame()) == 5 * 10


def test_revised_values_are_told_apart(versions: Trained, tmp_path: Path) -> None:
    frame = pd.read_csv(versions.data)
    old = frame[frame["day"] <= "2024-02-24"].copy()
    old.loc[old["shop"] == "shop-2", "sales"] *= 2
    old.to_csv(tmp_path / "old.csv", index=False)
    result = compare(versions, versions.data, tmp_path / "old.csv")
    assert (result.separated, result.cutoff) == (True, "2024-02-24")
    parts = {row["series"]: row for row in result.difference.by_series()}
    assert parts["shop-2"]["revision"] < -10
    assert parts["shop-1"]["revision"] == 0
    alone = compare(versions, versions.data, versions.data, old="shops", new="shops")
    assert {part: alone.difference.overall()[part] for part in PARTS} == dict.fromkeys(PARTS, 0.0)


def test_a_stage_is_what_predict_says(versions: Trained, tmp_path: Path) -> None:
    frame = compare(versions).to_frame()
    done = run_forecast(
        *("predict", versions.data, "--models-dir", versions.models_dir, "--model", "shops@v000001"),
        *("--as-of", "2024-02-20", "--output", tmp_path / "f.csv", "--digits", "17"),
    )
    assert done.returncode == 0, done.stderr
    theirs = pd.read_csv(tmp_path / "f.csv").set_index(["shop", "day"])["forecast"]
    ours = frame.dropna().set_index(["series", "stamp"])["old"]
    assert len(ours) == 25
    assert (ours - theirs.loc[ours.index].to_numpy()).abs().max() == pytest.approx(0, abs=1e-9)


def test_too_many_new_rows_leave_the_model_alone(versions: Trained, tmp_path: Path) -> None:
    days = pd.date_range("2024-03-01", periods=8).strftime("%Y-%m-%d")
    more = "".join(f"shop-{s},{day},{50 * (s + 1)}\n" for s in range(5) for day in days)
    longer = tmp_path / "shops.csv"
    longer.write_text(versions.data.read_text() + more)
    result = compare(versions, longer)
    assert result.difference.overall()["steps"] == 0
    assert result.difference.size()["model"] > 0


def test_series_of_one_side_are_named(versions: Trained, tmp_path: Path) -> None:
    data = tmp_path / "shops.csv"
    data.write_text(versions.data.read_text() + "".join(f"late,2024-02-{d},{d % 7 + 1}\n" for d in range(21, 30)))
    assert compare(versions, data).skipped == [("late", "not forecast by both versions from both data")]


@pytest.mark.parametrize(
    ("names", "fault"),
    [({"old": "shops@v000009"}, MissingError), ({"new": "ships"}, MissingError), ({"old": "../x"}, ForecastError)],
)
def test_unknown_versions(versions: Trained, names: dict[str, str], fault: type[Exception]) -> None:
    with pytest.raises(fault):
        compare(versions, **names)


@pytest.mark.parametrize(("name", "value"), [("frequency", "h"), ("target", "profit"), ("id", None)])
def test_versions_that_do_not_fit_each_other(versions: Trained, name: str, value: str | None) -> None:
    old = store.load_model(versions.models_dir, "shops")
    new = replace(old, schema=replace(old.schema, **{name: value}))
    with pytest.raises(ModelError, match="do not fit each other") as caught:
        check_alike(old, new)
    assert caught.value.exit_code == 78


def test_data_of_other_series_is_refused(versions: Trained, tmp_path: Path) -> None:
    data = tmp_path / "shops.csv"
    data.write_text(versions.data.read_text().replace("shop-", "store-"))
    with pytest.raises(DataError, match="both versions forecast no series in common"):
        compare(versions, data, versions.data)
    data.write_text("shop,day,sales\n" + "".join(f"shop-1,2024-03-{d:02d},{d}\n" for d in range(1, 29)))
    with pytest.raises(DataError, match="no row up to --as-of 2024-02-20"):
        compare(versions, data)


def test_from_a_notebook(versions: Trained) -> None:
    old, new = (forecaster.load_model(name, models_dir=versions.models_dir) for name in ("shops@v000001", "shops"))
    frame = forecaster.compare_versions(old, new, versions.data).to_frame()
    assert len(frame) == 5 * 10


def test_history(versions: Trained, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(versions.models_dir, models)

    def states() -> list[tuple[str, str | None]]:
        return [(row["version"], row["state"]) for row in jobs.show_model("shops", models).history]

    assert states() == [("v000001", "was current"), ("v000002", "current")]
    jobs.roll_back("shops", models, 0)
    assert states() == [("v000001", "current"), ("v000002", "rolled back")]
    (models / "shops" / "HISTORY").unlink()
    assert states() == [("v000001", "current"), ("v000002", None)]
    (models / "shops" / "HISTORY").write_text("v000001\n")
    assert states() == [("v000001", "current"), ("v000002", "set aside")]
    (models / "shops" / "versions" / "v000002" / "manifest.json").write_text("{}")
    rows = jobs.show_model("shops", models).history
    assert [row["last"] for row in rows] == ["2024-02-20", None]
    assert rows[1]["fault"]
