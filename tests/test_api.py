"""The Python API: what the commands do, with settings as keywords and results as DataFrames."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecaster
from forecaster import ForecastError, ForecastWarning, Model, api, jobs
from forecaster.data.source import Source
from tests.conftest import Trained, names, run_forecast
from tests.saved import TINY_DATA, copy_tiny


@pytest.fixture
def model(trained: Trained) -> Model:
    return forecaster.load_model(trained.name, models_dir=trained.models_dir)


def test_importing_the_package_loads_nothing() -> None:
    code = "import sys, forecaster; dir(forecaster); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "pyarrow", "forecaster.api"} & set(loaded)


def test_every_public_name_is_there_and_no_other() -> None:
    assert set(forecaster.__all__) == set(api.__all__) <= set(dir(forecaster))
    for name in forecaster.__all__:
        assert inspect.getdoc(getattr(forecaster, name)), name
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        forecaster.trian  # type: ignore[attr-defined]  # noqa: B018


def test_signature_and_help_list_the_settings() -> None:
    shown = inspect.signature(forecaster.train).parameters
    assert list(shown)[:2] == ["data", "events"]
    assert (shown["preset"].default, shown["horizon"].default) == ("default", None)
    assert "now" not in shown
    assert "    preset: How much time to spend for accuracy." in (forecaster.train.__doc__ or "")
    assert inspect.signature(forecaster.predict).parameters["output"].default is None
    assert "model" not in inspect.signature(Model.predict).parameters


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ({"horizn": 3}, "unknown setting 'horizn'", "Did you mean 'horizon'?"),
        ({"lerning_rate": 3}, "unknown setting 'lerning_rate'", "Did you mean 'learning_rate'?"),
        ({"horizon": 0}, "horizon must be from 1 to 10000, received 0", ""),
        ({"horizon": "12"}, "horizon must be a whole number, received '12'", ""),
        ({"preset": "fats"}, "preset must be one of fast, default, best, received 'fats'", "Did you mean 'fast'?"),
        ({"now": 1}, "unknown setting 'now'", "Known: "),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(ForecastError, match=message) as caught:
        forecaster.train("x.csv", **settings)
    assert (caught.value.exit_code, caught.value.hint[: len(hint)]) == (2, hint)
    if hint:
        assert caught.value.__notes__[0].startswith(hint)


def test_forecasts_are_those_of_the_command(model: Model, trained: Trained, tmp_path: Path) -> None:
    done = run_forecast("predict", trained.data, "--models-dir", trained.models_dir, "--output", tmp_path / "f.csv")
    assert done.returncode == 0, done.stderr
    theirs = pd.read_csv(tmp_path / "f.csv", parse_dates=["day"])
    ours = model.predict(str(trained.data)).to_frame()
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)
    assert ours["day"].dtype == "datetime64[ns]"


def test_a_frame_forecasts_as_its_file_does(model: Model, trained: Trained) -> None:
    frame = pd.read_csv(trained.data, parse_dates=["day"])
    ours, theirs = (model.predict(data, levels=(50,), horizon=3).to_frame() for data in (frame, trained.data))
    pd.testing.assert_frame_equal(ours, theirs)
    assert len(ours) == 5 * 3


def test_without_an_output_nothing_is_written_or_issued(tmp_path: Path) -> None:
    models = copy_tiny(tmp_path / "models")
    before = names(models / "tiny")
    model = forecaster.load_model(models_dir=models)
    model.predict(TINY_DATA)
    assert names(models / "tiny") == before
    model.predict(TINY_DATA, output=tmp_path / "f.csv")
    assert (tmp_path / "f.csv").exists()
    assert set(names(models / "tiny")) - set(before) == {"LEDGER"}


def test_scores_are_tables(model: Model, trained: Trained) -> None:
    with pytest.warns(ForecastWarning, match="of 20 windows lie in the time that the model was trained on"):
        result = forecaster.evaluate(model, trained.data, windows=4, step=1)
    assert result.to_frame()["method"].tolist() == ["model", "seasonal naive"]
    assert result.to_frame("lead").columns[:2].tolist() == ["lead", "method"]
    assert len(result.to_frame("lead")) == 2 * 14
    assert set(result.to_frame("series")["series"]) == {f"shop-{s}" for s in range(5)}
    with pytest.raises(ForecastError, match="scope must be one of overall, lead, series, received 'leads'"):
        result.to_frame("leads")  # type: ignore[arg-type]


def test_findings_and_leaderboards_are_tables(trained: Trained) -> None:
    assert forecaster.check(trained.data).to_frame().columns[:2].tolist() == ["code", "severity"]
    board = forecaster.compare(trained.data, models=("naive", "drift"), windows=2, horizon=7).to_frame()
    assert sorted(board["kind"]) == ["drift", "naive"]
    assert board["rank"].tolist() == [1, 2]


def test_a_model_of_a_frame_remembers_it(tmp_path: Path) -> None:
    months = pd.date_range("2015-01-01", periods=72, freq="MS")
    frame = pd.DataFrame({"month": months, "sales": 100 + 10 * np.sin(np.arange(72) * np.pi / 6)})
    shares: list[float] = []
    with pytest.warns(ForecastWarning, match="the forecast equals the last season"):  # two steps of training
        model = forecaster.train(
            frame,
            name="sales",
            models_dir=tmp_path,
            steps=2,
            units=4,
            layers=1,
            ensemble=1,
            preset="fast",
            events=jobs.Events(on_progress=lambda progress: shares.append(progress.done)),
        )
    assert shares
    assert repr(model).startswith("<Model sales@v000001: 1 series, MS, ")
    assert model.to_frame()["method"].tolist() == ["model", "seasonal naive"]
    with pytest.warns(ForecastWarning, match="the forecast equals the last season"):
        ahead = model.predict().to_frame()
    assert ahead["month"].iloc[0] == pd.Timestamp("2021-01-01")
    again = forecaster.load_model("sales", models_dir=tmp_path)
    assert again.saved.manifest.data.source == "-"
    with pytest.raises(ForecastError, match="was trained on stdin or a DataFrame"):
        again.predict()
    assert [row["name"] for row in forecaster.list_models(models_dir=tmp_path)] == ["sales"]


def test_what_was_issued_is_scored(trained: Trained, tmp_path: Path) -> None:
    model = forecaster.load_model(trained.name, models_dir=trained.models_dir)
    ledger = str(tmp_path / "ledger")
    model.predict(trained.data, ledger=ledger)
    frame = pd.read_csv(trained.data, parse_dates=["day"])
    later = pd.concat([frame, model.predict(trained.data).to_frame().rename(columns={"forecast": "sales"})[[*frame]]])
    score = forecaster.score(model, later, ledger=ledger)
    assert score.to_frame().query("scope == 'overall'")["mae"].item() == pytest.approx(0, abs=1e-9)


def test_skipped_series_are_warned_of(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "shops.csv"
    path.write_text(trained.data.read_text() + "holes,2024-01-01,5\nholes,2024-02-20,6\n")
    with pytest.warns(ForecastWarning, match="1 series skipped: holes"):
        panel = forecaster.read_panel(path, max_missing=0.5, as_of="2024-02-25")
    assert (panel.n_series, str(panel.ends.max())[:10]) == (5, "2024-02-25")


def test_what_a_notebook_shows_of_a_result_is_one_line(trained: Trained) -> None:
    model = forecaster.load_model(trained.name, models_dir=trained.models_dir)
    results = [
        model.predict(trained.data, horizon=3),
        model.predict(trained.data, horizon=3).forecast,
        forecaster.read_panel(trained.data),
        forecaster.check(trained.data),
        forecaster.explain(model, trained.data),
        forecaster.compare(trained.data, models="naive", horizon=2),
    ]
    with pytest.warns(ForecastWarning):
        results.append(forecaster.evaluate(model, trained.data))
    for result in results:
        assert re.fullmatch(rf"<{type(result).__name__} .{{20,300}}>", repr(result)), repr(result)
    assert re.search(r"model='shops', version='v000001', .*horizon=3, rows=15>", repr(results[0]))


def test_the_package_shows_its_functions_alone() -> None:
    assert set(dir(forecaster)) == {*forecaster.__all__, "__version__"}


def test_future_rows_may_be_a_frame() -> None:
    frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=3), "promo": [0, 1, 0]})
    job = api._job_of(jobs.PredictJob, "builtin", frame, {"future": frame, "horizon": 3})
    assert isinstance(job.settings.future, Source)
    assert job.settings.horizon == 3


def test_a_report_is_written_by_a_function(trained: Trained, tmp_path: Path) -> None:
    import forecaster.reporting.page

    model = forecaster.load_model(trained.name, models_dir=trained.models_dir)
    result = forecaster.report(model, pd.read_csv(trained.data), windows=1, output=tmp_path / "shops.html")
    assert result.output.read_text().startswith("<!doctype html>")
    assert result.size == result.output.stat().st_size
    assert result.model.reference == model.reference


def test_findings_name_keywords() -> None:
    days = pd.date_range("2024-01-01", periods=20)
    verdict = forecaster.check(pd.DataFrame({"day": days, "sales": range(20), "price": range(20)}))
    assert "--" not in verdict.to_frame()["hint"][0]
    assert "Such as: target='sales'" in verdict.findings[0].hint
    assert "--" not in (forecaster.read_panel.__doc__ or "")
