"""How large errors are, and intervals from that.

Intervals are split conformal (Vovk et al., Algorithmic Learning in a Random World, 2005; Lei et al., Distribution-free
predictive inference for regression, JASA 2018): windows kept out of training give the size of the error at each lead
time, in units of the error that is to be expected of such a window, and its quantile times a new window's expected
error is half the interval's width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.windows import Floats, Ints, Windows, from_scale

GRID = np.concatenate([np.arange(1, 99), np.arange(99, 100, 0.1), [99.95]])
"""Levels in percent at which half widths are kept; between them they are interpolated."""

ENOUGH_WINDOWS = 200
"""Held-out windows from which each lead time speaks for itself; below it, all lead times are pooled."""

RIDGE = 20.0
"""Windows that the prior of `Difficulty`, errors in proportion to the scale, is worth."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What the networks say of N windows.

    Attributes:
        windows: The windows.
        outputs: [N, H] the point answer in scaled units: the median of the networks.
        signs: [N, F] what tells how large the error may be, as logarithms; the first is the window's scale.
    """

    windows: Windows
    outputs: Floats
    signs: Floats

    def take(self, chosen: NDArray[Any]) -> Answers:
        """Return the answers to the chosen windows: indices, or a mask."""
        return Answers(self.windows.take(chosen), self.outputs[chosen], self.signs[chosen])


def make_answers(windows: Windows, roughness: Floats, outputs: NDArray[np.floating]) -> Answers:
    """Gather the networks' answers [N, M, H]: their median, and how far they disagree as one more sign."""
    outputs = outputs.astype(np.float64)
    spread = outputs.std(axis=1).mean(axis=1, keepdims=True) * windows.scale
    disagreement = np.log(np.maximum(spread, 1e-6 * windows.scale))
    return Answers(windows, np.median(outputs, axis=1), np.concatenate([roughness, disagreement], axis=1))


@dataclass(frozen=True, eq=False)
class Difficulty:
    """The size of the error that a window's signs let expect: `log size = log scale + level + z · slope`.

    A normalised nonconformity measure (Papadopoulos, Gammerman & Vovk, Normalized nonconformity measures for regression
    conformal prediction, 2008), fitted by ridge regression; its prior is an error in proportion to the scale.

    Attributes:
        centre: [F] mean of each sign.
        spread: [F] standard deviation of each sign.
        slope: [F] per standard deviation.
        level: Logarithm of the mean size of the error over the scale.
    """

    centre: Floats
    spread: Floats
    slope: Floats
    level: float

    def size(self, signs: Floats) -> Floats:
        """Return the expected size of the error [N, 1] in transformed units."""
        z = np.clip((signs - self.centre) / self.spread, -3.0, 3.0)
        return np.asarray(np.exp(signs[:, :1] + self.level + (z @ self.slope)[:, None]))


def fit_difficulty(errors: Floats, signs: Floats, independent: float) -> Difficulty:
    """Fit how the size of errors [N, H], in transformed units, follows from the signs [N, F].

    `independent` is the number of windows that do not overlap: the fewer, the more the prior counts.
    """
    relative = np.log(np.maximum(np.abs(errors).mean(axis=1), 1e-6 * np.exp(signs[:, 0]))) - signs[:, 0]
    centre, spread = signs.mean(axis=0), signs.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    z = np.clip((signs - centre) / spread, -3.0, 3.0)
    level = float(relative.mean())
    ridge = RIDGE * len(signs) / max(independent, 1.0)
    slope = np.linalg.solve(z.T @ z + ridge * np.eye(signs.shape[1]), z.T @ (relative - level))
    return Difficulty(centre, spread, slope, level)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Half widths of the intervals, in units of the error that a window's signs let expect.

    Attributes:
        levels: [Q] percent, ascending.
        half_widths: [H, Q], not decreasing along Q.
        difficulty: What the units are for a window.
    """

    levels: Floats
    half_widths: Floats
    difficulty: Difficulty

    def interval(self, answers: Answers, level: float) -> tuple[Floats, Floats]:
        """Return the lower and upper ends [N, H] of the intervals at a level in percent, in the units of the data."""
        widths = np.array([np.interp(level, self.levels, row) for row in self.half_widths])
        half = widths * self.difficulty.size(answers.signs)
        windows = answers.windows
        middle = windows.base + answers.outputs * windows.scale
        return from_scale(middle - half, windows.shape), from_scale(middle + half, windows.shape)


def calibrate(errors: Floats, signs: Floats, independent: float) -> Calibration:
    """Measure half widths from errors on held-out windows.

    The quantile is the conformal one, the ⌈(n + 1)·level⌉-th smallest of n. Where windows are few, the errors of all
    lead times are pooled after division by a profile of their size over the lead time.

    Args:
        errors: [N, H] actual − forecast in transformed units, N at least 1.
        signs: [N, F] of the same windows.
        independent: How many of the windows do not overlap.
    """
    difficulty = fit_difficulty(errors, signs, independent)
    size = np.abs(errors) / difficulty.size(signs)
    count, horizon = size.shape
    profile = _smooth(np.maximum(np.sqrt((size**2).mean(axis=0)), 1e-12))
    pooled = _conformal_quantiles((size / profile).ravel(), GRID, effective=count)
    widths = profile[:, None] * pooled
    if count >= ENOUGH_WINDOWS:
        own = np.array([_conformal_quantiles(size[:, h], GRID, effective=count) for h in range(horizon)])
        widths = _smooth(own) if horizon >= 5 else own
    return Calibration(GRID, np.maximum.accumulate(widths, axis=1), difficulty)


def _conformal_quantiles(sizes: Floats, levels: Floats, effective: int) -> Floats:
    """Return the conformal quantiles [Q]; `effective` is the number of windows behind the sizes."""
    share = np.minimum(np.ceil((effective + 1) * levels / 100) / effective, 1.0) - 1e-9
    return np.asarray(np.quantile(sizes, share, method="inverted_cdf"))


def _smooth(rows: Floats) -> Floats:
    """Return a centred mean over three neighbouring lead times along the first axis; the ends keep their own."""
    if len(rows) < 3:
        return rows
    return np.concatenate([rows[:1], (rows[:-2] + rows[1:-1] + rows[2:]) / 3, rows[-1:]])


@dataclass(frozen=True, eq=False)
class Residuals:
    """Errors on held-out windows, and what they were made on.

    Attributes:
        errors: [N, H] actual − forecast in transformed units.
        answers: What the networks said.
        folds: [N] fold of each window, 0 or 1.
        independent: How many of the windows do not overlap.
    """

    errors: Floats
    answers: Answers
    folds: Ints
    independent: float

    def calibrate(self) -> Calibration:
        """Calibrate on all windows."""
        return calibrate(self.errors, self.answers.signs, self.independent)

    def cross_intervals(self, levels: Sequence[float]) -> dict[float, tuple[Floats, Floats]]:
        """Return for each level the intervals [N, H] of the windows, each fold's from the calibration of the other.

        An interval measured on the windows that it was calibrated on covers them by construction; this way the
        measured coverage says something.
        """
        ends = {level: (np.empty_like(self.errors), np.empty_like(self.errors)) for level in levels}
        for fold in np.unique(self.folds):
            inside = self.folds == fold
            others = ~inside if (~inside).any() else inside
            independent = self.independent * others.mean()
            calibration = calibrate(self.errors[others], self.answers.signs[others], independent)
            for level, (low, high) in ends.items():
                low[inside], high[inside] = calibration.interval(self.answers.take(inside), level)
        return ends
