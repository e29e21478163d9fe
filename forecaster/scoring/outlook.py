"""A series at its end: the last seasons, what a model would have forecast in them, and what it forecasts next."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.base.errors import UsageError, shown
from forecaster.data.panel import Panel
from forecaster.model.forecast import Predicted
from forecaster.model.origins import Origins
from forecaster.model.predictor import Forecaster, forecast_windows
from forecaster.model.windows import Floats, Ints

LONGEST_HISTORY = 400
"""Steps of history that are shown where nobody says how many: of more, no eye can follow a season."""

MOST_NEAR = 3
"""Names that are offered for one that does not exist."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Path(Predicted):
    """One forecast.

    Attributes:
        stamps: [H] datetime64[ns] in UTC, or int64.
        method: `lstm`, or what stood in for it.
    """

    stamps: NDArray[np.generic]
    method: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Outlook:
    """One series at its end.

    Attributes:
        series: Its index in the panel.
        name: Its name; empty for a single series without one.
        stamps: [n] of the history, datetime64[ns] in UTC, or int64.
        history: [n] what was observed; NaN where nothing was.
        past: Forecasts from cutoffs inside the history, one after the other, oldest first.
        next: The forecast after the end.
    """

    series: int
    name: str
    stamps: NDArray[np.generic]
    history: Floats
    past: tuple[Path, ...]
    next: Path


def usual_history(season: int, horizon: int) -> int:
    """Return how many steps of history are shown with a forecast of `horizon` steps."""
    return min(LONGEST_HISTORY, max(4 * horizon, 3 * season, 40))


def look_ahead(
    model: Forecaster, panel: Panel, chosen: Sequence[int], steps: tuple[int, int, int], levels: tuple[float, ...]
) -> list[Outlook]:
    """Return the outlook of some series.

    Args:
        model: What forecasts.
        panel: All series.
        chosen: Indices of series.
        steps: How many steps of history, how many to forecast, and how many forecasts inside the history.
        levels: Of the intervals, in percent, ascending.

    Raises:
        ModelError: The network's answer is not finite.
    """
    history, horizon, past = steps
    series = np.repeat(np.asarray(chosen, np.int64), past + 1)
    back = np.tile(np.arange(past, -1, -1) * horizon, len(chosen))
    origins = Origins.of(panel, series, panel.offsets[series + 1] - back)
    # A past forecast needs something to see, and a history that reaches back to it; the last one is always made.
    use = (back == 0) | ((back <= history) & (origins.lengths >= model.window.shortest_history))
    paths: dict[int, list[Path]] = {int(s): [] for s in chosen}
    for block in forecast_windows(model, panel, origins[use], horizon, levels):
        for i, s in enumerate(block.origins.series.tolist()):
            at = int(block.origins.lengths[i])
            intervals = tuple((level, low[i], high[i]) for level, low, high in block.intervals)
            stamps = panel.stamps_at(np.full(horizon, s), at + np.arange(horizon))
            paths[s].append(
                Path(stamps=stamps, values=block.values[i], intervals=intervals, method=str(block.methods[i]))
            )
    return [_outlook(panel, int(s), history, paths[int(s)]) for s in chosen]


def _outlook(panel: Panel, s: int, history: int, paths: list[Path]) -> Outlook:
    shown_steps = np.arange(max(int(panel.lengths[s]) - history, 0), int(panel.lengths[s]))
    return Outlook(
        series=s,
        name=panel.ids[s],
        stamps=panel.stamps_at(np.full(len(shown_steps), s), shown_steps),
        history=panel.observed(panel.offsets[s] + shown_steps),
        past=tuple(paths[:-1]),
        next=paths[-1],
    )


def find_series(panel: Panel, names: Sequence[str] | None) -> Ints:
    """Return the indices of series by name, each once, in the order given; of all where none is named.

    Raises:
        UsageError: A name that no series has; the nearest ones are offered.
    """
    if not names:
        return np.arange(panel.n_series)
    known = {name: s for s, name in enumerate(panel.ids)}
    for name in names:
        if name not in known:
            raise UsageError(f"{panel.source}: no series is called {shown(name)}", hint=_advice(panel, name))
    return np.array([known[name] for name in dict.fromkeys(names)], np.int64)


def _advice(panel: Panel, name: str) -> str:
    left_out = dict(panel.skipped).get(name)
    if left_out is not None:
        return f"It was left out: {left_out}"
    if panel.ids == ("",):
        return "There is one series, without a name: leave --series out"
    near = difflib.get_close_matches(name, panel.ids, MOST_NEAR, 0.5)
    if near:
        return f"Did you mean {' or '.join(map(shown, near))}?"
    return f"There are {', '.join(map(shown, panel.ids[:MOST_NEAR]))}{', …' if panel.n_series > MOST_NEAR else ''}"
