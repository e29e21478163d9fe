"""Forecast rows, and intervals from calibration residuals.

Intervals are split conformal (Vovk et al., Algorithmic Learning in a Random World, 2005; Lei et al., Distribution-free
predictive inference for regression, JASA 2018): windows kept out of training give the size of the error at each lead
time, in units of the window's own scale, and its quantile times a new window's scale is half the interval's width.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecaster.windows import Floats, Ints, Windows, from_scale

if TYPE_CHECKING:
    import pandas as pd

GRID = np.concatenate([np.arange(1, 99), np.arange(99, 100, 0.1), [99.95]])
"""Levels in percent at which half widths are kept; between them they are interpolated."""

ENOUGH_WINDOWS = 200
"""Held-out windows from which each lead time speaks for itself; below it, all lead times are pooled."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Half widths of the intervals, in scaled units.

    Attributes:
        levels: [Q] percent, ascending.
        half_widths: [H, Q], not decreasing along Q.
    """

    levels: Floats
    half_widths: Floats

    def at(self, level: float) -> Floats:
        """Return the half widths [H] at a level in percent."""
        return np.array([np.interp(level, self.levels, row) for row in self.half_widths])


def calibrate(errors: Floats) -> Calibration:
    """Measure half widths from errors on held-out windows.

    The quantile is the conformal one, the ⌈(n + 1)·level⌉-th smallest of n. Where windows are few, the errors of all
    lead times are pooled after division by a profile of their size over the lead time.

    Args:
        errors: [N, H] actual − forecast in scaled units, N at least 1.
    """
    size = np.abs(errors)
    count, horizon = size.shape
    profile = _smooth(np.maximum(np.sqrt((size**2).mean(axis=0)), 1e-12))
    pooled = _conformal_quantiles((size / profile).ravel(), GRID, effective=count)
    widths = profile[:, None] * pooled
    if count >= ENOUGH_WINDOWS:
        own = np.array([_conformal_quantiles(size[:, h], GRID, effective=count) for h in range(horizon)])
        widths = _smooth(own) if horizon >= 5 else own
    return Calibration(GRID, np.maximum.accumulate(widths, axis=1))


def _conformal_quantiles(sizes: Floats, levels: Floats, effective: int) -> Floats:
    """Return the conformal quantiles [Q]; `effective` is the number of independent windows behind the sizes."""
    share = np.minimum(np.ceil((effective + 1) * levels / 100) / effective, 1.0) - 1e-9
    return np.asarray(np.quantile(sizes, share, method="inverted_cdf"))


def _smooth(rows: Floats) -> Floats:
    """Return a centred mean over three neighbouring lead times along the first axis; the ends keep their own."""
    if len(rows) < 3:
        return rows
    return np.concatenate([rows[:1], (rows[:-2] + rows[1:-1] + rows[2:]) / 3, rows[-1:]])


def make_interval(outputs: Floats, windows: Windows, half_widths: Floats) -> tuple[Floats, Floats]:
    """Return the lower and upper ends [N, H] in the units of the data.

    Args:
        outputs: [N, H] point answers in scaled units.
        windows: The windows that were answered.
        half_widths: [H] in scaled units.
    """
    low = from_scale(windows.base + (outputs - half_widths) * windows.scale, windows.shape)
    high = from_scale(windows.base + (outputs + half_widths) * windows.scale, windows.shape)
    return low, high


def cross_intervals(
    errors: Floats, outputs: Floats, windows: Windows, folds: Ints, level: float
) -> tuple[Floats, Floats]:
    """Return intervals [N, H] for held-out windows, each fold's from the calibration of the others.

    An interval measured on the windows that it was calibrated on covers them by construction; this way the measured
    coverage says something.

    Args:
        errors: [N, H] actual − forecast in scaled units.
        outputs: [N, H] point answers in scaled units.
        windows: The held-out windows.
        folds: [N] fold of each window.
        level: In percent.
    """
    low, high = np.empty_like(errors), np.empty_like(errors)
    for fold in np.unique(folds):
        inside = folds == fold
        others = ~inside if (~inside).any() else inside
        half = calibrate(errors[others]).at(level)
        low[inside], high[inside] = make_interval(outputs[inside], windows.take(inside), half)
    return low, high


class _Lines(list[str]):
    """Takes lines that end in CR LF, and keeps them with LF."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """Forecasts of S series, H steps ahead.

    Attributes:
        ids: [S] names of the series.
        stamps: [S, H] time stamps as they are written.
        values: [S, H] point forecasts.
        intervals: (level in percent, lower [S, H], upper [S, H]), ascending by level.
        methods: [S] `lstm`, or what stood in for it.
        id_column: Name of the id column, or None for a single series without one.
        time_column: Name of the time column.
    """

    ids: tuple[str, ...]
    stamps: NDArray[np.object_]
    values: Floats
    intervals: tuple[tuple[float, Floats, Floats], ...]
    methods: NDArray[np.object_]
    id_column: str | None
    time_column: str

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns of a forecast file, one row per series and stamp: [S · H] each."""
        horizon = self.values.shape[1]
        columns: dict[str, NDArray[Any]] = {}
        if self.id_column is not None:
            columns[self.id_column] = np.repeat(np.array(self.ids, dtype=object), horizon)
        columns[self.time_column] = self.stamps.ravel()
        columns["forecast"] = self.values.ravel()
        for level, low, high in self.intervals:
            columns[f"forecast-lo-{level:g}"] = low.ravel()
            columns[f"forecast-hi-{level:g}"] = high.ravel()
        columns["method"] = np.repeat(self.methods, horizon)
        return columns

    def to_csv(self) -> str:
        """Return the content of a forecast file: RFC 4180 quoting, shortest floats that read back equal."""
        columns = self.columns()
        lines = _Lines()
        writer = csv.writer(lines)  # the terminator is left at CR LF: a lone CR in a cell is quoted for its sake
        writer.writerow(columns)
        writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
        return "".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return the columns of a forecast file as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.columns())
