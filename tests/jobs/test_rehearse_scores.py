"""What `compare`, `evaluate` and `tune` would do: laid out and timed as the commands themselves, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.base.errors import DataError, UsageError
from forecaster.config import (
    BacktestSettings,
    CompareSettings,
    EvaluateSettings,
    FitSettings,
    ModelSettings,
    TrainSettings,
    TuneSettings,
)
from tests.conftest import Trained, monthly_csv, names


@pytest.fixture
def data(tmp_path: Path) -> str:
    return str(monthly_csv(tmp_path / "sales.csv", 60))


MODEL = ModelSettings(units="4", layers=1, horizon=3)


def test_a_comparison(data: str, tmp_path: Path) -> None:
    job = jobs.CompareJob(
        data=data,
        settings=CompareSettings(models="lstm,naive", windows=4, predictions=tmp_path / "p.csv"),
        model=MODEL,
        training=TrainSettings(steps=20, ensemble=1, preset="fast"),
    )
    found = jobs.rehearse_compare(job)
    assert (found.command, found.rows, found.series, found.windows) == ("compare", 60, 1, 4)
    chosen = dict(found.choices)
    assert chosen["cutoffs"].startswith("4, from 2013-12-01 to 2014-09-01")
    assert chosen["each kind"].startswith("lstm ")
    assert found.seconds > 0
    assert found.writes == (str(tmp_path / "p.csv"),)
    assert names(tmp_path) == ["sales.csv"]


def test_a_comparison_that_would_be_refused_is_refused(data: str) -> None:
    with pytest.raises(DataError, match="one cutoff"):
        jobs.rehearse_compare(jobs.CompareJob(data=data, model=ModelSettings(horizon=59)))


def test_an_evaluation(trained: Trained, tmp_path: Path) -> None:
    job = jobs.EvaluateJob(
        data=str(trained.data),
        models_dir=trained.models_dir,
        settings=EvaluateSettings(model="shops", horizon=7, predictions=tmp_path / "p.csv"),
        backtest=BacktestSettings(windows=3, step=1),
    )
    found = jobs.rehearse_evaluate(job)
    assert (found.command, found.series, found.windows) == ("evaluate", 5, 15)
    assert found.timed.startswith("15 of 15 windows forecast")
    assert dict(found.choices)["cutoffs"] == "from 2024-02-20 to 2024-02-22"
    assert not (tmp_path / "p.csv").exists()


def test_a_search(data: str, tmp_path: Path) -> None:
    job = jobs.TuneJob(
        data=data,
        settings=TuneSettings(search="units,dropout", trials=5, time_limit=None, output=tmp_path / "best.toml"),
        model=ModelSettings(horizon=3),
        fit=FitSettings(steps=10, ensemble=1, preset="fast"),
        models_dir=tmp_path / "models",
    )
    found = jobs.rehearse_tune(job)
    chosen = dict(found.choices)
    assert (chosen["search"], chosen["time limit"]) == ("units, dropout", "none")
    assert chosen["trials"].startswith("at most 5, ")
    assert found.writes == (str(tmp_path / "best.toml"), str(tmp_path / "models" / "sales" / "TUNING"))
    assert names(tmp_path) == ["sales.csv"]


def test_a_search_for_nothing_is_refused(data: str) -> None:
    with pytest.raises(UsageError, match="unknown setting"):
        jobs.rehearse_tune(jobs.TuneJob(data=data, settings=TuneSettings(search="unit")))


def test_a_hierarchy_is_rehearsed_with_its_sums(tmp_path: Path) -> None:
    rows = [f"{region},{shop},2024-01-{day:02d},{day % 7}" for region in "ab" for shop in "xy" for day in range(1, 29)]
    data = tmp_path / "shops.csv"
    data.write_text("\n".join(["region,shop,day,sales", *rows]) + "\n")
    settings = EvaluateSettings(model="builtin", horizon=3, hierarchy="region,shop")
    job = jobs.EvaluateJob(data=str(data), settings=settings, backtest=BacktestSettings(windows=2))
    found = jobs.rehearse_evaluate(job)
    assert dict(found.choices)["hierarchy"].startswith("1 total, 2 region, 4 shop")
    assert found.windows > 4 * 2 + 7 * 2
