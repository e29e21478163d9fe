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
from forecaster.model.pretrained.contexts import Contexts, join
from forecaster.model.pretrained.inputs import Inputs, inputs
from forecaster.model.pretrained.rhythm import AHEAD, LEVELS, Rhythm, rhythm
from forecaster.model.serving import onnx_options, side_by_side

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HERE = Path(__file__).parent
CARD, NETWORK, WEIGHTS = "card.json", "network.onnx", "weights.npz"
ROWS = 1_024  # contexts answered by a thread at a time
CALLED = 256  # of these in one call of the network: its intermediate results stay in the processor's cache
MEDIAN = LEVELS.index(0.5)


class BuiltinCorruptError(ValueError):
    """A file of the built-in network is missing or not the one that its card names."""


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
        return self.answer(join(contexts), seasons, horizon)

    def answer(self, past: Contexts, seasons: tuple[int, ...], horizon: int) -> Floats:
        """`forecast` of contexts that are one array already."""
        shape = rhythm(seasons)
        low = np.where(past.least >= 0, 0.0, -np.inf)[:, None, None]
        answer: Floats = in_rounds(partial(self._direct, shape), Contexts.extended, (past, low), shape, horizon)
        return answer

    def _direct(self, shape: Rhythm, past: Contexts, ahead: int) -> Floats:
        """One answer of `ahead` segments each, `(N, A·p, 9)`: contexts of like length together."""
        answer = np.full((len(past), ahead * shape.segment, len(LEVELS)), np.nan)
        usable = np.flatnonzero(np.isfinite(past.least))
        order = usable[np.argsort(past.lengths[usable], kind="stable")]
        segments = past.segments(shape)[order]
        alike = (order[segments == bucket] for bucket in np.unique(segments).tolist())
        parts = [rows[start : start + ROWS] for rows in alike for start in range(0, len(rows), ROWS)]

        def ask(rows: Ints) -> tuple[Ints, Floats]:
            return rows, self._ask(past.stacked(rows), shape, shape.bucket(int(past.lengths[rows[0]])), ahead)

        for rows, found in tally(side_by_side(ask, parts), _rows_of, ("forecasting", "contexts", len(order))):
            answer[rows] = found
        return answer

    def _ask(self, past: Floats, shape: Rhythm, segments: int, ahead: int) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):  # set for each thread; the caller judges
            given = inputs(past, shape, segments, ahead)
            arrays, steps = given.arrays(), range(0, len(past), CALLED)
            parts = [
                self.session.run(None, {name: array[at : at + CALLED] for name, array in arrays.items()})[0]
                for at in steps
            ]
            found: Floats = in_units(np.concatenate(parts), given, past, (shape.segment, ahead))
        return found


def _rows_of(part: tuple[Ints, Floats]) -> int:
    return len(part[0])


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
