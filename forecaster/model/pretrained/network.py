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

from forecaster.model.pretrained.inputs import Inputs, inputs
from forecaster.model.pretrained.rhythm import AHEAD, LEVELS, LONGEST, Rhythm, rhythm

Floats = NDArray[np.float64]

HERE = Path(__file__).parent
CARD, NETWORK, WEIGHTS = "card.json", "network.onnx", "weights.npz"
ROWS = 1_024  # contexts answered at a time
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
        shape = rhythm(seasons)
        past = [_clean(context) for context in contexts]
        low = np.array([0.0 if _never_below_zero(context) else -np.inf for context in past])[:, None, None]
        found: list[Floats] = []
        done = 0
        while done < horizon:
            ahead = min(AHEAD, -(-(horizon - done) // shape.segment))
            part = np.maximum(self._direct(past, shape, ahead), low)
            part = _widen(part, found[-1], shape) if found else part
            found.append(part)
            done += part.shape[1]
            if done < horizon:
                medians = part[:, :, MEDIAN]
                past = [np.concatenate([context, more])[-LONGEST:] for context, more in zip(past, medians, strict=True)]
        answer: Floats = np.maximum(np.concatenate(found, axis=1)[:, :horizon], low)
        return answer

    def _direct(self, contexts: list[Floats], shape: Rhythm, ahead: int) -> Floats:
        """One answer of `ahead` segments each, `(N, A·p, 9)`: contexts of like length together."""
        answer = np.full((len(contexts), ahead * shape.segment, len(LEVELS)), np.nan)
        usable = [row for row, context in enumerate(contexts) if np.isfinite(context).any()]
        order = sorted(usable, key=lambda row: len(contexts[row]))
        start = 0
        while start < len(order):
            segments = shape.bucket(len(contexts[order[start]]))
            rows = [row for row in order[start : start + ROWS] if shape.bucket(len(contexts[row])) == segments]
            answer[rows] = self._ask(_stack([contexts[row] for row in rows]), shape, segments, ahead)
            start += len(rows)
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
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return Builtin(card, onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"]))


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


def _clean(context: Floats) -> Floats:
    """The last values of a context, float64, NaN for all that is not a number."""
    values = np.asarray(context, dtype=np.float64)[-LONGEST:]
    return np.where(np.isfinite(values), values, np.nan)


def _never_below_zero(context: Floats) -> bool:
    return not bool((context < 0).any())


def _stack(contexts: list[Floats]) -> Floats:
    """Contexts with a common end, NaN before they begin, `(N, T)`."""
    width = max(len(context) for context in contexts)
    stacked = np.full((len(contexts), width), np.nan)
    for row, context in enumerate(contexts):
        stacked[row, width - len(context) :] = context
    return stacked


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
