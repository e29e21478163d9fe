"""An interrupted training, saved to go on from.

While a training goes on, everything that it would need to go on is written now and then to one file in the model's
folder, which is replaced atomically: weights, the optimiser's and the random generators' state, the best so far, and
what is finished. The file begins with the hash of the rest, and says which data and settings it is of: training goes on
only from a checkpoint of its own, and then ends where it would have ended without the interruption.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from forecaster._version import __version__
from forecaster.base import files
from forecaster.base.arrays import Arrays, pack, read_forms, unpack
from forecaster.base.errors import ModelError
from forecaster.base.records import Json, parse, to_json
from forecaster.model.plan import Plan
from forecaster.model.windows import Signals

FORMAT = 1
LARGEST = 2**33
ANEW = "To train from the start, leave out --resume"
ANY = "any"
"""Stands in `Checkpoint.fits` for a setting that may be another one when training goes on."""

_ARRAY, _FACTS = "array", "facts"


def _nothing() -> None:
    """Do nothing."""


@dataclass(eq=False, kw_only=True)
class Checkpoint:
    """The parts of a training, and the file that they are kept in.

    Attributes:
        path: The file; None keeps nothing.
        fits: Which data and settings it is of, from `identify`.
        every: Seconds from one writing to the next.
        on_write: Called when there is a checkpoint on disk.
        parts: What is kept of each part: numbers, texts, arrays, and lists and dictionaries of them.
    """

    path: Path | None = None
    fits: Json = field(default_factory=dict)
    every: float = 0.0
    on_write: Callable[[], None] = _nothing
    parts: dict[str, Json] = field(default_factory=dict)
    _written: float = field(default_factory=time.monotonic)

    def part(self, name: str) -> Json:
        """Return what is kept of a part: to be read when training begins there, and to be written to as it goes on."""
        return self.parts.setdefault(name, {})

    def is_due(self) -> bool:
        """Return whether it is time to write."""
        return self.path is not None and time.monotonic() - self._written >= self.every

    def write(self) -> None:
        """Replace the file by the parts as they are.

        Raises:
            OutputError, AccessError, StorageError: It cannot be written; the file before it is untouched.
        """
        if self.path is None:
            return
        arrays: Arrays = {}
        facts = {"format": FORMAT, "fits": self.fits, "parts": _take_out(self.parts, arrays)}
        data = pack({_FACTS: np.frombuffer(to_json(facts), np.uint8), **arrays})
        files.write_file(self.path, files.sha256(data).encode() + b"\n" + data, root=self.path.parent.parent)
        self._written = time.monotonic()
        self.on_write()

    def read(self) -> bool:
        """Take over the parts in the file; return whether there is one.

        Raises:
            ModelError: It is damaged, or of other data or settings.
        """
        if self.path is None or not self.path.exists():
            return False
        digest, _, data = files.read_own(self.path, LARGEST).partition(b"\n")
        if digest != files.sha256(data).encode():
            raise ModelError(f"{self.path} is damaged: its hash is not the one in its first line", hint=ANEW)
        arrays = unpack(data, self.path, read_forms(data, self.path))
        facts = parse(arrays.pop(_FACTS).tobytes(), self.path)
        if facts.get("format") != FORMAT:
            raise ModelError(f"{self.path}: a checkpoint of another version of forecast", hint=ANEW)
        if odd := list(_differences(facts["fits"], self.fits)):
            raise ModelError(f"{self.path} does not fit: {', '.join(odd[:3])}", hint=ANEW)
        self.parts = _put_back(facts["parts"], arrays)
        self.on_write()
        return True

    def remove(self) -> None:
        """Remove the file: what it led to is published."""
        if self.path is not None:
            files.remove_file(self.path, self.path.parent.parent)


def identify(signals: Signals, plan: Plan) -> Json:
    """Return what a checkpoint must have in common with the training that goes on from it.

    The time limit is left out: it decides when to stop, not what is done.
    """
    digest = hashlib.sha256(signals.values.tobytes())
    for known in signals.features.arrays() if signals.features else ():
        digest.update(known.tobytes())
    for cutoffs in (plan.training, plan.every, plan.held_out):
        for array in (cutoffs.starts, cutoffs.first, cutoffs.count):
            digest.update(array.tobytes())
    for weights in (array for member in plan.start for array in member):
        digest.update(weights.tobytes())
    settings = {name: value for part in (plan.fit, plan.network, plan.window) for name, value in asdict(part).items()}
    del settings["time_limit"]
    settings["teacher"] = plan.teacher and plan.teacher.sha256
    return parse(to_json({"forecast": __version__, **settings, "data": digest.hexdigest()}), "plan")


def save_variables(variables: Sequence[Any]) -> list[Any]:
    """Return the values of Keras variables."""
    return [np.asarray(variable.numpy()) for variable in variables]


def restore_variables(variables: Sequence[Any], values: Sequence[Any]) -> None:
    """Give Keras variables the values that `save_variables` returned."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _differences(there: Json, here: Json) -> Iterator[str]:
    """Yield how two answers of `identify` differ; other settings may be why the windows drawn from the data do."""
    for name in here:
        if name != "data" and there.get(name) not in (here[name], ANY):
            yield f"{name} is {there.get(name)} there and {here[name]} here"
    if there.get("data") != here["data"]:
        yield "it is of other data"


def _take_out(value: Any, arrays: Arrays) -> Any:
    """Return a structure with each array replaced by its name in `arrays`."""
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays):06d}"
        arrays[name] = value
        return {_ARRAY: name}
    if isinstance(value, dict):
        return {name: _take_out(part, arrays) for name, part in value.items()}
    return [_take_out(part, arrays) for part in value] if isinstance(value, (list, tuple)) else value


def _put_back(value: Any, arrays: Arrays) -> Any:
    """Undo `_take_out`."""
    if isinstance(value, dict):
        if value.keys() == {_ARRAY}:
            return arrays[value[_ARRAY]]
        return {name: _put_back(part, arrays) for name, part in value.items()}
    return [_put_back(part, arrays) for part in value] if isinstance(value, list) else value
