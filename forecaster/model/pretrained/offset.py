"""Contexts whose level is large against their variation: asked about without that level, which then returns.

The network reads a context from its mean on, in standard deviations, and takes a deviation below a billionth of the
mean for a constant's rounding. Differences from one of the values themselves are exact, however high the level is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecaster.model.pretrained.network import Builtin
from forecaster.model.pretrained.rhythm import LONGEST, rhythm

Floats = NDArray[np.float64]

HIGH = 1e5
"""Times the range of a context from which its level is taken off."""


def forecast_apart(network: Builtin, contexts: Sequence[Floats], seasons: tuple[int, ...], horizon: int) -> Floats:
    """Forecast each context as `Builtin.forecast` does, [N, horizon, 9], however high its level is.

    Args:
        network: What answers.
        contexts: N float64 arrays of any length ≥ 1, oldest first, NaN where missing.
        seasons: Season lengths in steps, the main one first; () or (1,) is none.
        horizon: H ≥ 1.
    """
    offsets = offsets_of(contexts, seasons)
    if not offsets.any():
        return network.forecast(contexts, seasons, horizon)
    lower = [context - offset if offset else context for context, offset in zip(contexts, offsets, strict=True)]
    return network.forecast(lower, seasons, horizon) + offsets[:, None, None]


def offsets_of(contexts: Sequence[Floats], seasons: tuple[int, ...]) -> Floats:
    """Return what is taken off each context [N]: its highest value where that is far from 0, else 0.

    The range is that of the values by which the network scales a context. Less its highest value, a context has values
    below zero, so that zero does not bound the answer.
    """
    shape = rhythm(seasons)
    recent = [
        context[-min(shape.bucket(min(len(context), LONGEST)) * shape.segment, LONGEST) :] for context in contexts
    ]
    if not recent:
        return np.zeros(0)
    starts = np.cumsum([0, *(len(context) for context in recent[:-1])])
    values = np.concatenate(recent)
    high, low = np.fmax.reduceat(values, starts), np.fmin.reduceat(values, starts)
    with np.errstate(over="ignore", invalid="ignore"):
        is_high = (high > low) & (np.minimum(np.abs(high), np.abs(low)) > HIGH * (high - low)) & np.isfinite(high - low)
    return np.where(is_high, high, 0.0)
