"""What a command would do: planned and timed as the command itself, and nothing is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecaster import jobs
from forecaster.base.errors import DataError, MissingError, OutputError, UsageError
from forecaster.config import ModelSettings, PredictSettings, StoreSettings, TrainSettings
from forecaster.data.panel import panel_from_arrays
from forecaster.jobs.rehearse import MOST_SERIES, sample_of
from tests.conftest import Trained, monthly_csv


def test_training_is_planned_and_timed_and_nothing_is_written(tmp_path: Path) -> None:
    data = monthly_csv(tmp_path / "data.csv", 60)
    job = jobs.TrainJob(
        data=str(data),
        model=ModelSettings(units="4", layers=1, horizon=3),
        training=TrainSettings(steps=30, ensemble=2, preset="fast"),
        store=StoreSettings(models_dir=tmp_path / "models"),
    )
    found = jobs.rehearse_train(job)
    assert (found.command, found.rows, found.series) == ("train", 60, 1)
    assert "30 steps" in dict(found.choices)["training"]
    assert found.windows > 10
    assert 0 < found.seconds < 600
    assert " of at most 60 training steps" in found.timed
    assert found.memory > 2**26
    assert found.writes == (f"{tmp_path / 'models' / 'data'}: a new version",)
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_a_forecast_is_timed_and_nothing_is_written(trained: Trained, tmp_path: Path) -> None:
    before = sorted(path for path in trained.models_dir.rglob("*"))
    output = tmp_path / "f.csv"
    job = jobs.PredictJob(
        data=str(trained.data),
        models_dir=trained.models_dir,
        settings=PredictSettings(model="shops", output=str(output)),
    )
    found, done = jobs.rehearse_predict(job), trained.models_dir
    assert found.writes == (str(output), "an entry of the ledger")
    assert found.windows == found.series > 1
    assert found.timed.startswith(f"{found.series} of {found.series} series forecast")
    assert found.seconds > 0
    assert (sorted(path for path in done.rglob("*")), output.exists()) == (before, False)


def test_a_hierarchy_is_rehearsed_with_its_sums(tmp_path: Path) -> None:
    rows = [f"{region},{shop},2024-01-{day:02d},{day % 7}" for region in "ab" for shop in "xy" for day in range(1, 29)]
    data, totals = tmp_path / "shops.csv", tmp_path / "totals.csv"
    data.write_text("\n".join(["region,shop,day,sales", *rows]) + "\n")
    asked = {"hierarchy": "region,shop", "horizon": 3, "totals": "3", "totals_output": totals}
    settings = PredictSettings(model="builtin", output=str(tmp_path / "f.csv"), **asked)
    found = jobs.rehearse_predict(jobs.PredictJob(data=str(data), settings=settings, models_dir=tmp_path))
    choices = dict(found.choices)
    assert choices["hierarchy"].startswith("1 total, 2 region, 4 shop; made to add up by the best on past windows")
    assert choices["rows"] == str(3 * 7)
    assert (found.series, found.windows % 7) == (4, 0)
    assert found.windows > 7
    assert str(totals) in found.writes
    assert [path.name for path in tmp_path.iterdir()] == ["shops.csv"]
    wrong = jobs.PredictJob(data=str(data), settings=replace(settings, hierarchy="region,shp"), models_dir=tmp_path)
    with pytest.raises(DataError, match="no column 'shp'") as error:
        jobs.rehearse_predict(wrong)
    assert "--hierarchy" in error.value.hint
    assert "--id" not in error.value.hint


def test_what_the_command_refuses_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        jobs.rehearse_train(jobs.TrainJob(data=str(tmp_path / "none.csv")))


@pytest.mark.parametrize(
    ("asked", "fault", "said"),
    [
        ({"output": "nowhere/f.csv"}, OutputError, "does not exist"),
        ({"output": "f.xlsx"}, UsageError, "CSV or Parquet is written"),
        ({"output": "-", "totals": "3", "totals_output": Path("nowhere/t.csv")}, OutputError, "does not exist"),
    ],
)
def test_what_cannot_be_written_is_found_before_anything_is_read(
    asked: dict[str, Any], fault: type[Exception], said: str
) -> None:
    settings = PredictSettings(model="builtin", **asked)
    with pytest.raises(fault, match=said):
        jobs.rehearse_predict(jobs.PredictJob(data="none.csv", settings=settings))


def test_of_many_series_some_are_timed() -> None:
    panel = panel_from_arrays([np.arange(5.0) + k for k in range(3 * MOST_SERIES)], freq="D")
    some = sample_of(panel)
    assert some.n_series == MOST_SERIES
    assert (some.series(0)[0], some.series(MOST_SERIES - 1)[0]) == (0.0, 3.0 * MOST_SERIES - 1)
    assert sample_of(some) is some
