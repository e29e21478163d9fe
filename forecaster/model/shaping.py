"""The window of a panel: transform, base path, lookback and floor, chosen on windows of the panel's own past.

No network is needed for it: a simple path is asked about windows whose next values are known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Literal

import numpy as np

from forecaster.base.errors import UsageError
from forecaster.config import ModelSettings, parse_bounds
from forecaster.data.panel import Panel
from forecaster.model.calibration import Residuals, answer_windows, calibrate_errors, folds_of
from forecaster.model.features import AHEAD, Encoding, sizes
from forecaster.model.origins import Cutoffs
from forecaster.model.windows import (
    Ints,
    Signals,
    WindowShape,
    base_paths,
    cut_targets,
    cut_windows,
    from_scale,
    restore,
    to_scale,
    window_level,
)

LONGEST_LOOKBACK = 1024

DAYS = {24, 48, 96, 144, 288, 1440}
"""Season lengths that are a day of hours, half hours, … : a week of them is a season too."""

SEASONS_BACK = ((4, 4), (7, 8), (12, 3), (24, 14), (60, 2), (1440, 7), (100_000, 2))
"""(season length up to, seasons in the lookback)."""

CYCLES = 2
"""Cycles of a longer season that the median series must hold before its horizons for it to be a base path."""

LONGER_BELOW = 0.8
"""Error of a base path with a longer season over that of the best without, below which it is taken: a lookback so
long costs time."""

BLEND = 0.95
"""What the error of a mean of two seasons is multiplied by before base paths are compared: it serves the network better
than it is near."""

LEVEL = (0.1, 0.2, 0.4, 0.7, 1.0)
SLOPE = (0.0, 0.5, 1.0)
"""Smoothed base paths to choose from: weight of the newest value in the level, share of the damped slope."""

SMOOTH_BELOW = 0.97
"""Error of the best smoothed path over that of the best plain one, below which it is taken. A plain mean of two seasons
has the advantage of `BLEND` here too: on hourly panels with a week in them a network on it is 5 % better than on a
smoothed day, though the smoothed day alone is 5 % nearer."""

SAMPLE = 2_000
"""Windows drawn to choose a setting by."""

LONG_LOOKBACK = 100
FLOOR_SHARE = {"short": 1.0, "long": 0.5}
"""Floor of a window's scale, as a share of the median scale: the spread of a short window is itself a rough guess."""

Transformed = Literal["log", "none"]

FEWEST_TO_JUDGE = 20
"""Windows from which the transform is chosen by what they say; with fewer it is logarithms."""

MOST_TO_JUDGE = 1_000
"""Windows that the transform is judged on."""

LOGARITHMS_FIRST = 1.05
"""How much worse logarithms may be, by points and intervals, and still be taken: growth in percent serves the network.
Of made-up series, those for which they are wrong are worse by 1.06 to 3; those that do grow in percent are not."""

LEVELS = (80.0, 95.0)
"""Of the intervals that are judged, in percent."""


def choose_window(
    panel: Panel, model: ModelSettings, season: int, horizon: int, encodings: Sequence[Encoding] = ()
) -> WindowShape:
    """Choose transform, base path, lookback, segment, floor and range, and construct the window from them.

    Args:
        panel: The series.
        model: What the user said of the window.
        season: m, season length in steps.
        horizon: H, steps ahead.
        encodings: The features that the network reads.

    Raises:
        UsageError: Settings that do not fit each other, or not the data.
    """
    low, high = choose_bounds(panel, model)

    def window_with(transform: Transformed) -> WindowShape:
        lags = choose_base(panel, model, season, horizon, transform)
        lookback, segment = choose_lookback(model, panel.lengths, season, horizon, lags)
        base = tuple(lag for lag in lags if lag <= lookback)
        plain = WindowShape(
            lookback=lookback, segment=segment, horizon=horizon, season=season, transform=transform, base=base
        )
        base, smoothing = choose_smoothing(panel, model, plain)
        return WindowShape(
            lookback=lookback,
            segment=segment,
            horizon=horizon,
            season=season,
            transform=transform,
            base=base,
            smoothing=smoothing,
            floor=choose_floor(panel, replace(plain, base=base, smoothing=smoothing)),
            low=low,
            high=high,
            past=sizes(encodings, "past"),
            future=sizes(encodings, *AHEAD),
            static=sizes(encodings, "static"),
            recent="first",
        )

    shapes = [window_with(transform) for transform in transforms_of(panel, model)]
    if len(shapes) == 1:
        return shapes[0]
    judged = [judge_window(panel, shape) for shape in shapes]
    logarithms, plain = (point * width for point, width in judged)
    return shapes[0] if not logarithms > LOGARITHMS_FIRST**2 * plain else shapes[1]


