"""A saved model and a panel → a forecast, in blocks of series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecaster import baselines
from forecaster.calibration import Answers, make_answers
from forecaster.errors import ModelError, UsageError
from forecaster.forecast import Forecast
from forecaster.panel import Panel
from forecaster.store import Model
from forecaster.windows import Floats, Ints, cut_windows, restore, to_scale, window_roughness

BLOCK = 8192
"""Series forecast at once; keeps memory flat for a panel of any number of series."""


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
        id_column=panel.schema.id, time_column=panel.schema.time,
    )  # fmt: skip


def _forecast_block(model: Model, panel: Panel, block: slice, levels: tuple[float, ...]) -> list[Floats]:
    """Forecast some of the series: the point forecasts, then the lower and upper ends of each level, each [n, H]."""
    starts, ends = panel.offsets[:-1][block], panel.offsets[1:][block]
    answers = answer_windows(model, panel.values, starts, ends)
    constant = constant_series(panel)[block]
    forever = panel.values[starts[constant]][:, None]
    values = restore(answers.outputs, answers.windows)
    values[constant] = forever
    parts = [values]
    for level in levels:
        low, high = model.calibration.interval(answers, level)
        low[constant] = high[constant] = forever
        parts += [np.minimum(low, values), np.maximum(high, values)]
    return parts


def answer_windows(model: Model, values: Floats, starts: Ints, ends: Ints) -> Answers:
    """Return what a model says of the windows that end at `ends`; of those too short for it, the seasonal naive method.

    Args:
        model: The model.
        values: [T] all series end to end.
        starts: [N] index of the first value of each window's series.
        ends: [N] index after the last value that the window may see (exclusive).
    """
    shape = model.window
    windows = cut_windows(values, starts, ends, shape)
    answers = make_answers(windows, window_roughness(values, starts, ends, shape), model.server.answer(windows.inputs))
    short = ends - starts < shape.shortest_history
    if short.any():
        naive = baselines.seasonal_naive(values, starts[short], ends[short], model.season, shape.horizon)
        answers.outputs[short] = (to_scale(naive, shape) - windows.base[short]) / windows.scale[short]
    return answers


def constant_series(panel: Panel) -> NDArray[np.bool_]:
    """Return a mask [S] of the series that never change."""
    low = np.minimum.reduceat(panel.values, panel.offsets[:-1])
    return np.asarray(low == np.maximum.reduceat(panel.values, panel.offsets[:-1]))
