"""Windows: how a stretch of a series becomes what the network reads, and how its answer becomes a forecast.

Every series of a panel lies in one flat float64 array. A window is named by where it ends (`Origins`), so windows cost
nothing until a batch of them is cut.

A window is scaled by itself, `x' = (x − loc) / scale`, with `loc` and `scale` taken from its own history; nothing after
the cutoff reaches an input. The network is asked for the scaled difference from a simple base path (the last value, or
the last season repeated), so an untrained network already forecasts like the naive method, and a trend costs it nothing
to carry on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from forecaster.model.origins import Origins
from forecaster.model.paths import MOST_SEASONS, smoothed_path

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LOGARITHMS = (float(np.finfo(np.float64).tiny), float(np.exp(700.0)))
"""Smallest and largest value that `to_scale` and `from_scale` take to a logarithm and back."""

SMALLEST_SCALE = 1e-6
"""Scale of a window relative to its level below which the window counts as constant."""


@dataclass(frozen=True, kw_only=True)
class WindowShape:
    """What a window looks like; frozen in the model.

    Attributes:
        lookback: L, steps of history that the network reads.
        segment: P, steps that one LSTM step reads; divides `lookback` (Lin et al., SegRNN, 2023, arXiv:2308.11200).
        horizon: H, steps that the network forecasts at once.
        season: m, season length in steps; 1 for none.
        transform: `log` takes the logarithm first: for positive series that grow by percentages.
        base: lags whose mean is the path that the network corrects: (12,) repeats the last year of months, (24, 168)
            is the mean of the last day and the last week of hours, () goes on from the last value.
        low: Value that no forecast and no interval goes below, or None.
        high: Value that none goes above, or None.
        smoothing: Of a smoothed base path the weight of the newest value in the level and the share of the local slope
            that is carried on; its season is that of `base`. () for the plain path.
        floor: least scale of a window, relative to its level (absolute where the transform is `log`).
        past: for each feature that is known up to the end of a window, how many categories it has; 0 for a number.
        future: the same of those that are known for the H steps after it too.
        static: the same of those that do not change.
        recent: which networks are asked from earlier cutoffs, to tell how large the next error may be.
    """

    lookback: int
    segment: int
    horizon: int
    season: int
    transform: Literal["log", "none"] = "none"
    base: tuple[int, ...] = ()
    smoothing: tuple[float, ...] = ()
    floor: float = 0.0
    low: float | None = None
    high: float | None = None
    past: tuple[int, ...] = ()
    future: tuple[int, ...] = ()
    static: tuple[int, ...] = ()
    recent: Literal["ensemble", "first"] = "ensemble"

    @property
    def has_features(self) -> bool:
        """Whether anything is read besides the values."""
        return bool(self.past or self.future or self.static)

    @property
    def ahead(self) -> int:
        """A, the segments after the end of a window of which features are known: ⌈H / P⌉, or none."""
        return -(-self.horizon // self.segment) if self.future else 0

    @property
    def segments(self) -> int:
        """K, the number of LSTM steps in a window: those of its history, and those ahead."""
        return self.lookback // self.segment + self.ahead

    @property
    def channels(self) -> int:
        """C, numbers that one LSTM step reads: P values, the share of them that was observed, and features."""
        return self.segment + 1 + self.segment * (len(self.past) + len(self.future)) + len(self.static)

    @property
    def shortest_history(self) -> int:
        """Fewest observed steps from which the network may forecast; below it the seasonal naive method is used."""
        return max([4, *(lag + 1 for lag in self.base)])


@dataclass(frozen=True, eq=False)
class Windows:
    """N windows, cut and scaled.

    Attributes:
        shape: How they were cut and scaled.
        inputs: [N, K, C] float32: P values of a segment, the share of it inside the series, then its features. Segments
            ahead of the end have no values, and a share of 0.
        base: [N, H] float64, the base path in transformed units.
        scale: [N, 1] float64, the window's scale in transformed units, positive.
    """

    shape: WindowShape
    inputs: NDArray[np.float32]
    base: Floats
    scale: Floats

    def take(self, chosen: NDArray[Any]) -> Windows:
        """Return the chosen windows: indices, or a mask."""
        return Windows(self.shape, self.inputs[chosen], self.base[chosen], self.scale[chosen])


class StepFeatures(Protocol):
    """Features of windows: covariates, calendar, holidays."""

    def of_windows(self, origins: Origins, shape: WindowShape) -> NDArray[np.float32]:
        """Return the features that the network reads of windows, [N, K, C − P − 1]."""

    def arrays(self) -> Iterable[NDArray[np.float32]]:
        """Return all features."""


class Mixer(Protocol):
    """What has a share in the answers."""

    def mix(self, outputs: Floats, values: Floats, origins: Origins, windows: Windows) -> Floats:
        """Return answers [N, H] together with its own, in scaled units."""


@dataclass(frozen=True, eq=False)
class Signals:
    """What windows are cut from: [T] values of all series end to end, and features where there are some.

    `companion` is what else has a share in the answers to these windows.
    """

    values: Floats
    features: StepFeatures | None = None
    companion: Mixer | None = None


def cut_windows(values: Floats, origins: Origins, shape: WindowShape, features: StepFeatures | None = None) -> Windows:
    """Cut and scale the windows that end at N origins: the last L steps of what each may see.

    A history shorter than L is padded on the left with its first value, and the last input channel says so.

    Args:
        values: [T] all series end to end.
        origins: Where the windows end.
        shape: Lookback, segment, horizon and scaling.
        features: Covariates, calendar and holidays; None leaves them out of the inputs.
    """
    history, inside = _history(values, origins, shape)
    loc = history[:, -1:] if not shape.base else history.mean(axis=1, keepdims=True, where=inside)
    scale = _scale(history, inside, shape)
    scaled = ((history - loc) / scale).astype(np.float32)
    cut = len(origins), shape.lookback // shape.segment, shape.segment
    observed = inside.reshape(cut).mean(axis=2, keepdims=True, dtype=np.float32)
    inputs = np.concatenate([scaled.reshape(cut), observed], axis=2)
    if features is not None:
        inputs = np.pad(inputs, ((0, 0), (0, shape.ahead), (0, 0)))
        inputs = np.concatenate([inputs, features.of_windows(origins, shape)], axis=2)
    return Windows(shape, inputs, _base_path(history, inside, shape), scale)


def window_level(values: Floats, origins: Origins, shape: WindowShape) -> Floats:
    """Return the level [N, 1] of windows, in transformed units: what `WindowShape.floor` is relative to."""
    return _level(*_history(values, origins, shape), shape)


def window_roughness(values: Floats, origins: Origins, shape: WindowShape) -> Floats:
    """Return how hard windows look, [N, 2]: logarithms of their mean step and mean seasonal step over their scale.

    A size of 0 counts as a millionth of the scale.
    """
    history, inside = _history(values, origins, shape)
    scale = _scale(history, inside, shape)
    lags = [1, shape.season if 1 < shape.season < shape.lookback else 1]
    steps = [
        np.abs(history[:, lag:] - history[:, :-lag]).sum(axis=1, keepdims=True, where=inside[:, :-lag])
        / np.maximum(inside[:, :-lag].sum(axis=1, keepdims=True), 1)
        for lag in lags
    ]
    return np.asarray(np.log(np.maximum(np.concatenate(steps, axis=1) / scale, 1e-6)))


def cut_targets(values: Floats, origins: Origins, windows: Windows) -> NDArray[np.float32]:
    """Return what the network should answer: [N, H] float32, the scaled difference of the actuals from the base path.

    All H values after an origin must lie inside its series.
    """
    actual = to_scale(values[origins.ahead(windows.shape.horizon)], windows.shape)
    return ((actual - windows.base) / windows.scale).astype(np.float32)


def restore(outputs: NDArray[np.floating], windows: Windows) -> Floats:
    """Turn the network's answers [N, H] in scaled units into values in the units of the data."""
    return from_scale(windows.base + outputs.astype(np.float64) * windows.scale, windows.shape)


