"""A search from the data file to the settings file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from forecaster.base.errors import DataError
from forecaster.config import FitSettings, ModelSettings
from forecaster.data.panel import panel_from_arrays
from forecaster.scoring.tuning import OutOfTimeError, Tuning

FIT = FitSettings(steps=4, ensemble=1, preset="fast")
MODEL = ModelSettings(horizon=4, units=4, layers=1)


def tuning_of(**changes: Any) -> Tuning:
    steps = np.arange(160.0)
    values = 100 + 10 * np.sin(2 * np.pi * steps / 12) + np.random.default_rng(0).normal(size=160)
    return Tuning(panel_from_arrays([values], freq="MS"), 12, (replace(MODEL, **changes), FIT))


def test_the_search_sees_nothing_of_the_windows_at_the_end() -> None:
    tuning = tuning_of()
    first = tuning.origins.ends.min()
    assert len(tuning.known.values) == first
    assert np.array_equal(tuning.known.values, tuning.panel.values[:first])
    assert tuning.plan.held_out.all().ends.max() + tuning.horizon <= first


def test_what_comes_after_changes_no_trial() -> None:
    one, other = tuning_of(), tuning_of()
    other.panel.values[other.origins.ends.min() :] += 50.0
    assert list(one.rounds(one.settings, lambda: True)) == list(other.rounds(other.settings, lambda: True))


def test_all_settings_are_judged_on_the_same_windows() -> None:
    tuning = tuning_of()
    longer = (replace(tuning.settings[0], lookback=48, segment=4), FIT)
    assert len(list(tuning.rounds(longer, lambda: True))) == 1


def test_a_trial_ends_when_the_time_is_over() -> None:
    tuning = tuning_of()
    with pytest.raises(OutOfTimeError):
        list(tuning.rounds(tuning.settings, lambda: False))


def test_a_short_series_is_refused_with_what_was_kept_apart() -> None:
    with pytest.raises(DataError, match=r"not counting the last .*, which no search may see"):
        Tuning(panel_from_arrays([np.arange(24.0) % 5], freq="MS"), 1, (ModelSettings(horizon=8), FIT))
