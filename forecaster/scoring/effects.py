"""How sure the effect of covariates is that a model learned: on past windows, against the actual values.

At each past cutoff the model forecasts with the covariates that came, and with those of other times in their place. The
difference is the effect that it learned. If it is right, the errors of the first forecast have nothing to do with it.
So they are regressed on the effects: the coefficient says by which share effects are larger than the model thinks (the
slope of a calibration, Cox, Biometrika 45(3-4), 1958, less 1), and its standard error, with the windows of one cutoff
as a cluster (Liang & Zeger, Biometrika 73(1), 1986), how sure that is. Series may differ in it (DerSimonian & Laird,
Controlled Clinical Trials 7(3), 1986). How much the networks of an ensemble disagree about an effect comes on top
(Lakshminarayanan, Pritzel & Blundell, NeurIPS 2017).

Which other time it is makes an effect larger or smaller by chance, which would draw the coefficient towards 0. The
square of an effect is therefore that of one other time multiplied by that of another.

What was never varied by anybody in the history cannot be separated from what happened with it: this measures how well
effects are learned, not whether they are causes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forecaster.data.covariates import Covariate
from forecaster.data.panel import Panel
from forecaster.model.origins import Origins
from forecaster.model.predictor import Forecaster, forecast_windows
from forecaster.model.version import FittedModel
from forecaster.model.windows import Floats, Ints

MOST_CUTOFFS, FEWEST_CUTOFFS = 24, 4
"""Past cutoffs, a horizon apart, at which effects are looked at, and from which they can be judged."""

MOST_SERIES = 200
"""Series that effects are looked at in: of more, evenly drawn ones."""

OTHERS = 3
"""Other times whose covariates are tried at each cutoff."""

LEAST_EFFECT = 1e-9
"""Of the square of the values, what the square of effects is above where there are any."""

Ask = Callable[[Panel, Origins], Floats]
"""Forecasts [N, H] from N origins of a panel."""


@dataclass(frozen=True, kw_only=True)
class Trust:
    """How far learned effects are to be trusted.

    Attributes:
        bias: By which share effects were larger than the model thought; negative where they were smaller.
        error: Standard error of that.
        between: Standard deviation of the same from series to series.
        cutoffs: Past cutoffs that it was measured at.
    """

    bias: float
    error: float
    between: float
    cutoffs: int

    @property
    def likely_bias(self) -> float:
        """The bias as far as it is more than its error explains: James and Stein's estimate, its positive part."""
        share = 1.0 - (self.error / self.bias) ** 2 if self.bias else 0.0
        return self.bias * max(share, 0.0)

    def summary(self) -> dict[str, Any]:
        """Return it as JSON-safe data: the actual effect, in learned effects, with its standard error."""
        return {"came": 1 + self.bias, "error": self.error, "between_series": self.between, "cutoffs": self.cutoffs}


@dataclass(frozen=True, kw_only=True, eq=False)
class Doubt:
    """What may be wrong with a difference between two forecasts.

    Attributes:
        trust: How far its effects are to be trusted; None where the history does not show it.
        members: [M, S, H] the difference that each network of an ensemble sees.
    """

    trust: Trust | None
    members: Floats

    def draw(self, difference: Floats, count: int, seed: int) -> Floats:
        """Draw what a difference [S, H] may be off by, so many times: [S, N, H]."""
        rng = np.random.default_rng([seed, 15])
        series = len(difference)
        factor = np.zeros((series, count))
        if (trust := self.trust) is not None:
            common = trust.likely_bias + trust.error * rng.standard_t(trust.cutoffs - 1, count)
            factor = common + trust.between * rng.standard_normal((series, count))
        off = factor[:, :, None] * difference[:, None]
        if len(self.members) > 1:
            apart = (self.members - self.members.mean(axis=0)) / np.sqrt(len(self.members) - 1)
            off += np.einsum("nm,msh->snh", rng.standard_normal((count, len(apart))), apart)
        return np.asarray(off)