def judge_window(panel: Panel, shape: WindowShape) -> tuple[float, float]:
    """Return the mean absolute error of the base path alone, and the mean interval score of what is calibrated on it.

    Both are of the newer half of the panel's windows without a range, in units of the mean step around each. The
    interval score is that of Gneiting & Raftery (Strictly proper scoring rules, JASA 2007), at 80 and 95 %; each half
    of the windows has the intervals of the other. With too few windows both are NaN.
    """
    shape = replace(shape, low=None, high=None, past=(), future=(), static=())
    horizon, history, values = shape.horizon, shape.shortest_history, panel.values
    origins = _newer_windows(panel, history, horizon).spread(MOST_TO_JUDGE)
    if len(origins) < FEWEST_TO_JUDGE:
        return np.nan, np.nan
    answers = answer_windows(lambda inputs: np.zeros((len(inputs), 1, horizon)), Signals(values), origins, shape)
    errors = cut_targets(values, origins, answers.windows) * answers.windows.scale
    independent = min(len(origins), max(1.0, len(values) / horizon))
    residuals = Residuals(errors, answers, folds_of(origins.series), independent, calibrate_errors)
    around = values[origins.back(history).ahead(history + horizon)]
    actual, step = around[:, history:], np.abs(np.diff(around, axis=1)).mean(axis=1, keepdims=True)
    step = np.where(step > 0, step, 1.0)
    point = np.abs(actual - restore(answers.outputs, answers.windows)) / step
    scores = []
    for level, low, high in residuals.cross_intervals(LEVELS):
        missed = np.maximum(low - actual, 0.0) + np.maximum(actual - high, 0.0)
        scores.append((high - low + 2 / (1 - level / 100) * missed) / step)
    return float(point.mean()), float(np.mean(scores))


def _newer_windows(panel: Panel, history: int, horizon: int) -> Cutoffs:
    """Return the newer half of each series' cutoffs with so many steps before and behind them."""
    count = np.maximum(panel.lengths - horizon - history + 1, 0)
    newer, starts = (count + 1) // 2, panel.offsets[:-1]
    return Cutoffs(starts, starts + history + count - newer, newer)


def transforms_of(panel: Panel, model: ModelSettings) -> list[Transformed]:
    """Return the transforms to choose from: what was asked for, else none, and logarithms first where they can be.

    They can where all values are positive, and not so near zero that logarithms would be all about that.

    Raises:
        UsageError: `log` was asked for and a value is not positive.
    """
    positive = bool(panel.values.min() > 0)
    if model.transform == "log" and not positive:
        raise UsageError(
            f"--transform log needs positive values, and {panel.source} has {panel.values.min():g}",
            hint="Use --transform none",
        )
    if model.transform == "auto":
        return ["log", "none"] if positive and not _reaches_zero(panel) else ["none"]
    return [model.transform]


def choose_bounds(panel: Panel, model: ModelSettings) -> tuple[float | None, float | None]:
    """Return the range of the forecasts: the user's, else at least 0 where no value of the data is negative.

    Raises:
        UsageError: The data itself leaves the range that was given.
    """
    least, most = float(panel.values.min()), float(panel.values.max())
    if model.bounds == "auto":
        return (0.0 if least >= 0 else None), None
    low, high = parse_bounds(model.bounds)
    if (low is not None and least < low) or (high is not None and most > high):
        raise UsageError(
            f"--bounds {model.bounds}: {panel.source} itself goes from {least:g} to {most:g}", hint="Use --bounds auto"
        )
    return low, high


