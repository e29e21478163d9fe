"""Forecasts with their intervals, and the rows of a forecast file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from forecaster.data.checks import FORMULA
from forecaster.model.origins import Origins
from forecaster.model.quantiles import DECILES, pick_quantiles
from forecaster.model.windows import Floats

if TYPE_CHECKING:
    import pandas as pd


SIMPLE = ("seasonal_naive", "constant")
"""Methods that stand in for the network, and forecast any horizon at once."""

TIER = "level"
"""Column of a forecast file that says which level of a hierarchy a row is of."""

MEAN = "forecast-mean"
"""Column of a forecast file that holds the means."""

RECURSIVE = "_recursive"
"""What is added to the method of steps that were made from forecasts."""


WHOLE = 2.0**53
"""Numbers up to this are whole numbers of int64 without loss."""

ALL = 17
"""Digits that any float is written with at most."""


def rounded(values: Floats, digits: int | None) -> NDArray[Any]:
    """Return values with so many digits after the point, as whole numbers for 0; None and 17 leave all that there are.

    A value so large that a float has no such digits stays as it is.
    """
    if digits is None or digits >= ALL:
        return values
    small = np.abs(values) < WHOLE / 10.0**digits
    found = np.where(small, np.round(np.where(small, values, 0.0), digits) + 0.0, values)  # -0.0 is written as 0.0
    return found.astype(np.int64) if digits == 0 and small.all() else found


Interval = tuple[float, Floats, Floats]
"""Level in percent, lower ends and upper ends of the intervals."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Predicted:
    """Point forecasts with their intervals: of N windows, or of one.

    Attributes:
        values: [N, H] point forecasts; [H] of one window.
        intervals: (level in percent, lower [N, H], upper [N, H]), ascending by level.
        quantiles: (share between 0 and 1, values [N, H]), ascending by share.
    """

    values: Floats
    intervals: tuple[Interval, ...] = ()
    quantiles: tuple[tuple[float, Floats], ...] = ()

    @property
    def levels(self) -> list[float]:
        """Levels of the intervals, in percent, ascending."""
        return [level for level, _, _ in self.intervals]

    def narrowed(self, levels: Sequence[float], quantiles: Sequence[float]) -> Self:
        """Return the same with only these levels, and these quantiles, of the intervals that it has."""
        intervals = tuple(interval for interval in self.intervals if interval[0] in levels)
        return replace(self, intervals=intervals, quantiles=pick_quantiles(self.values, self.intervals, quantiles))

    def deciles(self) -> Floats:
        """Return the quantiles 0.1 … 0.9 [9, N, H], from the intervals of `levels_with(DECILES)`."""
        return np.array([values for _, values in pick_quantiles(self.values, self.intervals, DECILES)])


