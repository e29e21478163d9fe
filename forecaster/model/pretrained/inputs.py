"""A batch of contexts → what the network reads. Shared by pretraining and by forecasting, so they cannot differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.model.pretrained.candidates import NAMES, Bools, Floats, candidates, middles, seasons
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

    past: Singles
    future: Singles
    simple: Singles
    context: Singles
    level: Floats
    unit: Floats

    def arrays(self) -> dict[str, Singles]:
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
    parts = [_inputs(x[start : start + rows], rhythm, segments, ahead) for start in range(0, len(x), rows)]
    return (
        parts[0]
        if len(parts) == 1
        else Inputs(*(np.concatenate(part) for part in zip(*map(_fields, parts), strict=True)))
    )


def _fields(part: Inputs) -> tuple[NDArray[np.floating], ...]:
    return part.past, part.future, part.simple, part.context, part.level, part.unit


def _inputs(x: Floats, rhythm: Rhythm, segments: int, ahead: int) -> Inputs:
    seen = np.isfinite(x)
    held = np.where(seen, x, 0.0)
    loc, scale = _scale(held, seen, segments * rhythm.segment)
    z = np.where(seen, (held - loc) / scale, 0.0)
    steps = ahead * rhythm.segment
    simple = candidates(z, seen, rhythm, steps)
    level = _level(z, seen)
    unit = naive_error(z, seen, rhythm)
    relative = (simple - level[:, :, None]) / unit[:, :, None]
    errors, tried = _errors(z, seen, unit, rhythm)
    weight = np.exp(-SHARP * (errors - errors.min(1, keepdims=True)))
    weighed = np.einsum("nc,ncs->ns", weight / weight.sum(1, keepdims=True), relative)
    relative = np.concatenate([relative, weighed[:, None]], axis=1)
    past = _past(z, seen, (level, unit), rhythm, segments)
    cut = np.zeros((len(x), SIMPLE, ahead, WIDTH), np.float32)
    cut[..., : rhythm.segment] = np.clip(relative, -1e4, 1e4).reshape(len(x), SIMPLE, ahead, rhythm.segment)
    return Inputs(
        past=past,
        future=_future(len(x), rhythm, ahead),
        simple=np.ascontiguousarray(cut.transpose(0, 2, 1, 3)),
        context=np.concatenate([errors, _facts(z, seen, (unit, tried), rhythm)], axis=1).astype(np.float32),
        level=loc + scale * level,
        unit=scale * unit,
    )


def naive_error(z: Floats, seen: Bools, rhythm: Rhythm) -> Floats:
    """Mean absolute error of the seasonal naive forecast within each context, `(N, 1)`, at least `FLOOR`."""
    seasonal, plain = _lagged(z, seen, rhythm.season), _lagged(z, seen, 1)
    return np.maximum(np.where(np.isnan(seasonal), np.where(np.isnan(plain), 1.0, plain), seasonal), FLOOR)


def _lagged(z: Floats, seen: Bools, lag: int) -> Floats:
    if z.shape[1] <= lag:
        return np.full((len(z), 1), np.nan)
    both = seen[:, lag:] & seen[:, :-lag]
    error = np.where(both, np.abs(z[:, lag:] - z[:, :-lag]), 0.0).sum(1, keepdims=True)
    count = both.sum(1, keepdims=True)
    return np.where(count > 0, error / np.maximum(count, 1), np.nan)


def _scale(x: Floats, seen: Bools, recent: int) -> tuple[Floats, Floats]:
    """Mean and deviation of the last `recent` steps, `(N, 1)` each; of a constant, its size."""
    x, seen = x[:, -recent:], seen[:, -recent:]
    count = np.maximum(seen.sum(1, keepdims=True), 1)
    loc = np.where(seen, x, 0.0).sum(1, keepdims=True) / count
    deviation = np.where(seen, x - loc, 0.0)
    largest = np.maximum(np.abs(deviation).max(1, keepdims=True), 1e-300)
    scale = largest * np.sqrt(((deviation / largest) ** 2).sum(1, keepdims=True) / count)
    size = np.abs(loc)
    return loc, np.where(scale > 1e-9 * np.maximum(size, 1e-290), scale, np.where(size > 0, size, 1.0))


def _level(z: Floats, seen: Bools) -> Floats:
    weight = np.maximum(0.5 ** np.arange(z.shape[1] - 1, -1, -1.0), 1e-300)[:, None]
    norm = seen.astype(np.float64) @ weight
    return np.where(norm > 0, (z @ weight) / np.maximum(norm, 1e-300), 0.0)


def _phases(first: int, rhythm: Rhythm, count: int) -> Singles:
    """Where in its seasons each of `count` segments begins, `(count, 4)`: sine and cosine a season, 0 without."""
    step = first + rhythm.segment * np.arange(count)
    found = np.zeros((count, 4), np.float32)
    for column, season in ((0, rhythm.season), (2, rhythm.second)):
        if season > 1:
            found[:, column] = np.sin(2 * np.pi * step / season)
            found[:, column + 1] = np.cos(2 * np.pi * step / season)
    return found


def _past(z: Floats, seen: Bools, frame: tuple[Floats, Floats], rhythm: Rhythm, segments: int) -> Singles:
    level, unit = frame
    n, p, size = len(z), rhythm.segment, segments * rhythm.segment
    z, seen = z[:, -size:], seen[:, -size:]
    missing = size - z.shape[1]
    if missing:
        z, seen = np.pad(z, ((0, 0), (missing, 0))), np.pad(seen, ((0, 0), (missing, 0)))
    near = np.where(seen, np.arcsinh((z - level) / unit), 0.0)
    past = np.zeros((n, segments, PAST), np.float32)
    for start, part in ((0, np.arcsinh(z)), (WIDTH, near), (2 * WIDTH, seen)):
        past[:, :, start : start + p] = part.reshape(n, segments, p)
    past[:, :, 3 * WIDTH : -1] = _phases(-size, rhythm, segments)
    past[:, :, -1] = np.log(np.arange(segments, 0, -1.0)) / 2
    return past


def _future(n: int, rhythm: Rhythm, ahead: int) -> Singles:
    future = np.zeros((ahead, FUTURE), np.float32)
    future[:, : rhythm.segment] = 1
    future[:, WIDTH:-1] = _phases(0, rhythm, ahead)
    future[:, -1] = np.log(np.arange(1.0, ahead + 1))
    return np.broadcast_to(future, (n, ahead, FUTURE))


def _errors(z: Floats, seen: Bools, unit: Floats, rhythm: Rhythm) -> tuple[Floats, Floats]:
    """Logarithms of how far each candidate was off one, two and three segments ago, and how often it could be tried."""
    n, length = z.shape
    p = rhythm.segment
    errors, tried = np.zeros((n, len(NAMES))), np.zeros((n, 1))
    for segments in BACK:
        back = segments * p
        if length < back + 2 or (segments == BACK[-1] and p > WIDTH // 2):
            continue
        past = seen[:, :-back]
        ahead = slice(length - back, length - back + p)
        able = (past.sum(1, keepdims=True) >= 2) & seen[:, ahead].any(1, keepdims=True)
        found = candidates(z[:, :-back], past, rhythm, p)
        miss = np.where(seen[:, None, ahead], np.abs(found - z[:, None, ahead]), 0.0).sum(2)
        error = miss / np.maximum(seen[:, ahead].sum(1, keepdims=True), 1) / unit
        errors += np.where(able, np.log(np.maximum(error, 1e-3)), 0.0)
        tried += able
    return np.clip(errors / np.maximum(tried, 1), -6, 6), tried


def _facts(z: Floats, seen: Bools, known: tuple[Floats, Floats], rhythm: Rhythm) -> Floats:
    """Length, seasons, and the shape of the values, `(N, 12)`."""
    unit, tried = known
    n, length = z.shape
    count = np.maximum(seen.sum(1, keepdims=True), 1)
    _, lowest = middles(z, seen)
    [pattern] = seasons(z, seen, rhythm.season, (1.0,))
    calm = np.where(seen, z - pattern.back(length), 0.0)
    span = length - np.argmax(seen, axis=1)[:, None]
    plain = _lagged(calm, seen, 1)
    facts = [
        np.log(count) / 3,
        np.log(np.maximum(span / rhythm.segment, 0.25)) / 2,
        np.log(unit) / 2,
        np.log(np.maximum(np.where(np.isnan(plain), 1.0, plain), FLOOR)) / 2,
        1 - count / np.maximum(span, 1),
        (seen & (z <= lowest + 1e-9)).sum(1, keepdims=True) / count,
        pattern.pattern.std(1, keepdims=True),
        tried / 3,
        np.arcsinh(lowest),
        np.full((n, 1), np.log(rhythm.season) / 3),
        np.full((n, 1), np.log(max(rhythm.second, 1)) / 5),
        np.full((n, 1), np.log(rhythm.segment) / 3),
    ]
    return np.concatenate(facts, axis=1)