def _reaches_zero(panel: Panel) -> bool:
    """Return whether some series has values so near zero that logarithms would be all about them."""
    low = np.minimum.reduceat(panel.values, panel.offsets[:-1])
    middle = np.add.reduceat(panel.values, panel.offsets[:-1]) / panel.lengths
    return bool(np.quantile(low / middle, 0.05) < 0.001)


def choose_floor(panel: Panel, shape: WindowShape) -> float:
    """Return the least scale of a window relative to its level: a share of the median over windows of the panel."""
    starts, history = panel.offsets[:-1], shape.shortest_history
    cutoffs = Cutoffs(starts, starts + history, np.maximum(panel.lengths - history + 1, 0))
    if not cutoffs.total:
        return 0.0
    origins = cutoffs.draw(np.random.default_rng(0), SAMPLE, evenness=0.5)
    windows = cut_windows(panel.values, origins, replace(shape, floor=0.0))
    level = window_level(panel.values, origins, shape)
    share = FLOOR_SHARE["long" if shape.lookback > LONG_LOOKBACK else "short"]
    return share * float(np.median(windows.scale / np.where(level > 0, level, 1.0)))


def choose_base(
    panel: Panel, model: ModelSettings, season: int, horizon: int, transform: Transformed
) -> tuple[int, ...]:
    """Choose the base path: whichever simple path is nearest to what followed, on windows drawn from the panel.

    Candidates are the last value, the last season and, where a season is a day, the last week of days and the mean of
    the last day and the last week; of longer seasons that series hold twice, such as a year of days, the same phase
    (364 days ago, in whole weeks).

    Returns:
        Its lags, as of `WindowShape.base`.

    Raises:
        UsageError: A seasonal base was asked for, and there is no season.
    """
    if model.base == "seasonal" and season == 1:
        raise UsageError("--base seasonal needs a season", hint="Give --season-length")
    room = int(np.median(panel.lengths)) - 2 * horizon
    weeks = [(7 * season,), (season, 7 * season)] if season in DAYS else []
    longer = [lag for lag in whole_seasons(panel, season) if CYCLES * lag <= room and (lag,) not in weeks]
    others: list[tuple[int, ...]] = [(lag,) for lag in longer]
    bases: list[tuple[int, ...]] = [
        base for base in ((season,), *weeks, *others) if 1 < max(base, default=1) < room and model.base != "last"
    ]
    if model.base != "seasonal" or not bases:
        bases.insert(0, ())
    if len(bases) == 1:
        return bases[0]
    longest = max(season, *(max(base, default=1) for base in bases))
    candidates = [
        WindowShape(lookback=longest, segment=longest, horizon=horizon, season=season, transform=transform, base=base)
        for base in bases
    ]
    errors = np.array(_base_errors(panel, candidates)) * [BLEND if len(base) > 1 else 1.0 for base in bases]
    errors[[base in others for base in bases]] /= LONGER_BELOW
    return bases[int(np.argmin(errors))]


def whole_seasons(panel: Panel, season: int) -> list[int]:
    """Return the longer seasons of a panel as lags that base paths may have."""
    lags = [whole_lag(longer, season) for longer in panel.more_seasons if longer >= 2 * season > 2]
    return [lag for lag in lags if lag <= LONGEST_LOOKBACK]


def whole_lag(longer: int, season: int) -> int:
    """Return the whole number of seasons nearest to a longer one, in steps: a year of days is 364, 52 weeks."""
    return round(longer / season) * season


def _base_errors(panel: Panel, candidates: Sequence[WindowShape]) -> list[float]:
    """Return the mean absolute difference of what followed from each base path, over the same windows.

    Differences are divided by the standard deviation of the values around, so that no series owns the mean.
    """
    horizon, history = candidates[0].horizon, candidates[0].lookback + 1
    starts = panel.offsets[:-1]
    cutoffs = Cutoffs(starts, starts + history, np.maximum(panel.lengths - horizon - history + 1, 0))
    origins = cutoffs.draw(np.random.default_rng(0), SAMPLE, evenness=1.0)
    around = to_scale(panel.values[origins.back(history).ahead(history + horizon)], candidates[0])
    spread = around.std(axis=1, keepdims=True)
    ahead = around[:, history:] / np.where(spread > 0, spread, 1.0)
    errors = []
    for shape in candidates:
        base = cut_windows(panel.values, origins, shape).base / np.where(spread > 0, spread, 1.0)
        errors.append(float(np.abs(ahead - base).mean()))
    return errors


