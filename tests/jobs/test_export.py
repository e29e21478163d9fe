"""A saved model is compared before it is published for another runtime."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from forecaster import jobs
from forecaster.base.errors import DataError, GateError, MissingError, ModelError, OutputError, UsageError
from forecaster.config import ExportSettings, ModelSettings, ReadSettings, StoreSettings, TrainSettings
from forecaster.data.almanac import calendar_feature
from forecaster.data.grid import read_panel
from forecaster.jobs import ExportJob, ExportResult, export
from forecaster.jobs.names import load_asked
from forecaster.model.predictor import make_forecast
from forecaster.model.store import SavedModel, load_model
from tests.conftest import Trained, names
from tests.model.test_features import READ as FEATURED
from tests.model.test_features import panel_csv as featured_csv

exporting = sys.modules["forecaster.jobs.export"]  # its name in the room is that of its function


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


@pytest.mark.parametrize("how", [pytest.param("dynamic", marks=pytest.mark.slow), "int8"])
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


def test_without_its_data_a_model_is_compared_on_its_probe(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = run(trained, tmp_path / "a.onnx").windows

    def load_moved(*given: Any) -> SavedModel:
        model = load_asked(*given)
        facts = replace(model.manifest.data, source=str(tmp_path / "gone.csv"))
        return replace(model, manifest=replace(model.manifest, data=facts))

    monkeypatch.setattr(exporting, "load_asked", load_moved)
    assert 0 < run(trained, tmp_path / "b.onnx").windows < seen
    with pytest.raises(MissingError) as refused:
        run(trained, tmp_path / "c.onnx", quantize="dynamic")
    assert "Name a data file" in refused.value.hint
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


@pytest.mark.parametrize(
    "settings", [{"format": "saved-model", "quantize": "dynamic"}, {"format": "litert", "quantize": "int8"}], ids=str
)
def test_settings_that_do_not_fit_each_other(trained: Trained, tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        run(trained, tmp_path / "out", **settings)


def test_no_setting_of_the_built_in_network_is_passed_over(trained: Trained, tmp_path: Path) -> None:
    for settings, said in (
        ({"horizon": 3}, "--horizon is for the built-in"),
        ({"context": 40}, "--context is for the"),
    ):
        with pytest.raises(UsageError, match=said):
            run(trained, tmp_path / "m.onnx", **settings)
    told = ExportSettings(model=trained.name, output=tmp_path / "m.onnx")
    with pytest.raises(UsageError, match="reads data as in its training, so --target has no place"):
        export(ExportJob(settings=told, reading=ReadSettings(target="x"), models_dir=trained.models_dir))
    assert names(tmp_path) == []


def test_a_folder_is_never_replaced(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="already exists"):
        run(trained, tmp_path / "out", format="saved-model")


def test_data_and_model_are_never_overwritten(trained: Trained) -> None:
    before = trained.data.read_bytes()
    for output in (trained.data, trained.models_dir / trained.name / "CURRENT"):
        with pytest.raises(UsageError):
            run(trained, output)
    assert trained.data.read_bytes() == before


@pytest.fixture(scope="module")
def featured(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A model that reads past, future and static covariates, numbers and categories, the calendar and holidays."""
    folder = tmp_path_factory.mktemp("featured")
    data = featured_csv(folder / "sales.csv", ahead=5)
    job = jobs.TrainJob(
        data=str(data),
        reading=FEATURED,
        model=ModelSettings(units="4", layers=1, horizon=5, lookback=28, segment=7, calendar="on"),
        training=TrainSettings(steps=3, ensemble=2, preset="fast"),
        store=StoreSettings(models_dir=folder / "models", from_="none"),
    )
    jobs.train(job)
    return Trained(models_dir=folder / "models", data=data, name="sales")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        pytest.param({"format": "saved-model"}, marks=pytest.mark.slow),
        pytest.param({"quantize": "dynamic"}, marks=pytest.mark.slow),
    ],
)
def test_a_model_with_features_is_exported(featured: Trained, tmp_path: Path, settings: dict[str, Any]) -> None:
    result = run(featured, tmp_path / "out", max_loss=10.0, **settings)
    assert result.cost or result.drift < exporting.TOLERANCES[settings.get("format", "onnx")]
    named = result.summary()["inputs"]
    assert [each["name"] for each in named["features"]][:3] == ["rain", "promo", "event"]
    assert named["static"] == [{"name": "region", "source": "static", "categories": ["r0", "r1"]}]


@pytest.mark.slow
def test_what_litert_cannot_hold_is_said(featured: Trained, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="LiteRT cannot hold this network") as caught:
        run(featured, tmp_path / "out", format="litert")
    assert caught.value.hint == "Use --format onnx"
    assert not names(tmp_path)


def test_features_are_given_as_they_stand_in_the_data(featured: Trained, tmp_path: Path) -> None:
    """What a stranger does who has the data and the file, which says what its inputs are."""
    model = run(featured, tmp_path / "m.onnx").model
    shape = model.window
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    inputs = json.loads(session.get_modelmeta().custom_metadata_map["inputs"])
    frame = pd.read_csv(featured.data)
    parts = []
    for _, rows in frame.groupby("id"):
        last = rows.iloc[-shape.lookback - shape.horizon :]
        columns = []
        for each in inputs["features"]:
            if each["source"] == "calendar":
                days = pd.to_datetime(last["day"]).to_numpy("M8[ns]").astype(np.int64)
                columns.append(calendar_feature(each["name"], days, None) + bool(each["categories"]))
            elif each["categories"]:
                columns.append(last[each["name"]].map({name: k for k, name in enumerate(each["categories"], 1)}))
            else:
                columns.append(last[each["name"]])
        fixed = [1.0 + ["r0", "r1"].index(last["region"].iloc[0])]
        parts.append((last["y"].to_numpy()[: shape.lookback], np.stack(columns, axis=1).astype(float), fixed))
    given = dict(zip(("values", "features", "static"), map(np.array, zip(*parts, strict=True)), strict=True))
    answered = session.run(["forecasts"], given)[0]
    panel = read_panel(str(featured.data), None, model.schema)
    np.testing.assert_allclose(answered, make_forecast(model, panel, None, (80.0,)).values, rtol=1e-5)
    given["features"][:, shape.lookback :, 0] = 1e9  # rain after the end: nobody knows it
    np.testing.assert_array_equal(session.run(["forecasts"], given)[0], answered)


def test_features_are_compared_on_data(featured: Trained, tmp_path: Path) -> None:
    short = tmp_path / "short.csv"
    short.write_text("\n".join(featured.data.read_text().splitlines()[:20]) + "\n")
    with pytest.raises(DataError, match="no series has the 33 steps that measuring needs"):
        run(featured, tmp_path / "m.onnx", data=str(short))
