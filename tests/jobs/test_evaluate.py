"""`jobs.evaluate`: from a saved model and known data to scores, a file of predictions, and gates."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from forecaster import jobs
from forecaster.base.errors import GateError, MissingError, OutputError, UsageError
from forecaster.config import BacktestSettings, EvaluateSettings, GateSettings, PredictSettings
from forecaster.model import manifest
from tests.conftest import Trained, names


def evaluate(
    trained: Trained, data: Path | None = None, *, gates: GateSettings | None = None, **settings: object
) -> jobs.EvaluateResult:
    """Evaluate the small model from three cutoffs, a step apart."""
    return jobs.evaluate(
        jobs.EvaluateJob(
            data=None if data is None else str(data),
            settings=EvaluateSettings(**settings),
            backtest=BacktestSettings(windows=3, step=1),
            gates=gates or GateSettings(),
            models_dir=trained.models_dir,
        )
    )


def test_the_scores_of_a_model(trained: Trained) -> None:
    summary = evaluate(trained, horizon=7, levels="50,90").summary()
    json.dumps(summary, allow_nan=False)
    assert summary["metrics"]["windows"] == 15
    assert summary["horizon"] == 7
    assert {"mase", "smape", "rmsse", "coverage-50", "msis-90"} <= set(summary["metrics"]["model"])
    skill = 1 - summary["metrics"]["model"]["mase"] / summary["metrics"]["baseline"]["mase"]
    assert summary["metrics"]["skill"] == pytest.approx(skill)
    assert summary["by_series"]["series"] == [f"shop-{s}" for s in range(5)]
    assert summary["by_series"]["windows"] == [3] * 5
    assert len(summary["by_lead"]["model"]["msis-90"]) == len(summary["by_lead"]["baseline"]["mase"]) == 7
    assert summary["cutoffs"] == {"first": "2024-02-20", "last": "2024-02-22"}
    assert summary["windows_seen_in_training"] == 15


def test_rows_hold_every_score_once(trained: Trained) -> None:
    rows = evaluate(trained, horizon=7).records()
    assert len(rows) == 2 * (1 + 7 + 5)
    assert len({(row["scope"], row["lead"], row["series"], row["method"]) for row in rows}) == len(rows)
    assert all(row.keys() == rows[0].keys() for row in rows)


def test_windows_after_the_training_data_are_not_called_seen(trained: Trained, tmp_path: Path) -> None:
    longer = tmp_path / "shops.csv"
    days = np.datetime64("2024-03-01") + np.arange(9).astype("m8[D]")
    longer.write_text(trained.data.read_text() + "".join(f"shop-{s},{day},50\n" for s in range(5) for day in days))
    assert evaluate(trained, longer, horizon=7).seen == 0
    assert evaluate(trained, longer, horizon=9).seen == 10
    assert evaluate(trained, longer, horizon=14).seen == 15


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_every_prediction_is_written(trained: Trained, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"p.{suffix}"
    result = evaluate(trained, horizon=7, predictions=path)
    rows = list(csv.DictReader(path.read_text().splitlines())) if suffix == "csv" else pq.read_table(path).to_pylist()
    assert list(rows[0]) == [
        "shop",
        "day",
        "cutoff",
        "lead",
        "actual",
        "forecast",
        "forecast-lo-80",
        "forecast-hi-80",
        "forecast-lo-95",
        "forecast-hi-95",
        "method",
    ]
    assert len(rows) == 15 * 7
    errors = [abs(float(row["actual"]) - float(row["forecast"])) for row in rows]
    assert np.mean(errors) == pytest.approx(result.metrics["model"]["mae"])
    assert [str(rows[7][name])[:10] for name in ("shop", "cutoff", "day", "lead")] == [
        "shop-0",
        "2024-02-21",
        "2024-02-22",
        "1",
    ]


def test_a_wide_file_names_its_series(trained: Trained, tmp_path: Path) -> None:
    """A forecast file of a wide file is long, with the columns' names as ids."""
    days = np.datetime64("2024-01-01") + np.arange(60).astype("m8[D]")
    data = tmp_path / "wide.csv"
    data.write_text("day,north,south\n" + "".join(f"{day},{i % 7 + 5},{i % 7 + 9}\n" for i, day in enumerate(days)))
    shutil.copytree(trained.models_dir, tmp_path / "models")
    path = next((tmp_path / "models" / "shops" / "versions").iterdir()) / "manifest.json"
    facts = json.loads(path.read_text())
    del facts["sha256"]
    facts["schema"] |= {"shape": "wide", "id": None, "target": None}
    path.write_bytes(manifest.seal(facts))
    result = jobs.predict(
        jobs.PredictJob(data=str(data), models_dir=tmp_path / "models", settings=PredictSettings(output="-"))
    )
    rows = list(csv.DictReader(result.text.splitlines()))
    assert [row["series"] for row in rows[::14]] == ["north", "south"]


@pytest.mark.parametrize(
    ("gates", "said"),
    [
        ({"max_mase": 0.0}, r"MASE is \d.*, above --max-mase 0"),
        ({"min_skill": 0.999}, r"the skill over seasonal naive is .*, below --min-skill 0\.999"),
        (
            {"min_coverage": 1.0, "max_mase": 0.0},
            r"MASE is .*; the coverage of the 50 % interval is .*, below --min-cov",
        ),
    ],
)
def test_a_gate_that_is_not_reached(trained: Trained, tmp_path: Path, gates: dict[str, float], said: str) -> None:
    with pytest.raises(GateError, match=said):
        evaluate(trained, gates=GateSettings(**gates), levels="1,50", predictions=tmp_path / "p.csv")
    assert names(tmp_path) == []


def test_gates_that_are_reached(trained: Trained) -> None:
    evaluate(trained, gates=GateSettings(max_mase=100, min_skill=-100, min_coverage=0))


def test_a_series_too_short_for_a_cutoff_is_named(trained: Trained, tmp_path: Path) -> None:
    data = tmp_path / "shops.csv"
    data.write_text(trained.data.read_text() + "tiny,2024-01-01,5\ntiny,2024-01-02,6\n")
    result = evaluate(trained, data)
    assert result.skipped == [("tiny", "too short for a cutoff")]
    assert result.summary()["by_series"]["model"]["mase"][5] is None


def test_zeros_give_null_and_never_infinity(tmp_path: Path) -> None:
    data = tmp_path / "zeros.csv"
    days = np.datetime64("2024-01-01") + np.arange(60).astype("m8[D]")
    data.write_text("shop,day,sales\n" + "".join(f"a,{day},{max(i % 7 - 4, 0)}\n" for i, day in enumerate(days)))
    nobody = Trained(models_dir=tmp_path / "none", data=data, name="builtin")
    summary = evaluate(nobody, data, model="builtin", horizon=7).summary()
    assert summary["metrics"]["model"]["mape"] is None
    json.dumps(summary, allow_nan=False)


def test_what_is_wrong_is_said_before_the_work(trained: Trained, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="was trained for 14 steps"):
        evaluate(trained, horizon=15)
    with pytest.raises(UsageError, match=r"ends in \.csv or \.parquet"):
        evaluate(trained, predictions=tmp_path / "p.xlsx")
    with pytest.raises(OutputError, match="does not exist"):
        evaluate(trained, predictions=tmp_path / "none" / "p.csv")
    with pytest.raises(UsageError, match="is the data file itself"):
        evaluate(trained, predictions=trained.data)
    with pytest.raises(MissingError, match="no model in"):
        jobs.evaluate(jobs.EvaluateJob(models_dir=tmp_path / "models"))
