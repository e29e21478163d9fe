"""How the window is chosen from the panel's own past."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from forecaster.config import ModelSettings
from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.model.shaping import LOGARITHMS_FIRST, choose_window, judge_window
from forecaster.model.windows import Floats, WindowShape

DAYS = np.arange(400)
Make = Callable[[np.random.Generator], Floats]


def chosen(values: Floats, transform: str = "auto") -> WindowShape:
    panel = panel_from_arrays([values], freq="D", start="2024-01-01")
    return choose_window(panel, ModelSettings(transform=transform), 7, 28)  # type: ignore[arg-type]


def near_zero(rng: np.random.Generator) -> Floats:
    return np.abs(rng.normal(1, 1, 400))


def falling(rng: np.random.Generator) -> Floats:
    return np.maximum(200 * (8 / 200) ** (DAYS / 399) + rng.normal(0, 3, 400), 0.5)


def rate(rng: np.random.Generator) -> Floats:
    return np.asarray(100 / (1 + np.exp(-(2 + rng.normal(0, 1.2, 400)))))


def growing(rng: np.random.Generator) -> Floats:
    return np.asarray(100 * 1.01**DAYS * np.exp(rng.normal(0, 0.05, 400)))


def weekly(rng: np.random.Generator) -> Floats:
    return np.asarray(50 * np.exp(rng.normal(0, 0.2, 400) + 0.5 * np.sin(2 * np.pi * DAYS / 7)))


@pytest.mark.parametrize(
    ("make", "expected"),
    [(near_zero, "none"), (falling, "none"), (rate, "none"), (growing, "log"), (weekly, "log")],
)
@pytest.mark.parametrize("seed", range(3))
def test_logarithms_are_taken_where_they_do_no_harm(make: Make, expected: str, seed: int) -> None:
    values = make(np.random.default_rng(seed))
    assert chosen(values).transform == expected
    panel = panel_from_arrays([values], freq="D", start="2024-01-01")
    (point, width), (plain_point, plain_width) = (
        judge_window(panel, chosen(values, transform)) for transform in ("log", "none")
    )
    is_worse = point * width > LOGARITHMS_FIRST**2 * plain_point * plain_width
    assert is_worse is (expected == "none")


def test_what_is_asked_for_is_taken() -> None:
    values = near_zero(np.random.default_rng(0))
    assert chosen(values, "log").transform == "log"


def test_few_windows_say_nothing() -> None:
    panel = panel_from_arrays([np.arange(1.0, 40.0)], freq="D", start="2024-01-01")
    shape = choose_window(panel, ModelSettings(horizon=14), 1, 14)
    assert shape.transform == "log"
    assert np.isnan(judge_window(panel, shape)).all()


def yearly(slope: float) -> Panel:
    rng = np.random.default_rng(0)
    lines = [100 + slope * np.arange(30) + rng.normal(0, 1, 30).cumsum() for _ in range(30)]
    return panel_from_arrays(lines, freq="YS", start="1990-01-01")


def test_a_trend_that_lasts_is_carried_on() -> None:
    shape = choose_window(yearly(3), ModelSettings(), 1, 6)
    assert shape.smoothing == (1.0, 1.0)
    assert choose_window(yearly(3), ModelSettings(base="last"), 1, 6).smoothing == ()


def test_a_random_walk_is_not_smoothed_unless_asked_for() -> None:
    assert choose_window(yearly(0), ModelSettings(), 1, 6).smoothing == ()
    assert choose_window(yearly(0), ModelSettings(base="smoothed"), 1, 6).smoothing != ()


def test_noise_around_a_level_with_a_season_is_smoothed() -> None:
    rng, months = np.random.default_rng(0), np.arange(96)
    values = [100 + 20 * np.sin(2 * np.pi * months / 12) + rng.normal(0, 10, 96) for _ in range(10)]
    shape = choose_window(panel_from_arrays(values, freq="MS", start="2015-01-01"), ModelSettings(), 12, 12)
    assert shape.base == (12,)
    assert shape.smoothing[0] <= 0.2


def test_the_mean_of_a_day_and_a_week_is_not_given_up_for_a_smoothed_path_that_is_little_nearer() -> None:
    rng, days = np.random.default_rng(0), 50
    values = [
        100
        + np.tile(rng.normal(0, 3, 24), days)
        + np.tile(np.repeat(rng.normal(0, 1, 7), 24), 8)[: 24 * days]
        + rng.normal(0, 1.5, 24 * days)
        for _ in range(6)
    ]
    shape = choose_window(panel_from_arrays(values, freq="h", start="2024-01-01"), ModelSettings(), 24, 48)
    assert (shape.base, shape.smoothing) == ((24, 168), ())


def yearly_days(years: float, share: float) -> Panel:
    steps = np.arange(int(365 * years))
    rng = np.random.default_rng(5)
    year = np.tile(rng.normal(0, 10, 364), 6)[: len(steps)]
    values = 100 + 3 * np.sin(2 * np.pi * steps / 7) + share * year + rng.normal(0, 1, len(steps))
    return panel_from_arrays([values], freq="D", start="2018-01-01")


@pytest.mark.parametrize(("years", "share", "longest"), [(4, 1.0, 364), (4, 0.0, 7), (1.9, 1.0, 7)])
def test_the_same_week_a_year_ago_is_a_base_where_it_is_much_nearer(years: float, share: float, longest: int) -> None:
    window = choose_window(yearly_days(years, share), ModelSettings(transform="none"), 7, 28)
    assert max(window.base, default=0) <= longest
    assert (364 in window.base) is (longest == 364)
    assert window.lookback >= max(window.base, default=0)
    assert (window.lookback >= 364) is (longest == 364)