def choose_smoothing(
    panel: Panel, model: ModelSettings, plain: WindowShape
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Smooth the base path where that is nearer to what followed, by 3 % at least, on the newer windows of the panel.

    Args:
        panel: The series.
        model: What the user said of the base path.
        plain: The window with the best plain path.

    Returns:
        Lags and smoothing, as of `WindowShape.base` and `smoothing`.
    """
    unsmoothed = plain.base, plain.smoothing
    if model.base not in ("auto", "smoothed"):
        return unsmoothed
    season, horizon = plain.season, plain.horizon
    history = max(plain.shortest_history, season + 1 if season > 1 else 0)
    origins = _newer_windows(panel, history, horizon).spread(MOST_TO_JUDGE)
    lags: list[tuple[int, ...]] = [(lag,) for lag in {season, *plain.base} if 1 < lag <= plain.lookback]
    choices = list(product([(), *lags], product(LEVEL, SLOPE)))
    if len(origins) < FEWEST_TO_JUDGE:
        return choices[len(SLOPE)] if model.base == "smoothed" else unsmoothed
    around = panel.values[origins.back(history).ahead(history + horizon)]
    step = np.abs(np.diff(around, axis=1)).mean(axis=1, keepdims=True)
    ahead, step = around[:, history:], np.where(step > 0, step, 1.0)
    smoothed = [replace(plain, base=base, smoothing=smoothing) for base, smoothing in choices]
    paths = base_paths(panel.values, origins, [plain, *smoothed])
    errors = [float((np.abs(ahead - from_scale(path, plain)) / step).mean()) for path in paths]
    best, served = int(np.argmin(errors[1:])), BLEND if len(plain.base) > 1 else 1.0
    near = errors[1 + best] < SMOOTH_BELOW * served * errors[0]
    return choices[best] if model.base == "smoothed" or near else unsmoothed


def choose_lookback(
    model: ModelSettings, lengths: Ints, season: int, horizon: int, base: tuple[int, ...]
) -> tuple[int, int]:
    """Choose L and P: whole seasons of history, in segments of a season or a divisor of it.

    Raises:
        UsageError: The segment does not divide the lookback; the nearest that do are named.
    """
    if model.lookback is not None:
        return _check_segment(model.lookback, model.segment or _segment_of(model.lookback, season))
    usual = max(8, min(8 * horizon, int(np.median(lengths)) // 4))
    if season > 1:
        usual = max(2 * horizon, next((count * season for most, count in SEASONS_BACK if season <= most), season))
    longest = max(int(np.quantile(lengths, 0.75)) - 2 * horizon, 2)
    least = max(base, default=2)
    wanted = max(min(usual, longest, LONGEST_LOOKBACK), least)
    segment = model.segment or _segment_of(wanted, season)
    return max(segment, math.ceil(wanted / segment) * segment), segment


def _check_segment(lookback: int, segment: int) -> tuple[int, int]:
    """Return both, where the segment divides the lookback."""
    if lookback % segment:
        near = [p for p in range(1, lookback + 1) if lookback % p == 0]
        near = sorted(sorted(near, key=lambda p: abs(p - segment))[:3])
        raise UsageError(
            f"--segment {segment} does not divide the lookback of {lookback} steps",
            hint=f"The nearest that do: {', '.join(map(str, near))}",
        )
    return lookback, segment


def _segment_of(lookback: int, season: int) -> int:
    """Return P: the largest divisor of the season (or of L where there is none) that leaves at least four segments."""
    whole = season if season > 1 else lookback
    most = min(24, max(1, lookback // 4))
    return max(p for p in range(1, most + 1) if whole % p == 0)
