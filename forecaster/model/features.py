"""Features: covariates, the calendar and holidays, as the numbers that the network reads.

How each is written as a number is learned once, from the data that a model is trained on, and frozen in the model as an
`Encoding`: numbers by their mean and standard deviation, categories by their place in a list, 0 for what is not known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecaster.base.errors import DataError, UsageError, shown
from forecaster.config import ModelSettings
from forecaster.data.almanac import CATEGORIES, calendar_feature, check_country, features_of, holiday_counts
from forecaster.data.covariates import STRANGER, Covariate
from forecaster.data.panel import Panel
from forecaster.model.origins import Origins
from forecaster.model.windows import Ints, Signals, WindowShape

Source = Literal["past", "future", "static", "calendar", "holidays"]

AHEAD = ("future", "calendar", "holidays")
"""Sources of what is known ahead."""

SOURCES = (("past",), AHEAD, ("static",))
"""Sources by the fields of `WindowShape`."""


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How one feature is written as a number.

    Attributes:
        name: The column; of the calendar the feature, of holidays the country.
        source: Where it comes from.
        mean: Of a number, over what the model was trained on.
        deviation: Its standard deviation there, positive.
        categories: Of a category, all that there were: the first is written as 1, another one as 0.
        low: Of a number, the smallest there; None where that is not known.
        high: The largest.
    """

    name: str
    source: Source
    mean: float = 0.0
    deviation: float = 1.0
    categories: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    @property
    def reach(self) -> tuple[float, float]:
        """The least and the most that the network reads: as far again beyond what it was trained on as that is wide."""
        if self.low is None or self.high is None:
            return -math.inf, math.inf
        return 2 * self.low - self.high, 2 * self.high - self.low

    @property
    def is_column(self) -> bool:
        """Whether it is a column of the data, and not made from the stamps."""
        return self.source in ("past", "future", "static")


def choose_encodings(panel: Panel, model: ModelSettings) -> tuple[Encoding, ...]:
    """Return how the features of a panel are written: its covariates, then the calendar and holidays as they are set.

    Raises:
        UsageError: A calendar or holidays for stamps that have none, or a country that is not known.
    """
    covariates = panel.covariates.columns if panel.covariates else ()
    found = [_encoding_of(covariate) for covariate in covariates]
    named = features_of(panel.frequency)
    if panel.frequency.is_integer and (model.calendar == "on" or model.holidays):
        flag = "--holidays" if model.holidays else "--calendar"
        raise UsageError(f"{flag} needs dates, and the stamps of {panel.source} are whole numbers")
    if model.calendar == "on":
        found += [Encoding(name=name, source="calendar", categories=CATEGORIES.get(name, ())) for name in named]
    if model.holidays:
        check_country(model.holidays)
        found.append(Encoding(name=model.holidays, source="holidays"))
    return tuple(sorted(found, key=lambda encoding: ("past", *AHEAD, "static").index(encoding.source)))


def _encoding_of(covariate: Covariate) -> Encoding:
    if covariate.names is not None:
        return Encoding(name=covariate.name, source=covariate.role, categories=covariate.names)
    known = covariate.values[~np.isnan(covariate.values)]
    mean, deviation = (float(known.mean()), float(known.std())) if len(known) else (0.0, 0.0)
    low, high = (float(known.min()), float(known.max())) if len(known) else (None, None)
    return Encoding(
        name=covariate.name, source=covariate.role, mean=mean, deviation=deviation or 1.0, low=low, high=high
    )


def split_encodings(encodings: Iterable[Encoding]) -> tuple[list[Encoding], list[Encoding]]:
    """Return the features that change, and those that do not, each in their order."""
    every = list(encodings)
    return [e for e in every if e.source != "static"], [e for e in every if e.source == "static"]


def sizes(encodings: Sequence[Encoding], *sources: str) -> tuple[int, ...]:
    """Return for each feature of some sources how many categories it has, 0 for a number: fields of `WindowShape`."""
    return tuple(len(encoding.categories) for encoding in encodings if encoding.source in sources)


# ---------------------------------------------------------------------------------------------------- arrays


