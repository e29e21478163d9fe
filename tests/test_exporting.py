"""A saved model is compared before it is published for another runtime."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from forecaster.config import ExportSettings
from forecaster.errors import GateError, MissingError, OutputError, UsageError
from forecaster.grid import read_panel
from forecaster.jobs import ExportJob, ExportResult, export, exporting
from forecaster.predictor import make_forecast
from forecaster.store import load_model
from tests.conftest import Trained, names


def run(trained: Trained, output: Path, data: str | None = None, **settings: Any) -> ExportResult:
    told = ExportSettings(model=trained.name, output=output, **settings)
    return export(ExportJob(data=data, settings=told, models_dir=trained.models_dir))


def test_raw_values_in_forecasts_out(trained: Trained, tmp_path: Path) -> None:
    result = run(trained, tmp_path / "m.onnx")
    assert result.drift < exporting.TOLERANCES["onnx"]
    assert (tmp_path / "m.onnx").stat().st_size == result.size
    panel, model = read_panel(trained.data), load_model(trained.models_dir, trained.name)
    last = np.array([panel.series(s)[-model.window.lookback :] for s in range(panel.n_series)])
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    answered = session.run(["forecasts"], {"values": last})[0]
    np.testing.assert_allclose(answered, make_forecast(model, panel, None, (80.0,)).values, rtol=1e-6)


@pytest.mark.parametrize("settings", [{"format": "litert"}, {"format": "saved-model"}])
def test_other_formats(trained: Trained, tmp_path: Path, settings: dict[str, Any]) -> None:
    result = run(trained, tmp_path / "out", **settings)
    assert names(tmp_path) == ["out"]
    assert result.drift < exporting.TOLERANCES[settings["format"]]
    assert json.loads(json.dumps(result.summary()))["cost"] is None


@pytest.mark.parametrize("how", ["dynamic", "int8"])
def test_quantising_is_measured(trained: Trained, tmp_path: Path, how: Any) -> None:
    cost = run(trained, tmp_path / "m.onnx", quantize=how, max_loss=10.0).cost
    assert cost is not None
    assert all(value > 0 for pair in (cost.mase, cost.size, cost.seconds) for value in pair)
    assert cost.loss == pytest.approx(cost.mase[1] / cost.mase[0] - 1)


def test_quantising_that_costs_too_much_is_refused(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting.Cost, "loss", 0.06)
    with pytest.raises(GateError, match=r"by 6\.0 %, allowed 5 %"):
        run(trained, tmp_path / "m.onnx", quantize="dynamic")
    assert names(tmp_path) == []


@pytest.mark.parametrize("format", ["onnx", "saved-model", "litert"])
def test_what_forecasts_otherwise_is_refused(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: Any
) -> None:
    monkeypatch.setattr(exporting, "drift", lambda *_: 0.5)
    with pytest.raises(GateError, match=f"as {format}, shops v000001 forecasts 0.5 of a window's scale off"):
        run(trained, tmp_path / "out", format=format)
    assert names(tmp_path) == []


def test_without_its_data_a_model_is_compared_on_its_probe(trained: Trained, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(trained.models_dir, models)
    moved = Trained(models_dir=models, data=trained.data, name=trained.name)
    seen = run(moved, tmp_path / "a.onnx").windows
    hidden = trained.data.with_suffix(".away")
    trained.data.rename(hidden)
    try:
        assert 0 < run(moved, tmp_path / "b.onnx").windows < seen
        with pytest.raises(MissingError) as refused:
            run(moved, tmp_path / "c.onnx", quantize="dynamic")
    finally:
        hidden.rename(trained.data)
    assert "Name a data file" in refused.value.hint
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


@pytest.mark.parametrize(
    "settings", [{"format": "saved-model", "quantize": "dynamic"}, {"format": "litert", "quantize": "int8"}], ids=str
)
def test_settings_that_do_not_fit_each_other(trained: Trained, tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        run(trained, tmp_path / "out", **settings)


def test_a_folder_is_never_replaced(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="is there already"):
        run(trained, tmp_path / "out", format="saved-model")


def test_data_and_model_are_never_overwritten(trained: Trained) -> None:
    before = trained.data.read_bytes()
    for output in (trained.data, trained.models_dir / trained.name / "CURRENT"):
        with pytest.raises(UsageError):
            run(trained, output)
    assert trained.data.read_bytes() == before
