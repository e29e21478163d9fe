"""The built-in network: checked, opened in ONNX Runtime, and asked about contexts of any length and season."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.base.meter import tally
from forecaster.model.pretrained.candidates import Array, namespace
from forecaster.model.pretrained.inputs import Inputs, inputs
from forecaster.model.pretrained.rhythm import AHEAD, LEVELS, LONGEST, Rhythm, rhythm
from forecaster.model.serving import onnx_options

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HERE = Path(__file__).parent
CARD, NETWORK, WEIGHTS = "card.json", "network.onnx", "weights.npz"
ROWS = 1_024  # contexts answered at a time
MEDIAN = LEVELS.index(0.5)


class BuiltinCorruptError(ValueError):
    """A file of the built-in network is missing or not the one that its card names."""


@dataclass(frozen=True, eq=False)
class Contexts:
    """N contexts end to end, of any lengths: many short ones are cut and stacked at once, not one by one.

    Attributes:
        values: All of them, NaN where missing.
        ends: Index after the last value of each, `(N,)`.
        lengths: Of each, `(N,)`, at least 1.
    """

    values: Floats
    ends: Ints
    lengths: Ints

    def __len__(self) -> int:
        return len(self.ends)

    def least(self) -> Floats:
        """The least value of each, `(N,)`; infinity where none is known."""
        known = np.append(np.where(np.isnan(self.values), np.inf, self.values), np.inf)
        bounds = np.stack([self.ends - self.lengths, self.ends], axis=1).ravel()
        return np.asarray(np.minimum.reduceat(known, bounds)[::2]) if len(self) else np.empty(0)

    def stacked(self, rows: Ints) -> Floats:
        """Some of them with a common end, NaN before they begin, `(n, T)`."""
        ends, lengths = self.ends[rows, None], self.lengths[rows, None]
        back = np.arange(-int(lengths.max()), 0)
        return np.where(back >= -lengths, self.values[np.maximum(ends + back, 0)], np.nan)

    def extended(self, more: Floats) -> Contexts:
        """All of them with more values, `(N, k)`, at their ends."""
        parts = [
            np.concatenate([self.values[end - length : end], row])
            for end, length, row in zip(self.ends.tolist(), self.lengths.tolist(), more, strict=True)
        ]
        return join(parts)


def join(contexts: Sequence[Floats]) -> Contexts:
    """The last values of contexts, float64, NaN for all that is not a number."""
    lengths = np.array([min(len(context), LONGEST) for context in contexts], np.int64)
    parts = [context[-LONGEST:] for context in contexts]
    values = np.concatenate([*parts, np.empty(0)]).astype(np.float64)
    return Contexts(np.where(np.isfinite(values), values, np.nan), np.cumsum(lengths), lengths)


@dataclass(frozen=True, eq=False)
class Builtin:
    """The built-in network, ready to answer.

    Attributes:
        card: What `card.json` holds: parameters, data, licences, scores, limits, hashes.
        session: ONNX Runtime's.
    """

    card: dict[str, Any]
    session: Any

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantile levels of the answers, rising; the middle one is the median."""
        return LEVELS

    def forecast(self, contexts: Sequence[Floats], seasons: tuple[int, ...], horizon: int) -> Floats:
        """Forecast each context, `(N, horizon, 9)` in its units, rising along the last axis.

        Args:
            contexts: Float64 arrays of any length ≥ 1, oldest first, NaN where missing; the last 2,048 values are read.
            seasons: Season lengths in steps, the first one first; () or (1,) is none.
            horizon: H ≥ 1; beyond eight segments the medians so far become context.

        A context without any value is answered with NaN. One whose values are all ≥ 0 is answered with values ≥ 0.
        """
        shape = rhythm(seasons)
        past = join(contexts)
        low = np.where(past.least() >= 0, 0.0, -np.inf)[:, None, None]
        answer: Floats = in_rounds(partial(self._direct, shape), Contexts.extended, (past, low), shape, horizon)
        return answer

    def _direct(self, shape: Rhythm, past: Contexts, ahead: int) -> Floats:
        """One answer of `ahead` segments each, `(N, A·p, 9)`: contexts of like length together."""
        answer = np.full((len(past), ahead * shape.segment, len(LEVELS)), np.nan)
        usable = np.flatnonzero(np.isfinite(past.least()))
        order = usable[np.argsort(past.lengths[usable], kind="stable")]
        segments = np.array([shape.bucket(length) for length in past.lengths[order].tolist()], np.int64)
        alike = (order[segments == bucket] for bucket in np.unique(segments).tolist())
        parts = [rows[start : start + ROWS] for rows in alike for start in range(0, len(rows), ROWS)]
        for rows in tally(parts, len, ("forecasting", "contexts", len(order))):
            bucket = int(shape.bucket(int(past.lengths[rows[0]])))
            answer[rows] = self._ask(past.stacked(rows), shape, bucket, ahead)
        return answer

    def _ask(self, past: Floats, shape: Rhythm, segments: int, ahead: int) -> Floats:
        given = inputs(past, shape, segments, ahead)
        [answer] = self.session.run(None, given.arrays())
        found: Floats = in_units(answer, given, past, (shape.segment, ahead))
        return found


