"""Zeros: how high intervals of rare demand must reach, and steps at which nothing ever happens.

Most values of such a series are 0, and so is the lower end of its intervals: they can be missed above only. A network
that has seen many series smooths over what one of them shows: 5 pieces on one day in ten have the 0.95 quantile 5, and
nothing between 0 and 5 ever comes. So the upper end of a level is at least the value that this share of the recent past
does not exceed.

And where a series is 0 on every Sunday, and only then, it will be 0 on the next one: a network that has seen closed and
open days of many series is not as sure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.model.pretrained.contexts import Contexts
from forecaster.model.windows import Floats, Ints

RECENT = 200
"""Values at the end of a series that are looked at, at most."""

MOSTLY = 0.5
"""Share of values that must be 0, and more."""

LEAST_CYCLES, MOST_CYCLES = 4, 60
"""Cycles of a season that show whether a phase is always 0, and how many of the newest ones are looked at."""

MOST_OPEN_ZEROS = 0.02
"""Share of the values at all other phases that may be 0."""


@dataclass(frozen=True, eq=False)
class Zeros:
    """What the zeros of N contexts say of H steps ahead.

    Attributes:
        least: [N, L] what the upper ends of intervals from zero on must at least be, by level.
        closed: [N, H] for how many cycles the phase of a step has been 0; 0 where it is not closed.
    """

    least: Floats
    closed: Ints

    def is_sure(self, level: float) -> NDArray[np.bool_]:
        """Return which steps [N, H] are closed with at least this probability, in percent."""
        return np.asarray((self.closed > 0) & (self.closed + 1 >= 100 / (100 - level)))

    def part(self, chosen: NDArray[np.bool_]) -> Zeros:
        """Return those of some contexts [N]."""
        return Zeros(self.least[chosen], self.closed[chosen])


def join_zeros(parts: Sequence[Zeros]) -> Zeros:
    """Return those of several groups of contexts, at least one, in their order."""
    return Zeros(np.concatenate([part.least for part in parts]), np.concatenate([part.closed for part in parts]))


def look_at_zeros(contexts: Contexts, seasons: Sequence[int], horizon: int, levels: Sequence[float]) -> Zeros:
    """Return what the zeros of N contexts say of H steps ahead; see `least_upper` and `closed_cycles`."""
    return Zeros(least_upper(contexts, levels), closed_cycles(contexts, seasons, horizon))


def least_upper(contexts: Contexts, levels: Sequence[float]) -> Floats:
    """Return what the upper ends of intervals must at least be [N, L]; minus infinity where demand is not rare.

    Args:
        contexts: N contexts.
        levels: L levels in percent, 0 < level < 100.
    """
    found = np.full((len(contexts), len(levels)), -np.inf)
    if not len(contexts):
        return found
    past = contexts.newest(RECENT).stacked(np.arange(len(contexts)))
    known = (~np.isnan(past)).sum(axis=1)
    rare = ((past == 0).sum(axis=1) > MOSTLY * known) & ~(past < 0).any(axis=1)
    past, known = np.sort(past[rare], axis=1), known[rare]  # NaN at the end
    for i, level in enumerate(levels):
        nth = np.ceil(level / 100 * known - 1e-9).astype(np.int64) - 1  # as inverted_cdf of numpy.quantile
        found[rare, i] = past[np.arange(len(past)), np.maximum(nth, 0)]
    return found


def closed_cycles(contexts: Contexts, seasons: Sequence[int], horizon: int) -> Ints:
    """Return for each step ahead [N, H] for how many cycles it has been 0 at its phase; 0 where it is not closed.

    A shop that is closed on Sundays has 0 there and nowhere else. If n cycles are exchangeable with the next one, that
    is another value with a probability of 1 / (n + 1) at most.

    Args:
        contexts: N contexts.
        seasons: Season lengths in steps; each is looked at where four cycles of it are there.
        horizon: H.
    """
    found = np.zeros((len(contexts), horizon), np.int64)
    for season in seasons:
        cycles = min(int(contexts.lengths.max(initial=0)) // season, MOST_CYCLES) if season > 1 else 0
        if cycles < LEAST_CYCLES:
            continue
        rows = contexts.newest(cycles * season).stacked(np.arange(len(contexts)))
        phases = rows.reshape(len(contexts), cycles, season)
        known, zero = (~np.isnan(phases)).sum(axis=1), (phases == 0).sum(axis=1)
        closed = (known >= LEAST_CYCLES) & (zero == known)
        open_values, open_zeros = (np.where(closed, 0, count).sum(axis=1) for count in (known, zero))
        regular = (open_values > 0) & (open_zeros <= MOST_OPEN_ZEROS * open_values)
        ahead = np.arange(horizon) % season
        found = np.maximum(found, np.where(closed & regular[:, None], known, 0)[:, ahead])
    return found
