"""The parts of a folder one by one, by whoever does tasks: each is read, done, written and recorded where it is done.

First each part is looked at: its hash, whether its results are there already, and which series it holds; a series that
stands in two parts would be forecast from a half of it. Then what is not done yet is done. Whatever a part fails with
stops no other; whatever stops all of it loses nothing that is done.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from forecaster.base import files
from forecaster.base.errors import OK, PARTIAL, BatchError, DataError, ForecastError, TryAgainError, UsageError, shown
from forecaster.base.meter import one, tally
from forecaster.base.tasks import Executor, Luggage, TaskEnd, check_wanted
from forecaster.config import ReadSettings
from forecaster.data.folders import Part
from forecaster.data.listing import MOST_NAMED, Hashes, Parts, Twice, find_twice, hash_names
from forecaster.data.observations import read_names
from forecaster.data.panel import Panel
from forecaster.data.remote import fetching_once
from forecaster.data.schema import Schema
from forecaster.jobs.events import Events
from forecaster.jobs.part_records import (
    Json,
    PartRecord,
    find_done,
    hash_file,
    hash_part,
    open_names,
    recorded_parts,
    write_names,
    write_record,
    write_summary,
)
from forecaster.model import store

State = Literal["done", "unchanged", "failed"]
MODELS = "models"
"""Folder of the model among what is sent along."""

MOST_FAULTS = 10
"""Parts that failed of which a message says why."""


@dataclass(frozen=True, kw_only=True)
class PartTask:
    """A part to be done, wherever.

    Attributes:
        part: Its file.
        name: Of its file of results, below `folder`.
        label: Its own name below the folder of all parts.
        source: That folder, or the glob, as the user gave it.
        folder: Of all results.
        cwd: The folder that relative paths begin in.
        models_dir: Where the models are, for a process that nothing was sent to.
        reading: How it is read where no model says so.
        schema: How it is read, as far as that is known without a model.
        model: NAME@VERSION of the saved model that reads it; None for the built-in network.
        made: Everything but the part that decides its results.
        sha256: Hash of its file, when it was looked at.
        names: Hash of the names of its series then.
        job: What is to be done with it: the job of the whole folder.
        work: Does it: reads, measures or forecasts, and writes its results.
    """

    part: Part
    name: str
    label: str
    source: str
    folder: Path
    cwd: str
    models_dir: Path
    reading: ReadSettings
    schema: Schema | None
    model: str | None
    made: Json
    sha256: str = ""
    names: str = ""
    job: Any = None
    work: Callable[[PartTask, Events], PartRecord] | None = None

    def at_home(self, sent: Path | None) -> PartTask:
        """Return the task with paths that are right in this process, and the models that were sent to it."""
        here = self
        if str(Path.cwd()) != self.cwd:
            here = replace(
                self,
                part=self.part if "://" in self.part else Part(os.path.join(self.cwd, self.part)),  # noqa: PTH118 - a text
                folder=Path(self.cwd, self.folder),
                models_dir=Path(self.cwd, self.models_dir),
            )
        return here if sent is None or self.model is None else replace(here, models_dir=sent / MODELS)

    def output(self) -> Path:
        """Return its file of results; the folder of it is made."""
        path = self.folder / self.name
        files.make_folder(path.parent, self.folder)
        return path

    def record(self, facts: Json) -> PartRecord:
        """Return what is remembered of it, once its file of results is written."""
        return PartRecord(
            part=self.label,
            sha256=self.sha256,
            made=self.made,
            names=self.names,
            outputs={self.name: hash_file(self.folder / self.name)},
            facts=facts,
        )

    def here(self, path: Path | str) -> Path:
        """Return another path of the command as it is right in this process."""
        return Path(path) if str(Path.cwd()) == self.cwd else Path(self.cwd, path)


@dataclass(frozen=True)
class PartState:
    """What became of a part."""

    label: str
    name: str
    state: State
    record: PartRecord | None = None
    fault: ForecastError | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class PartsResult:
    """What all parts came to.

    Attributes:
        source: The folder or glob.
        folder: Of the results.
        states: One a part, in the order of the parts.
        left: Results of parts that are gone, which were left as they are.
        totals: What all came to, as the command sums it up.
        warnings: What did not go as it should, though results were published.
    """

    source: str
    folder: Path
    states: tuple[PartState, ...]
    left: tuple[str, ...]
    totals: Json
    warnings: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all parts are done."""
        return all(state.state != "failed" for state in self.states)

    @property
    def failed(self) -> list[PartState]:
        """The parts that are not done."""
        return [state for state in self.states if state.state == "failed"]

    @property
    def skipped(self) -> int:
        """Series that were left out of parts that are done."""
        return sum(int(state.record.facts["skipped"]) for state in self.states if state.record)

    def count(self, state: State) -> int:
        """Return how many parts are in a state."""
        return sum(each.state == state for each in self.states)

    def summary(self) -> Json:
        """Return the result as JSON-safe data."""
        counts = {state: self.count(state) for state in ("done", "unchanged", "failed")}
        now = {"output": str(self.folder), "done_now": counts["done"], "unchanged": counts["unchanged"]}
        return {**self.lasting(), **now}

    def lasting(self) -> Json:
        """Return what is true of the results, whether they were made now or before."""
        return {
            "complete": self.complete,
            "data": self.source,
            "parts": len(self.states),
            "failed": [
                {"part": s.label, "code": s.fault.code, "exit_code": s.fault.exit_code, "message": s.fault.message}
                for s in self.failed
                if s.fault
            ],
            "left": list(self.left),
            "skipped_series": self.skipped,
            **self.totals,
        }

    def records(self) -> list[Json]:
        """Return a row a part."""
        return [
            {
                "part": state.label,
                "state": state.state,
                "output": state.name if state.record else None,
                "rows": state.record.facts.get("rows") if state.record else None,
                "series": state.record.facts.get("series") if state.record else None,
                "skipped": state.record.facts.get("skipped") if state.record else None,
                "message": state.fault.message if state.fault else None,
            }
            for state in self.states
        ]

    def conclude(self) -> int:
        """Return the exit code of what was published.

        Raises:
            ForecastError: Some parts failed, each is named; where all did, of the kind of the first.
        """
        failed = self.failed
        if not failed:
            return PARTIAL if self.skipped else OK
        faults = "; ".join(f"{s.label}: {s.fault.code}: {s.fault.message}" for s in failed[:MOST_FAULTS] if s.fault)
        more = f"; and {len(failed) - MOST_FAULTS:,} more" if len(failed) > MOST_FAULTS else ""
        message = f"{len(failed):,} of {len(self.states):,} parts failed: {faults}{more}"
        if len(failed) < len(self.states):
            raise BatchError(message, hint="Correct them and run the command again: parts that are done are left alone")
        first = next((s.fault for s in failed if s.fault and not isinstance(s.fault, TryAgainError)), failed[0].fault)
        assert first is not None  # noqa: S101 - a part that failed has its fault
        raise BatchError(message, hint=first.hint, exit_code=first.exit_code, code=first.code)


