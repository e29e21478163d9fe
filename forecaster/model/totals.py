"""Sums of the next k steps, with intervals: of paths, because the ends of intervals do not add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.model.forecast import Forecast, Predicted
from forecaster.model.reconciliation import from_units, in_units
from forecaster.model.samples import AnyPaths
from forecaster.model.windows import Floats

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Totals(Predicted):
    """Sums of S series over the first steps of a forecast, k for each of W sums.

    Attributes:
        forecast: Which series and stamps.
        steps: [W] how many steps each sum is over, ascending.
        values: [S, W] sum of the point forecasts; intervals and quantiles are of the sums.
        means: [S, W] mean over the paths.
    """

    forecast: Forecast
    steps: tuple[int, ...]
    means: Floats

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns of a totals file, one row a series and sum: [S · W] each."""
        series, count = self.values.shape
        columns: dict[str, np.ndarray] = {}
        if self.forecast.id_column is not None:
            columns[self.forecast.id_column] = np.repeat(np.array(self.forecast.ids, dtype=object), count)
        last = np.array(self.steps) - 1
        columns["steps"] = np.tile(np.array(self.steps), series)
        columns["from"] = np.repeat(self.forecast.stamps[:, 0], count)
        columns["until"] = self.forecast.stamps[:, last].ravel()
        columns |= {"forecast": self.values.ravel(), "mean": self.means.ravel()}
        for level, low, high in self.intervals:
            columns |= {f"forecast-lo-{level:g}": low.ravel(), f"forecast-hi-{level:g}": high.ravel()}
        return columns | {f"forecast-q-{100 * share:g}": values.ravel() for share, values in self.quantiles}

    def to_frame(self) -> pd.DataFrame:
        """Return the columns of a totals file as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.columns())

    def records(self) -> list[dict[str, Any]]:
        """Return the rows of a totals file."""
        columns = {name: column.tolist() for name, column in self.columns().items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def add_up(paths: AnyPaths, steps: Sequence[int], levels: Sequence[float], quantiles: Sequence[float]) -> Totals:
    """Return the sums of the first k steps for each k of `steps`, with intervals of these levels, and quantiles."""
    ends = np.array(steps) - 1
    found: list[Mapping[float, Floats]] = []
    means = []
    for _, drawn in paths.blocks():
        sums = np.cumsum(drawn, axis=-1)[..., ends]
        means.append(sums.mean(axis=1))
        found.append(quantiles_of(sums, levels, quantiles))
    values, mean = np.cumsum(paths.forecast.values, axis=1)[:, ends], np.concatenate(means)
    joined = {share: np.concatenate([part[share] for part in found]) for share in found[0]}
    if (decimals := paths.decimals) is not None:
        values, mean = (from_units(in_units(each, decimals), decimals) for each in (values, mean))
        joined = {share: from_units(in_units(each, decimals), decimals) for share, each in joined.items()}
    return Totals(
        forecast=paths.forecast,
        steps=tuple(steps),
        values=values,
        means=mean,
        intervals=tuple((level, joined[ends_of(level)[0]], joined[ends_of(level)[1]]) for level in levels),
        quantiles=tuple((share, joined[share]) for share in quantiles),
    )


def ends_of(level: float) -> tuple[float, float]:
    """Return the quantiles that an interval of a level in percent ends at."""
    return 0.5 - level / 200, 0.5 + level / 200


def quantiles_of(sums: Floats, levels: Sequence[float], quantiles: Sequence[float]) -> dict[float, Floats]:
    """Return the quantiles [n, W] of samples [n, N, W] that intervals of these levels end at, and these quantiles."""
    shares = [*(share for level in levels for share in ends_of(level)), *quantiles]
    return dict(zip(shares, np.quantile(sums, shares, axis=1), strict=True))
