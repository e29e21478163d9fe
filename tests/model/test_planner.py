"""What is chosen from the data, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from forecaster.base.errors import DataError, UsageError
from forecaster.config import ModelSettings, TrainSettings
from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.model.plan import PRESETS, Plan
from forecaster.model.planner import choose_held_out, choose_season, make_plan


def seasonal(length: int, season: int, *, growth: float = 0.0, seed: int = 0) -> np.ndarray:
    steps, rng = np.arange(length), np.random.default_rng(seed)
    return 100 + growth * steps + 10 * np.sin(2 * np.pi * steps / season) + rng.normal(size=length)


def plan_of(panel: Panel, model: ModelSettings | None = None, train: TrainSettings | None = None) -> Plan:
    return make_plan(panel, choose_season(panel, None), model or ModelSettings(), train or TrainSettings())


def monthly(length: int = 120, count: int = 1) -> Panel:
    arrays = {f"s{i}": seasonal(length, 12, seed=i) for i in range(count)}
    return panel_from_arrays(arrays, freq="MS", start="2010-01-01")


def test_a_monthly_series() -> None:
    plan = plan_of(monthly())
    assert plan.season == 12
    assert (plan.window.base, plan.window.season, plan.window.transform) == ((12,), 12, "log")
    assert plan.window.lookback % plan.window.segment == 0
    assert 12 % plan.window.segment == 0
    assert plan.window.segments * plan.window.segment == plan.window.lookback


def test_a_random_walk_goes_on_from_its_last_value() -> None:
    walk = np.random.default_rng(0).normal(size=300).cumsum()
    plan = plan_of(panel_from_arrays([walk], freq="D", start="2024-01-01"))
    assert (plan.window.base, plan.window.transform) == ((), "none")


def test_a_week_of_hours_is_a_base_where_days_differ() -> None:
    hours = np.arange(24 * 7 * 10)
    values = 100 + np.sin(2 * np.pi * hours / 24) + 20 * np.sin(2 * np.pi * hours / 168)
    plan = plan_of(panel_from_arrays([values], freq="h", start="2024-01-01"))
    assert (plan.season, plan.window.base) == (24, (168,))


@pytest.mark.parametrize(("given", "expected"), [(None, 6), (4, 4), (1, 1)])
def test_the_season_of_an_integer_index_is_found_unless_given(given: int | None, expected: int) -> None:
    assert choose_season(panel_from_arrays([seasonal(120, 6)]), given) == expected


def test_logarithms_only_where_values_are_positive_and_away_from_zero() -> None:
    values = seasonal(120, 12)
    assert plan_of(panel_from_arrays([values - 100])).window.transform == "none"
    values[5] = 1e-6
    assert plan_of(panel_from_arrays([values])).window.transform == "none"
    with pytest.raises(UsageError, match="needs positive values") as caught:
        plan_of(panel_from_arrays([values - 100]), ModelSettings(transform="log"))
    assert "--transform none" in caught.value.hint


@pytest.mark.parametrize(
    ("lift", "bounds", "expected"),
    [
        (0, "auto", (0.0, None)),
        (-100, "auto", (None, None)),
        (0, "none", (None, None)),
        (0, "10,", (10.0, None)),
        (0, ",500", (None, 500.0)),
        (0, "0,500", (0.0, 500.0)),
    ],
)
def test_the_range_of_the_forecasts(lift: float, bounds: str, expected: tuple[float | None, float | None]) -> None:
    window = plan_of(panel_from_arrays([seasonal(120, 12) + lift]), ModelSettings(bounds=bounds)).window
    assert (window.low, window.high) == expected


@pytest.mark.parametrize("bounds", ["5", "a,b", "9,1", ",", "nan,nan", "0,1,2"])
def test_a_range_that_is_none_is_refused(bounds: str) -> None:
    with pytest.raises(UsageError, match="--bounds: expected LOW,HIGH"):
        plan_of(monthly(), ModelSettings(bounds=bounds))


def test_a_range_that_the_data_leaves_is_refused() -> None:
    with pytest.raises(UsageError, match="itself goes from"):
        plan_of(monthly(), ModelSettings(bounds="100,"))


def test_the_network_is_trusted_the_more_the_more_windows_were_held_out() -> None:
    one, many = plan_of(monthly()), plan_of(monthly(count=50))
    assert one.network.trust == pytest.approx(one.held_out.total / (one.held_out.total + 10))
    assert 0 < one.network.trust < 0.75
    assert many.network.trust > 0.98


@pytest.mark.parametrize(("length", "base"), [(36, ()), (37, (12,))])
def test_a_season_is_a_base_where_there_is_a_window_to_train_on(length: int, base: tuple[int, ...]) -> None:
    assert plan_of(monthly(length), ModelSettings(horizon=12)).window.base == base


def test_what_the_user_gives_is_taken() -> None:
    model = ModelSettings(horizon=5, lookback=20, segment=10, base="last", units="7", layers=3, dropout=0.5, cell="gru")
    train = TrainSettings(steps=9, batch_size=11, loss="huber", ensemble=2, seed=5, learning_rate=0.1)
    plan = plan_of(monthly(), model, train)
    assert (plan.window.horizon, plan.window.lookback, plan.window.segment, plan.window.base) == (5, 20, 10, ())
    assert (plan.network.widths, plan.network.dropout, plan.network.cell) == ((7, 7, 7), 0.5, "gru")
    assert (plan.fit.steps, plan.fit.batch_size, plan.fit.loss) == (9, 11, "huber")
    assert (plan.fit.members, plan.fit.seed, plan.fit.learning_rate) == (2, 5, 0.1)


def test_epochs_are_passes_over_the_training_windows() -> None:
    plan = plan_of(monthly(), train=TrainSettings(epochs=3, batch_size=10))
    assert plan.fit.steps == 3 * -(-plan.training.total // 10)
    with pytest.raises(UsageError, match="--epochs and --steps"):
        plan_of(monthly(), train=TrainSettings(epochs=3, steps=5))


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_preset_sets_what_no_flag_sets(preset: str) -> None:
    plan = plan_of(monthly(), train=TrainSettings(preset=preset, steps=3))  # type: ignore[arg-type]
    assert (plan.fit.members, plan.fit.loss, plan.fit.refit) == (
        PRESETS[preset].members,
        PRESETS[preset].loss,
        PRESETS[preset].refit,
    )
    assert plan.fit.steps == 3


def test_a_segment_that_does_not_divide_names_those_that_do() -> None:
    with pytest.raises(UsageError, match="--segment 7 does not divide the lookback of 24") as caught:
        plan_of(monthly(), ModelSettings(lookback=24, segment=7))
    assert caught.value.hint == "The nearest that do: 4, 6, 8"


@pytest.mark.parametrize(("units", "expected"), [("8", (8, 8)), (8, (8, 8)), ("8, 8", (8, 8)), ("8,4", (8, 4))])
def test_widths_are_one_or_one_a_layer(units: str, expected: int | tuple[int, ...]) -> None:
    network = plan_of(monthly(), ModelSettings(units=units)).network
    assert network.widths == expected


@pytest.mark.parametrize("units", ["", "0", "-8", "8,", "8;4", "1e3", "2049", "64,0", "9" * 5000])
def test_what_is_no_width_is_refused(units: str) -> None:
    with pytest.raises(UsageError, match="--units: expected whole numbers from 1 to 2048"):
        plan_of(monthly(), ModelSettings(units=units))


def test_widths_for_other_layers_are_refused() -> None:
    with pytest.raises(UsageError, match="--units 8,4,2 is for 3 layers, and --layers is 2") as caught:
        plan_of(monthly(), ModelSettings(units="8,4,2"))
    assert "--layers 3" in caught.value.hint


@pytest.mark.parametrize("flag", ["attention", "bidirectional"])
def test_one_segment_has_no_other_to_attend_to_and_no_other_end(flag: str) -> None:
    one = ModelSettings(lookback=12, segment=12, **{flag: True})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=f"--{flag} needs several segments, and the lookback of 12 steps is one"):
        plan_of(monthly(), one)


def test_another_activation_is_warned_of() -> None:
    assert not list(plan_of(monthly()).warnings("cpu"))
    [warning] = plan_of(monthly(), ModelSettings(activation="relu")).warnings("gpu")
    assert "--activation relu leaves cuDNN's fused kernel" in warning


def test_intervals_of_quantiles_are_of_a_network_that_learns_them() -> None:
    plan = plan_of(monthly(), train=TrainSettings(intervals="quantile", quantile_levels="90,50"))
    assert (plan.fit.loss, plan.network.quantiles, plan.network.draws) == ("quantile", (50.0, 90.0), 0)
    with pytest.raises(UsageError, match="--intervals quantile needs --loss quantile, and --loss is mae"):
        plan_of(monthly(), train=TrainSettings(intervals="quantile", loss="mae"))
    with pytest.raises(UsageError, match="--quantile-levels: expected percentages"):
        plan_of(monthly(), train=TrainSettings(loss="quantile", quantile_levels="0"))


def test_intervals_by_dropout_need_dropout() -> None:
    train = TrainSettings(intervals="mc-dropout")
    assert plan_of(monthly(), train=train).network.draws > 1
    with pytest.raises(UsageError, match="--intervals mc-dropout needs dropout, and --dropout is 0"):
        plan_of(monthly(), ModelSettings(dropout=0), train)


def test_training_never_sees_a_held_out_target() -> None:
    plan = plan_of(monthly(count=3))
    trained, held = plan.training.all(), plan.held_out.all()
    for s in range(3):
        assert trained.ends[trained.series == s].max() + plan.window.horizon <= held.ends[held.series == s].min()
        assert held.ends[held.series == s].max() + plan.window.horizon == 120 * (s + 1)


@pytest.mark.parametrize(("length", "enough"), [(15, False), (16, True)])
def test_the_shortest_series_that_can_be_trained_on(length: int, enough: bool) -> None:
    panel = panel_from_arrays([np.arange(1.0, length + 1)])
    model = ModelSettings(horizon=6)
    if enough:
        plan = make_plan(panel, 1, model, TrainSettings())
        assert plan.training.total == plan.held_out.total == 1
    else:
        with pytest.raises(DataError, match=f"has {length} steps, and at least 16 are needed"):
            make_plan(panel, 1, model, TrainSettings())


def test_no_horizon_is_shorter_than_one_step() -> None:
    with pytest.raises(DataError, match="measure a forecast of 1 step") as refused:
        make_plan(panel_from_arrays([np.arange(1.0, 4)]), 1, ModelSettings(horizon=1), TrainSettings())
    assert refused.value.hint == "Give more data"


def test_short_series_of_a_panel_are_left_to_the_baseline() -> None:
    arrays = {"long": seasonal(60, 12), "short": np.arange(1.0, 4.0)}
    plan = plan_of(panel_from_arrays(arrays, freq="MS", start="2020-01-01"))
    assert plan.training.count[1] == plan.held_out.count[1] == 0
    assert plan.training.count[0] > 0


def test_many_series_hold_out_one_window_each_and_few_hold_out_many() -> None:
    assert choose_held_out(np.full(1000, 50), 6, 4)[0] == 1
    per_series, stride = choose_held_out(np.array([1000]), 10, 4)
    assert per_series > 100
    assert (per_series - 1) * stride + 10 <= 200


def test_of_very_many_series_some_that_are_long_enough_are_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecaster.model.planner.MOST_HELD_OUT", 100)
    arrays = [np.arange(1.0, 4.0)] * 500 + [seasonal(60, 12, seed=i) for i in range(30)] + [np.arange(1.0, 4.0)] * 500
    plan = make_plan(panel_from_arrays(arrays), 12, ModelSettings(horizon=6), TrainSettings())
    assert 50 < plan.held_out.total <= 100
    assert plan.training.total > 0


def test_choices_name_every_decision() -> None:
    assert {name for name, _ in plan_of(monthly()).choices()} >= {"season length", "horizon", "lookback", "training"}


@pytest.mark.parametrize(("length", "earlier"), [(16, 1), (21, 1), (22, 2), (28, 3), (60, 3), (200, 3)])
def test_short_annual_series_are_held_out_at_several_times(length: int, earlier: int) -> None:
    rng = np.random.default_rng(0)
    panel = panel_from_arrays([100 + rng.normal(size=length).cumsum() for _ in range(1000)], freq="YS", start="1800")
    plan = make_plan(panel, 1, ModelSettings(horizon=6, base="last"), TrainSettings())
    assert (plan.held_out.count == 1).all()
    assert (plan.earlier.count == earlier).all()
    earlier = plan.earlier.all()
    assert (earlier.ends + 6 <= plan.held_out.first[earlier.series]).all()
    assert (earlier.lengths >= plan.window.shortest_history).all()


def test_where_windows_of_several_times_are_held_out_no_earlier_ones_are_needed() -> None:
    assert plan_of(monthly(480)).earlier.total == 0
