"""Training that begins with the weights of a saved version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from forecaster.base.errors import ForecastError, ModelError, UsageError
from forecaster.config import ModelSettings, ReadSettings, StoreSettings, TrainSettings
from forecaster.data.grid import read_panel
from forecaster.jobs import TrainJob, TrainResult, train
from forecaster.model.store import SavedModel, load_model
from forecaster.model.transfer import Ensemble, check_fit, plan_from, plan_learning
from forecaster.model.version import read_weights
from forecaster.model.windows import Signals
from forecaster.training.checkpoint import identify
from tests.conftest import Trained, monthly_csv, panel_csv


def go_on(trained: Trained, data: Path, folder: Path, reading: ReadSettings | None = None, **told: Any) -> TrainResult:
    """Train from the fixture's model into a folder of its own, which begins as a copy of it."""
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / trained.name).symlink_to(trained.models_dir / trained.name)
    training = TrainSettings(steps=told.pop("steps", 4), preset="fast", **told)
    store = StoreSettings(models_dir=folder / "models", name="next", from_=trained.name)
    return train(TrainJob(data=str(data), reading=reading or ReadSettings(), training=training, store=store))


def parent_of(trained: Trained) -> SavedModel:
    return load_model(trained.models_dir, trained.name)


def test_weights_are_read_back(trained: Trained) -> None:
    members = read_weights(parent_of(trained))
    assert len(members) == 2
    assert all(array.dtype == np.float32 for member in members for array in member)


def test_training_goes_on_from_the_weights(trained: Trained, tmp_path: Path) -> None:
    data = panel_csv(tmp_path / "shops.csv", length=80)
    result = go_on(trained, data, tmp_path)
    parent = parent_of(trained)
    assert result.model.manifest.parent == f"{trained.name}@{parent.version}"
    assert result.model.window == parent.window
    assert result.model.schema == parent.schema
    assert result.model.manifest.fit.learning_rate == pytest.approx(TrainSettings.learning_rate / 4)
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
    check_fit(parent, same, ReadSettings(freq="D", season_length="7"))


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


def learn(trained: Trained, folder: Path, **model: Any) -> TrainResult:
    """Fit a network to the forecasts of the fixture's model; it is published beside it, in a folder of its own."""
    (folder / "models").mkdir()
    (folder / "models" / trained.name).symlink_to(trained.models_dir / trained.name)
    job = TrainJob(
        data=str(trained.data),
        model=ModelSettings(**model),
        training=TrainSettings(steps=4, preset="fast"),
        store=StoreSettings(models_dir=folder / "models", name="small", distill=trained.name),
    )
    return train(job)


def test_one_network_learns_from_an_ensemble(trained: Trained, tmp_path: Path) -> None:
    result = learn(trained, tmp_path, cell="gru", units="3", layers=1)
    model, teacher = load_model(tmp_path / "models", "small"), parent_of(trained)
    assert model.manifest.teacher == f"{trained.name}@{teacher.version}"
    assert (model.window, model.schema, len(read_weights(model))) == (teacher.window, teacher.schema, 1)
    assert (model.network.cell, model.network.trust) == ("gru", 1.0)
    assert ("learns from", f"the forecasts of {trained.name}@{teacher.version}") in result.plan.choices()
    assert any("lie in the time that shops@v000001 was trained on" in warning for warning in result.warnings)


def test_what_a_teacher_says_is_the_median_of_its_networks(trained: Trained) -> None:
    teacher, inputs = parent_of(trained), np.random.default_rng(0).normal(size=(6, 1, 1)).astype(np.float32)
    shape = teacher.network
    inputs = np.broadcast_to(inputs, (6, shape.window.segments, shape.window.channels)).copy()
    said = teacher.server.answer(inputs)
    assert said.shape == (6, 2, 14)
    np.testing.assert_allclose(Ensemble(teacher).answers(inputs), said.mean(axis=1), rtol=1e-5)  # the median of two


class Sure:
    """A teacher that always says the same."""

    name, sha256 = "sure@v000001", "0" * 64

    def answers(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.full((len(inputs), 14), 2.0, np.float32)


def test_the_loss_is_of_what_the_teacher_says(trained: Trained) -> None:
    from forecaster.training.fit import train_ensemble

    panel, losses = read_panel(trained.data), []
    settings = ModelSettings(units="4", layers=1, dropout=0.0)
    fit = TrainSettings(steps=60, preset="fast", learning_rate=0.05, patience=0)
    plan = replace(plan_learning(parent_of(trained), panel, settings, fit), teacher=Sure())
    train_ensemble(panel, plan, "cpu", lambda progress: losses.append(progress.loss))
    assert losses[-1] < 0.1 < losses[0]  # of the values, which have noise, it would stay far above


def test_a_checkpoint_of_another_teacher_is_another_training(trained: Trained) -> None:
    panel = read_panel(trained.data)
    plan = plan_learning(parent_of(trained), panel, ModelSettings(units="4", layers=1), TrainSettings())
    others = [identify(Signals(panel.values), replace(plan, teacher=each)) for each in (plan.teacher, Sure(), None)]
    assert len({each["teacher"] for each in others}) == 3


def test_what_cannot_be_learned_is_refused(trained: Trained, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only the point forecasts can be learned"):
        plan_learning(
            parent_of(trained), read_panel(trained.data), ModelSettings(), TrainSettings(intervals="quantile")
        )
    with pytest.raises(UsageError, match="--lookback 21 does not fit --distill shops@v000001"):
        check_fit(parent_of(trained), ModelSettings(lookback=21), ReadSettings(), "--distill")
    check_fit(parent_of(trained), ModelSettings(units="7", cell="rnn"), ReadSettings(), "--distill")
    both = StoreSettings(models_dir=trained.models_dir, from_=trained.name, distill=trained.name)
    with pytest.raises(UsageError, match=r"--from begins with .* and --distill learns from"):
        train(TrainJob(data=str(trained.data), store=both))