@dataclass(frozen=True, kw_only=True, eq=False)
class Block(Predicted):
    """Forecasts of n of the windows.

    Attributes:
        origins: Where they start.
        methods: [n] `lstm`, or what stood in for it.
    """

    origins: Origins
    methods: NDArray[np.object_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast(Predicted):
    """Forecasts of S series, H steps ahead.

    Attributes:
        ids: [S] names of the series.
        stamps: [S, H] time stamps as they are written.
        methods: [S] `lstm`, or what stood in for it.
        id_column: Name of the id column, or None for a single series without one.
        time_column: Name of the time column.
        tiers: [S] level of the hierarchy that each series is on; None where there is none.
        time_parts: Columns that the stamps stood in, joined by spaces; empty where one column holds them.
        digits: After the decimal point in a file, 0 for whole numbers; None for all that there are.
        direct: Steps that the model forecasts at once, where H is more: later ones were made from its own forecasts.
        means: [S, H] means of the predictive distributions, where they were asked for.
    """

    ids: tuple[str, ...]
    stamps: NDArray[np.object_]
    methods: NDArray[np.object_]
    id_column: str | None
    time_column: str
    tiers: NDArray[np.object_] | None = None
    direct: int | None = None
    time_parts: tuple[str, ...] = ()
    digits: int | None = None
    means: Floats | None = None

    def __repr__(self) -> str:
        return f"<Forecast of {len(self.ids):,} series, {self.values.shape[1]} steps ahead>"

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns of a forecast file, one row per series and stamp: [S · H] each."""
        horizon = self.values.shape[1]
        columns: dict[str, NDArray[Any]] = {}
        if self.id_column is not None:
            columns[self.id_column] = np.repeat(np.array(self.ids, dtype=object), horizon)
        columns[self.time_column] = self.stamps.ravel()
        columns["forecast"] = rounded(self.values.ravel(), self.digits)
        for level, low, high in self.intervals:
            columns[f"forecast-lo-{level:g}"] = rounded(low.ravel(), self.digits)
            columns[f"forecast-hi-{level:g}"] = rounded(high.ravel(), self.digits)
        for share, values in self.quantiles:
            columns[f"forecast-q-{100 * share:g}"] = rounded(values.ravel(), self.digits)
        if self.means is not None:
            columns[MEAN] = rounded(self.means.ravel(), self.digits)
        grid = np.repeat(self.methods, horizon).reshape(-1, horizon)
        if self.direct is not None:
            grid[:, self.direct :] = self.last_methods()[:, None]
        columns["method"] = grid.ravel()
        if self.tiers is not None:
            columns[TIER] = np.repeat(self.tiers, horizon)
        return columns

    def take(self, chosen: slice) -> Forecast:
        """Return the forecast of some of the series."""
        return replace(
            self,
            ids=self.ids[chosen],
            stamps=self.stamps[chosen],
            values=self.values[chosen],
            intervals=tuple((level, low[chosen], high[chosen]) for level, low, high in self.intervals),
            quantiles=tuple((share, values[chosen]) for share, values in self.quantiles),
            methods=self.methods[chosen],
            means=None if self.means is None else self.means[chosen],
            tiers=None if self.tiers is None else self.tiers[chosen],
        )

    def last_methods(self) -> NDArray[np.object_]:
        """Return what made the last step of each series [S]: `lstm_recursive` where the network read forecasts."""
        if self.direct is None:
            return self.methods
        return np.where(np.isin(self.methods, SIMPLE), self.methods, self.methods + RECURSIVE)

    def to_csv(self) -> str:
        """Return the content of a forecast file: RFC 4180 quoting, the shortest numbers that read back equal."""
        from forecaster.base.rowfile import categories, csv_of

        columns: dict[str, Any] = self.written_columns()
        if self.id_column is not None:  # each name is quoted and encoded once, not once a row
            rows = np.repeat(np.arange(len(self.ids)), self.values.shape[1])
            columns[self.id_column] = categories(self.ids, rows)
        return csv_of(columns)

    def written_columns(self) -> dict[str, NDArray[Any]]:
        """Return `columns` with the stamps in the columns that the data has them in."""
        columns: dict[str, NDArray[Any]] = {}
        for name, column in self.columns().items():
            columns |= self._in_parts(column) if name == self.time_column else {name: column}
        return columns

    def _in_parts(self, stamps: NDArray[np.object_]) -> dict[str, NDArray[Any]]:
        """Return the stamps [N] as the columns that they came in; as one where they do not fall apart into these."""
        cells = [str(stamp).split(" ") for stamp in stamps.tolist()] if self.time_parts else []
        if not cells or any(len(cell) != len(self.time_parts) for cell in cells):
            return {self.time_column: stamps}
        return {name: np.array([cell[at] for cell in cells], object) for at, name in enumerate(self.time_parts)}

    def for_spreadsheets(self) -> Forecast:
        """Return the forecast with `'` before every name that a spreadsheet would run as a formula (CWE-1236)."""

        def guarded(name: str) -> str:
            return f"'{name}" if FORMULA.match(name) else name

        return replace(
            self,
            ids=tuple(map(guarded, self.ids)),
            id_column=self.id_column and guarded(self.id_column),
            time_column=guarded(self.time_column),
            time_parts=tuple(map(guarded, self.time_parts)),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the columns of a forecast file as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.columns())
