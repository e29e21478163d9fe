"""A saved model and a panel → forecasts, in blocks of windows: at the end of each series, or at cutoffs before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from forecaster.base.errors import ModelError, UsageError, shown
from forecaster.base.meter import tally
from forecaster.data.panel import Panel
from forecaster.data.size import too_large_to_add
from forecaster.model import baselines
from forecaster.model.builtin import METHOD, BuiltinModel
from forecaster.model.calibration import Answers, answer_windows
from forecaster.model.features import signals_of
from forecaster.model.forecast import Block, Forecast
from forecaster.model.origins import Origins, first_changes
from forecaster.model.version import FittedModel, SavedModel
from forecaster.model.windows import LOGARITHMS, Floats, Signals, beyond_logarithms, extremes, restore, to_scale

Forecaster = FittedModel | BuiltinModel
"""What forecasts from any origin of a panel: a saved model, or the built-in network bound to its panel.

Both have a name, a version, a schema, a window, a season, and encodings of what is read besides the values.
"""

UsedModel = SavedModel | BuiltinModel
"""What a command uses: the same, of which it is also known what it is and what it saw."""


def leave_out_unreadable(model: Forecaster, panel: Panel, steps: int) -> Panel:
    """Return the panel without the series that a model of logarithms cannot read.

    It was trained on positive values. The logarithm of a zero would be about nothing else, in silence.

    Args:
        model: What reads.
        panel: S series.
        steps: How many steps at the end of each series it will read.

    Raises:
        ModelError: It can read none of them.
    """
    if model.window.transform != "log":
        return panel
    low, high = extremes(panel.values, np.maximum(panel.offsets[:-1], panel.offsets[1:] - steps), panel.offsets[1:])
    unreadable = beyond_logarithms(low, high) & (first_changes(panel) < panel.offsets[1:])
    if not unreadable.any():
        return panel
    first = int(np.argmax(unreadable))
    value = low[first] if low[first] < LOGARITHMS[0] else high[first]
    reason = f"{value:g} among its last values, and the model takes logarithms, of positive values"
    if unreadable.all():
        hint = "Train a model on this data: forecast train DATA"
        name = f"series {shown(panel.ids[0])}: " if panel.ids[0] else ""
        raise ModelError(f"{panel.source}: {name}{reason}", hint=hint)
    return panel.without(unreadable, reason)


FEWEST = 3
"""Observations of a series that never changes from which that says something: before, it may have been chance."""


def check_horizon(model: Forecaster, horizon: int | None) -> int:
    """Return how many steps to forecast at once; None is all that the model can.

    Raises:
        UsageError: A longer horizon than the model's.
    """
    longest = model.window.horizon
    if horizon is not None and horizon > longest:
        raise UsageError(
            f"--horizon {horizon}: model {model.name!r} was trained for {longest} steps",
            hint=f"Train again with: forecast train DATA --horizon {horizon}, or go on from its own forecasts with: "
            "forecast predict --recursive",
        )
    return horizon or longest


def make_forecast(model: Forecaster, panel: Panel, horizon: int | None, levels: tuple[float, ...]) -> Forecast:
    """Forecast every series of a panel after its last stamp.

    Raises:
        UsageError: A longer horizon than the model's.
        ModelError: The network's answer is not finite.
    """
    steps = check_horizon(model, horizon)
    blocks = list(forecast_windows(model, panel, Origins.at_end(panel), steps, levels))
    ends = [[end for _, *both in block.intervals for end in both] for block in blocks]
    low_high = [np.concatenate(parts) for parts in zip(*ends, strict=True)]
    return Forecast(
        ids=panel.ids,
        stamps=panel.future_stamps(steps),
        values=np.concatenate([block.values for block in blocks]),
        intervals=tuple(zip(levels, low_high[::2], low_high[1::2], strict=True)),
        methods=np.concatenate([block.methods for block in blocks]),
        id_column=panel.id_column,
        time_column=panel.schema.time,
    )


def forecast_windows(
    model: Forecaster, panel: Panel, origins: Origins, horizon: int, levels: tuple[float, ...]
) -> Iterator[Block]:
    """Forecast from each origin as if nothing after it were known, a block of windows at a time.

    The one place where a model becomes forecasts, whichever kind it is. Histories too short for a saved model get the
    seasonal naive forecast; constant ones go on as they are.

    Raises:
        ModelError: The network's answer is not finite.
        DataError: It is not, for values that are too large.
    """
    if isinstance(model, BuiltinModel):
        yield from model.forecast(panel, origins, horizon, levels)
        return
    changes, signals = first_changes(panel), signals_of(panel, model.encodings, model.window.horizon)
    size = model.window.lookback + model.window.horizon
    for part in tally(origins.blocks(size), len, ("forecasting", "forecasts", len(origins))):
        if (known := part.known()) is not None:
            yield known
            continue
        constant = part.ends <= changes[part.series]
        answers = ask_model(model, signals, part)
        values = restore(answers.outputs, answers.windows)
        values[constant] = forever = panel.values[part.starts[constant]][:, None]
        intervals = []
        few = constant & (part.lengths < FEWEST)
        for level in levels:
            low, high = model.calibration.interval(answers, level)
            low[constant] = high[constant] = forever
            if few.any():
                low[few], high[few] = _as_others(values, (low, high), few, ~constant, level)
            low, high = np.minimum(low, values), np.maximum(high, values)
            intervals.append((level, low[:, :horizon], high[:, :horizon]))
        if not all(np.isfinite(end).all() for end in (values, *(e for _, *both in intervals for e in both))):
            fault = too_large_to_add(panel, part.starts, part.ends)
            raise fault or ModelError(f"model {model.name!r} {model.version} answered with values that are not finite")
        short = part.lengths < model.window.shortest_history
        methods = np.where(
            few, "last_value", np.where(constant, "constant", np.where(short, "seasonal_naive", _name_of(model)))
        ).astype(object)
        yield Block(origins=part, values=values[:, :horizon], intervals=tuple(intervals), methods=methods)


def _name_of(model: FittedModel) -> str:
    """Return the method of a model's forecasts: its cell, or the pretrained network where only that has a share."""
    alone = model.companion is not None and model.companion.share.trained == 0
    return METHOD if alone else model.network.cell


