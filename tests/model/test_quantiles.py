"""Quantiles: ends of central intervals, from the settings to the files and the scores."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster import jobs
from forecaster.base.errors import UsageError
from forecaster.config import BacktestSettings, EvaluateSettings, PredictSettings, parse_quantiles
from forecaster.model.quantiles import DECILES, level_of, levels_with, pick_quantiles
from tests.saved import TINY_DATA, copy_tiny

shares = st.integers(1, 99999).map(lambda n: n / 100_000)


@pytest.mark.parametrize(
    ("share", "level"), [(0.1, 80), (0.9, 80), (0.5, 0), (0.025, 95), (0.975, 95), (0.005, 99), (0.3, 40), (0.7, 40)]
)
def test_a_quantile_is_the_end_of_a_central_interval(share: float, level: float) -> None:
    assert level_of(share) == level


@given(st.lists(shares, min_size=1, max_size=5))
def test_every_quantile_finds_its_interval(chosen: list[float]) -> None:
    """Whatever is asked, the levels that are needed are those that are looked up, and the answer ascends."""
    asked = parse_quantiles(",".join(map(str, chosen)))
    intervals = [(level, np.array([-level]), np.array([level])) for level in levels_with((), asked, DECILES)]
    picked = pick_quantiles(np.zeros(1), intervals, asked)
    assert tuple(share for share, _ in picked) == asked
    values = [float(found[0]) for _, found in picked]
    assert values == sorted(values)
    for share, value in zip(asked, values, strict=True):
        assert value == pytest.approx(200 * share - 100, abs=1e-3)


@pytest.mark.parametrize("text", ["", "0", "1", "10,90", "a", "0.1;0.9", "nan", "-0.1"])
def test_what_is_no_quantile_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--quantiles: expected numbers from 0\.00001 to 0\.99999"):
        parse_quantiles(text)


def test_quantiles_of_a_forecast_file(tmp_path: Path) -> None:
    """0.1 and 0.9 are the ends of the interval of 80 %, 0.5 is the forecast; no more levels are written than asked."""
    settings = PredictSettings(output="-", ledger="none", levels="80", quantiles="0.5,0.9,0.1,0.025")
    result = jobs.predict(jobs.PredictJob(data=str(TINY_DATA), settings=settings, models_dir=copy_tiny(tmp_path / "m")))
    rows = list(csv.DictReader(result.text.splitlines()))
    assert list(rows[0]) == [
        "shop",
        "day",
        "forecast",
        "forecast-lo-80",
        "forecast-hi-80",
        "forecast-q-2.5",
        "forecast-q-10",
        "forecast-q-50",
        "forecast-q-90",
        "method",
    ]
    for row in rows:
        assert (row["forecast-q-10"], row["forecast-q-50"]) == (row["forecast-lo-80"], row["forecast"])
        assert row["forecast-q-90"] == row["forecast-hi-80"]
        assert float(row["forecast-q-2.5"]) < float(row["forecast-q-10"])


def test_scores_of_quantiles(tmp_path: Path) -> None:
    models, path = copy_tiny(tmp_path / "m"), tmp_path / "p.csv"
    job = jobs.EvaluateJob(
        data=str(TINY_DATA),
        settings=EvaluateSettings(levels="80", quantiles="0.1,0.9", predictions=path),
        backtest=BacktestSettings(windows=5, step=1),
        models_dir=models,
    )
    ours = jobs.evaluate(job).metrics["model"]
    assert ours["pinball-q-10"] + ours["pinball-q-90"] == pytest.approx(2 * ours["pinball-80"])
    rows = list(csv.DictReader(path.read_text().splitlines()))
    below = np.mean([float(row["actual"]) <= float(row["forecast-q-90"]) for row in rows])
    assert ours["below-q-90"] == pytest.approx(below)
    assert [level for level in rows[0] if level.startswith("forecast")] == [
        "forecast",
        "forecast-lo-80",
        "forecast-hi-80",
        "forecast-q-10",
        "forecast-q-90",
    ]


def test_the_crps_is_that_of_the_distribution(tmp_path: Path) -> None:
    """A model of intervals is worth more than its point forecast, and the baseline's CRPS is its absolute error."""
    job = jobs.EvaluateJob(data=str(TINY_DATA), models_dir=copy_tiny(tmp_path / "m"))
    metrics = jobs.evaluate(job).metrics
    assert metrics["baseline"]["crps"] == pytest.approx(metrics["baseline"]["mae"])
    assert metrics["model"]["crps"] < metrics["model"]["mae"]
    assert metrics["model"]["wql"] == pytest.approx(
        metrics["model"]["crps"] / (100 * metrics["model"]["mae"] / metrics["model"]["wape"])
    )
