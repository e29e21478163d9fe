"""Scores on windows that were not seen: the halves that calibrate and check each other, and rolling origin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecaster.base.errors import DataError, UsageError
from forecaster.config import ModelSettings, OnGap, ReadSettings, TrainSettings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.model import store
from forecaster.model.origins import Cutoffs
from forecaster.model.planner import make_plan
from forecaster.model.predictor import make_forecast
from forecaster.model.windows import Ints
from forecaster.scoring.backtest import (
    Backtest,
    check_names,
    find_residuals,
    folds_of,
    measure,
    prediction_rows,
    rolling_origin,
    span,
)
from tests.conftest import Trained


def test_folds_split_a_series_by_age_and_a_panel_by_series() -> None:
    assert folds_of(np.array([0, 0, 0, 0])).tolist() == [0, 0, 1, 1]
    assert folds_of(np.arange(40)).tolist() == [0, 1] * 20


@pytest.mark.parametrize(
    ("lengths", "windows", "step", "horizon", "expected"),
    [
        pytest.param([10], 3, 2, 4, {0: [2, 4, 6]}, id="as many as asked"),
        pytest.param([10], 99, 1, 8, {0: [2]}, id="one value before the cutoff is too few"),
        pytest.param([5, 6, 9], 2, 1, 4, {1: [2], 2: [4, 5]}, id="short series have fewer, or none"),
        pytest.param([30], 2, 10, 5, {0: [15, 25]}, id="back from the end"),
    ],
)
def test_cutoffs(lengths: list[int], windows: int, step: int, horizon: int, expected: dict[int, list[int]]) -> None:
    panel = panel_from_arrays([np.arange(n) for n in lengths])
    origins = rolling_origin(panel, windows, step, horizon)
    found: dict[int, list[int]] = {}
    for s, end in zip(origins.series.tolist(), origins.ends.tolist(), strict=True):
        found.setdefault(s, []).append(end - int(panel.offsets[s]))
    assert found == expected


@pytest.mark.parametrize(("on_gap", "cutoffs"), [("interpolate", [3, 5, 6]), ("ffill", [3, 4, 5, 6])])
def test_no_cutoff_at_a_value_that_knows_what_came(
    write_csv: Callable[..., Path], on_gap: OnGap, cutoffs: list[int]
) -> None:
    days = "".join(f"2024-01-0{day},{'' if day == 4 else day}\n" for day in range(1, 10))
    panel = read_panel(write_csv(f"ds,y\n{days}"), ReadSettings(on_gap=on_gap))
    assert rolling_origin(panel, 4, 1, 3).ends.tolist() == cutoffs
    if on_gap == "interpolate":
        with pytest.raises(DataError, match="the value at every cutoff is missing"):
            rolling_origin(panel, 1, 1, 5)


def test_data_shorter_than_one_cutoff_is_refused() -> None:
    panel = panel_from_arrays({"a": [1, 2, 3], "b": [1, 2, 3, 4]})
    with pytest.raises(DataError, match=r"series 'b' has 4 steps; one cutoff with 3 steps after it needs at least 5"):
        rolling_origin(panel, 5, 1, 3)


@pytest.fixture(scope="module")
def model(trained: Trained) -> store.SavedModel:
    return store.load_model(trained.models_dir, trained.name)


def test_scores_are_those_of_single_forecasts(
    trained: Trained, model: store.SavedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against a plain loop: one forecast and one seasonal naive a window, scored one by one."""
    monkeypatch.setattr("forecaster.model.origins.MOST_WINDOWS", 3)
    panel = read_panel(trained.data)
    origins = rolling_origin(panel, 4, 5, 6)
    backtest = Backtest(model, panel, origins, 6)
    rows = list(backtest.run((80.0,)))
    scores = backtest.scores()
    errors, naive_errors, inside = {}, {}, []
    for s, end in zip(origins.series.tolist(), origins.ends.tolist(), strict=True):
        past, future = panel.values[panel.offsets[s] : end], panel.values[end : end + 6]
        one = make_forecast(model, panel_from_arrays([past], freq="D", season_length=7), 6, (80.0,))
        scale = np.mean(np.abs(past[7:] - past[:-7]))
        errors.setdefault(s, []).append(np.mean(np.abs(future - one.values[0])) / scale)
        naive_errors.setdefault(s, []).append(np.mean(np.abs(future - past[-7:-1])) / scale)
        _, low, high = one.intervals[0]
        inside.append(np.mean((low[0] <= future) & (future <= high[0])))
    assert scores.windows == 20
    assert scores.model.overall["mase"] == pytest.approx(np.mean([*errors.values()]), rel=1e-4)
    assert scores.baseline.overall["mase"] == pytest.approx(np.mean([*naive_errors.values()]), rel=1e-4)
    assert scores.model.overall["coverage-80"] == pytest.approx(np.mean(inside), abs=0.02)
    assert scores.model.by_series["mase"] == pytest.approx([np.mean(errors[s]) for s in range(5)], rel=1e-4)
    assert sum(len(row.actual) for row in rows) == 20
    assert span(panel, origins) == ("2024-02-08", "2024-02-23")