# ---------------------------------------------------------------------------------------------------- before


def check_folders(parts: Parts, folder: Path, flag: str) -> None:
    """Refuse a folder of results that cannot be one: a part of a model, or among the parts themselves.

    Raises:
        UsageError: It is.
    """
    own, real = (
        Path(os.path.realpath(folder)),
        [Path(os.path.realpath(path)) for path in parts.paths if "://" not in path],
    )
    if home := store.home_of(own / "part", flag):
        raise UsageError(f"{flag} {folder} is a part of the model {home.name!r}", hint=f"Name another with {flag}")
    inside = Path(parts.source).is_dir() and Path(os.path.realpath(parts.source)) in (own, *own.parents)
    if inside or any(own in path.parents for path in real):
        fault = f"{flag} {folder} is among the parts of {parts.source}: results would be read as parts"
        raise UsageError(fault, hint="Name a folder next to it")


def pack_model(root: Path, reference: str | None) -> Luggage:
    """Return the files of a saved version, to be sent along; nothing for the built-in network, which all have.

    Raises:
        MissingError: There is no such version.
        ModelError: It is corrupt.
    """
    if reference is None:
        return Luggage()
    folder, name, version = store.find_version(root, reference)
    manifest = store.read_manifest(folder)
    home = f"{MODELS}/{name}"
    names = ["manifest.json", *manifest.files]
    sent = {f"{home}/versions/{version}/{file}": files.read_own(folder / file, 1 << 31) for file in names}
    return Luggage(files={**sent, f"{home}/CURRENT": f"{version}\n".encode()})


