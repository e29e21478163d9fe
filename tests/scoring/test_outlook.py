"""A series at its end: what is shown of it, and how series are found by name."""

from __future__ import annotations

import numpy as np
import pytest

from forecaster.base.errors import UsageError
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.model import store
from forecaster.model.predictor import make_forecast
from forecaster.scoring.outlook import find_series, look_ahead, usual_history
from tests.conftest import Trained


@pytest.fixture(scope="module")
def model(trained: Trained) -> store.SavedModel:
    return store.load_model(trained.models_dir, trained.name)


@pytest.fixture(scope="module")
def panel(trained: Trained, model: store.SavedModel) -> Panel:
    return read_panel(trained.data, schema=model.schema)


def test_the_forecast_is_the_one_that_predict_makes(model: store.SavedModel, panel: Panel) -> None:
    outlooks = look_ahead(model, panel, [3, 1], (20, 7, 2), (80.0, 95.0))
    forecast = make_forecast(model, panel, 7, (80.0, 95.0))
    assert [outlook.name for outlook in outlooks] == ["shop-3", "shop-1"]
    for outlook in outlooks:
        s = outlook.series
        np.testing.assert_allclose(outlook.next.values, forecast.values[s], rtol=1e-5)
        np.testing.assert_allclose(outlook.next.intervals[1][2], forecast.intervals[1][2][s], rtol=1e-5)
        assert list(panel.write(outlook.next.stamps)) == list(forecast.stamps[s])
        np.testing.assert_array_equal(outlook.history, panel.series(s)[-20:])
        assert list(outlook.stamps) == list(panel.stamps(s)[-20:])


def test_past_forecasts_lie_end_to_end_inside_the_history(model: store.SavedModel, panel: Panel) -> None:
    (outlook,) = look_ahead(model, panel, [0], (20, 7, 5), (80.0,))
    assert len(outlook.past) == 2  # a third would begin before the history
    stamps = np.concatenate([path.stamps for path in (*outlook.past, outlook.next)])
    assert (np.diff(stamps) == np.timedelta64(1, "D")).all()
    assert outlook.past[-1].stamps[-1] == panel.ends[0]


def test_a_short_series_has_no_past_forecasts(model: store.SavedModel) -> None:
    panel = panel_from_arrays({"a": [1.0, 2.0, 1.0]}, freq="D")
    (outlook,) = look_ahead(model, panel, [0], (40, 14, 3), (80.0,))
    assert (outlook.past, len(outlook.history), outlook.next.method) == ((), 3, "seasonal_naive")


@pytest.mark.parametrize(("season", "horizon", "steps"), [(7, 14, 56), (12, 24, 96), (1, 5, 40), (168, 48, 400)])
def test_some_seasons_are_shown(season: int, horizon: int, steps: int) -> None:
    assert usual_history(season, horizon) == steps


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("shop-00", "Did you mean 'shop-0' or "),
        ("zzzzzz", "There are 'shop-0', 'shop-1', 'shop-2', …"),
        ("bad", "It was left out: too short"),
    ],
)
def test_an_unknown_series_is_answered_with_the_nearest(panel: Panel, name: str, hint: str) -> None:
    if name == "bad":
        panel = panel.without(np.array([s == 0 for s in range(5)]), "too short")
        name = "shop-0"
    with pytest.raises(UsageError, match=f"no series is called '{name}'") as caught:
        find_series(panel, ["shop-1", name])
    assert caught.value.hint.startswith(hint)


def test_series_are_found_once_in_the_order_asked(panel: Panel) -> None:
    assert find_series(panel, ["shop-4", "shop-0", "shop-4"]).tolist() == [4, 0]
    with pytest.raises(UsageError) as caught:
        find_series(panel_from_arrays([[1.0, 2.0]]), ["a"])
    assert "without a name" in caught.value.hint
