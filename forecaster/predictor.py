"""A saved model and a panel → a forecast, in blocks of series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecaster import baselines
from forecaster.calibration import make_answers
from forecaster.errors import ModelError, UsageError, shown
from forecaster.forecast import Forecast
from forecaster.panel import Panel
from forecaster.store import Model
from forecaster.windows import Floats, cut_windows, restore, to_scale, window_roughness

BLOCK = 8192
"""Series forecast at once; keeps memory flat for a panel of any number of series."""

LOGARITHMS = (float(np.finfo(np.float64).tiny), float(np.exp(700.0)))
"""Values that `to_scale` and `from_scale` take to a logarithm and back."""


def leave_out_unreadable(model: Model, panel: Panel) -> Panel:
    """Return the panel without the series that a model of logarithms cannot read.

    It was trained on positive values. The logarithm of a zero would be about nothing else, in silence.

    Raises:
        ModelError: It can read none of them.
    """
    if model.window.transform != "log":
        return panel
    first = np.maximum(panel.offsets[:-1], panel.offsets[1:] - model.window.lookback)
    bounds = np.stack([first, panel.offsets[1:]], axis=1).ravel()  # from, to, from, to, …
    low = np.minimum.reduceat(np.append(panel.values, np.inf), bounds)[::2]
    high = np.maximum.reduceat(np.append(panel.values, -np.inf), bounds)[::2]
    unreadable = ((low < LOGARITHMS[0]) | (high > LOGARITHMS[1])) & ~constant_series(panel)
    if not unreadable.any():
        return panel
    value = low[np.argmax(unreadable)] if low[np.argmax(unreadable)] < LOGARITHMS[0] else high[np.argmax(unreadable)]
    reason = f"{value:g} among its last values, and the model takes logarithms, of positive values"
    if unreadable.all():
        hint = "Train a model on this data: forecast train DATA"
        name = f"series {shown(panel.ids[0])}: " if panel.ids[0] else ""
        raise ModelError(f"{panel.source}: {name}{reason}", hint=hint)
    return panel.without(unreadable, reason)


def make_forecast(model: Model, panel: Panel, horizon: int | None, levels: tuple[float, ...]) -> Forecast:
    """Forecast every series of a panel after its last stamp.

    Series too short for the network get the seasonal naive forecast; constant ones go on as they are.

    Raises:
        UsageError: A longer horizon than the model's.
        ModelError: The network's answer is not finite.
    """
    longest = model.window.horizon
    if horizon is not None and horizon > longest:
        raise UsageError(
            f"--horizon {horizon}: model {model.name!r} was trained for {longest} steps",
            hint=f"Train again with: forecast train DATA --horizon {horizon}",
        )
    steps = horizon or longest
    blocks = [_forecast_block(model, panel, slice(i, i + BLOCK), levels) for i in range(0, panel.n_series, BLOCK)]
    values, *ends = (np.concatenate(parts)[:, :steps] for parts in zip(*blocks, strict=True))
    if not all(np.isfinite(part).all() for part in (values, *ends)):
        raise ModelError(f"model {model.name!r} {model.version} answered with values that are not finite")
    short = panel.lengths < model.window.shortest_history
    cell = model.manifest["network"]["cell"]
    methods = np.where(constant_series(panel), "constant", np.where(short, "seasonal_naive", cell))
    return Forecast(
        ids=panel.ids, stamps=panel.future_stamps(steps), values=values,
        intervals=tuple(zip(levels, ends[::2], ends[1::2], strict=True)), methods=methods.astype(object),
        id_column=panel.id_column, time_column=panel.schema.time,
    )  # fmt: skip


def _forecast_block(model: Model, panel: Panel, block: slice, levels: tuple[float, ...]) -> list[Floats]:
    """Forecast some of the series: the point forecasts, then the lower and upper ends of each level, each [n, H]."""
    starts, ends, shape = panel.offsets[:-1][block], panel.offsets[1:][block], model.window
    windows = cut_windows(panel.values, starts, ends, shape)
    roughness = window_roughness(panel.values, starts, ends, shape)
    answers = make_answers(windows, roughness, model.server.answer(windows.inputs))
    short = ends - starts < shape.shortest_history
    if short.any():
        naive = baselines.seasonal_naive(panel.values, starts[short], ends[short], model.season, shape.horizon)
        answers.outputs[short] = (to_scale(naive, shape) - windows.base[short]) / windows.scale[short]
    constant = constant_series(panel)[block]
    forever = panel.values[starts[constant]][:, None]
    values = restore(answers.outputs, windows)
    values[constant] = forever
    parts = [values]
    for level in levels:
        low, high = model.calibration.interval(answers, level)
        low[constant] = high[constant] = forever
        parts += [np.minimum(low, values), np.maximum(high, values)]
    return parts


def constant_series(panel: Panel) -> NDArray[np.bool_]:
    """Return a mask [S] of the series that never change."""
    low = np.minimum.reduceat(panel.values, panel.offsets[:-1])
    return np.asarray(low == np.maximum.reduceat(panel.values, panel.offsets[:-1]))
