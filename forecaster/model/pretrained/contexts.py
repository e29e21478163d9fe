"""Contexts of any lengths end to end: many short ones are cut, measured and stacked at once, not one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forecaster.model.pretrained.rhythm import LADDER, LONGEST, Rhythm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Contexts:
    """The last values of N contexts, end to end.

    Attributes:
        values: All of them, float64, NaN where missing.
        ends: Index after the last value of each, `(N,)`.
        lengths: Of each, `(N,)`, from 1 to `LONGEST`.
    """

    values: Floats
    ends: Ints
    lengths: Ints

    @classmethod
    def of(cls, values: Floats, starts: Ints, ends: Ints) -> Contexts:
        """Return stretches `values[starts:ends]` of one array, `(N,)` each; they may overlap."""
        starts = np.maximum(starts, ends - LONGEST)
        lengths = np.asarray(ends - starts, np.int64)
        after = np.cumsum(lengths)
        if len(ends) and (starts[1:] == ends[:-1]).all():
            found = values[starts[0] : ends[-1]]
        else:
            found = values[np.arange(int(lengths.sum())) + np.repeat(starts - (after - lengths), lengths)]
        return cls(np.where(np.isfinite(found), found, np.nan), after, lengths)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, chosen: slice | Ints) -> Contexts:
        return Contexts.of(self.values, (self.ends - self.lengths)[chosen], self.ends[chosen])

    @cached_property
    def least(self) -> Floats:
        """The least value of each, `(N,)`; NaN where none is known."""
        return self.extremes(self.lengths)[0]

    def extremes(self, most: Ints) -> tuple[Floats, Floats]:
        """The least and the largest of the last `most` `(N,)` values of each, `(N,)`; NaN where none is known."""
        around = np.append(self.values, np.nan)  # `reduceat` takes no index after the end
        bounds = np.stack([self.ends - np.minimum(self.lengths, most), self.ends], axis=1).ravel()  # from, to, from, …
        if not len(self):
            return np.empty(0), np.empty(0)
        return np.fmin.reduceat(around, bounds)[::2], np.fmax.reduceat(around, bounds)[::2]

    def newest(self, most: int) -> Contexts:
        """The last values of each, so many at most."""
        return Contexts.of(self.values, self.ends - np.minimum(self.lengths, most), self.ends)

    def segments(self, shape: Rhythm) -> Ints:
        """K of each, `(N,)`: the segments that it is padded to."""
        needed = -(-self.lengths // shape.segment)
        return np.array(LADDER)[np.minimum(np.searchsorted(LADDER, needed), len(LADDER) - 1)]

    def less(self, offsets: Floats) -> Contexts:
        """All of them less a number each, `(N,)`."""
        return Contexts(self.values - np.repeat(offsets, self.lengths), self.ends, self.lengths)

    def stacked(self, rows: Ints) -> Floats:
        """Some of them with a common end, NaN before they begin, `(n, T)`."""
        ends, lengths = self.ends[rows, None], self.lengths[rows, None]
        back = np.arange(-int(lengths.max()), 0)
        found = self.values[np.maximum(ends + back, 0)]
        return found if (lengths == len(back)).all() else np.where(back >= -lengths, found, np.nan)

    def extended(self, more: Floats) -> Contexts:
        """All of them with more values, `(N, k)`, at their ends."""
        parts = [
            np.concatenate([self.values[end - length : end], row])
            for end, length, row in zip(self.ends.tolist(), self.lengths.tolist(), more, strict=True)
        ]
        return join(parts)


def join(contexts: Sequence[Floats]) -> Contexts:
    """The last values of contexts, NaN for all that is not a number."""
    lengths = np.array([len(context) for context in contexts], np.int64)
    ends = np.cumsum(lengths)
    return Contexts.of(np.concatenate([*contexts, np.empty(0)]).astype(np.float64), ends - lengths, ends)
