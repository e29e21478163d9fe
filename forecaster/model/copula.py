"""How forecast errors of different lead times and series go together, and samples that go together so.

Every past error has a normal score: how far out in its own predictive distribution the actual value was, as a standard
normal number. The correlations of these scores are a Gaussian copula (Nelsen, An Introduction to Copulas, 2006, section
2.3; for forecasts at several lead times Pinson et al., From probabilistic forecasts to statistical scenarios of
short-term wind power production, Wind Energy 12(1), 2009). Samples of it, put through the distributions of a new
forecast, have these as their marginals exactly, and the dependence of past errors. As in the Schaake shuffle (Clark et
al., Journal of Hydrometeorology 5(1), 2004) nothing is assumed of the shape of the marginals; unlike there, more
samples can be drawn than there are past errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from forecaster.model.windows import Floats, Ints

GRID_LEVELS = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.8)
"""Levels in percent of the intervals that stand for a whole distribution; beyond the last one nothing is sampled."""

FEWEST_PAST = 3
"""Past forecasts that do not overlap, from which a dependence can be learned at all."""

MOST_PAIRS = 4000
"""Pairs of series that tell how much of the correlation between series is real."""

_Z = [NormalDist().inv_cdf(0.5 + level / 200) for level in GRID_LEVELS]
SCORES = np.array([*(-z for z in reversed(_Z)), 0.0, *_Z])
"""[Q] normal scores of the ends of these intervals, and of the point forecast in the middle, ascending."""


def distribution(values: Floats, intervals: Sequence[tuple[float, Floats, Floats]]) -> Floats:
    """Return the values [n, H, Q] at `SCORES` of forecasts [n, H] with intervals of `GRID_LEVELS` (and of others)."""
    ends = {level: (low, high) for level, low, high in intervals}
    lower = [ends[level][0] for level in reversed(GRID_LEVELS)]
    upper = [ends[level][1] for level in GRID_LEVELS]
    return np.maximum.accumulate(np.stack([*lower, values, *upper], axis=-1), axis=-1)


def _weights_of_mean() -> Floats:
    """Return how much the value at each of `SCORES` [Q] counts in the mean of a distribution; they add up to 1.

    Between two scores a value is linear in the score, whose density is the standard normal one; beyond the last one
    it stays.
    """
    normal = NormalDist()
    below, density = (np.array([f(z) for z in SCORES.tolist()]) for f in (normal.cdf, normal.pdf))
    width, mass, moment = np.diff(SCORES), np.diff(below), -np.diff(density)
    weights = np.zeros(len(SCORES))
    weights[:-1] += (SCORES[1:] * mass - moment) / width
    weights[1:] += (moment - SCORES[:-1] * mass) / width
    weights[[0, -1]] += below[0], 1.0 - below[-1]
    return weights


MEAN_WEIGHTS = _weights_of_mean()
"""[Q] how much the value at each of `SCORES` counts in the mean."""


def mean_of(grid: Floats) -> Floats:
    """Return the means [n, H] of distributions [n, H, Q]: what the mean of ever more samples comes to."""
    return np.asarray(grid @ MEAN_WEIGHTS)


def normal_scores(actual: Floats, grid: Floats) -> Floats:
    """Return how far out in their distributions [n, H, Q] actual values [n, H] are, as standard normal numbers.

    A value at which several quantiles lie, as 0 often is, has the middle of their scores. NaN where the actual value
    is, and where the distribution is a point.
    """
    value = actual[..., None]
    before, upto = (grid < value).sum(axis=-1), (grid <= value).sum(axis=-1)
    right = np.clip(before, 1, len(SCORES) - 1)
    low, high = (np.take_along_axis(grid, (right - back)[..., None], -1)[..., 0] for back in (1, 0))
    share = np.clip((actual - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    between = SCORES[right - 1] + share * (SCORES[right] - SCORES[right - 1])
    tied = upto > before + 1
    middle = (SCORES[np.minimum(before, len(SCORES) - 1)] + SCORES[np.maximum(upto - 1, 0)]) / 2
    known = np.isfinite(actual) & (grid[..., -1] > grid[..., 0])
    return np.where(known, np.where(tied, middle, between), np.nan)


def values_at(scores: Floats, grid: Floats) -> Floats:
    """Return the values [n, N, H] that stand at normal scores [n, N, H] in distributions [n, H, Q]."""
    right = np.clip(np.searchsorted(SCORES, scores), 1, len(SCORES) - 1)
    share = np.clip((scores - SCORES[right - 1]) / (SCORES[right] - SCORES[right - 1]), 0.0, 1.0)
    window, _, lead = np.ix_(*(np.arange(size) for size in scores.shape))
    low, high = grid[window, lead, right - 1], grid[window, lead, right]
    return np.asarray(low + share * (high - low))


@dataclass(frozen=True, kw_only=True, eq=False)
class Dependence:
    """How errors go together.

    Attributes:
        leads: [H, H] correlations of the lead times, of all series together.
        shared: [K, S, H] normal scores of the errors of S series from K past cutoffs that all share, each lead time of
            each series scaled to a sum of squares of 1 (or 0: nothing known).
        weight: How much of the variance comes from `shared`, 0 to 1: none where series err each on its own.
        windows: Past forecasts that do not overlap, that this was learned from.
    """

    leads: Floats
    shared: Floats
    weight: float
    windows: float

    @property
    def is_known(self) -> bool:
        """Whether there was enough to learn from; otherwise all lead times are taken to err together."""
        return self.windows >= FEWEST_PAST

    def draws(self, count: int, seed: int) -> Draws:
        """Begin to draw so many samples."""
        shared, own = (np.random.default_rng([seed, part]) for part in (0, 1))
        values, vectors = np.linalg.eigh(self.leads)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        return Draws(self, shared.standard_normal((count, len(self.shared))), root, own)


@dataclass(frozen=True, eq=False)
class Draws:
    """N samples of normal scores, drawn series by series: the same seed and order give the same samples.

    Attributes:
        dependence: What they follow.
        common: [N, K] how much of each past cutoff is in each sample.
        root: [H, H] of which the lead times' correlations are the square.
        own: Draws what series do not share.
    """

    dependence: Dependence
    common: Floats
    root: Floats
    own: np.random.Generator

    def scores(self, series: Ints) -> Floats:
        """Return the next samples [n, N, H], of these series [n]; each number is standard normal on its own."""
        weight = self.dependence.weight
        if not weight:
            return self._alone(len(series))
        shared = self.dependence.shared[:, series]
        together = np.einsum("pk,ksh->sph", self.common, shared, optimize=True)
        known = (shared**2).sum(axis=0)[:, None] > 0  # [n, 1, H]
        if weight == 1 and known.all():
            return np.asarray(together)
        own = self._alone(len(series))
        return np.where(known, np.sqrt(weight) * together + np.sqrt(1 - weight) * own, own)

    def _alone(self, series: int) -> Floats:
        """Return the next samples [n, N, H] of what n series do not share."""
        return np.asarray(self.own.standard_normal((series, len(self.common), len(self.root))) @ self.root.T)


def learn_dependence(scores: Floats, spacing: float) -> Dependence:
    """Learn how errors go together from their normal scores [K, S, H]; NaN where nothing is known.

    Few windows give noisy correlations: those of the lead times are drawn towards powers of the correlation of
    neighbours, those between series towards 0, as far as chance alone would explain them (Schäfer & Strimmer, A
    shrinkage approach to large-scale covariance matrix estimation, 2005, for both ideas).

    Args:
        scores: K cutoffs, the same for all series.
        spacing: Steps from one cutoff to the next, over the horizon: below 1 windows overlap.
    """
    _, series, horizon = scores.shape
    filled = np.nan_to_num(scores)
    used = (filled != 0).any(axis=(1, 2))
    cutoffs = max(float(used.sum() - 1), 0.0) * min(spacing, 1.0) + float(used.any())
    energy = float((filled**2).sum())
    if cutoffs < FEWEST_PAST or energy == 0:
        return Dependence(
            leads=np.ones((horizon, horizon)), shared=np.zeros((0, series, horizon)), weight=0.0, windows=cutoffs
        )
    # Series that err together are worth less than as many that do not.
    alike = series * float((filled.mean(axis=1) ** 2).sum()) / energy
    leads = _lead_correlations(filled.reshape(-1, horizon), cutoffs / float(np.clip(alike, 1 / series, 1.0)))
    norm = np.sqrt((filled**2).sum(axis=0))
    shared = np.divide(filled, norm, out=np.zeros_like(filled), where=norm > 0)
    weight = _real_share(filled, cutoffs * horizon**2 / float((leads**2).sum())) if series > 1 else 0.0
    return Dependence(leads=leads, shared=shared, weight=weight, windows=cutoffs)


def _lead_correlations(scores: Floats, independent: float) -> Floats:
    """Return the correlations [H, H] of scores [n, H], drawn towards an autoregression where they are few."""
    horizon = scores.shape[1]
    products = scores.T @ scores
    size = np.sqrt(np.maximum(np.diag(products), 1e-12))
    measured = products / np.outer(size, size)
    np.fill_diagonal(measured, 1.0)
    step = float(np.clip(np.diag(measured, 1).mean(), 0.0, 0.999)) if horizon > 1 else 0.0
    simple = step ** np.abs(np.subtract.outer(np.arange(horizon), np.arange(horizon)))
    trust = independent / (independent + horizon)
    return np.asarray(trust * measured + (1 - trust) * simple)


def _real_share(scores: Floats, independent: float) -> float:
    """Return how much of the squared correlation between series [K, S, H] is more than chance, from 0 to 1."""
    count = scores.shape[1]
    rng = np.random.default_rng(0)
    if count * (count - 1) // 2 <= MOST_PAIRS:
        first, second = np.triu_indices(count, 1)
    else:
        first = rng.integers(count, size=MOST_PAIRS)
        second = (first + rng.integers(1, count, size=MOST_PAIRS)) % count
    flat = scores.transpose(1, 0, 2).reshape(count, -1)
    size = np.sqrt((flat**2).sum(axis=1))
    products = np.array([flat[i] @ flat[j] for i, j in zip(first.tolist(), second.tolist(), strict=True)])
    norms = size[first] * size[second]
    known = norms > 0
    if not known.any():
        return 0.0
    square = float(np.mean((products[known] / norms[known]) ** 2))
    return float(np.clip(1.0 - 1.0 / (independent * square), 0.0, 1.0)) if square > 0 else 0.0
