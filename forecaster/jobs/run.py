"""One job of a batch: run it where something changed since it last ended well, and keep a record of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from forecaster.base import files
from forecaster.base.errors import ForecastError, MissingError, UsageError
from forecaster.base.identity import Identity, check_apart, check_unlinked, identity_of
from forecaster.config.jobfile import Entry, make_job, read_jobs
from forecaster.data.age import limits_of
from forecaster.jobs.evaluate import EvaluateJob, evaluate
from forecaster.jobs.events import Events
from forecaster.jobs.names import choose_model, models_folder, name_of
from forecaster.jobs.predict import PredictJob, predict
from forecaster.jobs.record import (
    Json,
    begin,
    describe,
    find_inputs,
    is_unchanged,
    read_record,
    recorded_age,
    write_record,
)
from forecaster.jobs.rehearse import Rehearsal, rehearse_predict, rehearse_train
from forecaster.jobs.rehearse_scores import rehearse_evaluate
from forecaster.jobs.train import TrainJob, train

UNCHANGED = "unchanged"
"""Outcome of a job that is not done again."""

WRITTEN = ("output", "predictions", "paths-output", "totals-output")
"""Keys of a job that name a file to write."""

Outputs = Callable[[Any], list[Path | None]]


@dataclass(frozen=True)
class CommandJob:
    """What a job of a batch may be.

    Attributes:
        job: The class of its settings.
        work: The use case.
        outputs: Which files a result stands in.
        rehearse: What it would do and cost.
    """

    job: type
    work: Callable[[Any, Events], Any]
    outputs: Outputs
    rehearse: Callable[[Any, Events], Rehearsal]


COMMANDS = {
    "train": CommandJob(TrainJob, train, lambda result: [result.model.folder / "manifest.json"], rehearse_train),
    "predict": CommandJob(PredictJob, predict, lambda result: [result.output], rehearse_predict),
    "evaluate": CommandJob(EvaluateJob, evaluate, lambda result: [result.predictions], rehearse_evaluate),
}
"""The commands that a job file may name."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a batch is asked besides its file.

    Attributes:
        folder: Of all records: each job has one inside, by its name.
        now: The time, aware.
        argv: The command line, for the record.
        force: Whether to run jobs of which nothing changed.
        explain: Gives the exit code, the code's name and the line of what went wrong.
        lock_wait: Seconds to wait for another process that runs the same job.
    """

    folder: Path
    now: datetime
    argv: tuple[str, ...]
    force: bool
    explain: Callable[[BaseException], tuple[int, str, str]]
    lock_wait: float = 0.0


def load_jobs(path: Path, only: str | None = None) -> tuple[Entry, ...]:
    """Read a job file: all of it is checked, and all jobs are returned, or the one asked for.

    Raises:
        UsageError: There is no such job, two jobs write the same file, or as `read_jobs`.
    """
    entries = read_jobs(path, {name: command.job for name, command in COMMANDS.items()})
    _check_files(path, entries)
    if only is None:
        return entries
    chosen = tuple(entry for entry in entries if entry.name == only)
    if not chosen:
        raise UsageError(
            f"{path} has no job {only!r}", hint=f"The jobs are: {', '.join(entry.name for entry in entries)}"
        )
    return chosen


def _check_files(path: Path, entries: Iterable[Entry]) -> None:
    """Refuse jobs that write over the job file, over what they read, or over what another job writes.

    Raises:
        UsageError: One does, by whatever name or link.
    """
    written: dict[Identity, str] = {}
    folder = path.absolute().parent
    for entry in entries:
        usual = {"output": "forecasts.csv"} if entry.command == "predict" else {}
        outputs = {key: value for key, value in {**usual, **entry.values}.items() if key in WRITTEN}
        outputs = {key: folder / str(value) for key, value in outputs.items() if value is not None and value != "-"}
        read = [("the data file", entry.values.get("data")), ("the file of future rows", entry.values.get("future"))]
        inputs = [(what, folder / given) for what, given in read if given is not None and str(given) != "-"]
        try:
            check_apart(outputs, [("the job file", path), *inputs])
            check_unlinked(
                outputs, folder / named if (named := entry.values.get("models-dir")) else models_folder(None)
            )
        except UsageError as error:
            place = f"{path}, line {entry.line}: job {entry.name!r}"
            raise UsageError(f"{place}: {error.message}", hint=error.hint.replace("with --", "with ")) from None
        for output in outputs.values():
            identity = identity_of(output)
            other = entry.name if identity is None else written.setdefault(identity, entry.name)
            if other != entry.name:
                shared = os.path.relpath(output, folder)
                message = f"{path}, line {entry.line}: jobs {other!r} and {entry.name!r} both write {shared}"
                raise UsageError(message, hint="Give each a file of its own")


def model_key(entry: Entry) -> str:
    """Return which model a job trains or uses. Jobs on the same one are done one by one, in the order of the file."""
    data = entry.values.get("data")
    name = entry.values.get("model") or (name_of(data) if data else "")
    return f"{entry.values.get('models-dir', '')}/{str(name).partition('@')[0]}"


def run_entry(entry: Entry, run: Run, events: Events = Events()) -> Json:
    """Run one job, unless nothing changed since it last ended well; return its record, with `unchanged`.

    Data that has grown too old in the meantime is refused, changed or not.

    Raises:
        TryAgainError: Another process runs this job.
        ForecastError: As the job itself; the record says so too.
    """
    folder = run.folder / entry.name
    files.make_folder(folder, run.folder)
    with files.locked(folder / "LOCK", run.lock_wait, root=run.folder):
        record = begin(entry, run.argv, run.now.isoformat(timespec="milliseconds"))
        began = time.monotonic()
        try:
            return _run_locked(entry, run, events, record)
        except BaseException as error:
            code, name, message = run.explain(error)
            ending = {
                "seconds": round(time.monotonic() - began, 3),
                "exit_code": code,
                "error": name,
                "message": message,
            }
            with suppress(ForecastError):  # what went wrong first is what is reported
                write_record(folder, {**record, **ending})
            raise


def _run_locked(entry: Entry, run: Run, events: Events, record: Json) -> Json:
    folder, command = run.folder / entry.name, COMMANDS[entry.command]
    job = make_job(command.job, entry.values, **_given(command.job, run))
    inputs = find_inputs(entry, *_names(job))
    mark, before = inputs.mark(entry.command), read_record(folder)
    if not run.force and is_unchanged(before, mark):
        if entry.values.get("as-of") is None and before.get("age"):
            age = limits_of(job.fresh).judge(recorded_age(before, run.now), inputs.data["path"])
            before["warnings"], before["age"]["age_seconds"] = list(age.warnings(inputs.data["path"])), age.seconds
        return {**before, "unchanged": True}
    record["inputs"] = inputs.summary()
    write_record(folder, record)
    began = time.monotonic()
    result = command.work(job, events)
    ending = {"seconds": round(time.monotonic() - began, 3), "mark": mark}
    record = {**record, **describe(result, inputs, command.outputs(result)), **ending}
    write_record(folder, record)
    return {**record, "unchanged": False}


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What a batch would do with one job.

    Attributes:
        outcome: `would run`, `unchanged`, or which earlier job it waits for.
        rehearsal: What running it would take; None where it is not known yet, or nothing would be done.
    """

    entry: Entry
    outcome: str
    rehearsal: Rehearsal | None = None

    @property
    def runs(self) -> bool:
        """Whether the job would be run."""
        return self.outcome != UNCHANGED


