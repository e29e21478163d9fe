"""The simple methods against plain loops, and that none of them looks outside its own history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.model.baselines import drift, naive, seasonal_naive
from forecaster.model.origins import Origins
from tests.origins import between

VALUES = np.array([1.0, 2.0, 3.0, 5.0, 8.0, 100.0, 7.0])
"""Three series end to end: 1 2 3 5 8, then 100, then 7."""


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param(0, 5, [8.0, 8.0, 8.0], id="whole series"),
        pytest.param(0, 3, [3.0, 3.0, 3.0], id="earlier cutoff"),
        pytest.param(5, 6, [100.0, 100.0, 100.0], id="single value"),
    ],
)
def test_naive(start: int, end: int, expected: list[float]) -> None:
    assert naive(VALUES, between([start], [end]), 3).tolist() == [expected]


@pytest.mark.parametrize(
    ("start", "end", "season", "expected"),
    [
        pytest.param(0, 5, 1, [8.0, 8.0, 8.0, 8.0, 8.0], id="season of 1 is naive"),
        pytest.param(0, 5, 2, [5.0, 8.0, 5.0, 8.0, 5.0], id="horizon longer than the season"),
        pytest.param(0, 5, 3, [3.0, 5.0, 8.0, 3.0, 5.0], id="season of 3"),
        pytest.param(0, 5, 5, [1.0, 2.0, 3.0, 5.0, 8.0], id="history is exactly one season"),
        pytest.param(0, 4, 5, [5.0, 5.0, 5.0, 5.0, 5.0], id="history one step short: last value"),
        pytest.param(5, 6, 7, [100.0] * 5, id="single value does not read the series before it"),
        pytest.param(6, 7, 2, [7.0] * 5, id="last series of the array"),
    ],
)
def test_seasonal_naive(start: int, end: int, season: int, expected: list[float]) -> None:
    assert seasonal_naive(VALUES, between([start], [end]), season, 5).tolist() == [expected]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param(0, 5, [9.75, 11.5, 13.25], id="slope 7/4"),
        pytest.param(0, 2, [3.0, 4.0, 5.0], id="two values"),
        pytest.param(5, 6, [100.0, 100.0, 100.0], id="single value is repeated"),
    ],
)
def test_drift(start: int, end: int, expected: list[float]) -> None:
    assert drift(VALUES, between([start], [end]), 3).tolist() == [expected]


@st.composite
def panels(draw: st.DrawFn) -> tuple[np.ndarray, Origins]:
    """Series end to end, and the ends of a few histories in them."""
    lengths = draw(st.lists(st.integers(1, 10), min_size=1, max_size=5))
    values = draw(st.lists(st.floats(-1e9, 1e9), min_size=sum(lengths), max_size=sum(lengths)))
    series = draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=8))
    starts = np.cumsum([0, *lengths])[series]
    return np.array(values), between(starts, starts + [draw(st.integers(1, lengths[s])) for s in series])


@given(panels(), st.integers(1, 12), st.integers(1, 15))
def test_all_windows_at_once_are_each_window_by_a_plain_loop(
    panel: tuple[np.ndarray, Origins], season: int, horizon: int
) -> None:
    values, origins = panel
    forecasts = (
        naive(values, origins, horizon),
        seasonal_naive(values, origins, season, horizon),
        drift(values, origins, horizon),
    )
    assert {f.shape for f in forecasts} == {(len(origins), horizon)}
    for n, (start, end) in enumerate(zip(origins.starts, origins.ends, strict=True)):
        history = values[start:end].tolist()
        cycle = history[-season:] if len(history) >= season else history[-1:]
        slope = (history[-1] - history[0]) / max(len(history) - 1, 1)
        for h in range(horizon):
            assert forecasts[0][n, h] == history[-1]
            assert forecasts[1][n, h] == cycle[h % len(cycle)]
            assert forecasts[2][n, h] == pytest.approx(history[-1] + (h + 1) * slope)


@given(panels(), st.integers(1, 12))
def test_nothing_outside_the_history_changes_a_forecast(panel: tuple[np.ndarray, Origins], season: int) -> None:
    values, one = panel[0], panel[1][:1]
    other = np.full_like(values, 12345.0)
    seen = slice(one.starts[0], one.ends[0])
    other[seen] = values[seen]
    assert (naive(values, one, 4) == naive(other, one, 4)).all()
    assert (seasonal_naive(values, one, season, 4) == seasonal_naive(other, one, season, 4)).all()
    assert (drift(values, one, 4) == drift(other, one, 4)).all()
