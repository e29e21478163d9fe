"""Origins: ranges of them list and draw the same ones, and each knows what it may see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.data.panel import panel_from_arrays
from forecaster.model.origins import Cutoffs, Origins


def cutoffs() -> Cutoffs:
    return Cutoffs(np.array([0, 100, 200]), np.array([5, 110, 210]), np.array([3, 0, 10]), 2)


def named(origins: Origins) -> list[tuple[int, int, int]]:
    return list(zip(*(part.tolist() for part in (origins.series, origins.starts, origins.ends)), strict=True))


def test_all_lists_every_window_once() -> None:
    every = cutoffs().all()
    assert cutoffs().total == len(every) == 13
    assert named(every)[:4] == [(0, 0, 5), (0, 0, 7), (0, 0, 9), (2, 200, 210)]
    assert every.ends[-1] == 228


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_draws_are_among_all_windows(seed: int, evenness: float) -> None:
    drawn = cutoffs().draw(np.random.default_rng(seed), 50, evenness)
    assert set(named(drawn)) <= set(named(cutoffs().all()))


@pytest.mark.parametrize(("evenness", "share"), [(0.0, 10 / 13), (1.0, 0.5)])
def test_evenness_weighs_series(evenness: float, share: float) -> None:
    drawn = cutoffs().draw(np.random.default_rng(0), 20_000, evenness)
    assert (drawn.starts == 200).mean() == pytest.approx(share, abs=0.02)


def test_origins_of_a_panel_and_of_rows() -> None:
    panel = panel_from_arrays([[1, 2, 3], [4, 5]])
    assert named(Origins.at_end(panel)) == [(0, 0, 3), (1, 3, 5)]
    [last] = named(Origins.at_end(panel, np.array([1])))
    assert last == (1, 3, 5)
    assert named(Origins.of_rows(np.zeros((2, 4)))) == [(0, 0, 4), (1, 4, 8)]
    earlier = Origins.of(panel, np.array([0, 1]), np.array([3, 5])).back(1)
    assert earlier.lengths.tolist() == [2, 1]
    assert panel.values[earlier.ahead(1)].tolist() == [[3], [5]]


def test_blocks_hold_all_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecaster.model.origins.MOST_WINDOWS", 4)
    parts = list(cutoffs().all().blocks(10))
    assert [len(part) for part in parts] == [4, 4, 4, 1]
    assert [one for part in parts for one in named(part)] == named(cutoffs().all())