def rehearse_entry(entry: Entry, run: Run, earlier: Iterable[Planned], events: Events = Events()) -> Planned:
    """Return what would be done with a job, after the `earlier` ones of the file; nothing is written.

    Raises:
        ForecastError: What the job would be refused for.
    """
    command = COMMANDS[entry.command]
    for key in WRITTEN:
        written = entry.values.get(key)
        if written is not None and not Path(str(written)).is_dir():  # of a folder of parts the command itself says it
            files.check_writable(Path(str(written)))
    job = make_job(command.job, entry.values, **_given(command.job, run))
    trained = [plan for plan in earlier if plan.runs and plan.entry.command == "train"]
    maker = next((plan.entry.name for plan in trained if model_key(plan.entry) == model_key(entry)), None)
    try:
        inputs = find_inputs(entry, *_names(job))
        before = None if run.force or maker else read_record(run.folder / entry.name)
        if before is not None and is_unchanged(before, inputs.mark(entry.command)):
            return Planned(entry=entry, outcome=UNCHANGED)
        return Planned(entry=entry, outcome="would run", rehearsal=command.rehearse(job, events))
    except MissingError:
        if maker is None or entry.command == "train":
            raise
        return Planned(entry=entry, outcome=f"would run after {maker}")


def _given(job: type, run: Run) -> Mapping[str, Any]:
    """Return the fields of a job that no file can set."""
    given = {"now": run.now, "created": run.now.isoformat(timespec="milliseconds")}
    return {field.name: given[field.name] for field in fields(job) if field.name in given}


def _names(job: Any) -> tuple[Path, str | None, str | None]:
    """Return the folder of models, the data file, and the model that a job uses, if it makes none."""
    if isinstance(job, TrainJob):
        return models_folder(job.store.models_dir), str(job.data), None
    root = models_folder(job.models_dir)
    asked = job.settings.model
    return root, job.data, choose_model(root, job.data) if asked is None else asked
