"""The built-in network, bound to a panel: forecasts at once, with intervals corrected on the panel's own past."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.base.errors import MissingError, ModelError
from forecaster.base.meter import tally, working
from forecaster.base.runtime import prepare_onnx
from forecaster.data.panel import Panel
from forecaster.data.schema import Schema
from forecaster.data.size import too_large_to_add
from forecaster.model import pretrained
from forecaster.model.conformal import (
    AS_GIVEN,
    FEWEST_TO_MEASURE,
    LEVELS,
    Correction,
    Fan,
    Misses,
    experience,
    fit_correction,
    join_fans,
)
from forecaster.model.forecast import Block, Interval
from forecaster.model.intermittent import look_at_zeros
from forecaster.model.origins import Origins, first_changes
from forecaster.model.planner import choose_horizon, choose_season
from forecaster.model.pretrained import Builtin, BuiltinCorruptError, Contexts, forecast_apart, join, open_builtin
from forecaster.model.pretrained.rhythm import LONGEST
from forecaster.model.windows import Floats, Ints, WindowShape, extremes

NAME = "builtin"
"""What the built-in network is called where a saved model has its name."""

METHOD = "lstm_pretrained"

HOME = Path(pretrained.__file__).parent
"""Folder of its files."""

LONGEST_CONTEXT = LONGEST
"""Values at the end of a series that are read at most."""

MOST_PAST_SERIES, MOST_PAST_WINDOWS, MOST_PAST_CELLS = 400, 64, 2**17
"""Series whose past is looked at, windows of each where there are few of them, and steps in all of these windows."""

LEAST_PAST_WINDOWS = 6
"""Windows of each series where there are many: one stretch of time says little, however many series it holds."""

MOST_GROUPS = 8
"""Times that intervals are corrected anew as the cutoffs of a backtest move on."""

SEASONS_TO_SEE = 2
"""Cycles of a longer season that a series must have for it to be passed to the network."""


@lru_cache(maxsize=1)
def open_network() -> Builtin:
    """Return the built-in network, opened once a process.

    Raises:
        ModelError: A file of it is missing, or not the one that was published.
    """
    prepare_onnx()
    try:
        return open_builtin()
    except BuiltinCorruptError as error:
        again = "Install it again: pip install --force-reinstall forecast-lstm"
        raise ModelError(f"the built-in network is not whole: {error}", hint=again) from error


def version_of_card(card: dict[str, Any]) -> str:
    """Return what tells one built-in network from another: the beginning of the hash of its graph."""
    return str(card["files"]["network.onnx"])[:8]


def is_builtin(reference: str | None) -> bool:
    """Return whether NAME or NAME@VERSION is the built-in network.

    Raises:
        MissingError: It is, and of another version than the one that is installed.
    """
    name, _, version = (reference or "").partition("@")
    if name != NAME:
        return False
    if version and version != (installed := version_of_card(open_network().card)):
        raise MissingError(
            f"the built-in network has no version {version[:20]!r} (installed: {installed})",
            hint=f"Use --model {NAME}, or install the version of forecast that it came with",
        )
    return True


@dataclass(frozen=True, kw_only=True, eq=False)
class Past:
    """What the network would have said of a panel's own past.

    Attributes:
        origins: Where its N forecasts start.
        fan: Their quantiles.
        misses: How far actual values are from their medians.
    """

    origins: Origins
    fan: Fan
    misses: Misses

    @cached_property
    def correction(self) -> Correction:
        """What it says of the intervals."""
        return fit_correction(self.misses)

    @property
    def is_telling(self) -> bool:
        """Whether there is enough of it to measure coverage on."""
        return self.misses.independent >= FEWEST_TO_MEASURE

    def cross_intervals(self, levels: tuple[float, ...]) -> tuple[Interval, ...]:
        """Return intervals of each half of the windows as the other half says: (level, lower [N, H], upper [N, H]).

        Halves are every other series, or of a few series the older and the newer windows: an interval that is measured
        on the windows that it was corrected on holds them by construction.
        """
        shape = self.misses.distances.shape
        ends = tuple((level, np.empty(shape), np.empty(shape)) for level in levels)
        halves = _halves(self.origins.series)
        for half in (0, 1):
            inside = halves == half
            correction = fit_correction(self.misses.part(~inside))
            fan = self.fan.part(inside)
            for level, low, high in ends:
                low[inside], high[inside] = fan.interval(level, correction)
        return ends


def _halves(series: Ints) -> Ints:
    """Return for each window [N], oldest first within its series, which half it is in."""
    number = np.unique(series, return_inverse=True)[1]
    if number.max(initial=0) >= FEWEST_TO_MEASURE:
        return np.asarray(number % 2)
    return np.asarray(_nth_of(series) >= np.bincount(number)[number] / 2, np.int64)


def _nth_of(series: Ints) -> Ints:
    """Return for each window [N] how many of its series come before it, in the order given."""
    order = np.argsort(series, kind="stable")
    ordered, nth = series[order], np.empty(len(series), np.int64)
    nth[order] = np.arange(len(series)) - np.searchsorted(ordered, ordered)
    return nth


@dataclass(frozen=True, kw_only=True, eq=False)
class BuiltinModel:
    """The built-in network and the panel that it forecasts: used like a saved model.

    Attributes:
        network: What answers.
        panel: S series.
        window: Context, horizon and season, as those of a saved model.
        seasons: Season lengths in steps, the main one first; (1,) for none.
        reason: Why it answers though nobody named it; empty where somebody did.
    """

    network: Builtin
    panel: Panel
    window: WindowShape
    seasons: tuple[int, ...]
    reason: str = ""
    name: str = NAME
    encodings: tuple[()] = ()

    @property
    def version(self) -> str:
        """The beginning of the hash of its graph."""
        return version_of_card(self.network.card)

    @property
    def reference(self) -> str:
        """NAME@VERSION."""
        return f"{self.name}@{self.version}"

    @property
    def schema(self) -> Schema:
        """How the panel was read."""
        return self.panel.schema

    @property
    def season(self) -> int:
        """The main season length in steps."""
        return self.seasons[0]

    @property
    def trained_until(self) -> int | None:
        """Last stamp of the user's data that it was trained on: it saw none."""
        return None

    def detected(self) -> str:
        """Return in one line what was taken for what in the data."""
        schema, panel = self.schema, self.panel
        target = ", ".join(schema.targets) if schema.targets else schema.target or f"{panel.n_series:,} columns"
        columns = [f"target {target}", f"time {schema.time}", *([f"series by {schema.id}"] if schema.id else [])]
        seasons = " and ".join(f"{season:,}" for season in self.seasons)
        rhythm = f"season of {seasons} steps" if self.season > 1 else "no season"
        return f"{', '.join(columns)}, frequency {panel.frequency.alias}, {rhythm}, {self.window.horizon:,} steps ahead"

    @cached_property
    def past(self) -> Past | None:
        """What it would have said of the whole panel's past; None where every series is too short for that."""
        return self.look_back(self.panel, self.panel.offsets[1:])

    def look_back(self, panel: Panel, limits: Ints) -> Past | None:
        """Forecast from earlier cutoffs, up to so many that they tell enough.

        Args:
            panel: S series.
            limits: [S] index after the last value of each series that may be looked at (exclusive).

        Returns:
            None where no series is long enough.
        """
        origins, independent = past_origins(panel, limits, self.window)
        if not len(origins):
            return None
        size = len(self.network.levels) * self.window.horizon
        parts = origins.blocks(self.window.lookback + size)
        said = ("looking back", "forecasts", len(origins))
        fan = join_fans([self.ask(panel, part) for part in tally(parts, len, said)])
        constant = origins.ends <= first_changes(panel)[origins.series]
        actual = panel.observed(origins.ahead(self.window.horizon))
        misses = Misses(
            distances=np.where(constant[:, None], np.nan, fan.distance(actual)),
            floored=fan.floored & (actual == 0.0),
            independent=independent,
            stretches=independent / len(np.unique(origins.series)),
        )
        return Past(origins=origins, fan=fan, misses=misses)

    def ask(self, panel: Panel, origins: Origins) -> Fan:
        """Return what the network says after each origin, its quantiles apart as far as real series need on average.

        Raises:
            DataError: Its answer is not finite, for values that are too large.
        """
        values, horizon = self._values(panel), self.window.horizon
        contexts = Contexts.of(values, origins.starts, origins.ends)
        answer = np.empty((len(origins), horizon, len(self.network.levels)))
        for seasons, chosen in self._by_seasons(contexts.lengths):
            answer[chosen] = forecast_apart(self.network, contexts[chosen], seasons, horizon)
        starts = origins.ends - contexts.lengths
        if not np.isfinite(answer).all() and (fault := too_large_to_add(panel, starts, origins.ends)):
            raise fault
        zeros = look_at_zeros(contexts, self.seasons, horizon, LEVELS.tolist())
        return Fan(self.network.levels, answer, zeros).apart(experience(contexts.lengths))

    def median(self, contexts: list[Floats]) -> Floats:
        """Return the medians [N, H] after contexts of one length."""
        seasons = self.seasons_for(min(len(contexts[0]), LONGEST_CONTEXT))
        answer = forecast_apart(self.network, join(contexts), seasons, self.window.horizon)
        return Fan(self.network.levels, answer).middle

    def seasons_for(self, length: int) -> tuple[int, ...]:
        """Return the season lengths that a context of `length` values is long enough for, the main one first."""
        [(seasons, _)] = self._by_seasons(np.array([length]))
        return seasons

    def _values(self, panel: Panel) -> Floats:
        """Return the values with NaN for those that nobody chose how to fill: the network knows of missing ones."""
        if panel.schema.on_gap != "interpolate" or not panel.filled.any():
            return panel.values
        return np.where(panel.filled, np.nan, panel.values)

    def _by_seasons(self, lengths: Ints) -> Iterator[tuple[tuple[int, ...], Ints]]:
        """Yield the seasons that windows of these lengths [N] are long enough for, and which windows these are."""
        number = sum((lengths >= SEASONS_TO_SEE * season).astype(np.int64) for season in self.seasons[1:])
        counts = np.broadcast_to(np.asarray(number, np.int64), lengths.shape)
        for count in np.unique(counts):
            yield self.seasons[: 1 + int(count)], np.flatnonzero(counts == count)

    def forecast(self, panel: Panel, origins: Origins, horizon: int, levels: tuple[float, ...]) -> Iterator[Block]:
        """Forecast from each origin as if nothing after it were known, a block of windows at a time.

        Intervals are corrected by errors that were known by then.

        Raises:
            ModelError: The network's answer is not finite.
            DataError: It is not, for values that are too large.
        """
        changes = first_changes(panel)
        size = self.window.lookback + len(self.network.levels) * self.window.horizon
        with working("forecasting", len(origins), "forecasts") as work:
            for group, correct in self._corrected(panel, origins):
                for part in group.blocks(size):
                    known, asked = part.known(), (horizon, levels, changes)
                    yield known if known is not None else self._block(panel, part, correct(), asked)
                    work.done += len(part)

    def _corrected(self, panel: Panel, origins: Origins) -> Iterator[tuple[Origins, Callable[[], Correction]]]:
        """Yield the origins in groups, the older ones of each series first, with what gives what was known by then."""
        nth = _nth_of(origins.series)
        most = int(nth.max(initial=0)) + 1
        groups = nth * min(most, MOST_GROUPS) // most
        for number in np.unique(groups):
            group = origins[np.flatnonzero(groups == number)]
            limits = panel.offsets[1:].copy()
            np.minimum.at(limits, group.series, group.ends)
            yield group, cache(partial(self._correction, panel, limits))

    def _correction(self, panel: Panel, limits: Ints) -> Correction:
        whole = panel is self.panel and np.array_equal(limits, panel.offsets[1:])
        past = self.past if whole else self.look_back(panel, limits)
        return past.correction if past else AS_GIVEN

    def _block(
        self, panel: Panel, part: Origins, correction: Correction, asked: tuple[int, tuple[float, ...], Ints]
    ) -> Block:
        horizon, levels, changes = asked
        constant = part.ends <= changes[part.series]
        fan = self.ask(panel, part)
        values = fan.point.copy()
        values[constant] = forever = panel.values[part.starts[constant]][:, None]
        least = np.where(extremes(panel.values, part.starts, part.ends)[0] >= 0, 0.0, -np.inf)[:, None]
        intervals = []
        for level in levels:
            low, high = fan.interval(level, correction)
            low[constant] = high[constant] = forever
            low, high = np.maximum(np.minimum(low, values), least), np.maximum(high, values)
            intervals.append((level, low[:, :horizon], high[:, :horizon]))
        if not all(np.isfinite(end).all() for end in (values, *(e for _, *both in intervals for e in both))):
            fault = too_large_to_add(panel, part.starts, part.ends)
            raise fault or ModelError(f"{self.reference} answered with values that are not finite")
        methods = np.where(constant, "constant", METHOD).astype(object)
        return Block(origins=part, values=values[:, :horizon], intervals=tuple(intervals), methods=methods)