def test_filled_values_are_not_scored(model: store.SavedModel, write_csv: Callable[..., Path]) -> None:
    days = np.datetime64("2024-01-01") + np.arange(40).astype("m8[D]")
    lines = [f"a,{day},{10 + i % 7 + i * 0.1}" for i, day in enumerate(days) if i not in (36, 38)]
    panel = read_panel(write_csv("shop,day,sales\n" + "\n".join(lines) + "\n"))
    backtest = Backtest(model, panel, rolling_origin(panel, 1, 1, 5), 5)
    [scored] = backtest.run((80.0,))
    assert np.isnan(scored.actual).tolist() == [[False, True, False, True, False]]
    assert [mae is None for mae in backtest.scores().model.by_lead["mae"]] == [False, True, False, True, False]
    rows = prediction_rows(panel, scored, as_text=True)
    assert rows["actual"].null_count == 2
    assert rows["day"].to_pylist() == [f"2024-02-{day:02d}" for day in (5, 6, 7, 8, 9)]
    assert rows["cutoff"].to_pylist() == ["2024-02-04"] * 5
    assert rows["lead"].to_pylist() == [1, 2, 3, 4, 5]


def test_windows_that_training_may_have_seen(trained: Trained, model: store.SavedModel) -> None:
    panel = read_panel(trained.data)
    backtest = Backtest(model, panel, rolling_origin(panel, 3, 1, 6), 6)
    first_actuals = [np.datetime64(day, "ns").astype(int) for day in ("2024-02-21", "2024-02-22", "2024-02-24")]
    assert [backtest.seen_until(int(stamp)) for stamp in first_actuals] == [0, 5, 15]


@pytest.mark.parametrize("columns", ["cutoff,day,y", "a,lead,y"])
def test_a_column_that_the_file_has_already_is_refused(write_csv: Callable[..., Path], columns: str) -> None:
    lines = "".join(f"s,2024-01-{day:02d},{day}\n" for day in range(1, 20))
    series, time, _ = columns.split(",")
    panel = read_panel(write_csv(f"{columns}\n{lines}"), ReadSettings(time=time, id=series, target="y"))
    with pytest.raises(UsageError, match=r"column '(cutoff|lead)' of the data is also a column of --predictions"):
        check_names(panel)


def test_intervals_know_of_times_that_were_rougher_than_the_last() -> None:
    from forecaster.scoring.backtest import answer_held_out
    from forecaster.training.fit import Trained as Networks
    from forecaster.training.network import build_network

    rng = np.random.default_rng(0)
    steps = rng.normal(size=(40, 40))
    steps[:, 28:34] *= 0.2  # what came after the held-out cutoffs was calm
    panel = panel_from_arrays(list(100 + steps.cumsum(axis=1)), freq="YS", start="1980-01-01")
    settings = ModelSettings(horizon=6, transform="none", base="last", units="4", layers=1)
    plan = replace(make_plan(panel, 1, settings, TrainSettings()), held_out=Cutoffs(*one_each(panel, 28)))
    plan = replace(plan, earlier=Cutoffs(*one_each(panel, 10), stride=6))
    plan.earlier.count[:] = 3
    weights = [build_network(plan.network, seed=0).get_weights()]  # answers the base path
    networks = Networks(weights, weights, [0], [], "cpu")
    residuals = find_residuals(panel, plan, networks, answer_held_out(panel, plan, networks))
    assert residuals.errors.shape == (40 + 3 * 40, 6)
    assert set(residuals.folds[:40]) == set(residuals.folds[40:]) == {0, 1}
    alone = replace(residuals, errors=residuals.errors[:40], answers=residuals.answers.take(np.arange(40)))
    _, intervals = measure(panel, plan, networks)
    widths = [np.subtract(*each.interval(alone.answers, 80)[::-1]).mean() for each in (alone.calibrate(), intervals)]
    assert widths[1] > 2 * widths[0]
    np.testing.assert_array_equal(intervals.half_widths, residuals.calibrate().half_widths)


def one_each(panel: Panel, cutoff: int) -> tuple[Ints, Ints, Ints]:
    """Return the fields of `Cutoffs` for one cutoff in each series."""
    starts = panel.offsets[:-1]
    return starts, starts + cutoff, np.ones(panel.n_series, np.int64)
