"""Outliers and shifts of the level: what stands out is found, and what does not is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.data import anomalies
from forecaster.data.anomalies import (
    find_giants,
    find_intermittent,
    find_marker,
    find_outliers,
    find_shifts,
    seasons_of,
)
from forecaster.data.frequency import Frequency


def offsets(*lengths: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)])


def seasonal(length: int = 240, season: int = 12, noise: float = 1.0, seed: int = 0) -> np.ndarray:
    """A trend, a season and noise."""
    steps = np.arange(length)
    return (
        100
        + 0.5 * steps
        + 20 * np.sin(2 * np.pi * steps / season)
        + np.random.default_rng(seed).normal(size=length) * noise
    )


@pytest.mark.parametrize("at", [0, 1, 11, 12, 30, 31, 120, 215, 228, 238, 239])
@pytest.mark.parametrize("size", [-40.0, 40.0])
def test_a_spike_is_found_wherever_it_is(at: int, size: float) -> None:
    values = seasonal()
    values[at] += size
    found = find_outliers(values, offsets(240), (12,))
    assert found.at.tolist() == [at]
    assert found.expected[0] == pytest.approx(values[at] - size, abs=12)
    clipped = found.clipped(values)[0]
    assert abs(clipped - found.expected[0]) == pytest.approx(found.limit[0])


def test_two_bad_values_in_a_row_are_found() -> None:
    values = seasonal()
    values[[100, 101, 112]] += 60  # the same month of two years, and its neighbour
    assert find_outliers(values, offsets(240), (12,)).at.tolist() == [100, 101, 112]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(seasonal(2400), id="trend and season"),
        pytest.param(np.random.default_rng(1).normal(size=5000), id="noise"),
        pytest.param(np.cumsum(np.random.default_rng(2).normal(size=5000)), id="random walk"),
        pytest.param(np.exp(np.arange(500) / 50 + np.random.default_rng(3).normal(size=500) / 5), id="growth"),
        pytest.param(np.repeat([0.0, 50.0, 10.0], 200) + np.random.default_rng(4).normal(size=600), id="steps"),
        pytest.param(np.tile([1.0, 5.0, 2.0], 100), id="perfectly regular"),
        pytest.param(np.arange(100.0), id="a line"),
        pytest.param(np.full(100, 7.0), id="constant"),
        pytest.param((np.arange(500) % 50 == 0).astype(float), id="intermittent"),
        pytest.param(np.random.default_rng(5).poisson(3, 5000).astype(float), id="counts"),
        pytest.param(np.array([1.0, 1000.0, 2.0, 3.0]), id="too short to tell"),
    ],
)
def test_what_is_usual_is_left_alone(values: np.ndarray) -> None:
    season = 12 if len(values) == 2400 else 1
    assert len(find_outliers(values, offsets(len(values)), (season,)).at) <= len(values) / 2000


def test_a_day_of_another_kind_is_no_outlier_where_weeks_count_as_well() -> None:
    hours = np.arange(24 * 7 * 8)
    values = 50 + 10 * np.sin(2 * np.pi * hours / 24) - 30 * (hours // 24 % 7 >= 5)
    values += np.random.default_rng(0).normal(size=len(hours))
    values[500] = 200
    assert find_outliers(values, offsets(len(hours)), (24, 168)).at.tolist() == [500]


@pytest.mark.parametrize(
    ("alias", "season", "seasons"),
    [("h", 24, (24, 168)), ("30min", 48, (48, 336)), ("D", 7, (7,)), ("1", 24, (24,)), ("h", 1, (1,))],
)
def test_seasons_that_outliers_are_judged_by(alias: str, season: int, seasons: tuple[int, ...]) -> None:
    assert seasons_of(Frequency(alias), season) == seasons


def test_each_series_is_judged_by_itself() -> None:
    lengths = [60, 30, 60, 3, 90]
    parts = [seasonal(n, 7, seed=s) * 10.0**s for s, n in enumerate(lengths)]
    parts[2][40] *= 3
    parts[4][10] *= 3
    found = find_outliers(np.concatenate(parts), offsets(*lengths), (7,))
    assert found.at.tolist() == [60 + 30 + 40, 60 + 30 + 60 + 3 + 10]


def test_long_series_are_judged_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    values = seasonal(2000)
    values[[3, 700, 1997]] += 60
    whole = find_outliers(values, offsets(2000), (12,)).at
    monkeypatch.setattr(anomalies, "PIECE", 300)
    assert find_outliers(values, offsets(2000), (12,)).at.tolist() == whole.tolist() == [3, 700, 1997]


@given(scale=st.floats(1e-6, 1e6), shift=st.floats(-1e3, 1e3), seed=st.integers(0, 99))
def test_units_do_not_matter(scale: float, shift: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=200)
    values[77] += 40
    values -= values.max() + 1  # negative, so that logarithms stay out of it
    found = find_outliers(scale * (values - abs(shift)), offsets(200), (1,)).at
    assert found.tolist() == find_outliers(values, offsets(200), (1,)).at.tolist()


@pytest.mark.parametrize("length", [60, 400, 3000])
@pytest.mark.parametrize("season", [1, 12])
def test_a_shift_of_the_level_is_found(length: int, season: int) -> None:
    values = (
        seasonal(length, 12) - 0.5 * np.arange(length) if season > 1 else np.random.default_rng(0).normal(size=length)
    )
    at = int(0.6 * length)
    values[at:] += 30
    found = find_shifts(np.concatenate([seasonal(length), values]), offsets(length, length), season)
    assert found.series.tolist() == [1]
    assert abs(found.steps[0] - at) <= -(-length // 400)
    assert found.after[0] - found.before[0] == pytest.approx(30, abs=3)


def kinds(count: int, length: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    noise, time = rng.normal(size=(count, length)), np.arange(length) / length
    walk = np.cumsum(noise, axis=1)
    smooth = np.zeros_like(noise)
    for step in range(1, length):
        smooth[:, step] = 0.8 * smooth[:, step - 1] + noise[:, step]
    return {
        "noise": noise,
        "trend": 6 * time + noise,
        "curve": 8 * time**2 + noise,
        "autocorrelated": smooth,
        "heavy tails": rng.standard_t(3, size=(count, length)),
        "constant": np.ones((count, length)),
        "wave": 2 * np.sin(2 * np.pi * (time + rng.random((count, 1)))) + noise,
        "random walk": walk,
    }


@pytest.mark.parametrize("kind", list(kinds(1, 40)))
def test_few_series_without_a_shift_are_taken_for_one(kind: str) -> None:
    """The shares that the docstring of `find_shifts` promises."""
    for length in (60, 400):
        found = find_shifts(kinds(500, length)[kind].ravel(), np.arange(501) * length, 1)
        assert len(found.series) / 500 <= {"wave": 0.12, "random walk": 0.05}.get(kind, 0.01)


def test_short_series_are_not_judged() -> None:
    assert len(find_shifts(np.repeat([0.0, 9.0], 19), offsets(38), 1).series) == 0


def test_a_marker_of_missing_values_is_far_from_all_others() -> None:
    values = seasonal()
    values[[10, 20, 30]] = 4294967295.0
    assert find_marker(values) == 4294967295.0
    assert find_marker(seasonal()) is None


@pytest.mark.parametrize("rest", [0.0, 7.0])
def test_a_known_marker_is_found_beside_one_value(rest: float) -> None:
    assert find_marker(np.array([rest] * 50 + [-9999.0] * 3)) == -9999.0


def test_a_sale_now_and_then_is_no_marker() -> None:
    assert find_marker(np.where(np.arange(200) % 20 == 3, 5.0, 0.0)) is None


def test_giants_are_found_whatever_else_is_there() -> None:
    usual = np.arange(40.0) % 7 + 1
    one, two = usual.copy(), usual.copy()
    one[5], two[[5, 30]] = 1e12, (1e300, -1.7e308)
    values, offsets = np.concatenate([usual, one, two, [1.0, 1e9]]), np.array([0, 40, 80, 120, 122])
    assert find_giants(values, offsets).tolist() == [45, 85, 110]
    rare = np.zeros(200)
    rare[::5], rare[77] = 3.0, 5e6
    assert find_giants(rare, np.array([0, 200])).tolist() == [77]
    assert not len(find_giants(np.exp(np.arange(60.0) / 4), np.array([0, 60])))  # growth is none


def _demand(rate: float, length: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(length) < rate, rng.integers(1, 5, length), 0).astype(float)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.4])
def test_demand_that_is_mostly_0_is_intermittent_and_has_no_outliers(rate: float) -> None:
    values = _demand(rate, 240)
    ends = np.array([0, 240])
    assert find_intermittent(values, ends, 12).tolist() == [0]
    assert not len(find_outliers(values, ends, (12,)).at)
    values[100] = 400.0
    found = find_outliers(values, ends, (12,))
    assert (found.at.tolist(), found.expected.tolist()) == ([100], [0.0])


@pytest.mark.parametrize(
    "values",
    [
        np.tile(np.maximum(np.sin(np.arange(24) / 24 * 2 * np.pi - 2), 0.0) * 500, 20),  # the sun
        np.concatenate([_demand(1.0, 100), np.zeros(140)]),  # has ended
        np.concatenate([np.zeros(140), _demand(1.0, 100)]),  # begins late
        -_demand(0.2, 240),
        np.zeros(240),
        _demand(0.7, 240),
    ],
)
def test_other_zeros_are_not_intermittent(values: np.ndarray) -> None:
    assert not len(find_intermittent(values, np.array([0, len(values)]), 24))


@pytest.mark.parametrize("giant", [5e5, 4294967295.0, 1e15, 9.97e36])
@pytest.mark.parametrize("base", [np.full(120, 100.0), 100.0 + 10 * (np.arange(120) % 7)])
def test_a_giant_in_a_perfectly_regular_series_is_clipped_to_its_usual_size(base: np.ndarray, giant: float) -> None:
    values = base.astype(float)
    values[50] = giant
    offsets = np.array([0, 120])
    found = find_outliers(values, offsets, (7,))
    assert found.at.tolist() == find_giants(values, offsets).tolist() == [50]
    assert abs(found.clipped(values)[0]) < 500