@dataclass(frozen=True, eq=False)
class Features:
    """The features of S series, each from its first step to H steps after its last.

    Attributes:
        dynamic: [T + S·H, D] float32: those that change, past ones first; of a panel's series s step t is at
            `offsets[s] + s·H + t`.
        static: [S, G] float32.
        horizon: H.
    """

    dynamic: NDArray[np.float32]
    static: NDArray[np.float32]
    horizon: int

    def arrays(self) -> tuple[NDArray[np.float32], ...]:
        """Return all features."""
        return self.dynamic, self.static

    def of_windows(self, origins: Origins, shape: WindowShape) -> NDArray[np.float32]:
        """Return the features of windows [N, K, D·P + G]: for each segment P steps of each feature, and G fixed.

        The segments ahead of the end have what is known ahead, and 0 for the rest; so have steps before the series.

        Args:
            origins: Where the N windows end.
            shape: Lookback, segment and horizon.
        """
        starts, steps = origins.starts[:, None], np.arange(-shape.lookback, shape.ahead * shape.segment)
        wanted = origins.ends[:, None] + steps
        there = (wanted >= starts) & (steps < self.horizon)
        rows = np.where(there, wanted, starts) + (origins.series * self.horizon)[:, None]
        values = self.dynamic[rows] * there[:, :, None]  # (N, L + A·P, D)
        values[:, shape.lookback :, : len(shape.past)] = 0.0
        segmented = values.reshape(len(origins), shape.segments, shape.segment, -1).swapaxes(2, 3)
        flat = segmented.reshape(len(origins), shape.segments, -1)
        fixed = np.repeat(self.static[origins.series][:, None], shape.segments, axis=1)
        return np.concatenate([flat, fixed], axis=2)


def signals_of(panel: Panel, encodings: Sequence[Encoding], horizon: int) -> Signals:
    """Return what windows of a panel are cut from: its values, and its features where there are some."""
    if not encodings:
        return Signals(panel.values)
    layout = _Layout(panel, horizon)
    dynamic, static = ([layout.column(encoding) for encoding in part] for part in split_encodings(encodings))
    return Signals(
        panel.values,
        Features(
            np.stack(dynamic, axis=1) if dynamic else np.zeros((layout.size, 0), np.float32),
            np.stack(static, axis=1) if static else np.zeros((panel.n_series, 0), np.float32),
            horizon,
        ),
    )


def check_ahead(panel: Panel, encodings: Sequence[Encoding], steps: int) -> tuple[str, ...]:
    """Refuse data without the future rows that a forecast after its end needs, and return what else is odd.

    Args:
        panel: S series.
        encodings: Of the model.
        steps: Steps ahead of the end of each series that are to be forecast.

    Raises:
        DataError: A value that should be known ahead is missing; the message names column, series and first stamp.
    """
    layout, warnings = _Layout(panel, steps), []
    for encoding in encodings:
        if not encoding.is_column:
            continue
        values = layout.raw(encoding)
        if encoding.categories and (strange := _unknown(layout.covariate(encoding), encoding)):
            more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
            warnings.append(
                f"covariate {encoding.name!r}: {shown(strange[0])}{more} did not occur in training: counts as unknown"
            )
        if (odd := _out_of_range(panel, encoding, layout, values)) is not None:
            warnings.append(odd)
        if encoding.source == "future" and (missing := np.isnan(values) & layout.is_ahead).any():
            raise _not_known(panel, encoding.name, layout, missing)
    return tuple(warnings)


def _not_known(panel: Panel, name: str, layout: _Layout, missing: NDArray[np.bool_]) -> DataError:
    at = int(np.argmax(missing))
    s, step = int(layout.series[at]), int(layout.steps[at])
    stamp = panel.write(panel.stamps_at(np.array([s]), np.array([step])))[0]
    where = f", series {shown(panel.ids[s])}" if panel.ids[s] else ""
    ahead = panel.covariates.ahead if panel.covariates else ""
    fault = f"column {name!r} has no value at {stamp}{where} ({int(missing.sum()):,} missing ahead)"
    if stranger := next((found for found in panel.findings if found.code == STRANGER), None):
        return DataError(f"{stranger.message}: {fault}", hint=f"Correct the name in {ahead}")
    rows = "Add rows with an empty target to the data, or give them with --future FILE"
    return DataError(f"{ahead or panel.source}: {fault}", hint=f"Add what is missing to {ahead}" if ahead else rows)


def _out_of_range(panel: Panel, encoding: Encoding, layout: _Layout, values: NDArray[np.float64]) -> str | None:
    """Return what is said of a number far outside what the model was trained on; it is read as the edge of that."""
    low, high = encoding.reach
    far = (values < low) | (values > high)
    if encoding.categories or not far.any():
        return None
    at = int(np.argmax(far))
    if encoding.source == "static":
        where = f"series {shown(panel.ids[at])}"
    else:
        s, step = layout.series[at : at + 1], layout.steps[at : at + 1]
        where = str(panel.write(panel.stamps_at(s, step))[0])
    edge, trained = low if values[at] < low else high, f"{encoding.low:g} to {encoding.high:g}"
    return (
        f"covariate {encoding.name!r}: {values[at]:g} at {where} is far outside the {trained} of the training; "
        f"it is read as {edge:g} ({int(far.sum()):,} such values)"
    )


def _unknown(covariate: Covariate, encoding: Encoding) -> list[str]:
    """Return the categories that the model does not know, of those that occur."""
    names = covariate.names or ()
    occurring = np.unique(covariate.values[~np.isnan(covariate.values)]).astype(np.int64).tolist()
    return [names[k] for k in occurring if names[k] not in encoding.categories]


