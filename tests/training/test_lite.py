"""The same forecasts from TensorFlow and from LiteRT."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forecaster.base.runtime import prepare_keras
from forecaster.model.graph import Raw, drift, forecast_values
from forecaster.model.store import SavedModel, load_model
from tests.conftest import Trained

prepare_keras()

from forecaster.training import lite  # noqa: E402


@pytest.fixture
def model(trained: Trained) -> SavedModel:
    return load_model(trained.models_dir, trained.name)


def values_of(model: SavedModel, count: int = 6) -> Raw:
    steps = np.arange(model.window.lookback)
    noise = np.random.default_rng(0).normal(size=(count, len(steps)))
    return Raw(50 + 10 * np.sin(2 * np.pi * steps / 7) + 2 * noise)


def test_a_saved_model_forecasts_the_same(model: SavedModel, tmp_path: Path) -> None:
    values = values_of(model)
    lite.save_tensorflow(model, tmp_path / "saved")
    answered = lite.ask_tensorflow(tmp_path / "saved", values)
    assert answered.shape == (6, model.window.horizon)
    assert drift(model, values, forecast_values(model, values), answered) < 1e-5


@pytest.mark.parametrize(("quantized", "most"), [(False, 1e-3), (True, 0.3)])
def test_a_lite_file_forecasts_nearly_the_same(model: SavedModel, quantized: bool, most: float) -> None:
    values = values_of(model)
    answered = lite.LiteServer(lite.lite_file(model, quantized=quantized)).answer(values)
    assert drift(model, values, forecast_values(model, values), answered) < most


def test_a_lite_file_needs_no_operators_of_tensorflow(model: SavedModel) -> None:
    assert b"Flex" not in lite.lite_file(model, quantized=False)
