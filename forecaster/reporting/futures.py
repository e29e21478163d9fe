"""A series under several futures, as a figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecaster.data.panel import Panel
from forecaster.model.forecast import Forecast
from forecaster.reporting.figure import Band, Figure, Line, Mark, Tone, local_stamps
from forecaster.scoring.outlook import usual_history

TONES: tuple[Tone, ...] = ("model", "baseline", "faint")
"""Colours of futures; a fourth has the first again, with a dashed line."""


def draw_futures(panel: Panel, s: int, forecasts: Sequence[tuple[str, Forecast]], title: str) -> Figure:
    """Return the figure of one series: its end, and a forecast with its narrowest interval under each future.

    Args:
        panel: S series.
        s: Which of them.
        forecasts: (name of the future, forecast of all series).
        title: Of the figure.
    """
    horizon = forecasts[0][1].values.shape[1]
    length = int(panel.lengths[s])
    shown = min(usual_history(panel.season_length, horizon), length)
    steps = np.arange(length - shown, length + horizon)
    x = local_stamps(panel.stamps_at(np.full(len(steps), s), steps), panel.schema.tz)
    past, ahead = x[:shown], x[shown:]
    marks: list[Mark] = []
    tones = [TONES[k % len(TONES)] for k in range(len(forecasts))]
    for k in reversed(range(len(forecasts))):
        level, low, high = forecasts[k][1].intervals[0]
        marks.append(Band("" if k else f"{level:g} % interval", ahead, low[s], high[s], 0.6, tones[k]))
    history = panel.observed(panel.offsets[s] + steps[:shown])
    marks.append(Line("observed", past, history, "history"))
    for k, ((name, forecast), tone) in enumerate(zip(forecasts, tones, strict=True)):
        marks.append(Line(name, ahead, forecast.values[s], tone, "solid" if k < len(TONES) else "dashed"))
    return Figure(name=f"scenarios-{s}", title=title, marks=tuple(marks), is_time=x.dtype.kind == "M")
