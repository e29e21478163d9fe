"""How large errors are, and intervals from that.

Intervals are split conformal (Vovk et al., Algorithmic Learning in a Random World, 2005; Lei et al., Distribution-free
predictive inference for regression, JASA 2018): windows held out of training give the size of the error at each lead
time, in units of the error that is to be expected of such a window, and its quantile times a new window's expected
error is half the interval's width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from forecaster.model.origins import Origins
from forecaster.model.windows import (
    Floats,
    Ints,
    Signals,
    Windows,
    WindowShape,
    beyond_logarithms,
    cut_targets,
    cut_windows,
    extremes,
    from_scale,
    window_roughness,
)

GRID = np.concatenate([np.arange(1, 99), np.arange(99, 100, 0.1), [99.95]])
"""Levels in percent at which half widths are stored; between them they are interpolated."""

ENOUGH_WINDOWS = 200
"""Held-out windows from which each lead time speaks for itself; below it, all lead times are pooled."""

RIDGE = 20.0
"""Windows that the prior of `Difficulty`, errors in proportion to the scale, is worth."""

LOOKS_BACK = 3
"""Earlier forecasts whose errors are a sign of the next one's."""

SERIES_TO_SPLIT = 20
"""Series from which windows are split in two by series; with fewer, by time."""

N_SIGNS = 5
"""F, signs of how large the error may be: see `Answers`."""

SMALLEST_SIGN = 1e-6
"""Sizes relative to the scale count as at least this."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What the networks say of N windows.

    Attributes:
        windows: The windows.
        outputs: [N, H] the point answer in scaled units: the median of the networks.
        signs: [N, F] what tells how large the error may be, as logarithms: the window's scale, and relative to it the
            mean step, the mean seasonal step, how far the networks disagree, and how wrong they recently were (NaN
            where the series is too short to say).
        spread: [N, B, H] what the networks say of their own errors, in scaled units: for each learned level how far the
            lower end is from the median, then the upper ends, then the deviation under dropout; B is 0 without them.
    """

    windows: Windows
    outputs: Floats
    signs: Floats
    spread: Floats

    def take(self, chosen: NDArray[Any]) -> Answers:
        """Return the answers to the chosen windows: indices, or a mask."""
        return Answers(self.windows.take(chosen), self.outputs[chosen], self.signs[chosen], self.spread[chosen])


def join_answers(one: Answers, other: Answers) -> Answers:
    """Return the answers to the windows of both, cut alike."""
    windows = [
        np.concatenate([getattr(answers.windows, name) for answers in (one, other)])
        for name in ("inputs", "base", "scale")
    ]
    parts = [
        np.concatenate([getattr(answers, name) for answers in (one, other)]) for name in ("outputs", "signs", "spread")
    ]
    return Answers(Windows(one.windows.shape, *windows), *parts)


Ask = Callable[[NDArray[np.float32]], NDArray[np.floating]]
"""Windows [N, K, C] → each network's answer [N, M, R], the point answer in the first H of R numbers."""


