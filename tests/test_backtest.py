"""The two halves of held-out windows that calibrate and check each other."""

from __future__ import annotations

import numpy as np

from forecaster.backtest import folds_of


def test_folds_split_a_series_by_age_and_a_panel_by_series() -> None:
    assert folds_of(np.array([0, 0, 0, 0])).tolist() == [0, 0, 1, 1]
    assert folds_of(np.arange(40)).tolist() == [0, 1] * 20