def bind(panel: Panel, season: int | None = None, horizon: int | None = None, reason: str = "") -> BuiltinModel:
    """Return the built-in network, ready to forecast a panel.

    Args:
        panel: S series.
        season: m in steps; None is the calendar's, or for an integer index the values' own.
        horizon: H in steps; None is what a training on this panel would take.
        reason: Why it answers though nobody named it.

    Raises:
        ModelError: The network is not whole.
    """
    main = choose_season(panel, season)
    steps = horizon or choose_horizon(panel, main)
    seasons = (main, *(each for each in panel.more_seasons if each > main > 1))
    window = WindowShape(
        lookback=min(int(panel.lengths.max()), LONGEST_CONTEXT),
        segment=1,
        horizon=steps,
        season=main,
        low=0.0 if float(panel.values.min()) >= 0 else None,
    )
    return BuiltinModel(network=open_network(), panel=panel, window=window, seasons=seasons, reason=reason)


def past_origins(panel: Panel, limits: Ints, window: WindowShape) -> tuple[Origins, float]:
    """Choose earlier cutoffs of a panel, newest ones first, and count how many of their windows do not overlap.

    Args:
        panel: S series.
        limits: [S] index after the last value that may be looked at (exclusive).
        window: The shortest history and the horizon.

    Returns:
        Origins, series by series and oldest first; and the number.
    """
    horizon, starts = window.horizon, panel.offsets[:-1]
    room = limits - starts - horizon - window.shortest_history + 1  # cutoffs that each series has
    able = np.flatnonzero(room > 0)
    if not len(able):
        return Origins.of(panel, able, able), 0.0
    most = min(MOST_PAST_SERIES, max(MOST_PAST_CELLS // horizon, 1))
    chosen = able[np.unique(np.linspace(0, len(able) - 1, min(len(able), most)).astype(np.int64))]
    wanted = max(math.ceil(2 * MOST_PAST_WINDOWS / (1 + len(chosen))), LEAST_PAST_WINDOWS)
    each = max(1, min(wanted, MOST_PAST_CELLS // (horizon * len(chosen))))
    stride = np.clip(room[chosen] // each, 1, horizon)
    count = np.minimum((room[chosen] - 1) // stride + 1, each)
    series = np.repeat(chosen, count)
    nth = np.arange(len(series)) - np.repeat(np.cumsum(count) - count, count)
    back = (np.repeat(count, count) - 1 - nth) * np.repeat(stride, count)
    ends: NDArray[np.int64] = limits[series] - horizon - back
    independent = np.minimum(count, (count - 1) * stride / horizon + 1).sum()
    return Origins.of(panel, series, ends), float(independent)
