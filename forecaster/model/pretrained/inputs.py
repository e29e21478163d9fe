"""A batch of contexts → what the network reads: one code for pretraining, forecasts and exports, so none can differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.model.pretrained.candidates import (
    NAMES,
    Array,
    Floats,
    before,
    candidates,
    count,
    first,
    mean,
    middles,
    namespace,
    product,
    seasons,
)
from forecaster.model.pretrained.rhythm import WIDTH, Rhythm

Singles = NDArray[np.float32]

SIMPLE = len(NAMES) + 1  # simple forecasts: the candidates, and their mean weighed by how they did lately
PAST = 3 * WIDTH + 5  # features of a past segment
FUTURE = WIDTH + 5  # features of a segment ahead, besides the candidates
CONTEXT = len(NAMES) + 12  # features of a context as a whole
CACHED = 60_000  # values that are worked on at a time
SHARP = 4.0  # power of the error by which candidates lose weight
BACK = (1, 2, 3)  # segments before the end at which the candidates were tried; the third for short segments only
FLOOR = 0.01  # of the deviation: the smallest unit of error


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the network reads of `N` contexts, and how its answers turn into the data's units.

    Attributes:
        past: `(N, K, PAST)`.
        future: `(N, A, FUTURE)`.
        simple: `(N, A, SIMPLE, WIDTH)`: candidates and their weighed mean, in units of `unit` from `level`.
        context: `(N, CONTEXT)`.
        level: `(N, 1)`, data units: the last smoothed level.
        unit: `(N, 1)`, data units: mean error of the seasonal naive forecast within the context, the measure of MASE.
    """

    past: Array
    future: Array
    simple: Array
    context: Array
    level: Array
    unit: Array

    def arrays(self) -> dict[str, Array]:
        """The four inputs of the network by name."""
        return {"past": self.past, "future": self.future, "simple": self.simple, "context": self.context}


