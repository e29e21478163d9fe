"""The built-in network: checked, opened in ONNX Runtime, and asked about contexts of any length and season."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.base.meter import tally
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
        found: list[Floats] = []
        done = 0
        while done < horizon:
            ahead = min(AHEAD, -(-(horizon - done) // shape.segment))
            part = np.maximum(self._direct(past, shape, ahead), low)
            part = _widen(part, found[-1], shape) if found else part
            found.append(part)
            done += part.shape[1]
            if done < horizon:
                past = past.extended(part[:, :, MEDIAN])
        answer: Floats = np.maximum(np.concatenate(found, axis=1)[:, :horizon], low)
        return answer

    def _direct(self, past: Contexts, shape: Rhythm, ahead: int) -> Floats:
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
        read = inputs(past, shape, segments, ahead)
        [answer] = self.session.run(None, read.arrays())
        return _units(answer, read, past, shape)


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


def _units(answer: NDArray[np.float32], read: Inputs, past: Floats, shape: Rhythm) -> Floats:
    """Answers in units of MASE, `(N, A, WIDTH, 9)`, to the data's units, `(N, A·p, 9)`; a constant goes on as it is."""
    n, ahead = answer.shape[:2]
    steps = answer[:, :, : shape.segment].reshape(n, ahead * shape.segment, len(LEVELS)).astype(np.float64)
    steps = np.sort(steps, axis=-1)
    high, low = np.nanmax(past, axis=1), np.nanmin(past, axis=1)
    constant = (high == low)[:, None, None]
    middle = np.where(constant, 0.0, steps[..., MEDIAN : MEDIAN + 1])
    fan = steps - steps[..., MEDIAN : MEDIAN + 1]
    unit = np.where((high == 0) & (low == 0), 0.0, read.unit[:, 0])[:, None, None]
    level = np.where(constant, low[:, None, None], read.level[:, :, None])
    return level + unit * (middle + fan)


def _widen(part: Floats, before: Floats, shape: Rhythm) -> Floats:
    """Add to a later round the spread that its context, being a forecast, already had."""
    point = part[..., MEDIAN : MEDIAN + 1]
    last = before[:, -max(1, shape.segment) :]
    carried = (last - last[..., MEDIAN : MEDIAN + 1]).mean(1, keepdims=True)
    fan = part - point
    wider: Floats = point + np.sign(fan + carried) * np.sqrt(fan**2 + carried**2)
    return wider
