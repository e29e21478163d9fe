"""Intervals from what the networks say of their own errors: quantiles, or how far answers differ under dropout.

Neither is to be believed as it is: quantiles of what was seen in training are too narrow for what was not, and dropout
knows nothing of the noise in the data. So both only say which windows and lead times are harder than others, and
held-out windows say by which factor intervals must be wider: the conformal quantile of `|error| / own width`.

- Quantiles: scaled conformalised quantile regression (Romano, Patterson & Candès, 2019, arXiv:1905.03222, in the form
  CQR-m of Kivaranovic, Johnson & Leeb, 2020, arXiv:1905.10634), below and above the median apart.
- Dropout: the deviation under masks that are the same at every step of a window (Gal & Ghahramani, 2016,
  arXiv:1512.05287), together with the noise that held-out errors show beyond it (Zhu & Laptev, 2017, arXiv:1709.01907).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import numpy as np

from forecaster.base.arrays import Arrays, Form
from forecaster.config import Intervals as Kind
from forecaster.model.calibration import (
    GRID,
    N_SIGNS,
    SMALLEST_SIGN,
    Answers,
    Calibration,
    Difficulty,
    Fit,
    Intervals,
    calibrate_errors,
    conformal_widths,
    error_size,
    from_middle,
)
from forecaster.model.windows import Floats

LEAST_NOISE = 0.1
"""Share of the held-out errors that counts as noise at least: dropout alone is never all of it."""


@dataclass(frozen=True, eq=False)
class QuantileBands:
    """Intervals as the network learned them, each side times a factor; between levels as if errors were normal.

    Attributes:
        levels: [Q] percent, ascending: those that were learned.
        half_widths: [H, Q] factors.
    """

    levels: Floats
    half_widths: Floats

    def interval(self, answers: Answers, level: float) -> tuple[Floats, Floats]:
        """Return the lower and upper ends [N, H] of the intervals at a level in percent, in the units of the data."""
        below, above = _sides(answers, len(self.levels))
        return from_middle(answers, self._reach(below, level), self._reach(above, level))

    def _reach(self, distances: Floats, level: float) -> Floats:
        """Return the distance [N, H] of an end from those [N, Q, H] of the learned ones."""
        reached = np.maximum.accumulate(distances * self.half_widths.T, axis=1)
        reached = np.concatenate([np.zeros_like(reached[:, :1]), reached], axis=1)  # the median is the interval of 0 %
        known = np.array([NormalDist().inv_cdf(0.5 + learned / 200) for learned in (0.0, *self.levels)])
        wanted = NormalDist().inv_cdf(0.5 + level / 200)
        if wanted >= known[-1]:
            return np.asarray(reached[:, -1] * (wanted / known[-1]))
        after = int(np.searchsorted(known, wanted, side="right"))
        share = (wanted - known[after - 1]) / (known[after] - known[after - 1])
        return np.asarray((1 - share) * reached[:, after - 1] + share * reached[:, after])


@dataclass(frozen=True, eq=False)
class DropoutBands:
    """Intervals around the point answer, in units of its deviation under dropout and of the noise besides that.

    Attributes:
        levels: [G] percent, ascending.
        half_widths: [H, G], not decreasing along G.
        noise: [H] standard deviation of what dropout does not know of, in scaled units.
    """

    levels: Floats
    half_widths: Floats
    noise: Floats

    def interval(self, answers: Answers, level: float) -> tuple[Floats, Floats]:
        """Return the lower and upper ends [N, H] of the intervals at a level in percent, in the units of the data."""
        widths = np.array([np.interp(level, self.levels, row) for row in self.half_widths])
        half = widths * _deviation(answers, self.noise)
        if answers.windows.shape.transform == "log":
            half = np.log1p(half)
        return from_middle(answers, half, half)


def _deviation(answers: Answers, noise: Floats) -> Floats:
    """Return the standard deviation [N, H] of the answers in transformed units: by dropout and noise [H] together."""
    return np.hypot(answers.spread[:, -1], noise) * answers.windows.scale


def _sides(answers: Answers, levels: int) -> list[Floats]:
    """Return how far the learned ends are below and above the median [N, Q, H], in transformed units."""
    distances = np.maximum(answers.spread[:, : 2 * levels], SMALLEST_SIGN) * answers.windows.scale[:, :, None]
    return np.split(distances, 2, axis=1)


def fit_quantiles(errors: Floats, answers: Answers, independent: float, levels: Floats) -> QuantileBands:
    """Find by which factors the learned intervals must be wider (or narrower) to hold as many errors as they should."""
    below, above = _sides(answers, len(levels))
    factors = [
        conformal_widths(np.where(errors < 0, -errors / below[:, q], errors / above[:, q]), levels[q : q + 1])
        for q in range(len(levels))
    ]
    return QuantileBands(levels, np.concatenate(factors, axis=1))


def fit_dropout(errors: Floats, answers: Answers, independent: float) -> DropoutBands:
    """Measure the noise besides dropout, and how wide intervals are in units of both."""
    square = (errors / answers.windows.scale) ** 2
    noise = (square - answers.spread[:, -1] ** 2).mean(axis=0)
    noise = np.sqrt(np.maximum(noise, LEAST_NOISE**2 * np.maximum(square.mean(axis=0), 1e-12)))
    sizes = error_size(errors, answers.windows.shape) / _deviation(answers, noise)
    return DropoutBands(GRID, np.maximum.accumulate(conformal_widths(sizes, GRID), axis=1), noise)


def fitter(kind: Kind, levels: tuple[float, ...]) -> Fit:
    """Return the function that makes intervals of a kind from held-out errors; `levels` are those that were learned."""
    fits: dict[Kind, Fit] = {
        "conformal": calibrate_errors,
        "quantile": partial(fit_quantiles, levels=np.array(levels)),
        "mc-dropout": fit_dropout,
    }
    return fits[kind]


# ---------------------------------------------------------------------------------------------------- as arrays


def forms_of(kind: Kind, levels: int, horizon: int) -> dict[str, Form]:
    """Return which arrays intervals of a kind are saved as."""
    forms = {"levels": Form("<f8", (levels,)), "half_widths": Form("<f8", (horizon, levels))}
    if kind == "conformal":
        forms |= dict.fromkeys(("sign_centre", "sign_spread", "sign_slope"), Form("<f8", (N_SIGNS,)))
        forms["sign_level"] = Form("<f8", ())
    return forms | ({"noise": Form("<f8", (horizon,))} if kind == "mc-dropout" else {})


def to_arrays(intervals: Intervals) -> Mapping[str, Floats]:
    """Return the arrays that intervals are saved as."""
    arrays = {"levels": intervals.levels, "half_widths": intervals.half_widths}
    if isinstance(intervals, Calibration):
        signs = intervals.difficulty
        arrays |= {"sign_centre": signs.centre, "sign_spread": signs.spread, "sign_slope": signs.slope}
        arrays["sign_level"] = np.array(signs.level)
    return arrays | ({"noise": intervals.noise} if isinstance(intervals, DropoutBands) else {})


def from_arrays(kind: Kind, arrays: Arrays) -> Intervals:
    """Return intervals of a kind from their arrays."""
    levels, widths = arrays["levels"], arrays["half_widths"]
    if kind == "quantile":
        return QuantileBands(levels, widths)
    if kind == "mc-dropout":
        return DropoutBands(levels, widths, arrays["noise"])
    centre, spread, slope = (arrays[f"sign_{name}"] for name in ("centre", "spread", "slope"))
    return Calibration(levels, widths, Difficulty(centre, spread, slope, float(arrays["sign_level"])))
