"""What must be heard by who looks at stderr alone: lost data, numbers too large, a network that adds nothing."""

from __future__ import annotations

import numpy as np

from forecaster.base.errors import DataError, shown
from forecaster.config import PredictSettings, parse_duration
from forecaster.data.panel import Panel
from forecaster.data.stamps import SECOND
from forecaster.model.baselines import seasonal_naive
from forecaster.model.forecast import Forecast
from forecaster.model.store import SavedModel

MOST_NAMED = 10_000
"""Series that a model remembers by name."""

LARGEST = 1e150
"""What the square of a value, and sums of those, can still be reckoned with."""


def check_size(panel: Panel) -> None:
    """Refuse to train on values whose squares no number holds.

    Raises:
        DataError: There is one.
    """
    at = int(np.argmax(np.abs(panel.values)))
    if abs(panel.values[at]) <= LARGEST:
        return
    s = int(np.searchsorted(panel.offsets, at, side="right")) - 1
    stamp = panel.write(panel.stamps_at(np.array([s]), np.array([at - panel.offsets[s]])))[0]
    where = f"series {shown(panel.ids[s])}, {stamp}" if panel.ids[s] else str(stamp)
    fault = f"{panel.source}: {where}: {panel.values[at]:g} is too large to train on: expected at most {LARGEST:g}"
    raise DataError(fault, hint="Divide the values by a constant, or correct them with --on-outlier clip")


def lost_data(model: SavedModel, panel: Panel, settings: PredictSettings, *, cut: bool) -> tuple[str, ...]:
    """Return what the data has lost since the model was trained: series, and the ends of series; one line each.

    Args:
        model: What knows the series that it was trained on.
        panel: The data now.
        settings: `on_missing_series` and `max_lag` say what is refused.
        cut: Whether the user cuts the data at a stamp: then series end earlier because that was asked for.

    Raises:
        DataError: A series is gone, or ends too long before the newest stamp, and the settings refuse that.
    """
    told = []
    known = dict(zip(model.manifest.data.ids, model.manifest.data.ends, strict=False))
    skipped = {name for name, _ in panel.skipped}
    gone = [name for name in known if name not in {*panel.ids} and name not in skipped]
    if gone:
        named = ", ".join(shown(name) for name in gone[:5]) + (f" and {len(gone) - 5:,} more" if len(gone) > 5 else "")
        message = f"{panel.source}: {len(gone):,} of the {len(known):,} series of the training are gone: {named}"
        if settings.on_missing_series == "error":
            raise DataError(message, hint="Complete the data, or pass --on-missing-series warn")
        told.append(message)
    ends = panel.ends.astype(np.int64)
    if settings.max_lag is not None:
        _check_lag(panel, ends, settings.max_lag)
    early = [s for s, name in enumerate(panel.ids) if name in known and ends[s] < known[name]]
    if early and not cut:
        stamps = panel.write(ends[early[:1]].astype(panel.starts.dtype))
        first = f"series {shown(panel.ids[early[0]])}" if panel.ids[early[0]] else "the data"
        count = f"{len(early):,} of {panel.n_series:,} series end" if panel.n_series > 1 else "the data ends"
        told.append(f"{panel.source}: {count} earlier than when the model was trained: {first} at {stamps[0]}")
    return tuple(told)


def _check_lag(panel: Panel, ends: np.ndarray[tuple[int, ...], np.dtype[np.int64]], text: str) -> None:
    limit = parse_duration(text, "--max-lag").total_seconds() * SECOND
    if panel.frequency.is_integer:
        raise DataError(f"{panel.source}: --max-lag {text} needs dates, and the stamps are whole numbers")
    late = np.flatnonzero(ends.max() - ends > limit)
    if len(late):
        s = late[:1]
        first = f"series {shown(panel.ids[int(s[0])])} at {panel.write(ends[s].astype(panel.starts.dtype))[0]}"
        fault = f"{panel.source}: {len(late):,} series end more than {text} before the newest stamp: {first}"
        raise DataError(fault, hint="Complete the data, or pass a longer --max-lag")


def naive_twin(model: SavedModel, panel: Panel, forecast: Forecast) -> tuple[str, ...]:
    """Return a line where the network's forecasts are those of a naive method, and it adds nothing."""
    cell = str(model.network.cell)
    own = np.array([str(method) == cell for method in forecast.methods], bool)
    if not own.any() or forecast.values.shape[1] < 2:
        return ()
    starts, ends = panel.offsets[:-1][own], panel.offsets[1:][own]
    horizon = forecast.values.shape[1]
    for name, season in (("the last value", 1), ("the last season, repeated", model.season)):
        naive = seasonal_naive(panel.values, starts, ends, season, horizon)
        if np.allclose(forecast.values[own], naive, rtol=1e-6, atol=0.0):
            return (f"the forecast equals {name}: the network adds nothing to that; train longer, or use the baseline",)
    return ()
