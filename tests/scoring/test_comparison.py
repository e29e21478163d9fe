"""Kinds side by side: the same windows, nothing known after a cutoff, and a tie called a tie."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from forecaster import jobs
from forecaster.base.errors import DataError, UsageError
from forecaster.config import CompareSettings, ModelSettings, ReadSettings, TrainSettings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel, head, panel_from_arrays
from forecaster.scoring import comparison
from forecaster.scoring.backtest import rolling_origin
from forecaster.scoring.comparison import Comparison, difference_interval
from forecaster.scoring.kinds import Answer, Task
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


def test_no_kind_sees_what_comes_after_its_cutoff(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, Panel]] = []

    def keep(name: str, panel: Panel, task: Task) -> Answer:
        seen.append((name, panel))
        intervals = tuple((level, *np.zeros((2, panel.n_series, 7))) for level in task.levels)
        return Answer(values=np.zeros((panel.n_series, 7)), intervals=intervals, replaced=np.zeros(5, bool))

    monkeypatch.setattr(comparison, "forecast_kind", keep)
    panel = read_panel(data)
    task = Task(season=7, horizon=7, levels=(80.0,))
    shares: list[float] = []
    blocks = list(
        Comparison(panel, rolling_origin(panel, 3, 4, 7), 4, task).run(("a", "b"), lambda: 0.0, shares.append)
    )
    assert [kind for kind, _ in blocks] == ["a", "b"] * 3
    assert [level for level, *_ in blocks[0][1].block.intervals] == [80.0]
    for (_, known), steps in zip(seen[::2], (45, 49, 53), strict=True):
        assert known.lengths.tolist() == [steps] * 5
        for s in range(5):
            np.testing.assert_array_equal(known.series(s), panel.series(s)[:steps])
    assert shares[-1] == pytest.approx(1)
    assert shares == sorted(shares)


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


# ---------------------------------------------------------------------------------------------------- differences


@pytest.mark.parametrize(
    ("shape", "block", "judged"),
    [
        ((4, 4), 1, False),
        ((5, 1), 1, False),
        ((5, 5), 1, True),
        ((1, 5), 1, True),
        ((1, 9), 2, False),
        ((1, 10), 2, True),
    ],
)
def test_too_few_windows_are_not_judged(shape: tuple[int, int], block: int, judged: bool) -> None:
    assert (difference_interval(np.random.default_rng(0).normal(size=shape), block) is not None) is judged


@pytest.mark.parametrize("shape", [(30, 5), (30, 8), (1, 40)])
def test_a_difference_is_seen_and_a_tie_is_too(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).normal(size=shape)
    low, high = difference_interval(noise - noise.mean(), 1) or (0.0, 0.0)
    assert low < 0 < high
    low, high = difference_interval(noise - noise.mean() + 1.5, 1) or (0.0, 0.0)
    assert 0 < low < 1.5 < high


def test_windows_of_one_series_resemble_each_other() -> None:
    """An effect of the series is not averaged away by more cutoffs."""
    rng = np.random.default_rng(0)
    effects = rng.normal(size=(30, 1))
    widths = []
    for cutoffs in (5, 20):
        low, high = difference_interval(effects + np.zeros((1, cutoffs)), 1) or (0.0, 0.0)
        widths.append(high - low)
    assert widths[1] == pytest.approx(widths[0], rel=0.1)


def test_missing_windows_are_left_out() -> None:
    differences = np.random.default_rng(0).normal(size=(20, 6)) + 3
    differences[::2, 1] = np.nan
    differences[5] = np.nan
    low, high = difference_interval(differences, 1) or (0.0, 0.0)
    assert low < np.nanmean(differences) < high


def test_coverage_of_the_interval() -> None:
    rng, inside = np.random.default_rng(0), 0
    for _ in range(60):
        low, high = difference_interval(rng.normal(size=(12, 5)), 1) or (0.0, 0.0)
        inside += low <= 0 <= high
    assert inside >= 52


# ---------------------------------------------------------------------------------------------------- earlier panels


def test_an_earlier_panel_is_that_of_a_file_that_ended_there(tmp_path: Path) -> None:
    data = panel_csv(tmp_path / "all.csv")
    lines = data.read_text().splitlines()
    lines[61 + 20] = lines[61 + 20].rsplit(",", 1)[0] + ",9999"
    steps = [30, 60, 25, 0, 59]
    kept = [line for s, n in enumerate(steps) for line in lines[1 + 60 * s : 1 + 60 * s + n]]
    settings = ReadSettings(on_outlier="clip")
    panels = []
    for name, body in (("whole.csv", lines[1:]), ("part.csv", kept)):
        path = tmp_path / name
        path.write_text("\n".join([lines[0], *body]) + "\n")
        panels.append(read_panel(path, settings))
    earlier = head(panels[0], np.array(steps))
    assert earlier.ids == panels[1].ids
    np.testing.assert_array_equal(earlier.values, panels[1].values)
    np.testing.assert_array_equal(earlier.outliers.at, panels[1].outliers.at)
    np.testing.assert_array_equal(earlier.starts, panels[1].starts)


def test_the_whole_panel_is_its_own_head() -> None:
    panel = panel_from_arrays([[1.0, 2.0, 3.0], [4.0, 5.0]])
    assert head(panel, panel.lengths).values.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    for steps in itertools.product(range(4), range(3)):
        if any(steps):
            assert head(panel, np.array(steps)).lengths.tolist() == [n for n in steps if n]
