"""What must be heard by who looks at nothing but stderr."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forecaster.base.errors import DataError
from forecaster.config import PredictSettings
from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.jobs.notices import Known, held_at_bound, lost_data, naive_twin, replaced_forecast, unread_season
from forecaster.model.builtin import bind
from forecaster.model.forecast import Forecast

SETTINGS = PredictSettings()


def forecast_of(panel: Panel, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], method: str) -> Forecast:
    return Forecast(
        ids=panel.ids,
        stamps=panel.future_stamps(values.shape[1]),
        values=values,
        intervals=(),
        methods=np.array([method] * len(values), object),
        id_column=panel.id_column,
        time_column="ds",
    )


PANEL = panel_from_arrays({"a": np.arange(28.0) % 7, "b": np.arange(28.0) % 7 + 3}, freq="D")


@pytest.mark.parametrize("method", ["lstm", "gru", "lstm_pretrained", "lstm_recursive"])
def test_a_forecast_that_a_naive_method_gives_is_said_to_be_one(method: str) -> None:
    last = np.repeat([[6.0], [9.0]], 3, axis=1)
    assert "equals the last value" in naive_twin(PANEL, 7, forecast_of(PANEL, last, method))[0]
    season = np.array([[0.0, 1, 2], [3, 4, 5]])
    assert "equals the last season" in naive_twin(PANEL, 7, forecast_of(PANEL, season, method))[0]
    assert naive_twin(PANEL, 7, forecast_of(PANEL, season + 0.1, method)) == ()
    second = PANEL.only(np.array([False, True]))
    assert "equals the last season" in naive_twin(second, 7, forecast_of(second, season[1:], method))[0]


def test_a_high_level_makes_no_twin_of_a_forecast() -> None:
    high = panel_from_arrays({"a": 1e9 + np.arange(28.0) % 7}, freq="D")
    season = 1e9 + np.array([[0.0, 1, 2]])
    assert naive_twin(high, 7, forecast_of(high, season + 0.05, "lstm")) == ()
    assert "train longer" in naive_twin(high, 7, forecast_of(high, season, "lstm"))[0]
    assert "forecast train DATA" in naive_twin(high, 7, forecast_of(high, season, "lstm_pretrained"))[0]


@pytest.mark.parametrize("steps", [1, 3])
def test_a_forecast_of_other_series_is_not_written_over_in_silence(tmp_path: Path, steps: int) -> None:
    """However few rows it has."""
    both = panel_from_arrays({"a": np.arange(28.0), "b": np.arange(28.0)}, freq="D")
    one, other = (
        forecast_of(both.only(np.array(wanted)), np.ones((1, steps)), "lstm")
        for wanted in ([True, False], [False, True])
    )
    (tmp_path / "f.csv").write_text(one.to_csv())
    assert replaced_forecast(tmp_path / "f.csv", one) == ()
    assert "of other series ('a', …)" in replaced_forecast(tmp_path / "f.csv", other)[0]


def test_no_network_had_a_part_in_it() -> None:
    told = naive_twin(PANEL, 7, forecast_of(PANEL, np.ones((2, 3)), "constant"))
    assert "every series is forecast by a simple method (constant)" in told[0]


def test_what_the_data_lost() -> None:
    ends = dict(zip(PANEL.ids, PANEL.ends.astype(np.int64).tolist(), strict=True))
    assert lost_data(Known(ends, "the training"), PANEL, SETTINGS, cut=False) == ()
    gone = Known({**ends, "c": 1}, "the training")
    assert "1 of the 3 series of the training are gone: 'c'" in lost_data(gone, PANEL, SETTINGS, cut=False)[0]
    with pytest.raises(DataError):
        lost_data(gone, PANEL, PredictSettings(on_missing_series="error"), cut=False)
    early = Known({"a": ends["a"] + 1, "b": ends["b"]}, "the last forecast of such a file")
    assert "1 of 2 series end earlier than at the last forecast" in lost_data(early, PANEL, SETTINGS, cut=False)[0]
    assert lost_data(early, PANEL, SETTINGS, cut=True) == ()
    assert lost_data(Known({"x": 1}, "the last forecast of such a file"), PANEL, SETTINGS, cut=False) == ()
    assert "none of the 1 series" in lost_data(Known({"x": 1}, "the training"), PANEL, SETTINGS, cut=False)[0]


def test_a_season_that_the_builtin_network_cannot_read_is_named() -> None:
    panel = panel_from_arrays([np.arange(3000.0)], freq="h")
    [line] = unread_season(bind(panel, season=2500, horizon=2), panel)
    assert "reads 2,048 values at most, so a season of 2,500 steps says nothing" in line
    assert unread_season(bind(panel, season=24, horizon=2), panel) == ()
    assert unread_season(bind(panel, season=5000, horizon=2), panel) == ()


def test_a_forecast_that_is_held_at_zero_though_the_series_was_not_there_is_named() -> None:
    falling, counts = 100 - 2.0 * np.arange(50), np.arange(50) % 4.0
    panel = panel_from_arrays({"a": falling, "b": falling, "c": counts}, freq="MS")
    model = bind(panel, horizon=3)
    values = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    [line] = held_at_bound(model, panel, forecast_of(panel, values, "lstm_pretrained"))
    assert "series 'a' is held at 0 on 2 of 3 steps, and 1 more series: no value was ever below it" in line
    assert "--bounds none" in line
    assert held_at_bound(model, panel, forecast_of(panel, values + 1, "lstm_pretrained")) == ()
    negative = panel_from_arrays([falling - 50], freq="MS")
    assert (
        held_at_bound(bind(negative, horizon=3), negative, forecast_of(negative, values[:1], "lstm_pretrained")) == ()
    )


def test_rows_that_are_numbered_now_end_no_earlier_than_dates_before() -> None:
    numbered = panel_from_arrays({"a": np.arange(28.0), "b": np.arange(28.0)}, freq="1")
    known = Known(dict.fromkeys(PANEL.ids, 10**18), "the last forecast of such a file")
    assert lost_data(known, numbered, SETTINGS, cut=False) == ()
