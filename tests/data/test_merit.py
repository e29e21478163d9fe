"""How sensible a reading is among several."""

from __future__ import annotations

import numpy as np

from forecaster.config import ReadSettings
from forecaster.data.merit import merit
from forecaster.data.panel import panel_from_arrays


def test_a_reading_from_which_nothing_can_be_learned_comes_last() -> None:
    short = panel_from_arrays([np.arange(4.0)] * 6, freq="D")
    long = panel_from_arrays([np.arange(40.0)], freq="D")
    assert merit(long, ReadSettings()) > merit(short, ReadSettings())


def test_steps_without_rows_count_against_a_sum_and_nothing_else_does() -> None:
    sparse = panel_from_arrays([np.where(np.arange(60) % 6 == 0, 5.0, 0.0)], freq="D")
    full = panel_from_arrays([np.arange(1.0, 13.0)], freq="MS")
    added = ReadSettings(aggregate="sum", freq="D")
    assert merit(full, added) > merit(sparse, added)
    assert merit(sparse, ReadSettings()) > merit(sparse, added)  # zeros that stand in the file are values
    assert merit(full, ReadSettings()) > merit(full, added)  # rather the file's own steps
