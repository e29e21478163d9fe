"""Contexts as they are asked about: without a level that is large against their variation, which then returns.

The network reads a context from its mean on, in standard deviations, and takes a deviation below a billionth of the
mean for a constant's rounding. Differences from one of the values themselves are exact, however high the level is.

A season longer than any context says nothing. A long one costs memory by its square, so few contexts are asked about
at once then.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecaster.model.pretrained.candidates import Array, namespace
from forecaster.model.pretrained.contexts import Contexts
from forecaster.model.pretrained.network import Builtin
from forecaster.model.pretrained.rhythm import LONGEST, rhythm

Floats = NDArray[np.float64]

MOST_MEMORY = 2**29
"""Bytes for seasonal patterns at a time."""

HIGH = 1e5
"""Times the range of a context from which its level is taken off."""


def forecast_apart(network: Builtin, contexts: Contexts, seasons: tuple[int, ...], horizon: int) -> Floats:
    """Forecast each context as `Builtin.forecast` does, [N, horizon, 9], however high its level is.

    Args:
        network: What answers.
        contexts: N of them.
        seasons: Season lengths in steps, the main one first; () or (1,) is none.
        horizon: H ≥ 1.
    """
    seasons = readable(seasons)
    offsets = offsets_of(contexts, seasons)
    if offsets.any():
        contexts = contexts.less(offsets)
    rows = max(1, MOST_MEMORY // _memory(seasons))
    parts = [contexts[start : start + rows] for start in range(0, len(contexts), rows)]
    with np.errstate(over="ignore", invalid="ignore"):  # the caller judges answers that are not finite
        answers = [network.answer(part, seasons, horizon) for part in parts or [contexts]]
    answer = answers[0] if len(answers) == 1 else np.concatenate(answers)
    return answer + offsets[:, None, None] if offsets.any() else answer


def readable(seasons: tuple[int, ...]) -> tuple[int, ...]:
    """Return the season lengths that a context can hold, in the order given; (1,) where there is none."""
    return tuple(season for season in seasons if season <= LONGEST) or (1,)


def _memory(seasons: tuple[int, ...]) -> int:
    """Return the bytes that a context needs while the pattern of its main season is smoothed."""
    season = seasons[0] if seasons else 1
    return 2 * 8 * season * (season // 12 + 1)


def offsets_of(contexts: Contexts, seasons: tuple[int, ...]) -> Floats:
    """Return what is taken off each context [N]: its highest value where that is far from 0, else 0.

    The range is that of the values by which the network scales a context. Less its highest value, a context has values
    below zero, so that zero does not bound the answer.
    """
    shape = rhythm(seasons)
    low, high = contexts.extremes(np.minimum(contexts.segments(shape) * shape.segment, LONGEST))
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(offset_of(high, low))


def offset_of(high: Array, low: Array) -> Array:
    """Return what is taken off contexts with these highest and lowest values, in the library of both."""
    xp = namespace(high)
    is_high = (high > low) & (xp.minimum(xp.abs(high), xp.abs(low)) > HIGH * (high - low))
    return xp.where(is_high, high, xp.zeros_like(high))