def in_rounds(
    direct: Callable[[Any, int], Array],
    extended: Callable[[Any, Array], Any],
    start: tuple[Any, Array],
    shape: Rhythm,
    horizon: int,
) -> Array:
    """Answer up to eight segments at a time, the medians so far being context, `(N, horizon, 9)`.

    Args:
        direct: Contexts and a number of segments → their answers.
        extended: Contexts and medians after them, `(N, k)` → longer contexts.
        start: The contexts, and what no answer is below, `(N, 1, 1)`.
        shape: The rhythm of all.
        horizon: H ≥ 1.
    """
    (past, low), found, done = start, list[Any](), 0
    while done < horizon:
        ahead = min(AHEAD, -(-(horizon - done) // shape.segment))
        part = direct(past, ahead)
        xp = namespace(part)
        part = xp.maximum(part, low)
        found.append(_widen(part, found[-1], shape) if found else part)
        done += ahead * shape.segment
        if done < horizon:
            past = extended(past, found[-1][:, :, MEDIAN])
    return xp.maximum(xp.concat(found, axis=1)[:, :horizon, :], low)


def open_builtin(folder: Path = HERE) -> Builtin:
    """Check the hashes of the built-in network's files and open it.

    Raises:
        BuiltinCorruptError: A file is missing or changed.
    """
    import onnxruntime

    try:
        card = json.loads((folder / CARD).read_text())
        wanted = card["files"][NETWORK]
        network = (folder / NETWORK).read_bytes()
    except (OSError, KeyError, ValueError) as error:
        raise BuiltinCorruptError(f"{folder}: the built-in network cannot be read: {error}") from error
    found = hashlib.sha256(network).hexdigest()
    if found != wanted:
        raise BuiltinCorruptError(f"{folder / NETWORK}: expected SHA-256 {wanted}, found {found}")
    return Builtin(card, onnxruntime.InferenceSession(network, onnx_options(), providers=["CPUExecutionProvider"]))


def open_weights(folder: Path = HERE) -> dict[str, NDArray[np.float32]]:
    """The weights by name, to go on training from; checked as `open_builtin` checks.

    Raises:
        BuiltinCorruptError: The file is missing or changed.
    """
    try:
        wanted = json.loads((folder / CARD).read_text())["files"][WEIGHTS]
        found = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    except (OSError, KeyError, ValueError) as error:
        raise BuiltinCorruptError(f"{folder}: the built-in weights cannot be read: {error}") from error
    if found != wanted:
        raise BuiltinCorruptError(f"{folder / WEIGHTS}: expected SHA-256 {wanted}, found {found}")
    with np.load(folder / WEIGHTS, allow_pickle=False) as held:
        return {name: held[name].astype(np.float32) for name in held.files}


def in_units(answer: Array, given: Inputs, past: Array, size: tuple[int, int]) -> Array:
    """Answers in units of MASE, `(N, A, WIDTH, 9)`, to the data's units, `(N, A·p, 9)`; a constant goes on as it is.

    Args:
        answer: The network's.
        given: What it read.
        past: The contexts, `(N, T)`, NaN where missing; each holds a value.
        size: p and A.
    """
    xp, (segment, ahead) = namespace(answer), size
    steps = xp.reshape(answer[:, :, :segment, :], (-1, ahead * segment, len(LEVELS)))
    steps = xp.sort(xp.astype(steps, xp.float64), axis=-1)
    seen = xp.isfinite(past)
    high = xp.max(xp.where(seen, past, -xp.inf), axis=1, keepdims=True)
    low = xp.min(xp.where(seen, past, xp.inf), axis=1, keepdims=True)
    constant = (high == low)[:, :, None]
    median = steps[:, :, MEDIAN : MEDIAN + 1]
    unit = xp.where((high == 0) & (low == 0), 0.0, given.unit)[:, :, None]
    level = xp.where(constant, low[:, :, None], given.level[:, :, None])
    return level + unit * (xp.where(constant, 0.0, median) + (steps - median))


def _widen(part: Array, previous: Array, shape: Rhythm) -> Array:
    """Add to a later round the spread that its context, being a forecast, already had."""
    xp = namespace(part)
    point = part[:, :, MEDIAN : MEDIAN + 1]
    last = previous[:, -shape.segment :, :]
    carried = xp.mean(last - last[:, :, MEDIAN : MEDIAN + 1], axis=1, keepdims=True)
    fan = part - point
    return point + xp.sign(fan + carried) * xp.sqrt(fan**2 + carried**2)