@dataclass(frozen=True, eq=False)
class _Layout:
    """The steps of a panel and H more of each series, end to end [R]."""

    panel: Panel
    horizon: int

    @property
    def size(self) -> int:
        return len(self.series)

    @cached_property
    def series(self) -> Ints:
        return np.repeat(np.arange(self.panel.n_series), self.panel.lengths + self.horizon)

    @cached_property
    def steps(self) -> Ints:
        counts = self.panel.lengths + self.horizon
        return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)

    @property
    def is_ahead(self) -> NDArray[np.bool_]:
        return self.steps >= self.panel.lengths[self.series]

    @cached_property
    def stamps(self) -> Ints:
        return self.panel.stamps_at(self.series, self.steps).astype(np.int64)

    def covariate(self, encoding: Encoding) -> Covariate:
        """Return the covariate of an encoding.

        Raises:
            DataError: The panel has none of this name.
        """
        for covariate in self.panel.covariates.columns if self.panel.covariates else ():
            if covariate.name == encoding.name and covariate.role == encoding.source:
                return covariate
        raise DataError(f"{self.panel.source}: the covariate {encoding.name!r} of the model was not read")

    def raw(self, encoding: Encoding) -> NDArray[np.float64]:
        """Return a covariate as it was read: [R], or [S] for a static one; NaN where it is not known."""
        covariate, grid = self.covariate(encoding), self.panel.covariates
        if covariate.role == "static" or grid is None:
            return covariate.values
        known = self.steps < grid.lengths[self.series]
        return np.where(known, covariate.values[np.where(known, grid.starts[self.series] + self.steps, 0)], np.nan)

    def number(self, encoding: Encoding) -> NDArray[np.float64]:
        """Return a feature as numbers, [R] or for a static one [S]: NaN where it is not known, categories from 1 on."""
        tz = self.panel.frequency.tz
        if encoding.source == "holidays":
            after = self.panel.stamps_at(self.series, self.steps + 1).astype(np.int64)
            return holiday_counts(encoding.name, self.stamps, after, tz).astype(np.float64)
        if encoding.source == "calendar":
            return np.asarray(calendar_feature(encoding.name, self.stamps, tz) + bool(encoding.categories), np.float64)
        raw = self.raw(encoding)
        values = _places(raw, self.covariate(encoding), encoding) if encoding.categories else raw
        if encoding.source == "future":
            last = np.maximum.accumulate(np.where(np.isnan(raw), 0, np.arange(self.size)))
            values = np.where(self.is_ahead, values[last], values)  # what is not needed goes on as it was
        return values

    def column(self, encoding: Encoding) -> NDArray[np.float32]:
        """Return a feature as the network reads it, [R] or for a static one [S]."""
        return standardise(self.number(encoding), encoding).astype(np.float32)


def standardise(values: NDArray[np.float64], encoding: Encoding) -> NDArray[np.float64]:
    """Return numbers as the network reads them: 0 where they are not known, and none far beyond what it was trained on.

    Places of categories stay what they are.
    """
    return np.nan_to_num((np.clip(values, *encoding.reach) - encoding.mean) / encoding.deviation)


def _places(values: NDArray[np.float64], covariate: Covariate, encoding: Encoding) -> NDArray[np.float64]:
    """Return the places of a panel's categories among those of an encoding, from 1 on; 0 where they are not known."""
    places = {name: k for k, name in enumerate(encoding.categories, start=1)}
    table = np.array([places.get(name, 0) for name in covariate.names or ()] + [0], np.float64)
    return np.asarray(table[np.where(np.isnan(values), -1, values).astype(np.int64)])


def feature_numbers(
    panel: Panel, encodings: Sequence[Encoding], origins: Origins, shape: WindowShape
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the features of whole windows as numbers, before they are standardised.

    Args:
        panel: S series.
        encodings: Of the model.
        origins: Where the N windows end; each may see L values at least.
        shape: Of the windows.

    Returns:
        Those that change [N, L + H, D], NaN where they are not known, and those that do not [N, G].
    """
    layout, horizon = _Layout(panel, shape.horizon), shape.horizon
    rows = origins.ends[:, None] + np.arange(-shape.lookback, horizon) + (origins.series * horizon)[:, None]
    changing, fixed = split_encodings(encodings)
    dynamic = np.empty((*rows.shape, len(changing)))
    for k, encoding in enumerate(changing):
        dynamic[..., k] = layout.number(encoding)[rows]
    dynamic[:, shape.lookback :, : len(shape.past)] = np.nan
    static = [layout.number(encoding)[origins.series] for encoding in fixed]
    return dynamic, np.stack(static, axis=1) if static else np.empty((len(origins), 0))