def to_scale(values: Floats, shape: WindowShape) -> Floats:
    """Return the values in transformed units: their logarithm, or themselves."""
    return np.log(np.maximum(values, LOGARITHMS[0])) if shape.transform == "log" else values


def from_scale(values: Floats, shape: WindowShape) -> Floats:
    """Undo `to_scale`, and keep to the range of the data."""
    plain = np.exp(np.minimum(values, np.log(LOGARITHMS[1]))) if shape.transform == "log" else values
    return plain if shape.low is shape.high is None else np.clip(plain, shape.low, shape.high)


def extremes(values: Floats, first: Ints, last: Ints) -> tuple[Floats, Floats]:
    """Return the least and the largest value [N] of the stretches `values[first:last]`, none of them empty."""
    begin = int(first.min())
    around = np.append(values[begin : last.max()], 0.0)  # `reduceat` takes no index after the end
    bounds = np.stack([first, last], axis=1).ravel() - begin  # from, to, from, to, …
    return np.minimum.reduceat(around, bounds)[::2], np.maximum.reduceat(around, bounds)[::2]


def beyond_logarithms(low: Floats, high: Floats) -> NDArray[np.bool_]:
    """Return which windows [N], given their extremes, a model of logarithms cannot read: the log would be nonsense."""
    return (low < LOGARITHMS[0]) | (high > LOGARITHMS[1])