def measure_trust(ask: Ask, panel: Panel, names: Sequence[str], shape: tuple[int, int]) -> Trust | None:
    """Measure how far the effects of some covariates that are known ahead are to be trusted.

    Args:
        ask: What forecasts, from the covariates of the panel that it is given.
        panel: S series with covariates.
        names: Those whose effects are asked for.
        shape: The horizon H, and steps that a history needs at least.

    Returns:
        None where the history is too short, or the covariates had no effect in it.
    """
    horizon, shortest = shape
    panel = _sample(panel)
    covariates = panel.covariates
    # Every cutoff is an equal number of steps before the end of each series, so a cluster is one stretch of time.
    most = min((int(np.median(panel.lengths)) - shortest) // horizon, MOST_CUTOFFS)
    if covariates is None or most < FEWEST_CUTOFFS:
        return None
    products, squares = np.zeros((2, most, panel.n_series))
    for number in range(most):
        back = horizon * (number + 1)
        chosen = np.flatnonzero(panel.lengths - back >= shortest)
        origins = Origins.at_end(panel, chosen).back(back)
        plain = ask(panel, origins)
        others = (_exchanged(panel, names, origins, (horizon, most, nth)) for nth in range(OTHERS))
        effects = np.array([plain - ask(other, origins) for other in others])
        missed = panel.observed(origins.ahead(horizon)) - plain
        products[number, chosen], squares[number, chosen] = moments(effects, missed)
    if squares.sum() <= LEAST_EFFECT * float((panel.values**2).mean()) * squares.size:
        return None
    return trust_of(products, squares)


def moments(effects: Floats, missed: Floats) -> tuple[Floats, Floats]:
    """Return the sums [n] over lead times of effect times error, and of effect times effect.

    Args:
        effects: [J, n, H] against J other times, two or more.
        missed: [n, H] actual values − forecast; NaN where nothing came.
    """
    known = np.isfinite(missed)
    total = effects.sum(axis=0)
    pairs = (total**2 - (effects**2).sum(axis=0)) / (len(effects) * (len(effects) - 1))
    product = np.where(known, missed, 0.0) * total / len(effects)
    return product.sum(axis=1), np.where(known, pairs, 0.0).sum(axis=1)


def trust_of(products: Floats, squares: Floats) -> Trust | None:
    """Regress errors on effects.

    Args:
        products: [K, S] sum of effect times error at K cutoffs.
        squares: [K, S] sum of the squares of effects.

    Returns:
        None where effects were at too few cutoffs.
    """
    used = (squares != 0).any(axis=1)
    count = int(used.sum())
    if count < FEWEST_CUTOFFS or squares.sum() <= 0:
        return None
    products, squares = products[used], squares[used]
    bias = float(products.sum() / squares.sum())
    small = count / (count - 1)
    error = float(np.sqrt(small * ((products - bias * squares).sum(axis=1) ** 2).sum()) / squares.sum())
    weight = squares.sum(axis=0)
    known = weight > 0
    own = products.sum(axis=0)[known] / weight[known]
    within = small * ((products[:, known] - own * squares[:, known]) ** 2).sum(axis=0) / weight[known] ** 2
    share = weight[known] / weight.sum()
    between = float(np.sqrt(max((share * ((own - bias) ** 2 - within)).sum(), 0.0)))
    return Trust(bias=bias, error=error, between=between, cutoffs=count)


def asking(model: Forecaster, horizon: int) -> Ask:
    """Return what asks a model for its point forecasts, in the order of the origins."""

    def ask(panel: Panel, origins: Origins) -> Floats:
        found = np.empty((panel.n_series, horizon))
        for block in forecast_windows(model, panel, origins, horizon, ()):
            found[block.origins.series] = block.values
        return found[origins.series]

    return ask


def members_of(model: Forecaster) -> list[Forecaster]:
    """Return each network of an ensemble as a model of its own; none where it is no ensemble."""
    if not isinstance(model, FittedModel) or (count := model.server.members) < 2:
        return []
    return [replace(model, server=model.server.alone(member)) for member in range(count)]


def _exchanged(panel: Panel, names: Sequence[str], origins: Origins, times: tuple[int, int, int]) -> Panel:
    """Return the panel with covariates of another time in the place of those ahead of some origins.

    Args:
        panel: S series with covariates.
        names: Which of them.
        origins: One a series at most.
        times: The horizon, how many stretches of it before the end there are, and the how manieth other time it is.
    """
    covariates = panel.covariates
    if covariates is None:
        return panel
    horizon, count, nth = times
    at = covariates.starts[origins.series][:, None] + origins.lengths[:, None] + np.arange(horizon)
    rng = np.random.default_rng([int(origins.lengths.sum()), nth])
    ends = covariates.starts[origins.series] + panel.lengths[origins.series]
    others: Ints = rng.integers(1, count + 1, len(origins))
    there = ends[:, None] - horizon * others[:, None] + np.arange(horizon)
    there = np.maximum(there, covariates.starts[origins.series][:, None])

    def exchanged(column: Covariate) -> Covariate:
        values = column.values.copy()
        values[at] = column.values[there]
        return replace(column, values=values)

    columns = (exchanged(c) if c.name in names and c.role == "future" else c for c in covariates.columns)
    return replace(panel, covariates=replace(covariates, columns=tuple(columns)))


def changed_ahead(one: Panel, other: Panel, steps: int) -> tuple[str, ...]:
    """Return the covariates that are not the same in the steps ahead of two panels of the same series."""
    if one.covariates is None or other.covariates is None:
        return ()
    names = [column.name for column in one.covariates.columns if column.role == "future"]
    pairs = ((_ahead(one, name, steps), _ahead(other, name, steps)) for name in names)
    return tuple(name for name, (ours, theirs) in zip(names, pairs, strict=True) if (ours != theirs).any())


def _ahead(panel: Panel, name: str, steps: int) -> np.ndarray[Any, Any]:
    """Return a covariate [S, steps] after the end of each series: numbers, or names of categories; None if unknown."""
    covariates = panel.covariates
    if covariates is None:
        return np.empty((panel.n_series, 0), object)
    column = next(column for column in covariates.columns if column.name == name)
    after = np.arange(steps)
    known = (covariates.lengths - panel.lengths)[:, None] > after
    values = column.values[np.where(known, (covariates.starts + panel.lengths)[:, None] + after, 0)]
    known &= ~np.isnan(values)
    if column.names is None:
        found = values.astype(object)
    else:
        found = np.array(column.names, object)[np.where(known, values, 0).astype(np.int64)]
    found[~known] = None
    return found


def _sample(panel: Panel) -> Panel:
    if panel.n_series <= MOST_SERIES:
        return panel
    left_out = np.ones(panel.n_series, bool)
    left_out[np.linspace(0, panel.n_series - 1, MOST_SERIES).astype(int)] = False
    return panel.without(left_out, "effects are measured on others")
