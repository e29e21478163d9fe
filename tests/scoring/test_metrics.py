"""Every measure against a plain loop of its published formula; then signs, zeros, gaps, and what always holds."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecaster.model.baselines import seasonal_naive
from forecaster.scoring import metrics
from forecaster.scoring.metrics import Evaluation
from tests.origins import between

NAN = math.nan
ordinary = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
"""Values of real data: three decimals, so that differences are 0 or well above the rounding of float64."""


def pairs(count: int = 2, elements: st.SearchStrategy[float] = ordinary) -> st.SearchStrategy[np.ndarray]:
    """`count` arrays [N, H] of one shape, stacked."""
    shapes = st.tuples(st.just(count), st.integers(1, 6), st.integers(1, 6))
    return shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=elements))


@pytest.fixture
def evaluation() -> Evaluation:
    """Five windows of three series (series 1 has none), H = 4, two levels, positive values."""
    rng = np.random.default_rng(7)
    actual = rng.uniform(50, 150, (5, 4))
    forecast = actual + rng.normal(0, 10, (5, 4))
    return Evaluation(
        actual=actual,
        forecast=forecast,
        scale=rng.uniform(5, 10, 5),
        rms_scale=rng.uniform(6, 12, 5),
        series=np.array([0, 0, 2, 2, 2]),
        intervals=((80.0, forecast - 8, forecast + 9), (97.5, forecast - 15, forecast + 14)),
    )


def published(e: Evaluation, windows: list[int], leads: list[int]) -> dict[str, float]:
    """The published formulas as plain loops over some windows and lead times."""
    points = [(n, h) for n in windows for h in leads]
    y, f = e.actual, e.forecast

    def mean(terms: list[float]) -> float:
        return sum(terms) / len(terms)

    def squared(n: int) -> float:
        return mean([(y[n, h] - f[n, h]) ** 2 for h in leads])

    absolute = [abs(y[p] - f[p]) for p in points]
    out = {
        "mae": mean(absolute),
        "mse": mean([(y[p] - f[p]) ** 2 for p in points]),
        "rmse": math.sqrt(mean([(y[p] - f[p]) ** 2 for p in points])),
        "smape": 200 * mean([abs(y[p] - f[p]) / (abs(y[p]) + abs(f[p])) for p in points]),
        "mape": 100 * mean([abs(y[p] - f[p]) / abs(y[p]) for p in points]),
        "wape": 100 * sum(absolute) / sum(abs(y[p]) for p in points),
        "mase": mean([abs(y[n, h] - f[n, h]) / e.scale[n] for n, h in points]),
        "rmsse": mean([math.sqrt(squared(n) / e.rms_scale[n] ** 2) for n in windows]),
        "bias": mean([f[p] - y[p] for p in points]),
    }
    for level, lo, hi in e.intervals:
        a, name = 1 - level / 100, f"{level:g}"
        interval_scores, losses = [], []
        for n, h in points:
            value, low, high = y[n, h], lo[n, h], hi[n, h]
            below, above = 2 / a * (low - value) * (value < low), 2 / a * (value - high) * (value > high)
            interval_scores.append((high - low + below + above) / e.scale[n])
            for quantile, end in ((a / 2, low), (1 - a / 2, high)):
                losses.append(quantile * (value - end) if value >= end else (1 - quantile) * (end - value))
        out[f"coverage-{name}"] = mean([float(lo[p] <= y[p] <= hi[p]) for p in points])
        out[f"width-{name}"] = mean([hi[p] - lo[p] for p in points])
        out[f"pinball-{name}"] = mean(losses)
        out[f"msis-{name}"] = mean(interval_scores)
    return out


def test_score_is_the_published_formulas(evaluation: Evaluation) -> None:
    assert metrics.score(evaluation) == pytest.approx(published(evaluation, [0, 1, 2, 3, 4], [0, 1, 2, 3]))


def test_by_lead_is_the_published_formulas_at_each_step(evaluation: Evaluation) -> None:
    columns = metrics.by_lead(evaluation)
    for step in range(4):
        expected = published(evaluation, [0, 1, 2, 3, 4], [step])
        assert {name: column[step] for name, column in columns.items()} == pytest.approx(expected)


def test_by_series_is_the_published_formulas_of_its_windows(evaluation: Evaluation) -> None:
    columns = metrics.by_series(evaluation, 4)
    for series, windows in ((0, [0, 1]), (2, [2, 3, 4])):
        expected = published(evaluation, windows, [0, 1, 2, 3])
        assert {name: column[series] for name, column in columns.items()} == pytest.approx(expected)
    for column in columns.values():
        assert len(column) == 4
        assert (column[1], column[3]) == (None, None)


@given(cuts=st.lists(st.integers(0, 5), max_size=3))
def test_scores_do_not_depend_on_the_blocks_that_windows_come_in(cuts: list[int]) -> None:
    rng = np.random.default_rng(3)
    whole = Evaluation(
        actual=rng.normal(size=(5, 4)),
        forecast=rng.normal(size=(5, 4)),
        scale=np.array([1.0, 2.0, NAN, 0.5, 3.0]),
        rms_scale=np.ones(5),
        series=np.array([0, 0, 1, 3, 3]),
        intervals=((80.0, np.full((5, 4), -1.0), np.full((5, 4), 1.0)),),
    )
    naive = rng.normal(size=(5, 4))
    contest = metrics.Contest(4, 4)
    edges = sorted([0, *cuts, 5])
    for a, b in itertools.pairwise(edges):
        part = replace(
            whole,
            actual=whole.actual[a:b],
            forecast=whole.forecast[a:b],
            scale=whole.scale[a:b],
            rms_scale=whole.rms_scale[a:b],
            series=whole.series[a:b],
            intervals=tuple((level, low[a:b], high[a:b]) for level, low, high in whole.intervals),
        )
        contest.add(part, naive[a:b])
    ours, expected = contest.scores(), metrics.score_against(whole, naive, 4)
    assert ours.windows == 5
    assert ours.skill == pytest.approx(expected.skill)
    for found, wanted in ((ours.model, expected.model), (ours.baseline, expected.baseline)):
        assert found.overall == pytest.approx(wanted.overall)
        for table in ("by_lead", "by_series"):
            for name, column in getattr(wanted, table).items():
                assert getattr(found, table)[name] == pytest.approx(column)


def test_a_hand_calculation() -> None:
    e = Evaluation(
        actual=np.array([[10.0, 20.0]]),
        forecast=np.array([[12.0, 16.0]]),
        scale=np.array([2.0]),
        rms_scale=np.array([math.sqrt(10.0)]),
        series=np.array([0]),
        intervals=((80.0, np.array([[9.0, 10.0]]), np.array([[15.0, 19.0]])),),
    )
    assert metrics.score(e) == pytest.approx(
        {
            "mae": 3.0,
            "mse": 10.0,
            "rmse": math.sqrt(10),
            "smape": 100 * (2 / 22 + 4 / 36),
            "mape": 20.0,
            "wape": 20.0,
            "mase": 1.5,
            "rmsse": 1.0,
            "bias": -1.0,
            "coverage-80": 0.5,
            "width-80": 7.5,
            "pinball-80": (0.1 * 1 + 0.1 * 5 + 0.1 * 10 + 0.9 * 1) / 4,
            "msis-80": (6 + 9 + 10 * 1) / 2 / 2,
        }
    )


@pytest.mark.parametrize(
    ("forecast", "bias"),
    [
        pytest.param(11.0, 1.0, id="too high"),
        pytest.param(9.0, -1.0, id="too low"),
        pytest.param(10.0, 0.0, id="right"),
    ],
)
def test_bias_is_positive_when_forecasts_are_too_high(forecast: float, bias: float) -> None:
    assert metrics.bias(np.array([[10.0]]), np.array([[forecast]])) == [bias]


@pytest.mark.parametrize(
    ("quantile", "actual", "loss"),
    [(0.9, 12.0, 1.8), (0.9, 8.0, 0.2), (0.1, 12.0, 0.2), (0.1, 8.0, 1.8), (0.5, 12.0, 1.0), (0.9, 10.0, 0.0)],
)
def test_pinball_charges_the_unlikely_side_more(quantile: float, actual: float, loss: float) -> None:
    assert metrics.pinball(np.array([[actual]]), np.array([[10.0]]), quantile) == pytest.approx([loss])


def test_coverage_includes_both_ends() -> None:
    actual, ends = np.array([[1.0, 2.0, 0.999, 2.001]]), np.ones((1, 4))
    assert metrics.coverage(actual, ends, 2 * ends) == [0.5]


def test_smape_is_0_where_both_are_0_and_200_where_one_is() -> None:
    assert metrics.smape(np.array([[0.0, 0.0, 5.0, -5.0]]), np.array([[0.0, 3.0, 0.0, 5.0]])) == [150.0]


@pytest.mark.parametrize("forecast", [0.0, 1.0])
def test_mape_is_null_when_an_actual_is_0_and_the_rest_is_not(evaluation: Evaluation, forecast: float) -> None:
    actual, forecasts = evaluation.actual.copy(), evaluation.forecast.copy()
    actual[1, 2], forecasts[1, 2] = 0.0, forecast
    e = replace(evaluation, actual=actual, forecast=forecasts)
    assert [name for name, value in metrics.score(e).items() if value is None] == ["mape"]
    assert [x is None for x in metrics.by_lead(e)["mape"]] == [False, False, True, False]
    assert [x is None for x in metrics.by_series(e, 3)["mape"]] == [True, True, False]


def test_wape_is_null_when_all_actuals_are_0(evaluation: Evaluation) -> None:
    row = metrics.score(replace(evaluation, actual=np.zeros((5, 4))))
    assert {name for name, value in row.items() if value is None} == {"wape", "mape"}


def test_a_series_without_a_scale_is_left_out_of_the_scaled_measures_only(evaluation: Evaluation) -> None:
    gone = np.array([True, True, False, False, False])
    e = replace(
        evaluation, scale=np.where(gone, NAN, evaluation.scale), rms_scale=np.where(gone, NAN, evaluation.rms_scale)
    )
    scaled, rest = published(evaluation, [2, 3, 4], [0, 1, 2, 3]), published(evaluation, [0, 1, 2, 3, 4], [0, 1, 2, 3])
    by_scale = ("mase", "rmsse", "msis-80", "msis-97.5")
    assert metrics.score(e) == pytest.approx({name: (scaled if name in by_scale else rest)[name] for name in rest})
    assert metrics.by_series(e, 3)["mase"][0] is None


def test_an_actual_that_was_not_observed_is_not_scored(evaluation: Evaluation) -> None:
    actual = evaluation.actual.copy()
    actual[0], actual[1, :3] = NAN, NAN
    e = replace(evaluation, actual=actual)
    assert metrics.by_lead(e)["mae"][0] == pytest.approx(published(evaluation, [2, 3, 4], [0])["mae"])
    expected = published(evaluation, [1], [3])
    for name, column in metrics.by_series(e, 3).items():
        if not name.startswith("width"):  # the width of an interval needs no actual
            assert column[0] == pytest.approx(expected[name]), name


def test_nothing_observed_is_null_everywhere_but_for_the_width(evaluation: Evaluation) -> None:
    row = metrics.score(replace(evaluation, actual=np.full((5, 4), NAN)))
    assert {name for name, value in row.items() if value is not None} == {"width-80", "width-97.5"}


def test_no_windows_is_null_everywhere() -> None:
    none, flat = np.empty((0, 3)), np.empty(0)
    e = Evaluation(actual=none, forecast=none, scale=flat, rms_scale=flat, series=np.empty(0, np.int64))
    assert set(metrics.score(e).values()) == {None}
    assert metrics.by_lead(e)["mase"] == [None, None, None]
    assert metrics.by_series(e, 2)["mase"] == [None, None]


@pytest.mark.parametrize("size", [1e300, 1e-300, 1e18])
def test_very_large_and_very_small_values_give_strict_json(evaluation: Evaluation, size: float) -> None:
    e = Evaluation(
        actual=evaluation.actual * size,
        forecast=evaluation.forecast * size,
        scale=evaluation.scale * size,
        rms_scale=evaluation.rms_scale * size,
        series=evaluation.series,
    )
    measures = metrics.measure(e, 3)
    json.dumps([measures.overall, measures.by_lead, measures.by_series], allow_nan=False)
    assert measures.overall["mase"] == pytest.approx(metrics.score(evaluation)["mase"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"actual": np.ones(4)}, r"actual must have the shape \[N, H\], received \(4,\)", id="flat"),
        pytest.param(
            {"forecast": np.ones((5, 3))}, r"forecast must have the shape \(5, 4\), received \(5, 3\)", id="H"
        ),
        pytest.param(
            {"scale": np.ones((5, 1))}, r"scale must have the shape \(5,\), received \(5, 1\)", id="broadcast"
        ),
        pytest.param({"series": np.zeros(4, int)}, r"series must have the shape \(5,\), received \(4,\)", id="series"),
        pytest.param({"forecast": np.full((5, 4), NAN)}, "forecast must be finite, received 20 values", id="nan"),
        pytest.param(
            {"intervals": ((80.0, np.ones((5, 4)), np.ones((5, 1))),)}, "hi of level 80 must have the shape", id="hi"
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(evaluation: Evaluation, change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(evaluation, **change)


@pytest.mark.parametrize(
    ("model", "baseline", "skill"),
    [
        (0.5, 1.0, 0.5),
        (1.0, 1.0, 0.0),
        (2.0, 1.0, -1.0),
        (0.0, 1.0, 1.0),
        (1.0, 0.0, None),
        (None, 1.0, None),
        (1.0, None, None),
    ],
)
def test_skill(model: float | None, baseline: float | None, skill: float | None) -> None:
    assert metrics.skill({"mase": model}, {"mase": baseline}) == skill


def test_score_against_measures_both_on_the_same_windows(evaluation: Evaluation) -> None:
    scores = metrics.score_against(evaluation, evaluation.forecast + 20, 3)
    assert scores.windows == 5
    assert scores.model.overall == metrics.score(evaluation)
    assert scores.model.by_lead == metrics.by_lead(evaluation)
    assert scores.model.by_series == metrics.by_series(evaluation, 3)
    assert set(scores.baseline.overall) == {name for name in scores.model.overall if "-" not in name}
    assert scores.skill == 1 - scores.model.overall["mase"] / scores.baseline.overall["mase"]
    assert scores.skill > 0


def one(history: list[float], m: int) -> tuple[float, float]:
    """Both scales of a single history."""
    values, end = np.array(history), between([0], [len(history)])
    return metrics.seasonal_error(values, end, m)[0], metrics.seasonal_rms_error(values, end, m)[0]


@pytest.mark.parametrize(
    ("history", "m", "error", "rms"),
    [
        pytest.param([1.0, 5.0, 2.0, 9.0], 2, 2.5, math.sqrt(8.5), id="season of 2"),
        pytest.param([1.0, 5.0, 2.0], 1, 3.5, math.sqrt(12.5), id="season of 1"),
        pytest.param([1.0, 5.0, 2.0], 3, 3.5, math.sqrt(12.5), id="as long as the season: falls back to 1"),
        pytest.param([1.0, 5.0, 2.0], 99, 3.5, math.sqrt(12.5), id="shorter than the season: falls back to 1"),
        pytest.param([1.0, 5.0, 2.0, 4.0], 3, 3.0, 3.0, id="one step longer than the season"),
        pytest.param([4.0, 4.0, 4.0], 1, NAN, NAN, id="constant"),
        pytest.param([1.0, 2.0, 1.0, 2.0], 2, NAN, NAN, id="perfectly seasonal"),
        pytest.param([4.0], 1, NAN, NAN, id="one value"),
        pytest.param([4.0], 12, NAN, NAN, id="one value, season of 12"),
        pytest.param([1e300, -1e300], 1, 2e300, NAN, id="no square in float64"),
    ],
)
def test_seasonal_errors(history: list[float], m: int, error: float, rms: float) -> None:
    assert one(history, m) == pytest.approx((error, rms), nan_ok=True)


histories = st.lists(st.lists(ordinary, min_size=1, max_size=12), min_size=1, max_size=6)


@given(histories, st.integers(1, 6), st.data())
def test_seasonal_errors_of_many_histories_are_those_of_each_alone(
    histories: list[list[float]], m: int, data: st.DataObject
) -> None:
    picked = data.draw(st.lists(st.integers(0, len(histories) - 1), min_size=1, max_size=8))
    lengths = [data.draw(st.integers(1, len(histories[s]))) for s in picked]
    starts = np.cumsum([0] + [len(h) for h in histories])[picked]
    values = np.array([x for h in histories for x in h])
    origins = between(starts, starts + lengths)
    error, rms = metrics.seasonal_error(values, origins, m), metrics.seasonal_rms_error(values, origins, m)
    alone = [one(histories[s][:length], m) for s, length in zip(picked, lengths, strict=True)]
    assert list(zip(error, rms, strict=True)) == [pytest.approx(pair, rel=1e-9, nan_ok=True) for pair in alone]


@given(st.lists(ordinary, min_size=2, max_size=30), st.integers(1, 8))
def test_mase_of_the_in_sample_seasonal_naive_is_1(history: list[float], m: int) -> None:
    values = np.array(history)
    m = m if len(history) > m else 1
    ends = np.arange(m, len(history))
    forecast = seasonal_naive(values, between(np.zeros_like(ends), ends), m, 1)
    whole = between([0], [len(history)])
    scale, rms_scale = metrics.seasonal_error(values, whole, m), metrics.seasonal_rms_error(values, whole, m)
    mase = metrics.mase(values[None, m:], forecast.T, scale)[0]
    rmsse = metrics.rmsse(values[None, m:], forecast.T, rms_scale)[0]
    assert (mase, rmsse) == pytest.approx((1.0, 1.0)) or (np.isnan(scale[0]) and np.isnan(mase) and np.isnan(rmsse))


@given(pairs(4), st.sampled_from([1e-3, 0.5, 3.0, 1e6]))
def test_scaled_and_relative_measures_do_not_depend_on_the_unit(arrays: np.ndarray, unit: float) -> None:
    actual, forecast = arrays[:2]
    lo, hi = np.sort(arrays[2:], axis=0)
    ones = np.ones(len(actual))

    def scored(size: float) -> dict[str, float | None]:
        return metrics.score(
            Evaluation(
                actual=actual * size,
                forecast=forecast * size,
                scale=ones * size,
                rms_scale=ones * size,
                series=np.zeros(len(actual), np.int64),
                intervals=((90.0, lo * size, hi * size),),
            )
        )

    before, after = scored(1.0), scored(unit)
    for name in ("smape", "mape", "wape", "mase", "rmsse", "msis-90"):
        assert after[name] == (None if before[name] is None else pytest.approx(before[name])), name
    for name in ("mae", "rmse", "bias", "width-90", "pinball-90"):
        assert after[name] == pytest.approx(before[name] * unit, abs=1e-9 * unit), name


@given(pairs(2, st.floats(-1e300, 1e300)))
def test_smape_is_between_0_and_200(arrays: np.ndarray) -> None:
    values = metrics.smape(*arrays)
    assert ((values >= 0) & (values <= 200 * (1 + 1e-12))).all()


@given(pairs(3, st.floats(allow_nan=False)))
def test_coverage_is_between_0_and_1(arrays: np.ndarray) -> None:
    lo, hi = np.sort(arrays[1:], axis=0)
    share = metrics.coverage(arrays[0], lo, hi)
    assert ((share >= 0) & (share <= 1)).all()
    for end in (lo, hi):
        assert (metrics.coverage(end, lo, hi) == 1).all()


@given(pairs(3), st.sampled_from([50.0, 80.0, 95.0]))
def test_msis_is_the_pinball_loss_of_both_ends(arrays: np.ndarray, level: float) -> None:
    lo, hi = np.sort(arrays[1:], axis=0)
    a = 1 - level / 100
    losses = metrics.pinball(arrays[0], lo, a / 2) + metrics.pinball(arrays[0], hi, 1 - a / 2)
    scale = np.full(len(lo), 4.0)
    assert metrics.msis(arrays[0], (lo, hi), level, scale) == pytest.approx(losses * 2 / a / 4.0, rel=1e-6, abs=1e-6)


@given(pairs(2))
def test_a_perfect_forecast_has_no_error_and_no_other_does(arrays: np.ndarray) -> None:
    actual, forecast = arrays
    for error in (metrics.mae, metrics.mse, metrics.rmse, metrics.smape, metrics.bias):
        assert (error(actual, actual) == 0).all()
    different = (actual != forecast).any(axis=1)
    for error in (metrics.mae, metrics.mse, metrics.rmse, metrics.smape):
        assert ((error(actual, forecast) > 0) == different).all()
    assert (metrics.rmse(actual, forecast) >= metrics.mae(actual, forecast) * (1 - 1e-12)).all()
    assert (metrics.mae(actual, forecast) >= np.abs(metrics.bias(actual, forecast)) * (1 - 1e-12)).all()


def test_crps_by_deciles_approximates_that_of_a_normal_distribution() -> None:
    """Gneiting & Raftery 2007, equation 21: z (2 Φ(z) − 1) + 2 φ(z) − 1 / √π; without the tails a little is missing."""
    normal = NormalDist()
    for z in (-2.0, -0.5, 0.0, 1.0, 3.0):
        exact = z * (2 * normal.cdf(z) - 1) + 2 * normal.pdf(z) - 1 / math.sqrt(math.pi)
        deciles = np.array([[[normal.inv_cdf(tenth / 10)]] for tenth in range(1, 10)])
        assert metrics.crps(np.array([[z]]), deciles)[0] == pytest.approx(exact, rel=0.12)


@given(pairs(2))
def test_crps_of_a_point_is_the_absolute_error(arrays: np.ndarray) -> None:
    deciles = np.broadcast_to(arrays[1], (9, *arrays[1].shape))
    expected = metrics.mae(arrays[0], arrays[1])
    np.testing.assert_allclose(metrics.crps(arrays[0], deciles), expected, rtol=1e-9, atol=1e-9)


def test_quantiles_are_scored_each(evaluation: Evaluation) -> None:
    _, low, high = evaluation.intervals[0]
    row = metrics.score(replace(evaluation, quantiles=((0.1, low), (0.9, high))))
    assert row["pinball-80"] == pytest.approx((row["pinball-q-10"] + row["pinball-q-90"]) / 2)
    assert row["below-q-10"] == pytest.approx(np.mean(evaluation.actual <= low))
    assert "crps" not in row
