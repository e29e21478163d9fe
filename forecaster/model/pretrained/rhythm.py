"""How a series is cut: steps a segment, the seasons looked at, and how many segments a context fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 24  # P: steps that a segment is padded to
LADDER = (4, 8, 16, 32)  # K: segments of past that a context is padded to
AHEAD = 8  # A: segments that are answered at once
LONGEST = 2_048  # steps of context that are read; older ones are not
LEVELS = (0.005, 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975, 0.995)


@dataclass(frozen=True)
class Rhythm:
    """The seasons of a batch of series, and the segments that follow from them.

    Attributes:
        season: m, steps of the first season; 1 is none.
        second: Steps of the longer season, a whole multiple of `season` (365 days are 52 weeks); 0 is none.
        segment: p, steps a segment, at most `WIDTH`.
    """

    season: int
    second: int
    segment: int

    def bucket(self, length: int) -> int:
        """K: the segments that a context of `length` steps is padded to."""
        needed = -(-length // self.segment)
        return next((size for size in LADDER if size >= needed), LADDER[-1])


def rhythm(seasons: Sequence[int]) -> Rhythm:
    """The rhythm of `seasons`: season lengths in steps, the first one first; none or (1,) is no season."""
    lengths = [int(length) for length in seasons if int(length) > 1]
    if not lengths:
        return Rhythm(1, 0, 4)
    season = lengths[0]
    longer = [length for length in lengths[1:] if length >= 2 * season]
    second = round(longer[0] / season) * season if longer else 0
    return Rhythm(season, second, segment(season))


def segment(season: int) -> int:
    """p, steps a segment: the season, or a divisor of it, or a number near one, at most `WIDTH`."""
    if season <= 3:
        return (4, 4, 6)[season - 1]
    if season <= WIDTH:
        return season
    divisors = [steps for steps in range(WIDTH, 11, -1) if season % steps == 0]
    return divisors[0] if divisors else -(-season // -(-season // WIDTH))
