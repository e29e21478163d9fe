"""Recursive forecasts: what a user would get by appending forecasts to the file, with intervals that widen."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from forecaster import jobs
from forecaster.base.errors import DataError, UsageError
from forecaster.config import ModelSettings, PredictSettings, ReadSettings, ScoreSettings, StoreSettings, TrainSettings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel, head, panel_from_arrays
from forecaster.model import recursion, store
from forecaster.model.predictor import make_forecast
from forecaster.model.recursion import forecast_recursively, measure_growth
from tests.conftest import Trained, panel_csv
from tests.model.test_features import panel_csv as featured_csv


@pytest.fixture(scope="module")
def model(trained: Trained) -> store.SavedModel:
    return store.load_model(trained.models_dir, trained.name)


def daily(*series: list[float]) -> Panel:
    return panel_from_arrays(list(series), freq="D", season_length=7)


def test_a_round_is_what_is_forecast_after_the_forecasts(trained: Trained, model: store.SavedModel) -> None:
    panel, horizon = read_panel(trained.data), model.window.horizon
    values = forecast_recursively(model, panel, 2 * horizon + 3, (80.0,)).values
    assert values.shape == (5, 2 * horizon + 3)
    known = [panel.series(s).tolist() for s in range(5)]
    for k in range(3):
        expected = make_forecast(model, daily(*known), None, ()).values
        theirs = values[:, k * horizon : (k + 1) * horizon]
        np.testing.assert_allclose(theirs, expected[:, : theirs.shape[1]], rtol=1e-6)
        known = [[*series, *row] for series, row in zip(known, expected.tolist(), strict=True)]


def test_intervals_hold_the_forecast_are_nested_and_never_narrower_than_at_first(
    trained: Trained, model: store.SavedModel
) -> None:
    forecast = forecast_recursively(model, read_panel(trained.data), 42, (50.0, 95.0))
    (_, low, high), (_, outer_low, outer_high) = forecast.intervals
    assert ((outer_low <= low) & (low <= forecast.values) & (forecast.values <= high) & (high <= outer_high)).all()
    assert (low >= 0).all()  # as all that it was trained on
    width = (high - low).reshape(5, 3, 14)
    assert (width[:, 1:] >= 0.999 * width[:, :1]).all()
    direct = make_forecast(model, read_panel(trained.data), None, (50.0, 95.0))
    np.testing.assert_allclose(high[:, :14], direct.intervals[0][2])


def test_growth_is_measured_by_going_the_same_way_from_earlier_cutoffs(
    trained: Trained, model: store.SavedModel
) -> None:
    panel = daily(
        *(
            row.tolist()
            for row in read_panel(panel_csv(trained.data.parent / "long.csv", 3, 120)).values.reshape(3, 120)
        )
    )
    growth = measure_growth(model, panel, 2)
    misses: list[list[float]] = [[], []]
    for cutoff in range(10):
        end = 120 - 28 - 14 * cutoff
        if end < max(model.window.shortest_history, model.window.lookback // 2):
            break
        whole = forecast_recursively(model, head(panel, np.full(3, end)), 28, (80.0,))
        plain = make_forecast(model, head(panel, np.full(3, end)), None, (80.0,))
        [(_, low, high)] = plain.intervals
        for s in range(3):
            for t in range(14):
                error = panel.series(s)[end + t] - plain.values[s, t]
                half = high[s, t] - plain.values[s, t] if error > 0 else plain.values[s, t] - low[s, t]
                misses[0].append(abs(error) / half)
        again = daily(*([*panel.series(s)[:end], *whole.values[s, :14]] for s in range(3)))
        own = make_forecast(model, again, None, (80.0,))
        [(_, own_low, own_high)] = own.intervals
        for s in range(3):
            for t in range(14):
                error = panel.series(s)[end + 14 + t] - own.values[s, t]
                sides = own_high[s, t] - own.values[s, t], high[s, t] - plain.values[s, t]
                if error <= 0:
                    sides = own.values[s, t] - own_low[s, t], plain.values[s, t] - low[s, t]
                misses[1].append(abs(error) / max(sides))
    expected = max(np.quantile(misses[1], 0.8) / np.quantile(misses[0], 0.8), 1.0)
    assert growth == pytest.approx([1.0, expected], rel=1e-4)


def test_where_nothing_can_be_measured_variances_add(model: store.SavedModel) -> None:
    short = daily((100 + np.arange(20.0) % 7).tolist())
    np.testing.assert_allclose(measure_growth(model, short, 3), np.sqrt([1, 2, 3]))


def test_what_stands_in_for_the_network_goes_on(model: store.SavedModel) -> None:
    wave = (100 + 10 * np.sin(np.arange(60.0))).tolist()
    forecast = forecast_recursively(model, daily([5.0] * 40, [3.0, 4.0, 5.0], wave), 40, (80.0,))
    assert (forecast.values[0] == 5).all()
    np.testing.assert_allclose(forecast.values[1], 5)  # shorter than a season: the last value
    methods = forecast.columns()["method"].reshape(3, 40)
    assert [set(row) for row in methods[:, :14]] == [{"constant"}, {"seasonal_naive"}, {"lstm"}]
    assert [set(row) for row in methods[:, 14:]] == [{"constant"}, {"seasonal_naive"}, {"lstm_recursive"}]
    assert np.isfinite(forecast.intervals[0][1:]).all()


def test_the_file_says_where_and_the_ledger_scores_it(trained: Trained, tmp_path: Path) -> None:
    settings = PredictSettings(output=str(tmp_path / "f.csv"), horizon=20, recursive=True, ledger=str(tmp_path / "L"))
    result = jobs.predict(jobs.PredictJob(data=str(trained.data), settings=settings, models_dir=trained.models_dir))
    assert result.summary()["methods"] == {"lstm_recursive": 5}
    with (tmp_path / "f.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["method"] for row in rows[:20]] == ["lstm"] * 14 + ["lstm_recursive"] * 6
    later = panel_csv(tmp_path / "later.csv", length=80)
    score = ScoreSettings(ledger=tmp_path / "L")
    scored = jobs.score(jobs.ScoreJob(actuals=str(later), settings=score, models_dir=trained.models_dir)).summary()
    assert len(scored["by_lead"]) == 20


def test_a_horizon_that_was_trained_for_takes_one_round(trained: Trained, tmp_path: Path) -> None:
    texts = [
        jobs.predict(
            jobs.PredictJob(
                data=str(trained.data),
                models_dir=trained.models_dir,
                settings=PredictSettings(output="-", horizon=9, recursive=recursive, ledger="none"),
            )
        ).text
        for recursive in (False, True)
    ]
    assert texts[0] == texts[1]


def test_a_horizon_too_far_off_is_refused(model: store.SavedModel) -> None:
    assert recursion.check_rounds(model, 1400) == 100
    with pytest.raises(UsageError, match=r"--horizon 1401: .* was trained for 14 steps, and goes on to 1400 at most"):
        recursion.check_rounds(model, 1401)


def train_on(folder: Path, data: Path, **columns: str) -> store.SavedModel:
    job = jobs.TrainJob(
        data=str(data),
        reading=ReadSettings(target="y", **columns),
        model=ModelSettings(units="4", layers=1, horizon=5),
        training=TrainSettings(steps=2, ensemble=1, preset="fast"),
        store=StoreSettings(models_dir=folder, from_="none"),
    )
    return jobs.train(job).model


def test_what_is_known_ahead_must_reach_as_far(tmp_path: Path) -> None:
    model = train_on(tmp_path / "models", featured_csv(tmp_path / "a.csv", ahead=5), future_covariates="promo")
    for ahead, horizon in ((12, 12), (11, 12)):
        data = featured_csv(tmp_path / "b.csv", ahead=ahead)
        settings = PredictSettings(output="-", horizon=horizon, recursive=True, ledger="none", model=model.name)
        job = jobs.PredictJob(data=str(data), settings=settings, models_dir=tmp_path / "models")
        if ahead == 12:
            assert jobs.predict(job).forecast.values.shape == (2, 12)
        else:
            with pytest.raises(DataError, match=r"column 'promo' has no value at 2024-03-12, series 's0' \(2 missing"):
                jobs.predict(job)


@pytest.mark.slow
def test_what_is_known_of_the_past_alone_cannot_go_on(tmp_path: Path) -> None:
    model = train_on(tmp_path / "models", featured_csv(tmp_path / "a.csv"), past_covariates="rain")
    assert recursion.check_rounds(model, 5) == 1
    with pytest.raises(UsageError, match="reads 'rain', unknown after the data's end"):
        recursion.check_rounds(model, 6)
