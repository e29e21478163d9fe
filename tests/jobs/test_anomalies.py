"""`jobs.anomalies`: which values are outside, where they stand, and how many are so by chance."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from forecaster import jobs
from forecaster.base.errors import GateError, UsageError
from forecaster.config import AnomalySettings
from tests.conftest import TINY, call_forecast, names, panel_csv
from tests.saved import TINY_DATA, copy_tiny


def anomalies(models: Path, data: Path, **settings: object) -> jobs.AnomalyResult:
    """Judge values with the only model of a folder."""
    [name] = names(models)
    chosen = AnomalySettings(**{"model": name, **settings})
    return jobs.anomalies(jobs.AnomalyJob(data=str(data), settings=chosen, models_dir=models))


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a folder with the frozen model of two shops."""
    return copy_tiny(tmp_path / "models")


def spoiled(folder: Path, **cells: str) -> Path:
    """Write the frozen model's data with the values of some days of the first shop replaced."""
    lines = TINY_DATA.read_text().splitlines()
    for day, value in cells.items():
        stamp = day.removeprefix("d").replace("_", "-")
        lines = [f"north,{stamp},{value}" if line.startswith(f"north,{stamp},") else line for line in lines]
    path = folder / "spoiled.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_false_alarms_are_as_many_as_the_level_says(tmp_path: Path) -> None:
    """On clean data of the kind that a model was trained on, a fifth is outside 80 %, and a twentieth outside 95 %."""
    models, made = tmp_path / "models", {"series": 20, "length": 150}
    known = panel_csv(tmp_path / "shops.csv", **made)
    done = call_forecast("train", known, "--models-dir", models, "--horizon", "3", *TINY)
    assert done.exit_code == 0, done.stderr
    data = panel_csv(tmp_path / "new.csv", **{**made, "length": 200})
    for level, share in ((50.0, 0.5), (80.0, 0.2), (95.0, 0.05)):
        result = anomalies(models, data, level=level)
        assert len(result.alarms.at) == 20 * 50  # what came after the training, and nothing else
        assert result.alarms.rate == pytest.approx(share, abs=0.02 + 0.1 * share)


def test_a_spike_is_found_with_its_line_and_distance(models: Path, tmp_path: Path) -> None:
    data = spoiled(tmp_path, d2024_02_20="500")
    result = anomalies(models, data, last=12, level=99, output=tmp_path / "a.csv")
    json.dumps(result.summary(), allow_nan=False)
    worst = max(result.records(), key=lambda row: abs(row["widths_outside"]))
    assert (worst["shop"], worst["day"], worst["value"]) == ("north", "2024-02-20", 500.0)
    assert data.read_text().splitlines()[worst["line"] - 1] == "north,2024-02-20,500"
    low, high = worst["forecast-lo-99"], worst["forecast-hi-99"]
    assert worst["widths_outside"] == pytest.approx((500 - high) / (high - low))
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert [(row["day"], row["line"]) for row in rows] == [(r["day"], str(r["line"])) for r in result.records()]
    assert result.to_frame()["line"].tolist() == [int(row["line"]) for row in rows]


def test_nothing_after_a_value_is_seen(models: Path, tmp_path: Path) -> None:
    """What comes later does not change the verdict on a value, nor its interval."""
    before = anomalies(models, TINY_DATA, last=20).alarms
    after = anomalies(models, spoiled(tmp_path, d2024_02_25="500", d2024_02_28="0.5"), last=20).alarms
    same = np.flatnonzero(before.at < np.flatnonzero(before.actual != after.actual).min() + before.at[0])
    assert len(same) > 10
    for name in ("actual", "expected", "low", "high"):
        np.testing.assert_array_equal(getattr(before, name)[same], getattr(after, name)[same])


def test_neighbours_on_one_side_are_one_run(models: Path, tmp_path: Path) -> None:
    data = spoiled(tmp_path, d2024_02_18="400", d2024_02_19="900", d2024_02_20="0.5")
    rows = [row for row in anomalies(models, data, last=12, level=99).records() if row["shop"] == "north"]
    runs = {row["day"]: row["run"] for row in rows}
    assert runs["2024-02-18"] == runs["2024-02-19"] != runs["2024-02-20"]


def test_missing_values_and_those_after_them_are_not_judged(models: Path, tmp_path: Path) -> None:
    result = anomalies(models, spoiled(tmp_path, d2024_02_20=""), last=12)
    assert result.summary()["not_judged"] == 2
    assert result.summary()["judged"] == 22


def test_too_many_are_a_gate(models: Path) -> None:
    result = anomalies(models, TINY_DATA, last=40, level=50, max_anomalies=3)
    with pytest.raises(GateError, match=r"values are outside their 50 % interval, above --max-anomalies 3"):
        result.check()
    anomalies(models, TINY_DATA, last=40, level=50, max_anomalies=80).check()


def test_without_new_values_it_says_what_to_do(models: Path) -> None:
    with pytest.raises(UsageError, match="no value came after") as error:
        anomalies(models, TINY_DATA)
    assert "--last 30" in error.value.hint


def test_the_builtin_network_judges_a_usual_horizon_and_says_so(tmp_path: Path) -> None:
    job = jobs.AnomalyJob(data=str(TINY_DATA), settings=AnomalySettings(model="builtin"), models_dir=tmp_path / "none")
    result = jobs.anomalies(job)
    assert result.last == 14
    assert result.summary()["last"] == 14
    assert len(result.alarms.at) == 2 * 14