def _as_others(
    values: Floats, ends: tuple[Floats, Floats], few: NDArray[np.bool_], others: NDArray[np.bool_], level: float
) -> tuple[Floats, Floats]:
    """Return the ends of intervals of series with next to no history: as wide, for their size, as those of the others.

    Where there are no others, or they are all 0, half the width at 95 % is the value itself, and 1 where that is 0.
    """
    value = values[few]
    size = np.where(value != 0, np.abs(value), np.median(np.abs(values[others])) if others.any() else 1.0)
    share = np.full(values.shape[1], NormalDist().inv_cdf(0.5 + level / 200) / NormalDist().inv_cdf(0.975))
    if (others & (np.abs(values) > 0).all(axis=1)).any():
        known = others & (np.abs(values) > 0).all(axis=1)
        share = np.median((ends[1][known] - ends[0][known]) / 2 / np.abs(values[known]), axis=0)
    half = np.maximum(size, np.finfo(np.float64).tiny) * share
    return value - half, value + half


def ask_model(model: FittedModel, signals: Signals, origins: Origins) -> Answers:
    """Return what a model says of N windows, and the seasonal naive method of those too short for it."""
    shape = model.window
    answers = answer_windows(
        model.server.answer, replace(signals, companion=model.companion), origins, shape, model.server.answer_first
    )
    short = origins.lengths < shape.shortest_history
    if short.any():
        naive = baselines.seasonal_naive(signals.values, origins[short], model.season, shape.horizon)
        answers.outputs[short] = (to_scale(naive, shape) - answers.windows.base[short]) / answers.windows.scale[short]
    return answers
