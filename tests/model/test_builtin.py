from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from forecaster.base.errors import MissingError, ModelError
from forecaster.data.panel import Panel, head, panel_from_arrays
from forecaster.model import builtin, pretrained
from forecaster.model.builtin import bind, past_origins
from forecaster.model.origins import Origins
from forecaster.model.predictor import make_forecast
from forecaster.model.windows import WindowShape
from forecaster.scoring.backtest import measure_builtin


def months(series: int = 4, length: int = 60, seed: int = 0) -> Panel:
    rng = np.random.default_rng(seed)
    season = 10 * np.sin(2 * np.pi * np.arange(length) / 12)
    return panel_from_arrays(list(100 + season + rng.normal(0, 2, (series, length))), freq="MS")


def test_it_forecasts_every_series_with_intervals_that_widen_with_the_level() -> None:
    panel = months()
    forecast = make_forecast(bind(panel), panel, None, (50.0, 80.0, 99.9))
    assert forecast.values.shape == (4, 12)
    assert set(forecast.methods) == {"lstm_pretrained"}
    widths = [high - low for _, low, high in forecast.intervals]
    assert all((narrow < wide).all() for narrow, wide in pairwise(widths))
    assert np.abs(forecast.values - panel.values.reshape(4, 60)[:, -12:]).mean() < 10


def test_seasons_and_horizon_are_the_frequencys_unless_they_are_given() -> None:
    hours = panel_from_arrays([np.arange(500.0)], freq="h")
    assert bind(hours).seasons == (24, 168)
    assert bind(months(), horizon=30).window.horizon == 30
    assert bind(months(), season=4).season == 4
    whole = panel_from_arrays([np.tile(np.arange(6.0), 40)])
    assert bind(whole).seasons == (6,)


def test_a_longer_season_is_passed_where_a_context_holds_two_of_it() -> None:
    model = bind(panel_from_arrays([np.arange(500.0)], freq="h"))
    by_length = list(model._by_seasons(np.array([335, 336, 40])))
    assert [(seasons, chosen.tolist()) for seasons, chosen in by_length] == [((24,), [0, 2]), ((24, 168), [1])]


def test_what_comes_after_a_cutoff_changes_nothing() -> None:
    panel = months(3, 90)
    late = np.tile(np.arange(90) >= 60, 3)
    other = replace(panel, values=np.where(late, 1e4, panel.values))
    origins = Origins.of(panel, np.arange(3), panel.offsets[:-1] + 60)
    [one] = bind(panel, horizon=6).forecast(panel, origins, 6, (80.0,))
    [two] = bind(other, horizon=6).forecast(other, origins, 6, (80.0,))
    earlier = head(panel, np.full(3, 60))
    before = make_forecast(bind(earlier, horizon=6), earlier, 6, (80.0,))
    for found in (two.values, before.values):
        assert one.values == pytest.approx(found)
    assert one.intervals[0][1] == pytest.approx(two.intervals[0][1])
    assert one.intervals[0][1] == pytest.approx(before.intervals[0][1])


def test_a_constant_goes_on_as_it_is_and_one_value_is_enough() -> None:
    panel = panel_from_arrays([np.full(30, 7.0), np.array([3.0]), np.arange(30.0)], freq="D")
    forecast = make_forecast(bind(panel, horizon=4), panel, 4, (80.0,))
    assert forecast.methods.tolist() == ["constant", "constant", "lstm_pretrained"]
    assert (forecast.values[0] == 7).all()
    assert (forecast.intervals[0][1][0] == 7).all()


def test_what_was_never_negative_stays_so() -> None:
    counts = np.random.default_rng(0).poisson(0.4, (5, 80)).astype(float)
    panel = panel_from_arrays(list(counts), freq="MS")
    forecast = make_forecast(bind(panel), panel, None, (80.0, 99.9))
    assert min(low.min() for _, low, _ in forecast.intervals) == 0
    negative = panel_from_arrays(list(counts - 5), freq="MS")
    assert make_forecast(bind(negative), negative, None, (80.0,)).values.max() < 0


def test_missing_values_are_passed_as_missing() -> None:
    panel = months(1, 80)
    filled = np.zeros(80, bool)
    filled[40:50] = True
    zeros, interpolated = (
        replace(panel, filled=filled, schema=replace(panel.schema, on_gap=on_gap)) for on_gap in ("zero", "interpolate")
    )
    assert np.isnan(bind(interpolated)._values(interpolated)[filled]).all()
    assert not np.isnan(bind(zeros)._values(zeros)).any()


def test_it_is_measured_on_the_past_of_the_data_where_there_is_enough() -> None:
    measured = measure_builtin(bind(months(60)), (80.0, 95.0))
    assert measured is not None
    assert measured["windows"] >= 60
    assert measured["baseline_name"] == "seasonal naive"
    assert 0.6 < measured["model"]["coverage-80"] < 0.95
    assert measure_builtin(bind(months(1, 30)), (80.0,)) is None


def test_earlier_cutoffs_end_before_the_limit_and_are_counted_by_how_few_overlap() -> None:
    panel = months(2, 60)
    shape = WindowShape(lookback=60, segment=1, horizon=12, season=12)
    limits = panel.offsets[1:] - np.array([0, 20])
    origins, independent = past_origins(panel, limits, shape)
    assert (origins.ends + 12 <= limits[origins.series]).all()
    assert (origins.ends - panel.offsets[origins.series] >= shape.shortest_history).all()
    assert (np.diff(origins.ends[origins.series == 0]) > 0).all()
    assert 2 <= independent <= len(origins)
    none, count = past_origins(panel, panel.offsets[:-1] + 10, shape)
    assert (len(none), count) == (0, 0)


def test_a_changed_file_of_it_is_refused_before_it_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copytree(Path(pretrained.__file__).parent, tmp_path / "pretrained")
    graph = folder / "network.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(builtin, "open_builtin", partial(pretrained.open_builtin, folder))
    builtin.open_network.cache_clear()
    try:
        with pytest.raises(ModelError, match="the built-in network is not whole") as caught:
            bind(months())
        assert "pip install" in caught.value.hint
    finally:
        builtin.open_network.cache_clear()


def test_its_version_is_that_of_its_graph() -> None:
    version = bind(months()).version
    assert builtin.is_builtin("builtin")
    assert builtin.is_builtin(f"builtin@{version}")
    assert not builtin.is_builtin("sales")
    assert not builtin.is_builtin(None)
    with pytest.raises(MissingError, match="no version 'v000001'"):
        builtin.is_builtin("builtin@v000001")


@pytest.mark.parametrize("level", [1e6, -1e9, 1e10, 1e12])
def test_a_high_level_changes_nothing_but_the_level(level: float) -> None:
    rng = np.random.default_rng(3)
    moves = np.round(10 * np.sin(2 * np.pi * np.arange(72) / 12) + rng.normal(0, 1, 72), 1)
    moves += 500
    low, high = panel_from_arrays([moves], freq="MS"), panel_from_arrays([moves + level], freq="MS")
    plain, lifted = (make_forecast(bind(panel), panel, None, (80.0,)) for panel in (low, high))
    near = np.spacing(abs(level)) * 100 + 1e-6
    assert np.abs(lifted.values - level - plain.values).max() < near
    for one, other in zip(plain.intervals[0][1:], lifted.intervals[0][1:], strict=True):
        assert np.abs(np.asarray(other) - level - one).max() < near