def inputs(x: Floats, rhythm: Rhythm, segments: int, ahead: int) -> Inputs:
    """Cut contexts into segments, a few at a time: what one of them needs then stays in the processor's cache.

    Args:
        x: `(N, T)` float64, oldest first, NaN where missing and before the start; the last column is the newest step.
        rhythm: Seasons and segment of all of them.
        segments: K.
        ahead: A.
    """
    rows = max(16, CACHED // max(x.shape[1], 1))
    parts = [read(x[start : start + rows], rhythm, segments, ahead) for start in range(0, len(x), rows)]
    return parts[0] if len(parts) == 1 else Inputs(*map(np.concatenate, zip(*map(_fields, parts), strict=True)))


def _fields(part: Inputs) -> tuple[Array, ...]:
    return part.past, part.future, part.simple, part.context, part.level, part.unit


def read(x: Array, rhythm: Rhythm, segments: int, ahead: int) -> Inputs:
    """`inputs` of all contexts at once, in the library of `x`."""
    xp = namespace(x)
    seen = xp.isfinite(x)
    held = xp.where(seen, x, 0.0)
    loc, scale = _scale(held, seen, segments * rhythm.segment)
    z = xp.where(seen, (held - loc) / scale, 0.0)
    steps = ahead * rhythm.segment
    simple = candidates(z, seen, rhythm, steps)
    level = _level(z, seen)
    unit = naive_error(z, seen, rhythm)
    relative = (simple - level[:, :, None]) / unit[:, :, None]
    errors, tried = _errors(z, seen, unit, rhythm)
    weight = xp.exp(-SHARP * (errors - xp.min(errors, axis=1, keepdims=True)))
    weight = weight / xp.sum(weight, axis=1, keepdims=True)
    weighed = xp.sum(weight[:, :, None] * relative, axis=1)
    relative = xp.clip(xp.concat([relative, weighed[:, None, :]], axis=1), -1e4, 1e4)
    cut = _wide(xp.reshape(xp.astype(relative, xp.float32), (-1, SIMPLE, ahead, rhythm.segment)))
    facts = xp.concat([errors, _facts(z, seen, (unit, tried), rhythm)], axis=1)
    return Inputs(
        past=_past(z, seen, (level, unit), rhythm, segments),
        future=xp.zeros_like(cut[:, 0, :, :1]) + xp.asarray(_future(rhythm, ahead)),
        simple=xp.permute_dims(cut, (0, 2, 1, 3)),
        context=xp.astype(facts, xp.float32),
        level=loc + scale * level,
        unit=scale * unit,
    )


def _wide(part: Array) -> Array:
    """`(…, p)` with zeros up to `(…, WIDTH)`."""
    xp, missing = namespace(part), WIDTH - part.shape[-1]
    empty = xp.zeros_like(xp.tile(part[..., :1], (1,) * (part.ndim - 1) + (missing,)))
    return xp.concat([part, empty], axis=-1) if missing else part


def naive_error(z: Array, seen: Array, rhythm: Rhythm) -> Array:
    """Mean absolute error of the seasonal naive forecast within each context, `(N, 1)`, at least `FLOOR`."""
    xp = namespace(z)
    seasonal, plain = _lagged(z, seen, rhythm.season), _lagged(z, seen, 1)
    return xp.maximum(xp.where(xp.isnan(seasonal), xp.where(xp.isnan(plain), 1.0, plain), seasonal), FLOOR)


def _lagged(z: Array, seen: Array, lag: int) -> Array:
    """Mean distance of values `lag` steps apart, `(N, 1)`; NaN where there are none."""
    xp, length = namespace(z), z.shape[1]
    if length <= lag:
        return xp.full_like(z[:, :1], xp.nan)
    both = seen[:, lag:] & seen[:, : length - lag]
    error = mean(xp.abs(z[:, lag:] - z[:, : length - lag]), both)
    return xp.where(count(both) > 0, error, xp.nan)


def _scale(x: Array, seen: Array, recent: int) -> tuple[Array, Array]:
    """Mean and deviation of the last `recent` steps, `(N, 1)` each; of a constant, its size."""
    xp = namespace(x)
    x, seen = x[:, -recent:], seen[:, -recent:]
    loc = mean(x, seen)
    deviation = xp.where(seen, x - loc, 0.0)
    largest = xp.maximum(xp.max(xp.abs(deviation), axis=1, keepdims=True), 1e-300)
    scale = largest * xp.sqrt(mean((deviation / largest) ** 2, seen))
    size = xp.abs(loc)
    return loc, xp.where(scale > 1e-9 * xp.maximum(size, 1e-290), scale, xp.where(size > 0, size, 1.0))


def _level(z: Array, seen: Array) -> Array:
    xp = namespace(z)
    weight = np.maximum(0.5 ** np.arange(z.shape[1] - 1, -1, -1.0), 1e-300)[:, None]
    norm = product(xp.astype(seen, xp.float64), weight)
    return xp.where(norm > 0, product(z, weight) / xp.maximum(norm, 1e-300), 0.0)


def _phases(first: int, rhythm: Rhythm, count: int) -> Singles:
    """Where in its seasons each of `count` segments begins, `(count, 4)`: sine and cosine a season, 0 without."""
    step = first + rhythm.segment * np.arange(count)
    found = np.zeros((count, 4), np.float32)
    for column, season in ((0, rhythm.season), (2, rhythm.second)):
        if season > 1:
            found[:, column] = np.sin(2 * np.pi * step / season)
            found[:, column + 1] = np.cos(2 * np.pi * step / season)
    return found


def _past(z: Array, seen: Array, frame: tuple[Array, Array], rhythm: Rhythm, segments: int) -> Array:
    """`(N, K, PAST)`: values by their own scale, values as `simple` is measured, what is seen; phase and age."""
    xp, (level, unit) = namespace(z), frame
    size = segments * rhythm.segment
    z, seen = z[:, -size:], seen[:, -size:]
    near = xp.where(seen, arcsinh((z - level) / unit), 0.0)
    missing = size - z.shape[1]
    parts = []
    for part in (arcsinh(z), near, seen):
        whole = before(xp.astype(part, xp.float32), missing)
        parts.append(_wide(xp.reshape(whole, (-1, segments, rhythm.segment))))
    age = np.log(np.arange(segments, 0, -1.0))[:, None] / 2
    fixed = np.concatenate([_phases(-size, rhythm, segments), age], axis=1).astype(np.float32)
    return xp.concat([*parts, xp.zeros_like(parts[0][:, :, :1]) + xp.asarray(fixed)], axis=2)


def arcsinh(z: Array) -> Array:
    """`np.arcsinh`; of arrays that record a graph in its parts, since runtimes have the operator for float32 alone."""
    if isinstance(z, np.ndarray):
        return np.arcsinh(z)
    xp = namespace(z)
    return xp.sign(z) * xp.log(xp.abs(z) + xp.sqrt(z * z + 1.0))


def _future(rhythm: Rhythm, ahead: int) -> Singles:
    """`(A, FUTURE)`."""
    future = np.zeros((ahead, FUTURE), np.float32)
    future[:, : rhythm.segment] = 1
    future[:, WIDTH:-1] = _phases(0, rhythm, ahead)
    future[:, -1] = np.log(np.arange(1.0, ahead + 1))
    return future


def _errors(z: Array, seen: Array, unit: Array, rhythm: Rhythm) -> tuple[Array, Array]:
    """Logarithms of how far each candidate was off one, two and three segments ago, and how often it could be tried."""
    xp, length, p = namespace(z), z.shape[1], rhythm.segment
    tried = xp.zeros_like(unit)
    errors = xp.zeros_like(xp.tile(unit, (1, len(NAMES))))
    for segments in BACK:
        back = segments * p
        if length < back + 2 or (segments == BACK[-1] and p > WIDTH // 2):
            continue
        past, ahead = seen[:, : length - back], slice(length - back, length - back + p)
        come = count(seen[:, ahead])
        able = (count(past) >= 2) & (come > 0)
        found = candidates(z[:, : length - back], past, rhythm, p)
        miss = xp.sum(xp.where(seen[:, None, ahead], xp.abs(found - z[:, None, ahead]), 0.0), axis=2)
        error = miss / xp.astype(xp.maximum(come, 1), xp.float64) / unit
        errors = errors + xp.where(able, xp.log(xp.maximum(error, 1e-3)), 0.0)
        tried = tried + xp.astype(able, xp.float64)
    return xp.clip(errors / xp.maximum(tried, 1.0), -6, 6), tried


def _facts(z: Array, seen: Array, known: tuple[Array, Array], rhythm: Rhythm) -> Array:
    """Length, seasons, and the shape of the values, `(N, 12)`."""
    xp, (unit, tried), length = namespace(z), known, z.shape[1]
    held = xp.astype(xp.maximum(count(seen), 1), xp.float64)
    _, lowest = middles(z, seen)
    [pattern] = seasons(z, seen, rhythm.season, (1.0,))
    calm = xp.where(seen, z - pattern.back(length), 0.0)
    span = xp.astype(length - first(seen), xp.float64)
    plain = _lagged(calm, seen, 1)
    facts = [
        xp.log(held) / 3,
        xp.log(xp.maximum(span / rhythm.segment, 0.25)) / 2,
        xp.log(unit) / 2,
        xp.log(xp.maximum(xp.where(xp.isnan(plain), 1.0, plain), FLOOR)) / 2,
        1 - held / xp.maximum(span, 1.0),
        xp.astype(count(seen & (z <= lowest + 1e-9)), xp.float64) / held,
        xp.std(pattern.pattern, axis=1, keepdims=True),
        tried / 3,
        arcsinh(lowest),
        xp.full_like(held, np.log(rhythm.season) / 3),
        xp.full_like(held, np.log(max(rhythm.second, 1)) / 5),
        xp.full_like(held, np.log(rhythm.segment) / 3),
    ]
    return xp.concat(facts, axis=1)
