"""A leaderboard: its numbers, its rows, and what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from forecaster import jobs
from forecaster.base.errors import DataError, UsageError
from forecaster.config import CompareSettings, ModelSettings, TrainSettings
from forecaster.data.grid import read_panel
from tests.conftest import panel_csv

FAST = CompareSettings(models="naive,seasonal-naive,drift", windows=2, step=5)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Five daily series of 60 days with a weekly season."""
    return panel_csv(tmp_path / "shops.csv")


def compare(data: Path, settings: CompareSettings = FAST, **others: object) -> jobs.CompareResult:
    job = jobs.CompareJob(data=str(data), settings=settings, model=ModelSettings(horizon=7), **others)
    result = jobs.compare(job)
    json.dumps(result.summary(), allow_nan=False)
    return result


def test_the_leaderboard_is_that_of_a_plain_loop(data: Path) -> None:
    """Seasonal naive and naive by hand, window by window."""
    panel = read_panel(data)
    errors: dict[str, list[float]] = {"seasonal-naive": [], "naive": []}
    for s in range(5):
        values = panel.series(s)
        for end in (60 - 7 - 5, 60 - 7):
            past, future = values[:end], values[end : end + 7]
            scale = np.mean(np.abs(past[7:] - past[:-7]))
            errors["seasonal-naive"].append(float(np.mean(np.abs(future - past[-7:])) / scale))
            errors["naive"].append(float(np.mean(np.abs(future - past[-1])) / scale))
    rows = {row["kind"]: row for row in compare(data).records()}
    for kind, expected in errors.items():
        assert rows[kind]["mase"] == pytest.approx(np.mean(expected))
    assert rows["seasonal-naive"]["verdict"] == "best"
    assert rows["naive"]["difference"] == pytest.approx(np.mean(errors["naive"]) - np.mean(errors["seasonal-naive"]))
    assert rows["naive"]["verdict"] == "unknown"  # 2 cutoffs say nothing of another, whatever the number of series
    assert rows["naive"]["difference_low"] is None


def test_the_summary(data: Path) -> None:
    summary = compare(data).summary()
    assert (summary["windows"], summary["horizon"], summary["step"], summary["season_length"]) == (10, 7, 5, 7)
    assert summary["best"] == summary["leaderboard"][0]["kind"] == "seasonal-naive"
    assert summary["cutoffs"] == {"first": "2024-02-17", "last": "2024-02-22"}
    assert [row["rank"] for row in summary["leaderboard"]] == [1, 2, 3]
    assert {"mase", "smape", "rmse", "msis-95", "coverage-80", "seconds"} <= set(summary["leaderboard"][0])
    assert len(summary["by_lead"]["drift"]["mase"]) == 7
    assert len(summary["by_series"]["mase"]["drift"]) == len(summary["by_series"]["series"]) == 5


@pytest.mark.slow  # the README compares with it too
def test_the_network_is_trained_at_each_cutoff(data: Path) -> None:
    result = compare(
        data,
        CompareSettings(models="lstm,naive", windows=2),
        training=TrainSettings(steps=4, ensemble=1, preset="fast"),
    )
    assert {row.kind for row in result.standings} == {"lstm", "naive"}
    assert {row.kind: row.replaced for row in result.standings}["lstm"] == 0


def test_short_series_take_part_where_they_can(tmp_path: Path) -> None:
    days = np.datetime64("2024-01-01") + np.arange(60).astype("m8[D]")
    lines = [
        f"{name},{day},{i % 7}"
        for name, n in (("long", 60), ("short", 12), ("tiny", 6))
        for i, day in enumerate(days[:n])
    ]
    data = tmp_path / "data.csv"
    data.write_text("shop,day,sales\n" + "\n".join(lines) + "\n")
    result = compare(data)
    assert np.bincount(result.origins.series, minlength=3).tolist() == [2, 1, 0]
    assert result.skipped == [("tiny", "too short for a cutoff")]


def test_every_prediction_is_written(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    result = compare(data, CompareSettings(models="naive,drift", windows=2, predictions=path))
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert len(rows) == 2 * 2 * 5 * 7
    for row in result.standings:
        errors = [abs(float(r["actual"]) - float(r["forecast"])) for r in rows if r["method"] == row.kind]
        assert np.mean(errors) == pytest.approx(row.measures.overall["mae"])


@pytest.mark.parametrize(
    ("settings", "model", "error", "said"),
    [
        (CompareSettings(models="naive,niave"), {}, UsageError, "unknown kind 'niave'"),
        (CompareSettings(models="naive", predictions=Path("p.xlsx")), {}, UsageError, "ends in"),
        (CompareSettings(models="naive", levels="0"), {}, UsageError, "--levels"),
        (CompareSettings(models="naive"), {"horizon": 59}, DataError, "one cutoff with 59 steps after it"),
        (CompareSettings(models="lstm", windows=4), {"horizon": 12}, DataError, "are needed to train"),
    ],
)
def test_wrong_input(data: Path, settings: CompareSettings, model: dict[str, int], error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        jobs.compare(jobs.CompareJob(data=str(data), settings=settings, model=ModelSettings(**model)))


def test_constant_series_have_no_scale_and_are_ranked_by_their_error(tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_text("t,y\n" + "".join(f"{i},7\n" for i in range(40)))
    rows = compare(data).records()
    assert {row["mase"] for row in rows} == {None}
    assert {row["difference"] for row in rows} == {None}
    assert rows[1]["verdict"] == "unknown"
