"""Why a forecast is what it is: how far each value of the window moves it.

Two numbers are given for each value. The **weight** is the derivative of the forecast by the value, like a coefficient
of an autoregression: 1 moves the forecast as much as the value moved. The **contribution** is its part, in units of the
data, of the difference between the forecast and that for a flat window at the same level: integrated gradients along
the straight path from the flat window to the real one. Contributions add up to that difference (completeness); what is
missing of it, for the network is no smooth function and the path has few nodes, is given as `unexplained`.

The whole way from the values to the forecast is explained, scaling and base path included: where the network adds
nothing, the lags of the base path have all the weight. Gradients are central differences on ONNX Runtime, many windows
in a batch: forecasting needs no TensorFlow, and so explaining needs none. Leaving values out instead, as occlusion
does, has no such sum, and what a window without the value would be is a question of its own; here nothing leaves the
neighbourhood of windows that the network knows. What is read besides the values (covariates, calendar, holidays) is
left out, one feature at a time: for these it is plain what being without them means.

Where the pretrained network has a share in the forecasts, the mixture is explained: what stands before the window stays
as it is. Features move the share of the networks that read them.

References: Sundararajan, Taly & Yan, Axiomatic attribution for deep networks, ICML 2017 (integrated gradients); Zeiler
& Fergus, Visualizing and understanding convolutional networks, ECCV 2014 (occlusion).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forecaster.base.meter import one, tally
from forecaster.data.panel import Panel
from forecaster.model.builtin import LONGEST_CONTEXT, BuiltinModel
from forecaster.model.features import signals_of
from forecaster.model.origins import Origins
from forecaster.model.predictor import Forecaster
from forecaster.model.version import FittedModel
from forecaster.model.windows import Floats, Ints, Signals, WindowShape, cut_windows, restore, to_scale

STEP = 0.05
"""Half the distance of a central difference, in standard deviations of the window: small against what the network bends
at, large against the rounding of its float32."""

NODES = 16
"""Nodes of the Gauss-Legendre rule on the path. Without a floor under the scale of windows the gradient is the same
all along it, as a forecast of a window twice as high is twice as high: few are enough. Where the pretrained network
reads more than the window, it is not: of one forecast 8 nodes left 26 % unexplained, 16 left 6 %, and 32 left 8 %."""

FLATTEST = 1e-3
"""Share of its variation that the flat window keeps: one without any would count as constant, and is another case."""

LONGEST_REACH = 256
"""Values of the built-in network's context that are explained at most."""

