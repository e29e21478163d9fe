"""What covariates have ahead that they never had in the history of the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecaster.base.errors import shown
from forecaster.data.covariates import Covariate, Floats
from forecaster.data.panel import Panel
from forecaster.data.stamps import Ints

TOLERANCE = 0.1
"""Share of the range of the history by which a number may lie outside it: prices grow."""


@dataclass(frozen=True, kw_only=True)
class Novelty:
    """Values ahead that a covariate never had.

    Attributes:
        name: The covariate.
        message: What they are, where the farthest is, and what the history has.
        is_far: Whether it is a category that is new, or a number further outside than `TOLERANCE`.
    """

    name: str
    message: str
    is_far: bool


def novelties(panel: Panel) -> list[Novelty]:
    """Return what covariates that are known ahead have there and never had in the history, one a covariate."""
    covariates = panel.covariates
    if covariates is None:
        return []
    lengths = covariates.lengths
    series = np.repeat(np.arange(panel.n_series), lengths)
    steps = np.arange(len(series)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    at = covariates.starts[series] + steps
    columns = [column for column in covariates.columns if column.role == "future"]
    found = (_novelty(column, column.values[at], (series, steps), panel) for column in columns)
    return [novelty for novelty in found if novelty is not None]


def _novelty(column: Covariate, values: Floats, places: tuple[Ints, Ints], panel: Panel) -> Novelty | None:
    """Return what is new of a covariate with some values [N], whose series and steps are the places."""
    series, steps = places
    ahead = steps >= panel.lengths[series]
    known = values[~ahead & ~np.isnan(values)]
    coming = np.flatnonzero(ahead & ~np.isnan(values))
    if not len(known) or not len(coming):
        return None
    if column.names is not None:
        outside, had = coming[~np.isin(values[coming], known)], ""
        if not len(outside):
            return None
        at, is_far = int(outside[0]), True
        name = shown(column.names[int(values[at])])
    else:
        low, high = float(known.min()), float(known.max())
        over = np.maximum(low - values[coming], values[coming] - high)
        outside = coming[over > 0]
        if not len(outside):
            return None
        at, is_far = int(coming[np.argmax(over)]), bool(over.max() > TOLERANCE * (high - low))
        name, had = f"{values[at]:g}", f": it was {low:g} to {high:g}"
    stamp = panel.write(panel.stamps_at(series[at : at + 1], steps[at : at + 1]))[0]
    where = f"at {stamp}" + (f", series {shown(panel.ids[series[at]])}" if panel.ids[series[at]] else "")
    more = f" ({where}; {len(outside):,} such values)" if len(outside) > 1 else f" ({where})"
    return Novelty(name=column.name, message=f"covariate {column.name!r} was never {name}{had}{more}", is_far=is_far)