def answer_windows(
    ask: Ask, signals: Signals, origins: Origins, shape: WindowShape, first: Ask | None = None
) -> Answers:
    """Ask the networks about the windows that end at N origins, and gather what tells of their errors.

    The networks are also asked what they would have said one, two and three horizons before: how wrong they would have
    been is the best sign of how wrong they will be. Where the shape says so, only the first of them is.

    Args:
        ask: The ensemble.
        signals: What the windows are cut from.
        origins: Where the windows end.
        shape: Lookback, segment, horizon and scaling.
        first: The first network alone; None asks all of them and takes its answer.
    """
    windows = cut_windows(signals.values, origins, shape, signals.features)
    said = ask(windows.inputs).astype(np.float64)
    outputs, own = said[..., : shape.horizon], said[..., shape.horizon :].mean(axis=1)
    spread = outputs.std(axis=1).mean(axis=1, keepdims=True)
    recent = recent_errors(_asked_before(ask, first, shape), signals, origins, shape) / windows.scale
    signs = [
        np.log(windows.scale),
        window_roughness(signals.values, origins, shape),
        np.log(np.maximum(np.concatenate([spread, recent], axis=1), SMALLEST_SIGN)),
    ]
    own = own.reshape(len(origins), own.shape[1] // shape.horizon, shape.horizon)
    answer = np.median(outputs, axis=1)
    if signals.companion is not None:
        answer = signals.companion.mix(answer, signals.values, origins, windows)
    return Answers(windows, answer, np.concatenate(signs, axis=1), own)


def _asked_before(ask: Ask, first: Ask | None, shape: WindowShape) -> Ask:
    """Return which networks tell how wrong they lately were."""
    if shape.recent == "ensemble":
        return ask
    return first if first is not None else lambda inputs: ask(inputs)[:, :1]


def recent_errors(ask: Ask, signals: Signals, origins: Origins, shape: WindowShape) -> Floats:
    """Return the mean absolute error [N, 1] of forecasts from one to three horizons before the end, transformed units.

    NaN where the history is too short for one, or not positive and logarithms are taken.
    """
    errors, values = np.full((len(origins), LOOKS_BACK), np.nan), signals.values
    for back in range(1, LOOKS_BACK + 1):
        earlier = origins.back(back * shape.horizon)
        known = earlier.lengths >= shape.shortest_history
        if shape.transform == "log" and known.any():
            first = np.maximum(earlier.starts, earlier.ends - shape.lookback)[known]
            known[known] = ~beyond_logarithms(*extremes(values, first, earlier.ends[known] + shape.horizon))
        if known.any():
            windows = cut_windows(values, earlier[known], shape, signals.features)
            outputs = ask(windows.inputs)[..., : shape.horizon]
            missed = cut_targets(values, earlier[known], windows) - np.median(outputs, axis=1)
            errors[known, back - 1] = np.abs(missed).mean(axis=1) * windows.scale[:, 0]
    count = np.isfinite(errors).sum(axis=1, keepdims=True)
    total = np.nansum(errors, axis=1, keepdims=True)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def error_size(errors: Floats, shape: WindowShape) -> Floats:
    """Return the size of errors in transformed units: absolute, or under a logarithm the factor missed by, less one.

    A quantile of logarithms would put the upper end of a volatile series exponentially far away.
    """
    return np.expm1(np.minimum(np.abs(errors), 700.0)) if shape.transform == "log" else np.abs(errors)


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
        z = _standardise(signs, self.centre, self.spread)
        return np.asarray(np.exp(signs[:, :1] + self.level + (z @ self.slope)[:, None]))


def fit_difficulty(sizes: Floats, signs: Floats, independent: float) -> Difficulty:
    """Fit how the size of errors [N, H] follows from the signs [N, F]; a sign that is NaN says nothing.

    `independent` is the number of windows that do not overlap: the fewer, the more the prior counts.
    """
    relative = np.log(np.maximum(sizes.mean(axis=1), 1e-6 * np.exp(signs[:, 0]))) - signs[:, 0]
    known = np.isfinite(signs)
    centre = _mean_known(signs, known)
    spread = np.sqrt(_mean_known((signs - centre) ** 2, known))
    spread = np.where(spread > 1e-9, spread, 1.0)
    z = _standardise(signs, centre, spread)
    level = float(relative.mean())
    ridge = RIDGE * len(signs) / max(independent, 1.0)
    slope = np.linalg.solve(z.T @ z + ridge * np.eye(signs.shape[1]), z.T @ (relative - level))
    return Difficulty(centre, spread, slope, level)


def _mean_known(values: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return the mean [F] of each column over its known values, 0 where none is known."""
    return np.asarray(np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _standardise(signs: Floats, centre: Floats, spread: Floats) -> Floats:
    """Return signs [N, F] in standard deviations from the mean, at most 3; 0 where unknown."""
    return np.nan_to_num(np.clip((signs - centre) / spread, -3.0, 3.0), nan=0.0)


class Intervals(Protocol):
    """Intervals that were calibrated on held-out windows."""

    @property
    def levels(self) -> Floats:
        """[Q] percent, ascending."""

    @property
    def half_widths(self) -> Floats:
        """[H, Q], in units of what the width follows."""

    def interval(self, answers: Answers, level: float) -> tuple[Floats, Floats]:
        """Return the lower and upper ends [N, H] of the intervals at a level in percent, in the units of the data."""


Fit = Callable[[Floats, Answers, float], Intervals]
"""Errors [N, H] in transformed units, the answers to the windows, how many of these do not overlap → intervals."""


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
        if answers.windows.shape.transform == "log":
            half = np.log1p(half)
        return from_middle(answers, half, half)


def from_middle(answers: Answers, below: Floats, above: Floats) -> tuple[Floats, Floats]:
    """Return the ends [N, H] of intervals, in the units of the data, from their distances in transformed units."""
    windows = answers.windows
    middle = windows.base + answers.outputs * windows.scale
    return from_scale(middle - below, windows.shape), from_scale(middle + above, windows.shape)


def calibrate(sizes: Floats, signs: Floats, independent: float) -> Calibration:
    """Measure half widths from errors on held-out windows.

    Args:
        sizes: [N, H] sizes of errors (`error_size`), N at least 1.
        signs: [N, F] of the same windows.
        independent: How many of the windows do not overlap.
    """
    difficulty = fit_difficulty(sizes, signs, independent)
    widths = conformal_widths(sizes / difficulty.size(signs), GRID)
    return Calibration(GRID, np.maximum.accumulate(widths, axis=1), difficulty)


def calibrate_errors(errors: Floats, answers: Answers, independent: float) -> Calibration:
    """Measure half widths from errors and the signs that came before them."""
    return calibrate(error_size(errors, answers.windows.shape), answers.signs, independent)


def conformal_widths(size: Floats, levels: Floats) -> Floats:
    """Return the half widths [H, Q] that hold as many as they should of the relative sizes of errors [N, H].

    The quantile is the conformal one, the ⌈(n + 1)·level⌉-th smallest of n. Where windows are few, the errors of all
    lead times are pooled after division by a profile of their size over the lead time.
    """
    count, horizon = size.shape
    if count >= ENOUGH_WINDOWS:
        own = np.array([_conformal_quantiles(size[:, h], levels, effective=count) for h in range(horizon)])
        return _smooth(own) if horizon >= 5 else own
    profile = _smooth(np.maximum(np.sqrt((size**2).mean(axis=0)), 1e-12))
    return profile[:, None] * _conformal_quantiles((size / profile).ravel(), levels, effective=count)


def _conformal_quantiles(sizes: Floats, levels: Floats, effective: int) -> Floats:
    """Return the conformal quantiles [Q]; `effective` is the number of windows behind the sizes."""
    share = np.minimum(np.ceil((effective + 1) * levels / 100) / effective, 1.0) - 1e-9
    return np.asarray(np.quantile(sizes, share, method="inverted_cdf") * beyond(levels, effective))


def beyond(levels: Floats, windows: int) -> Floats:
    """Return by what intervals at these levels [Q] must be wider than the largest error of so many windows.

    n windows can give no level above n / (n + 1): from there on widths grow as those of normal errors do. So no two
    such levels have the same width. 1 below.
    """
    most = windows / (windows + 1)
    reach = [NormalDist().inv_cdf(0.5 + max(level / 100, most) / 2) for level in levels.tolist()]
    return np.array(reach) / NormalDist().inv_cdf(0.5 + most / 2)


def _smooth(rows: Floats) -> Floats:
    """Return a centred mean over three neighbouring lead times along the first axis; the ends keep their own."""
    if len(rows) < 3:
        return rows
    return np.concatenate([rows[:1], (rows[:-2] + rows[1:-1] + rows[2:]) / 3, rows[-1:]])


def folds_of(series: Ints) -> Ints:
    """Split windows [N] in two: by series where there are several, else the older half and the newer half."""
    if len(np.unique(series)) >= SERIES_TO_SPLIT:
        return np.unique(series, return_inverse=True)[1] % 2
    nth = np.arange(len(series)) - np.searchsorted(series, series)
    return (nth >= np.bincount(series)[series] / 2).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Residuals:
    """Errors on held-out windows, and what they were made on.

    Attributes:
        errors: [N, H] actual minus point answer, in transformed units.
        answers: What the networks said.
        folds: [N] fold of each window, 0 or 1.
        independent: How many of the windows do not overlap.
        fit: Makes intervals of errors and answers.
    """

    errors: Floats
    answers: Answers
    folds: Ints
    independent: float
    fit: Fit

    def calibrate(self) -> Intervals:
        """Calibrate on all windows."""
        return self.fit(self.errors, self.answers, self.independent)

    def cross_intervals(self, levels: Sequence[float]) -> tuple[tuple[float, Floats, Floats], ...]:
        """Return (level, lower [N, H], upper [N, H]), the intervals of each fold from the calibration of the other.

        An interval measured on the windows that it was calibrated on covers them by construction; this way the
        measured coverage says something.
        """
        ends = tuple((level, np.empty_like(self.errors), np.empty_like(self.errors)) for level in levels)
        for fold in np.unique(self.folds):
            inside = self.folds == fold
            others = ~inside if (~inside).any() else inside
            calibration = self.fit(self.errors[others], self.answers.take(others), self.independent * others.mean())
            for level, low, high in ends:
                low[inside], high[inside] = calibration.interval(self.answers.take(inside), level)
        return ends