# ---------------------------------------------------------------------------------------------------- one part


@dataclass(frozen=True)
class Looked:
    """What a look at a part found: its hash, that of its names, and its record where it is done."""

    sha256: str
    names: str
    record: PartRecord | None = None


def look_at(task: PartTask, sent: Path | None) -> Looked:
    """Look whether a part is done; else which series it holds. What lies at an address is fetched once for both.

    It is fetched again to be done: until all parts are looked at, nothing is done, and all of them have no room here.
    """
    check_wanted()
    task = task.at_home(sent)
    with fetching_once():
        digest = hash_part(task.part)
        record = find_done(task.folder, task.name, digest, task.made)
        return Looked(digest, record.names, record) if record else Looked(digest, _name_series(task))


def _name_series(task: PartTask) -> str:
    """Write the names of the series of a part, and return the hash of that file."""
    schema = task.schema
    if task.model is not None:
        store.keep_at_least(1)
        schema = store.load_model(task.models_dir, task.model).schema
    if schema is None:
        raise DataError(f"{task.part}: no part shows how it is to be read")
    return write_names(task.folder, task.name, hash_names(read_names(task.part, task.reading, schema)))


def do_part(task: PartTask, sent: Path | None) -> PartRecord:
    """Do a part that was looked at, and record it."""
    check_wanted()
    task = task.at_home(sent)
    store.keep_at_least(1)
    if task.work is None:
        raise ForecastError("a part without work")
    record = task.work(
        task, Events(on_panel=_same(task), on_age=check_wanted, on_state=check_wanted, on_share=check_wanted)
    )
    write_record(task.folder, task.name, record)
    return record


def _same(task: PartTask) -> Callable[[Panel], None]:
    """Return what refuses a part that is not as it was when it was looked at."""
    expected = files.sha256(task.sha256.encode())  # as `formats` has it of a folder of one part

    def check(panel: Panel) -> None:
        check_wanted()
        if panel.sha256 != expected:
            raise TryAgainError(f"{task.part} changed meanwhile", hint="Run the command again")

    return check


# ---------------------------------------------------------------------------------------------------- all parts


@dataclass(frozen=True, kw_only=True, eq=False)
class PartsOrder:
    """All that is to be done.

    Attributes:
        tasks: One a part, in their order.
        sum_up: Returns what the records of the parts that are done come to.
        check: Is given the hashes of the names in each part before anything is done, and returns what to warn of.
    """

    tasks: Sequence[PartTask]
    sum_up: Callable[[Sequence[PartRecord]], Json]
    check: Callable[[Sequence[Hashes]], tuple[str, ...]] = lambda _: ()


def run_parts(order: PartsOrder, executor: Executor, events: Events) -> PartsResult:
    """Do all parts of a folder, and hold the lock of its results; see `holding_results`.

    Args:
        order: What is to be done.
        executor: Does it.
        events: What is called: `on_share` with how far it is, `on_state` with what exists if it is stopped, `on_trace`
            with bugs.
    """
    tasks, folder = order.tasks, order.tasks[0].folder
    write_summary(folder, {"complete": False, "parts": len(tasks)})
    states: list[PartState | None] = [None] * len(tasks)
    looked = _look_at_all(tasks, executor, events, states)
    names = [open_names(folder, tasks[at].name) for at in sorted(looked)]
    warnings = order.check(names) if len(looked) == len(tasks) else ()
    for at, fault in _split(tasks, sorted(looked), find_twice(names), executor).items():
        states[at] = _failed(tasks[at], fault)
    for at, found in looked.items():
        if states[at] is None and found.record is not None:
            states[at] = PartState(tasks[at].label, tasks[at].name, "unchanged", found.record)
    todo = [at for at in range(len(tasks)) if states[at] is None]
    _report(events, states)
    now = [replace(tasks[at], sha256=looked[at].sha256, names=looked[at].names) for at in todo]
    for ended in tally(executor.run(do_part, now), one, ("forecasting", "parts", len(now))):
        at = todo[ended.index]
        states[at] = _state_of(tasks[at], ended)
        _log_trace(events, ended)
        _report(events, states)
    settled = tuple(state for state in states if state is not None)
    done = [state.record for state in settled if state.record]
    known = {task.name for task in tasks}
    result = PartsResult(
        source=tasks[0].source,
        folder=folder,
        states=settled,
        left=tuple(name for name in recorded_parts(folder) if name not in known),
        totals=order.sum_up(done),
        warnings=(*warnings, *_warnings_of(settled)),
    )
    write_summary(folder, result.lasting())
    return result


