"""Training that begins with the weights of a saved version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecaster.config import ModelSettings, ReadSettings, StoreSettings, TrainSettings
from forecaster.errors import ForecastError, ModelError, UsageError
from forecaster.grid import read_panel
from forecaster.jobs import TrainJob, TrainResult, train
from forecaster.store import Model, load_model
from forecaster.transfer import check_fit, plan_from
from forecaster.version import read_weights
from tests.conftest import Trained, monthly_csv, panel_csv


def go_on(trained: Trained, data: Path, folder: Path, reading: ReadSettings | None = None, **told: Any) -> TrainResult:
    """Train from the fixture's model into a folder of its own, which begins as a copy of it."""
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / trained.name).symlink_to(trained.models_dir / trained.name)
    training = TrainSettings(steps=told.pop("steps", 4), **told)
    store = StoreSettings(models_dir=folder / "models", name="next", from_=trained.name)
    return train(TrainJob(data=str(data), reading=reading or ReadSettings(), training=training, store=store))


def parent_of(trained: Trained) -> Model:
    return load_model(trained.models_dir, trained.name)


def test_weights_are_read_back(trained: Trained) -> None:
    members = read_weights(parent_of(trained))
    assert len(members) == 2
    assert all(array.dtype == np.float32 for member in members for array in member)


def test_training_goes_on_from_the_weights(trained: Trained, tmp_path: Path) -> None:
    data = panel_csv(tmp_path / "shops.csv", length=80)
    result = go_on(trained, data, tmp_path)
    parent = parent_of(trained)
    assert result.model.manifest["parent"] == f"{trained.name}@{parent.version}"
    assert result.model.window == parent.window
    assert result.model.schema == parent.schema
    assert result.model.manifest["fit"]["learning_rate"] == pytest.approx(TrainSettings.learning_rate / 4)
    for old, new in zip(read_weights(parent), read_weights(load_model(tmp_path / "models", "next")), strict=True):
        assert max(float(np.abs(a - b).max()) for a, b in zip(old, new, strict=True)) < 0.05


def test_the_same_data_warns_that_it_was_seen(trained: Trained, tmp_path: Path) -> None:
    result = go_on(trained, trained.data, tmp_path)
    assert result.seen
    assert any("lie in the time that shops@v000001 was trained on" in warning for warning in result.warnings)


def test_another_file_has_its_own_columns(trained: Trained, tmp_path: Path) -> None:
    data = panel_csv(tmp_path / "a.csv", length=90)
    data.write_text(data.read_text().replace("shop,day,sales", "branch,date,sold"))
    with pytest.raises(ForecastError, match="day"):
        go_on(trained, data, tmp_path)
    (tmp_path / "models" / trained.name).unlink()
    result = go_on(trained, data, tmp_path, ReadSettings(time="date", id="branch", target="sold"))
    assert (result.panel.schema.time, result.model.window) == ("date", parent_of(trained).window)


@pytest.mark.parametrize(
    ("model", "reading", "said"),
    [
        ({"horizon": 3}, {}, r"--horizon 3 does not fit --from shops@v000001, which has 14"),
        ({"lookback": 21}, {}, r"--lookback 21 does not fit --from shops@v000001, which has \d+"),
        ({"units": 7}, {}, "--units 7 does not fit --from shops@v000001, which has 4"),
        ({"cell": "gru"}, {}, "--cell gru does not fit --from shops@v000001, which has lstm"),
        ({"base": "last"}, {}, "--base last does not fit"),
        ({}, {"freq": "h"}, "--freq h does not fit --from shops@v000001, which has D"),
        ({}, {"season_length": 5}, "--season-length 5 does not fit --from shops@v000001, which has 7"),
    ],
)
def test_what_does_not_fit_is_refused_with_both_values(
    trained: Trained, model: dict[str, Any], reading: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        check_fit(parent_of(trained), ModelSettings(**model), ReadSettings(**reading))


def test_the_same_values_fit(trained: Trained) -> None:
    parent = parent_of(trained)
    same = ModelSettings(horizon=14, lookback=parent.window.lookback, units=4, layers=1, dropout=0.4)
    check_fit(parent, same, ReadSettings(freq="D", season_length=7))


def test_dropout_may_be_another(trained: Trained) -> None:
    plan = plan_from(parent_of(trained), read_panel(trained.data), ModelSettings(dropout=0.4), TrainSettings())
    assert plan.network.dropout == 0.4
    assert len(plan.start) == plan.fit.members == 2


def test_another_frequency_is_refused(trained: Trained, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is MS, and shops@v000001 is for D data"):
        plan_from(parent_of(trained), read_panel(monthly_csv(tmp_path / "m.csv")), ModelSettings(), TrainSettings())


def test_more_networks_than_there_are_is_refused(trained: Trained) -> None:
    with pytest.raises(UsageError, match="--ensemble 3: shops@v000001 has 2 networks"):
        plan_from(parent_of(trained), read_panel(trained.data), ModelSettings(), TrainSettings(ensemble=3))


def test_values_outside_the_range_of_the_version_are_refused(trained: Trained) -> None:
    panel = read_panel(trained.data)
    with pytest.raises(ModelError, match="forecasts only 0 to inf"):
        plan_from(parent_of(trained), replace(panel, values=panel.values - 1e4), ModelSettings(), TrainSettings())