MOST_CELLS = 2**20
"""Values in the windows of a batch."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """What moves the forecasts of S series at H leads; L is the lookback, and index b on its axis means b steps back.

    Attributes:
        series: [S] index into the panel.
        leads: [H] steps after the end, ascending from at least 1.
        season: m in steps.
        values: [S, L] the window, newest value first; NaN before the series began.
        forecasts: [S, H] in units of the data.
        flat: [S, H] forecasts for the flat window.
        weights: [S, H, L] derivative of each forecast by each value; 0 before the series began.
        contributions: [S, H, L] parts of `forecasts − flat`, in units of the data; 0 before the series began.
        features: [D] names of what is read besides the values.
        effects: [S, H, D] how much higher the forecast is than without a feature: than with a number at its mean, a
            category unknown, over the whole window and ahead of it; in units of the data.
    """

    series: Ints
    leads: Ints
    season: int
    values: Floats
    forecasts: Floats
    flat: Floats
    weights: Floats
    contributions: Floats
    features: tuple[str, ...] = ()
    effects: Floats = field(default_factory=lambda: np.empty((0, 0, 0)))

    @property
    def unexplained(self) -> Floats:
        """What is missing [S, H] of the sum of contributions, in units of the data."""
        return np.asarray(self.forecasts - self.flat - self.contributions.sum(axis=2))

    @cached_property
    def lags(self) -> Ints:
        """Lags that occur, ascending [G]: steps from a value to the step that is forecast, not to the data's end."""
        return np.arange(self.leads[0], self.leads[-1] + self.values.shape[1])

    @cached_property
    def shares(self) -> Floats:
        """Share of each lag [S, G] in all that moves the forecasts: in the sum of absolute contributions."""
        moved = self._by_lag(np.abs(self.contributions))
        total = moved.sum(axis=1, keepdims=True)
        return np.asarray(moved / np.where(total > 0, total, 1.0))

    @cached_property
    def mean_contributions(self) -> Floats:
        """Mean contribution of each lag [S, G] over the leads, in units of the data: parts of the mean difference."""
        return self._by_lag(self.contributions) / len(self.leads)

    @cached_property
    def mean_weights(self) -> Floats:
        """Mean weight of each lag [S, G] over the leads for which it lies in the window."""
        return self._by_lag(self.weights) / np.maximum(self._by_lag(np.ones_like(self.weights[:1])), 1)

    @property
    def seasonal_share(self) -> float | None:
        """Share of the same step of earlier seasons, a mean over series; None without a season."""
        return None if self.season < 2 else float(self.shares[:, self.lags % self.season == 0].sum(axis=1).mean())

    def seasons(self) -> Iterator[tuple[int, float, float]]:
        """Yield for each season back, from 1: its number, its share, and that of its step like the one forecast.

        Season 1 is lags 1 to m, season 2 lags m + 1 to 2 m, and so on; shares are means over series.
        """
        shares, number = self.shares.mean(axis=0), -(-self.lags // self.season)
        for back in range(int(number[0]), int(number[-1]) + 1):
            same = shares[self.lags == back * self.season]
            yield back, float(shares[number == back].sum()), float(same.sum())

    def _by_lag(self, parts: Floats) -> Floats:
        """Sum parts [S, H, L] into lags [S, G]."""
        sums = np.zeros((len(parts), len(self.lags)))
        for h, lead in enumerate(self.leads - self.leads[0]):
            sums[:, lead : lead + parts.shape[2]] += parts[:, h]
        return sums


def explain(
    model: Forecaster, panel: Panel, series: Ints, leads: Ints, on_share: Callable[[float], None] = lambda _: None
) -> Explanation:
    """Explain the forecasts after the end of some series.

    Args:
        model: What forecasts.
        panel: The data.
        series: [S] index of the series to explain, none of them constant or too short for the network.
        leads: [H] leads to explain, ascending, from 1 to the model's horizon.
        on_share: Called with how much of the work is done, from 0 to 1.

    Raises:
        ModelError: The network cannot answer.
    """
    lookback, count = reach_of(model), len(leads)
    values = np.full((len(series), lookback), np.nan)
    signals = signals_of(panel, model.encodings, model.window.horizon)
    forecasts, flat = np.empty((len(series), count)), np.empty((len(series), count))
    weights, contributions = np.zeros((2, len(series), count, lookback))
    effects = np.zeros((len(series), count, len(model.encodings)))
    for row, s in enumerate(tally(series, one, ("explaining", "series", len(series)))):
        history = panel.series(int(s))[-lookback:]
        size = len(history)
        values[row, :size] = history[::-1]
        ask: Asker = (
            _BuiltinAsker(model, panel.series(int(s))[:-lookback])
            if isinstance(model, BuiltinModel)
            else _Asker(
                model,
                _Known.of(signals, Origins.at_end(panel, np.array([s])), model.window),
                panel.series(int(s))[:-lookback][-LONGEST_CONTEXT:] if model.companion else np.empty(0),
            )
        )
        ends, slopes, integral = _follow(ask, history)
        forecasts[row], flat[row] = ends[:, leads - 1]
        weights[row, :, :size] = slopes[::-1, leads - 1].T
        contributions[row, :, :size] = integral[::-1, leads - 1].T
        if isinstance(ask, _Asker):
            effects[row] = _effects(ask, history, forecasts[row], leads)
        on_share((row + 1) / len(series))
    return Explanation(
        series=series,
        leads=leads,
        season=model.season,
        values=values,
        forecasts=forecasts,
        flat=flat,
        weights=weights,
        contributions=contributions,
        features=tuple(each.name for each in model.encodings),
        effects=effects,
    )


def reach_of(model: Forecaster) -> int:
    """Return how many of the last values are explained: a saved model's window, or of the built-in network's context
    the last four seasons or horizons, at most 256 steps; what is before that stays as it is.
    """
    if not isinstance(model, BuiltinModel):
        return model.window.lookback
    return min(model.window.lookback, max(4 * max(model.season, model.window.horizon), 32), LONGEST_REACH)


def _effects(ask: _Asker, history: Floats, forecasts: Floats, leads: Ints) -> Floats:
    """Return how much higher [H, D] forecasts [H] are than without each feature, in units of the data."""
    window = to_scale(history, ask.model.window)[None]
    without = [ask.without(at).forecast(window)[0, leads - 1] for at in range(len(ask.model.encodings))]
    return np.array([forecasts - other for other in without]).reshape(len(without), len(leads)).T


class Asker(Protocol):
    """Asks a model about windows of one series."""

    @property
    def is_log(self) -> bool:
        """Whether windows are in logarithms."""

    def forecast(self, windows: Floats) -> Floats:
        """Return the forecasts [N, H] in units of the data after windows [N, n] in transformed units."""


@dataclass(frozen=True, eq=False)
class _BuiltinAsker:
    """Asks the built-in network about windows of one series; `before` is what stands before them."""

    model: BuiltinModel
    before: Floats

    @property
    def is_log(self) -> bool:
        """It takes none."""
        return False

    def forecast(self, windows: Floats) -> Floats:
        """Return the medians [N, H] after windows [N, n]."""
        contexts = [np.concatenate([self.before, window]) for window in windows]
        return self.model.median(contexts)


@dataclass(frozen=True, eq=False)
class _Known:
    """What is read besides one window [1, K, X]: the same, whatever its values are."""

    features: NDArray[np.float32]

    @classmethod
    def of(cls, signals: Signals, end: Origins, shape: WindowShape) -> _Known | None:
        """Return the features at the end of one series, or None where there are none."""
        return None if signals.features is None else cls(signals.features.of_windows(end, shape))

    def of_windows(self, origins: Origins, shape: WindowShape) -> NDArray[np.float32]:
        """Return them for every window."""
        return np.repeat(self.features, len(origins), axis=0)

    def arrays(self) -> tuple[NDArray[np.float32], ...]:
        """Return all features."""
        return (self.features,)


@dataclass(frozen=True, eq=False)
class _Asker:
    """Asks a model about windows of one series; `before` is what stands before them, for the pretrained network."""

    model: FittedModel
    known: _Known | None
    before: Floats

    def without(self, feature: int) -> _Asker:
        """Return the same, asked without a feature: a number at its mean, a category unknown."""
        shape, known = self.model.window, self.known
        if known is None:
            return self
        changing, length = len(shape.past) + len(shape.future), shape.segment
        first = feature * length if feature < changing else changing * length + feature - changing
        features = known.features.copy()
        features[..., first : first + (length if feature < changing else 1)] = 0.0
        return replace(self, known=_Known(features))

    @property
    def is_log(self) -> bool:
        """Whether windows are in logarithms."""
        return self.model.window.transform == "log"

    def forecast(self, windows: Floats) -> Floats:
        """Return the forecasts [N, H] in units of the data after windows [N, n] in transformed units."""
        values = np.exp(windows) if self.is_log else windows
        cut = cut_windows(values.ravel(), Origins.of_rows(values), self.model.window, self.known)
        points = self.model.server.answer(cut.inputs)[..., : self.model.window.horizon].astype(np.float64)
        answers = np.median(points, axis=1)
        if self.model.companion is not None:
            contexts = np.concatenate([np.tile(self.before, (len(values), 1)), values], axis=1)
            answers = self.model.companion.mix(answers, contexts.ravel(), Origins.of_rows(contexts), cut)
        return restore(answers, cut)


def _follow(ask: Asker, history: Floats) -> tuple[Floats, Floats, Floats]:
    """Follow the path from the flat window to a history [n], oldest value first.

    Returns:
        Forecasts [2, H] for the history and for the flat window, weights [n, H], contributions [n, H].
    """
    real = np.log(history) if ask.is_log else history
    level = real.mean()
    spread = real.std()
    nodes, shares = np.polynomial.legendre.leggauss(NODES)
    alphas = FLATTEST + (1 - FLATTEST) * (nodes + 1) / 2
    ends = ask.forecast(level + np.outer([1.0, FLATTEST], real - level))
    slopes = np.array([_slopes(ask, level + a * (real - level), STEP * a * spread) for a in alphas])
    mean = np.tensordot(shares / 2, slopes, axes=1)  # (n, H)
    here = _slopes(ask, real, STEP * spread)
    units = 1 / np.maximum(history, np.finfo(float).tiny) if ask.is_log else np.ones(len(history))
    return ends, here * units[:, None], mean * ((1 - FLATTEST) * (real - level))[:, None]


def _slopes(ask: Asker, window: Floats, step: float) -> Floats:
    """Return the derivatives [n, H] of the forecasts by the values of a window [n], in transformed units."""
    size = len(window)
    rows = max(MOST_CELLS // (2 * size), 1)
    parts = []
    for at in range(0, size, rows):
        chosen = np.arange(at, min(at + rows, size))
        moved = np.zeros((len(chosen), size))
        moved[np.arange(len(chosen)), chosen] = step
        above, below = np.split(ask.forecast(np.concatenate([window + moved, window - moved])), 2)
        parts.append((above - below) / (2 * step))
    return np.concatenate(parts)