def _look_at_all(
    tasks: Sequence[PartTask], executor: Executor, events: Events, states: list[PartState | None]
) -> dict[int, Looked]:
    looked = {}
    for ended in tally(executor.run(look_at, tasks), one, ("looking at parts", "parts", len(tasks))):
        if ended.fault is not None:
            states[ended.index] = _failed(tasks[ended.index], ended.fault)
            _log_trace(events, ended)
        else:
            looked[ended.index] = ended.value
        _report(events, states)
    return looked


def _warnings_of(states: Sequence[PartState]) -> tuple[str, ...]:
    """Return what parts warn of: each sentence once, however many parts say it."""
    said = [text for state in states if state.record for text in state.record.facts.get("warnings", ())]
    counts = {text: said.count(text) for text in dict.fromkeys(said)}
    return tuple(f"{text} (so say {count:,} parts)" if count > 1 else text for text, count in counts.items())


def _split(
    tasks: Sequence[PartTask], order: Sequence[int], twice: Sequence[Twice], executor: Executor
) -> dict[int, ForecastError]:
    """Return the parts that hold a series of which another part has the rest, and how to say so."""
    pairs: dict[int, tuple[int, int]] = {}
    for pair in twice:
        at, other = order[pair.first], order[pair.second]
        pairs.setdefault(at, (other, pair.name))
        pairs.setdefault(other, (at, pair.name))
    named = list(pairs)[:MOST_NAMED]
    asked = [Wanted(tasks[at], pairs[at][1]) for at in named]
    names = {named[ended.index]: ended.value for ended in executor.run(find_name, asked)}
    hint = "Put each series into one part: forecast partition"
    return {
        at: DataError(f"{names.get(at) or 'a series'} is also in {tasks[other].label}", hint=hint)
        for at, (other, _) in pairs.items()
    }


@dataclass(frozen=True)
class Wanted:
    """A name in a part that is known by its hash."""

    task: PartTask
    name: int


def find_name(wanted: Wanted, sent: Path | None) -> str:
    """Return what a message calls a series that is known by its hash; the part is read for it."""
    task = wanted.task.at_home(sent)
    schema = task.schema or store.load_model(task.models_dir, str(task.model)).schema
    for name in read_names(task.part, task.reading, schema):
        if hash_names([name])[0] == wanted.name:
            return f"series {shown(name)}" if name else "the only series, which no column names,"
    return "a series"


def _failed(task: PartTask, fault: ForecastError) -> PartState:
    return PartState(task.label, task.name, "failed", fault=fault)


def _state_of(task: PartTask, ended: TaskEnd) -> PartState:
    if ended.fault is not None:
        return _failed(task, ended.fault)
    return PartState(task.label, task.name, "done", ended.value)


def _report(events: Events, states: Sequence[PartState | None]) -> None:
    settled = sum(state is not None for state in states)
    done = sum(state is not None and state.state != "failed" for state in states)
    events.on_share(settled / len(states))
    events.on_state(f"{done:,} of {len(states):,} parts are done, and are left alone when the command is run again")


def _log_trace(events: Events, ended: TaskEnd) -> None:
    if ended.trace:
        events.on_trace(ended.trace)
