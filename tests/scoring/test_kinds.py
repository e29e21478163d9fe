"""Kinds of methods by name: each learns from a panel and forecasts after its end, with intervals."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from forecaster.base.errors import UsageError
from forecaster.config import ModelSettings, TrainSettings
from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.model import baselines
from forecaster.model.origins import Origins
from forecaster.scoring.kinds import CLASSICAL, KINDS, Task, forecast_kind, parse_kinds

needs_extra = pytest.mark.skipif(not importlib.util.find_spec("statsforecast"), reason="the extra baselines")
TINY = {
    "model": ModelSettings(units=4, layers=1),
    "training": TrainSettings(steps=4, ensemble=1, preset="fast", device="cpu"),
}


def seasonal(count: int = 3, length: int = 96, season: int = 12) -> list[np.ndarray]:
    """Series with a level, a season and noise of their own."""
    rng, steps = np.random.default_rng(0), np.arange(length)
    return [100 * (s + 1) + 20 * np.sin(2 * np.pi * steps / season) + rng.normal(size=length) for s in range(count)]


def monthly(series: list[np.ndarray]) -> Panel:
    return panel_from_arrays(series, freq="MS")


def task(**changes: object) -> Task:
    return Task(**{"season": 12, "horizon": 6, "levels": (80.0, 95.0), **TINY, **changes})


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[needs_extra] if name in CLASSICAL else []) for name in KINDS]
)
def test_every_kind_forecasts_every_series_inside_nested_intervals(name: str) -> None:
    panel, shares = monthly(seasonal()), []
    answer = forecast_kind(name, panel, task(on_share=shares.append))
    assert answer.values.shape == (3, 6)
    assert not answer.replaced.any()
    (low, (lo80, hi80)), (high, (lo95, hi95)) = ((level, ends) for level, *ends in answer.intervals)
    assert (low, high) == (80.0, 95.0)
    for inner, outer in ((lo80, lo95), (answer.values, lo80), (hi95, hi80), (hi80, answer.values)):
        assert (inner >= outer - 1e-9).all()
    level = np.array([[100.0], [200.0], [300.0]])
    assert (np.abs(answer.values - level) < 60).all()
    assert shares == sorted(shares)


@pytest.mark.parametrize("name", ["naive", "seasonal-naive", "drift"])
def test_benchmarks_are_those_of_baselines(name: str) -> None:
    panel = monthly(seasonal())
    ends = Origins.at_end(panel)
    expected = {
        "naive": baselines.naive(panel.values, ends, 6),
        "seasonal-naive": baselines.seasonal_naive(panel.values, ends, 12, 6),
        "drift": baselines.drift(panel.values, ends, 6),
    }
    np.testing.assert_array_equal(forecast_kind(name, panel, task()).values, expected[name])


@pytest.mark.parametrize(
    ("name", "season", "growth"),
    [
        ("naive", 1, [1, np.sqrt(2), np.sqrt(3)]),
        ("seasonal-naive", 2, [1, 1, np.sqrt(2)]),
        ("drift", 1, [np.sqrt(h * (1 + h / 199)) for h in (1, 2, 3)]),
    ],
)
def test_intervals_of_the_benchmarks_are_the_published_ones(name: str, season: int, growth: list[float]) -> None:
    values = np.cumsum(np.random.default_rng(1).normal(size=200)) - 1000
    lag = season if name == "seasonal-naive" else 1
    sigma = np.sqrt(np.mean((values[lag:] - values[:-lag]) ** 2))
    [(_, low, high)] = forecast_kind(name, monthly([values]), task(season=season, horizon=3, levels=(95.0,))).intervals
    np.testing.assert_allclose((high - low)[0] / 2, 1.959964 * sigma * np.array(growth), rtol=1e-5)


@pytest.mark.parametrize("name", ["naive", "seasonal-naive", pytest.param("lstm", marks=pytest.mark.slow)])
def test_no_kind_leaves_the_range_of_the_data(name: str) -> None:
    panel = monthly([np.abs(np.random.default_rng(2).normal(size=96))])
    answer = forecast_kind(name, panel, task())
    assert min(answer.values.min(), *(low.min() for _, low, _ in answer.intervals)) >= 0
    bounded = forecast_kind(name, panel, task(model=ModelSettings(units=4, layers=1, bounds="0,3")))
    assert max(high.max() for _, _, high in bounded.intervals) <= 3


@needs_extra
@pytest.mark.parametrize("name", ["ets", "theta", "mstl"])
def test_seasonal_naive_stands_in_where_a_kind_cannot(name: str) -> None:
    panel = monthly([*seasonal(1), np.array([3.0, 4.0])])
    answer = forecast_kind(name, panel, task())
    assert answer.replaced.tolist() == [False, True]
    np.testing.assert_array_equal(answer.values[1], 4.0)


@needs_extra
@pytest.mark.parametrize("name", ["croston", "tsb", "adida"])
def test_kinds_for_demand_that_is_mostly_0_forecast_its_mean(name: str) -> None:
    """Near the rate of demand and never below 0; a series too short for their intervals gets seasonal naive."""
    rng = np.random.default_rng(1)
    panel = monthly([np.where(rng.random(120) < 0.2, 5.0, 0.0), np.array([0.0, 0.0, 3.0, 0.0, 0.0])])
    answer = forecast_kind(name, panel, task())
    assert answer.replaced.tolist() == [False, True]
    assert ((answer.values[0] > 0.2) & (answer.values[0] < 3)).all()
    assert all((low >= 0).all() for _, low, _ in answer.intervals)


@needs_extra
def test_mstl_needs_a_season() -> None:
    with pytest.raises(UsageError, match="mstl needs a season"):
        forecast_kind("mstl", monthly(seasonal()), task(season=1))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("naive", ("naive",)),
        (" Naive, seasonal_naive ,naive,", ("naive", "seasonal-naive")),
        ("drift,lstm", ("drift", "lstm")),
    ],
)
def test_kinds_are_parsed(text: str, names: tuple[str, ...]) -> None:
    assert parse_kinds(text) == names


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("", "expected names", "lstm,pretrained,seasonal-naive"),
        ("seasonl", "unknown kind 'seasonl'; known are lstm,", "Did you mean seasonal-naive?"),
        ("lstm,prophet9", "unknown kind 'prophet9'", "Choose among these"),
    ],
)
def test_an_unknown_kind_is_refused(text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        parse_kinds(text)
    assert hint in caught.value.hint


def test_a_missing_extra_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="ets, arima needs statsforecast, which is not installed") as caught:
        parse_kinds("naive,ets,arima")
    assert caught.value.hint == "Install it: pip install 'forecast-lstm[baselines]'"
    assert parse_kinds("naive,lstm") == ("naive", "lstm")
