"""How sure a learned effect is: on made-up sales, where the effect of a promotion is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecaster.data.covariates import Covariate, Covariates
from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.model.origins import Origins
from forecaster.scoring.effects import Doubt, Trust, changed_ahead, measure_trust, moments, trust_of

EFFECT, STEPS, HORIZON = 30.0, 168, 7


def shops(rng: np.random.Generator, series: int = 4) -> tuple[Panel, np.ndarray]:
    """Return sales of some shops that promotions raise, and when there were promotions [S, STEPS + HORIZON]."""
    promo = (rng.random((series, STEPS + HORIZON)) < 0.3).astype(float)
    week = np.repeat(rng.normal(0, 6, size=STEPS // HORIZON), HORIZON)  # shared by all shops
    sales = 100 + EFFECT * promo[:, :STEPS] + week + rng.normal(0, 10, size=(series, STEPS))
    column = Covariate("promo", "future", promo.ravel(), None)
    starts, lengths = (STEPS + HORIZON) * np.arange(series), np.full(series, STEPS + HORIZON)
    return replace(panel_from_arrays(list(sales), freq="D"), covariates=Covariates(starts, lengths, (column,))), promo


def asker(slope: float, level: float = 100.0):  # type: ignore[no-untyped-def]
    """Return a model that knows a level and takes a promotion to add so much."""

    def ask(panel: Panel, origins: Origins) -> np.ndarray:
        covariates = panel.covariates
        assert covariates is not None
        at = covariates.starts[origins.series][:, None] + origins.lengths[:, None] + np.arange(HORIZON)
        return level + slope * covariates.columns[0].values[at]

    return ask


def measured(slope: float, seed: int = 0) -> Trust | None:
    """Return how far a model with such an effect is to be trusted."""
    return measure_trust(asker(slope), shops(np.random.default_rng(seed))[0], ["promo"], (HORIZON, 7))


def test_an_effect_that_is_right_is_trusted() -> None:
    trust = measured(EFFECT)
    assert trust is not None
    assert trust.cutoffs == 23
    assert abs(trust.bias) < 3 * trust.error < 0.4


@pytest.mark.parametrize(("slope", "came"), [(15.0, 2.0), (60.0, 0.5)])
def test_an_effect_that_is_too_small_or_too_large_is_found_out(slope: float, came: float) -> None:
    trust = measured(slope)
    assert trust is not None
    assert trust.summary()["came"] == pytest.approx(came, rel=0.25)


def test_intervals_of_the_difference_hold_the_known_effect() -> None:
    """A regression learns the effect, 40 times; intervals of 80 % hold the truth of the total at least that often."""
    inside = {80: 0, 95: 0}
    for seed in range(40):
        panel, promo = shops(np.random.default_rng(seed))
        known, sales = promo[:, :STEPS], panel.values.reshape(len(promo), -1)
        apart = known - known.mean()
        slope = float((apart * (sales - sales.mean())).sum() / (apart**2).sum())
        ask = asker(slope, float(sales.mean() - slope * known.mean()))
        trust = measure_trust(ask, panel, ["promo"], (HORIZON, 7))
        difference = np.full((len(promo), HORIZON), slope)
        off = Doubt(trust=trust, members=np.empty((0, *difference.shape))).draw(difference, 500, seed)
        totals = (difference[:, None] + off).sum(axis=(0, 2))
        for level in inside:
            low, high = np.quantile(totals, [0.5 - level / 200, 0.5 + level / 200])
            inside[level] += low <= EFFECT * difference.size <= high
    assert 0.74 <= inside[80] / 40 <= 0.97
    assert inside[95] / 40 >= 0.94


def test_nothing_is_known_without_effect_or_history() -> None:
    assert measured(0.0) is None
    panel = shops(np.random.default_rng(0))[0]
    assert measure_trust(asker(30.0), panel, ["promo"], (HORIZON, STEPS - 10)) is None
    assert trust_of(np.zeros((3, 2)), np.ones((3, 2))) is None


def test_series_that_differ_are_told_apart() -> None:
    rng = np.random.default_rng(4)
    slopes = np.array([0.5, 1.0, 1.5, 2.0])
    effects = rng.normal(size=(3, 24, 4, 7))
    effects[:] = effects[0]
    missed = (slopes - 1)[:, None] * effects[0] + rng.normal(0, 0.1, size=(24, 4, 7))
    products, squares = moments(effects.reshape(3, -1, 7), missed.reshape(-1, 7))
    trust = trust_of(products.reshape(24, 4), squares.reshape(24, 4))
    assert trust is not None
    assert trust.bias == pytest.approx(0.25, abs=0.1)
    assert trust.between == pytest.approx(0.56, abs=0.1)


def test_what_did_not_come_counts_for_nothing() -> None:
    effects = np.ones((2, 1, 2))
    products, squares = moments(effects, np.array([[3.0, np.nan]]))
    assert products.tolist() == [3.0]
    assert squares.tolist() == [1.0]


def test_networks_that_disagree_make_it_less_sure() -> None:
    members = np.stack([np.full((1, 2), value) for value in (9.0, 10.0, 11.0)])
    off = Doubt(trust=None, members=members).draw(np.full((1, 2), 10.0), 4000, 0)
    assert off.shape == (1, 4000, 2)
    assert off.std() == pytest.approx(1.0, rel=0.1)  # the standard deviation of the three
    assert np.allclose(off[..., 0], off[..., 1])
    assert not Doubt(trust=None, members=members[:0]).draw(np.full((1, 2), 10.0), 10, 0).any()


def test_what_is_changed_ahead_has_a_name() -> None:
    panel, promo = shops(np.random.default_rng(0))
    assert panel.covariates is not None
    assert changed_ahead(panel, panel, HORIZON) == ()
    other = promo.copy()
    other[0, STEPS] = 1 - other[0, STEPS]
    column = Covariate("promo", "future", other.ravel(), None)
    there = replace(panel, covariates=replace(panel.covariates, columns=(column,)))
    assert changed_ahead(panel, there, HORIZON) == ("promo",)
    past = promo.copy()
    past[0, 3] = 1 - past[0, 3]
    column = Covariate("promo", "future", past.ravel(), None)
    assert changed_ahead(panel, replace(panel, covariates=replace(panel.covariates, columns=(column,))), HORIZON) == ()