def _history(values: Floats, origins: Origins, shape: WindowShape) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the last L steps [N, L] in transformed units, and which of them lie inside the series."""
    wanted, starts = origins.ends[:, None] + np.arange(-shape.lookback, 0), origins.starts[:, None]  # (N, L), (N, 1)
    return to_scale(values[np.maximum(wanted, starts)], shape), wanted >= starts


def _scale(history: Floats, inside: NDArray[np.bool_], shape: WindowShape) -> Floats:
    """Return the scale [N, 1] of each window: its standard deviation, held up by `floor` times its level.

    Without the floor a window that happens to be flat would have huge targets and own the loss.
    """
    level = _level(history, inside, shape)
    size = np.maximum(np.abs(history).max(axis=1, keepdims=True), 1e-300)  # squares of 1e300 would overflow
    spread = (history / size).std(axis=1, keepdims=True, where=inside) * size
    scale = np.hypot(spread, shape.floor * level)
    return np.where(scale > SMALLEST_SCALE * level, scale, np.where(level > 0, level, 1.0))


def _level(history: Floats, inside: NDArray[np.bool_], shape: WindowShape) -> Floats:
    """Return the level [N, 1] that the floor is relative to: 1 for logarithms, else the mean absolute value."""
    if shape.transform == "log":
        return np.ones((len(history), 1))
    level: Floats = np.abs(history).mean(axis=1, keepdims=True, where=inside)
    return level


def _base_path(history: Floats, inside: NDArray[np.bool_], shape: WindowShape) -> Floats:
    """Return the base path [N, H] in transformed units: smoothed, the last value, or the last seasons repeated."""
    if shape.smoothing:
        return _smoothed(history, inside, shape)
    ahead = np.arange(shape.horizon)
    if not shape.base:
        return np.repeat(history[:, -1:], shape.horizon, axis=1)
    seasons = [history[:, shape.lookback - lag + ahead % lag] for lag in shape.base]
    return np.asarray(np.mean(seasons, axis=0))


def _smoothed(history: Floats, inside: NDArray[np.bool_], shape: WindowShape) -> Floats:
    """Return smoothed base paths [N, H]: of the whole seasons inside the series, without seasons of all of it."""
    season = max(shape.base, default=1)
    if season == 1:
        return history @ smoothed_path(shape.lookback, shape.horizon, 1, *shape.smoothing)
    path = np.empty((len(history), shape.horizon))
    seasons = np.clip(inside.sum(axis=1) // season, 1, min(shape.lookback // season, MOST_SEASONS))
    for count in np.unique(seasons):
        rows, span = seasons == count, int(count) * season
        path[rows] = history[rows, -span:] @ smoothed_path(span, shape.horizon, season, *shape.smoothing)
    return path


def base_paths(values: Floats, origins: Origins, shapes: Sequence[WindowShape]) -> Iterator[Floats]:
    """Yield the base paths [N, H] of the same windows, in transformed units, by shapes that differ in nothing else."""
    history, inside = _history(values, origins, shapes[0])
    for shape in shapes:
        yield _base_path(history, inside, shape)


def base_map(shape: WindowShape) -> Floats:
    """Return the map [L, H] from a whole window, in transformed units, to its smoothed base path."""
    return _smoothed(np.eye(shape.lookback), np.ones((shape.lookback, shape.lookback), np.bool_), shape)
