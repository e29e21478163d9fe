"""How far intervals of real panels that were held out are off: on average, between panels, between stretches of time.

From this come the numbers of `forecaster.model.conformal`: what a panel's own past is worth next to other panels, and
how much wider intervals must be after contexts of each length.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np

from forecaster.model.conformal import Fan
from forecaster.model.pretrained import Builtin
from pretraining.corpus import Named
from pretraining.draws import Floats
from pretraining.validate import HORIZONS

LEVELS = (50, 80, 95)
STRETCHES = 5  # stretches of time that are looked at, each a horizon long, the newest one first
FEWEST = 20  # series of a panel
LENGTHS = (4, 8, 12, 18, 30, 60, 2_049)  # edges of the groups of context lengths


@dataclass(frozen=True)
class Spread:
    """What one level needs, as logarithms of how much wider intervals must be than the network's own.

    Attributes:
        mean: Of all panels.
        panels: Deviation between panels.
        stretches: Deviation between stretches of one panel.
        count: Panels with at least two stretches.
    """

    mean: float
    panels: float
    stretches: float
    count: int

    @property
    def worth(self) -> float:
        """Stretches of its own past that knowing the other panels is worth."""
        return self.stretches**2 / max(self.panels**2, 1e-9)


def panels(series: list[Named]) -> dict[tuple[str, tuple[int, ...]], list[Floats]]:
    """Held-out series by where they come from and their seasons."""
    found: dict[tuple[str, tuple[int, ...]], list[Floats]] = defaultdict(list)
    for name, seasons, values in series:
        source = "/".join(name.split("/")[:2]) + "#".join(["", *name.split("#")[1:]])
        if seasons in HORIZONS:
            found[source, seasons].append(values)
    return {key: each for key, each in found.items() if len(each) >= FEWEST}


@dataclass(frozen=True)
class Intervals:
    """What was measured: by level, and by the length of the context, (from, below) → logarithms by level."""

    spreads: dict[int, Spread]
    lengths: dict[tuple[int, int], dict[int, float]]


def measure(network: Builtin, series: list[Named]) -> Intervals:
    """Ask the network about the stretches of each panel, and compare."""
    rows: dict[int, list[list[float]]] = {level: [] for level in LEVELS}
    everything: list[tuple[Floats, Floats]] = []
    for (_, seasons), each in panels(series).items():
        found = [_distances(network, (each, seasons), back) for back in range(STRETCHES)]
        kept = [(lengths, cells) for lengths, cells in found if len(lengths) >= FEWEST]
        everything += kept
        for level in LEVELS:
            rows[level].append([_needed(cells, level) for _, cells in kept])
    spreads = {level: _spread([row for row in many if len(row) > 1]) for level, many in rows.items()}
    by_length = {}
    for low, high in pairwise(LENGTHS):
        cells = np.concatenate([cells[(lengths >= low) & (lengths < high)].ravel() for lengths, cells in everything])
        if np.isfinite(cells).any():
            by_length[low, high] = {level: _needed(cells, level) for level in LEVELS}
    return Intervals(spreads, by_length)


def _needed(cells: Floats, level: int) -> float:
    """Logarithm of how much wider intervals of a level must be for these distances."""
    own = NormalDist().inv_cdf(0.5 + level / 200)
    return float(np.log(max(np.nanquantile(cells, level / 100), 1e-3) / own))


def _spread(rows: list[list[float]]) -> Spread:
    within = float(np.mean([np.var(row, ddof=1) for row in rows]))
    means = np.array([np.mean(row) for row in rows])
    noise = float(np.mean([within / len(row) for row in rows]))
    between = max(float(means.var(ddof=1)) - noise, 0.0)
    return Spread(float(means.mean()), between**0.5, within**0.5, len(rows))


def _distances(network: Builtin, panel: tuple[list[Floats], tuple[int, ...]], back: int) -> tuple[Floats, Floats]:
    """Context lengths [N], and how many deviations [N, H] the actuals of one stretch are from the medians."""
    series, seasons = panel
    horizon = HORIZONS[seasons]
    contexts, actual = [], []
    for values in series:
        end = len(values) - horizon * (back + 1)
        known = values[: max(end, 0)][-2_048:]
        if end >= max(5, seasons[0] + 2) and np.nanstd(known) > 0:
            contexts.append(known)
            actual.append(values[end : end + horizon])
    if not contexts:
        return np.empty(0), np.empty((0, horizon))
    fan = Fan(network.levels, network.forecast(contexts, seasons, horizon))
    return np.array([float(len(known)) for known in contexts]), fan.distance(np.array(actual))


def table(found: Intervals) -> str:
    """The measurements as lines of text."""
    lines = [f"{'level':>9} {'panels':>6} {'mean':>7} {'between panels':>14} {'between stretches':>17} {'worth':>6}"]
    for level, one in found.spreads.items():
        numbers = f"{one.count:6d} {one.mean:7.3f} {one.panels:14.3f} {one.stretches:17.3f} {one.worth:6.2f}"
        lines.append(f"{level:7d} % {numbers}")
    lines.append(f"{'values':>9} " + " ".join(f"{level:5d} %" for level in LEVELS))
    for (low, high), needed in found.lengths.items():
        lines.append(f"{low:4d}-{high - 1:4d} " + " ".join(f"{value:+7.3f}" for value in needed.values()))
    return "\n".join(lines)
