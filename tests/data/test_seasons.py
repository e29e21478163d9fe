from __future__ import annotations

import numpy as np
import pytest

from forecaster.config import ReadSettings
from forecaster.data.panel import panel_from_arrays
from forecaster.data.seasons import doubt_season

RNG = np.random.default_rng(7)
DAYS = np.arange(390)
CYCLE = 100 + 50 * np.sin(2 * np.pi * DAYS / 13) + RNG.normal(0, 1, 390)
WEEK = 100 + 50 * np.sin(2 * np.pi * DAYS / 7) + RNG.normal(0, 1, 390)
YEAR = 100 + 50 * np.sin(2 * np.pi * np.arange(2400) / 365) + RNG.normal(0, 1, 2400)


@pytest.mark.parametrize(
    ("values", "freq", "found"), [(CYCLE, "D", 13), (100.0 * (DAYS % 2), "D", 2), (CYCLE, "YS", 13)]
)
def test_another_season_that_explains_nearly_all_is_named(values: np.ndarray, freq: str, found: int) -> None:
    [finding] = doubt_season(panel_from_arrays([values], freq=freq), ReadSettings())
    assert finding.hint == f"Pass --season-length {found}"
    assert f"one of {found} steps nearly all" in finding.message


@pytest.mark.parametrize(
    ("values", "freq"),
    [
        (WEEK, "D"),
        (YEAR, "D"),
        (CYCLE, "1"),
        (CYCLE[:20], "D"),
        (np.cumsum(RNG.normal(size=390)), "MS"),
        (WEEK * 0, "D"),
    ],
)
def test_nothing_is_said_of_the_usual_season_without_a_plainly_better_one(values: np.ndarray, freq: str) -> None:
    assert doubt_season(panel_from_arrays([values], freq=freq), ReadSettings()) == ()


def test_a_season_that_no_series_holds_is_named() -> None:
    panel = panel_from_arrays([WEEK[:60], WEEK[:40]], freq="D")
    assert doubt_season(panel, ReadSettings(season_length="60")) == ()
    [finding] = doubt_season(panel, ReadSettings(season_length="7,20000"))
    assert finding.message == "no series holds a season of 20,000 steps once: the longest has 60"
