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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from forecaster._version import __version__
from forecaster.base import files
from forecaster.base.arrays import Arrays, pack, read_forms, unpack
from forecaster.base.errors import ModelError
from forecaster.base.records import Json, build, dump, flatten, parse, to_json
from forecaster.model.manifest import Look, NetworkFacts
from forecaster.model.plan import FitShape, Plan
from forecaster.model.windows import Signals

FORMAT = 2
LARGEST = 2**33
ANEW = "To train from the start, leave out --resume"
ANY = "any"
"""Stands in `Checkpoint.fits` for a setting that may be another one when training goes on."""

_ARRAY, _FACTS = "array", "facts"


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Snapshot:
    """A point of a training from which it can go on.

    Attributes:
        step: Steps done.
        variables: Values of the network's and the optimiser's variables, as `save_variables` returns them.
        draws: State of the generator of batches.
    """

    step: int
    variables: list[Any]
    draws: Json


@dataclass(eq=False, kw_only=True)
class MemberState:
    """How far the training of one network is.

    Attributes:
        weights: Arrays that stand for the network: those of the lowest held-out loss, or in the second pass the last.
        best_step: Steps after which they were reached.
        loss: Their loss on the held-out windows.
        worse: Looks at the held-out windows since then.
        drops: Steps at which the learning rate was halved.
        at: Where to go on from; None before the first snapshot, and when it is done.
        done: Whether the training of the network is finished.
    """

    weights: list[Any] = field(default_factory=list)
    best_step: int = 0
    loss: float = 0.0
    worse: int = 0
    drops: list[int] = field(default_factory=list)
    at: Snapshot | None = None
    done: bool = False

    @property
    def has_begun(self) -> bool:
        """Whether there is anything to go on from."""
        return bool(self.weights) or self.at is not None


@dataclass(eq=False, kw_only=True)
class TrainingState:
    """How far a training is.

    Attributes:
        seconds: Time spent on it.
        curve: Every look at the held-out windows.
        measured: Networks of the first pass, which sees nothing of the held-out windows.
        refitted: Networks of the second pass, on all data.
    """

    seconds: float = 0.0
    curve: list[Look] = field(default_factory=list)
    measured: list[MemberState] = field(default_factory=list)
    refitted: list[MemberState] = field(default_factory=list)


def member_of(states: list[MemberState], member: int) -> MemberState:
    """Return the state of a network, counted from 0: a new one where there is none yet."""
    states.extend(MemberState() for _ in range(len(states), member + 1))
    return states[member]


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedMember:
    """One network of an ensemble, or as much of it as is trained.

    Attributes:
        member: Which one, from 0.
        measured: What the first pass came to, which saw nothing of the held-out windows.
        refitted: What the second pass came to, on all data; as new where there is none.
        curve: Its looks at the held-out windows.
    """

    member: int
    measured: MemberState = field(default_factory=MemberState)
    refitted: MemberState = field(default_factory=MemberState)
    curve: list[Look] = field(default_factory=list)

    @classmethod
    def of(cls, state: TrainingState, member: int) -> TrainedMember:
        """Return a network as it is in the state of a training."""
        measured, refitted = member_of(state.measured, member), member_of(state.refitted, member)
        own = [look for look in state.curve if look.member == member + 1]
        return cls(member=member, measured=measured, refitted=refitted, curve=own)

    def is_done(self, fit: FitShape) -> bool:
        """Return whether nothing is left to train."""
        return self.measured.done and (not fit.refit or not self.measured.best_step or self.refitted.done)

    def put_into(self, state: TrainingState) -> None:
        """Let it be the one of its number in the state of a training."""
        for states, own in ((state.measured, self.measured), (state.refitted, self.refitted)):
            member_of(states, self.member)
            states[self.member] = own
        others = [look for look in state.curve if look.member != self.member + 1]
        state.curve[:] = sorted([*others, *self.curve], key=lambda look: look.member)


@dataclass(eq=False, kw_only=True)
class Checkpoint:
    """The state of a training, and the file that it is saved in.

    Attributes:
        path: The file; None saves nothing.
        fits: Which data and settings it is of, from `identify`.
        every: Seconds from one writing to the next.
        on_write: Called when there is a checkpoint on disk.
        state: How far the training is; training reads it where it begins and changes it as it goes on.
    """

    path: Path | None = None
    fits: Json = field(default_factory=dict)
    every: float = 0.0
    on_write: Callable[[], None] = _nothing
    state: TrainingState = field(default_factory=TrainingState)
    _written: float = field(default_factory=time.monotonic)

    def is_due(self) -> bool:
        """Return whether it is time to write."""
        return self.path is not None and time.monotonic() - self._written >= self.every

    def write(self) -> None:
        """Replace the file by the state as it is.

        Raises:
            OutputError, AccessError, StorageError: It cannot be written; the file before it is untouched.
        """
        if self.path is None:
            return
        arrays: Arrays = {}
        facts = {"format": FORMAT, "fits": self.fits, "state": _take_out(dump(self.state), arrays)}
        data = pack({_FACTS: np.frombuffer(to_json(facts), np.uint8), **arrays})
        files.write_file(self.path, files.sha256(data).encode() + b"\n" + data, root=self.path.parent.parent)
        self._written = time.monotonic()
        self.on_write()

    def read(self) -> bool:
        """Take over the state in the file; return whether there is one.

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
        self.state = build(TrainingState, _put_back(facts["state"], arrays), str(self.path), {})
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
    return {
        "forecast": __version__,
        "fit": dump(replace(plan.fit, time_limit=None)),
        "network": dump(NetworkFacts.of(plan.network)),
        "window": dump(plan.window),
        "teacher": plan.teacher and plan.teacher.sha256,
        "data": digest.hexdigest(),
    }


def with_any_rate(fits: Json) -> Json:
    """Return what `identify` returned, for a training that may go on at another learning rate."""
    return {**fits, "fit": {**fits.get("fit", {}), "learning_rate": ANY}}


def save_variables(variables: Sequence[Any]) -> list[Any]:
    """Return the values of Keras variables."""
    return [np.asarray(variable.numpy()) for variable in variables]


def restore_variables(variables: Sequence[Any], values: Sequence[Any]) -> None:
    """Give Keras variables the values that `save_variables` returned."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _differences(saved: Json, wanted: Json) -> Iterator[str]:
    """Yield how two answers of `identify` differ; other settings may be why the windows drawn from the data do."""
    theirs = dict(flatten(saved))
    said: set[str] = set()
    for path, value in flatten(wanted):
        name = path.rpartition(".")[2]
        if name not in {"data", *said} and theirs.get(path) not in (value, ANY):
            said.add(name)  # the window and the network share some
            yield f"{name} is {theirs.get(path)} in it and {value} now"
    if saved.get("data") != wanted["data"]:
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
