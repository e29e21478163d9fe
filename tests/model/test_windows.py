"""Windows: what reaches the network, what does not, and the way back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecaster.model.origins import Origins
from forecaster.model.windows import WindowShape, cut_targets, cut_windows, restore

SHAPE = WindowShape(lookback=8, segment=4, horizon=3, season=4)
SHAPES = [
    replace(SHAPE, transform=transform, base=base, floor=floor)
    for transform in ("log", "none")
    for base in ((), (4,), (2, 4))
    for floor in (0.0, 0.1)
]


def series(seed: int, length: int = 40) -> np.ndarray:
    return np.exp(np.random.default_rng(seed).normal(size=length)) * 50


def at(*ends: int, start: int = 0) -> Origins:
    none = np.zeros(len(ends), np.int64)
    return Origins(series=none, starts=none + start, ends=np.array(ends))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_nothing_after_the_cutoff_reaches_an_input(shape: WindowShape) -> None:
    values = series(1)
    before = cut_windows(values, at(12, 20), shape)
    values[20:] = 1e6
    after = cut_windows(values, at(12, 20), shape)
    np.testing.assert_array_equal(before.inputs, after.inputs)
    np.testing.assert_array_equal(before.base, after.base)
    np.testing.assert_array_equal(before.scale, after.scale)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_restore_undoes_cut_targets(shape: WindowShape) -> None:
    values, origins = series(2), at(9, 20, 37)
    windows = cut_windows(values, origins, shape)
    back = restore(cut_targets(values, origins, windows), windows)
    np.testing.assert_allclose(back, values[origins.ahead(3)], rtol=1e-5)


@pytest.mark.parametrize(("base", "expected"), [((), [8, 8, 8]), ((4,), [5, 6, 7]), ((2, 4), [6, 7, 7])])
def test_an_answer_of_zero_is_the_base_path(base: tuple[int, ...], expected: list[float]) -> None:
    shape = replace(SHAPE, base=base)
    windows = cut_windows(np.arange(1.0, 12.0), at(8), shape)
    np.testing.assert_allclose(restore(np.zeros((1, 3)), windows), [expected])


def test_the_seasonal_base_repeats_when_the_horizon_is_longer_than_the_season() -> None:
    shape = replace(SHAPE, base=(4,), horizon=6)
    assert cut_windows(np.arange(20.0), at(8), shape).base.tolist() == [[4, 5, 6, 7, 4, 5]]


def test_inputs_by_hand() -> None:
    values = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])
    windows = cut_windows(values, at(8), SHAPE)
    scale = values.std()
    expected = np.column_stack([((values - 8) / scale).reshape(2, 4), [1, 1]])
    np.testing.assert_allclose(windows.inputs[0], expected, rtol=1e-6)
    assert windows.scale[0, 0] == pytest.approx(scale)


def test_a_short_history_is_padded_and_the_network_is_told() -> None:
    windows = cut_windows(np.array([5.0, 7, 9]), at(3), SHAPE)
    assert windows.inputs[0, :, -1].tolist() == [0.0, 0.75]
    assert windows.inputs[0, 0, 0] == windows.inputs[0, 1, 1] == pytest.approx((5 - 9) / np.std([5, 7, 9]))


def test_windows_of_one_series_never_see_another() -> None:
    values = np.concatenate([np.full(10, 1e9), series(3, 10)])
    both = cut_windows(values, at(15, start=10), SHAPE)
    alone = cut_windows(values[10:], at(5), SHAPE)
    np.testing.assert_array_equal(both.inputs, alone.inputs)


@pytest.mark.parametrize("values", [np.zeros(10), np.full(10, 1e300), np.full(10, -7.0), np.full(10, 1e-300)])
def test_a_constant_window_is_finite(values: np.ndarray) -> None:
    windows = cut_windows(values, at(8), SHAPE)
    assert np.isfinite(windows.inputs).all()
    assert (windows.scale > 0).all()
    np.testing.assert_allclose(restore(np.zeros((1, 3)), windows), values[:3][None])


@pytest.mark.parametrize("size", [1e300, 1e-290])
def test_values_of_any_size_scale_in_float64(size: float) -> None:
    values = np.sin(np.arange(12.0)) * size
    windows = cut_windows(values, at(8), SHAPE)
    np.testing.assert_allclose(windows.inputs, cut_windows(values / size, at(8), SHAPE).inputs, rtol=1e-5)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 1e6), st.floats(-1e6, 1e6))
def test_inputs_do_not_depend_on_units(seed: int, factor: float, shift: float) -> None:
    values = series(seed)
    plain = cut_windows(values, at(8, 30), SHAPE).inputs
    moved = cut_windows(values * factor + shift, at(8, 30), SHAPE).inputs
    if values.std() * factor > 1e-3 * abs(shift):
        np.testing.assert_allclose(plain, moved, atol=1e-3)


def test_large_integers_keep_their_units() -> None:
    values = 2.0**40 + np.arange(12.0)
    windows = cut_windows(values, at(8), SHAPE)
    back = restore(cut_targets(values, at(8), windows), windows)
    np.testing.assert_allclose(back, values[None, 8:11], rtol=0, atol=1e-3)


@pytest.mark.parametrize(("low", "high", "expected"), [(0.0, None, [0, 9]), (None, 5.0, [-9, 5]), (-1.0, 1.0, [-1, 1])])
def test_forecasts_keep_to_their_range(low: float | None, high: float | None, expected: list[float]) -> None:
    shape = replace(SHAPE, horizon=2, low=low, high=high)
    windows = cut_windows(np.zeros(8), at(8), shape)
    assert restore(np.array([[-9.0, 9.0]]), windows).tolist() == [expected]
