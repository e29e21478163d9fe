"""The jobs of a batch as processes of their own: a fault, a crash or a lack of memory in one leaves the others alone.

A process reports how it went by its exit code, by JSON on stdout, and by the lines that it writes to stderr for cron.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forecaster.base.errors import OK, PARTIAL, ForecastError, ResourceError
from forecaster.base.tasks import TRAINING, Luggage, check_wanted
from forecaster.base.workers import open_executor
from forecaster.cli.early import LEASH
from forecaster.config import WorkerSettings
from forecaster.config.jobfile import Entry

PAUSE = 0.02
"""Seconds between two looks at what runs."""

GRACE = 3.0
"""Seconds that a process has to stop, before it is killed."""

VARIABLES = ("FORECAST_MODELS",)
"""Variables of the environment that a job has wherever it runs; they hold paths."""

NOTHING: Mapping[str, str] = {}

_ERROR = re.compile(r"forecast: error\[(\w+)\]: (.*)")


@dataclass(frozen=True)
class Ended:
    """How a job went.

    Attributes:
        entry: The job.
        exit_code: Of its process; what a signal did is an exit code of ours.
        seconds: How long it took.
        error: The short name of what went wrong, or an empty text.
        message: The line that says so.
        warnings: What else it wrote to stderr.
        row: What it wrote to stdout, if it published.
    """

    entry: Entry
    exit_code: int
    seconds: float
    error: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()
    row: dict[str, Any] | None = None

    @property
    def is_failure(self) -> bool:
        """Whether nothing was published."""
        return self.exit_code not in (OK, PARTIAL)


@dataclass(frozen=True, eq=False)
class _Running:
    """A process, and what it has written; both streams at once when it has ended."""

    entry: Entry
    process: subprocess.Popen[bytes]
    written: list[bytes] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def listen(self) -> None:
        """Take what the process writes until it ends: a pipe that nobody reads would fill up and stop it."""
        self.written.extend(self.process.communicate())

    def end(self) -> Ended:
        """Return how it went; it must have ended."""
        stdout, stderr = (part.decode("utf-8", "replace") for part in self.written)
        code, seconds = self.process.returncode, time.monotonic() - self.began
        if code < 0:
            fault = ResourceError if code == -signal.SIGKILL else ForecastError  # the kernel kills when memory is short
            message = f"its process was killed by {signal.Signals(-code).name}"
            return Ended(self.entry, fault.exit_code, seconds, fault.code, message)
        lines = stderr.splitlines()
        found = _ERROR.fullmatch(lines.pop()) if lines and code not in (OK, PARTIAL) else None
        error, message = found.groups() if found else ("", "")
        warnings = tuple(line.removeprefix("forecast: warning: ") for line in lines)
        return Ended(self.entry, code, seconds, error, message, warnings, _row(stdout))


def _row(text: str) -> dict[str, Any] | None:
    """Return the one row that `forecast run --only NAME --format json` prints, or None where it printed nothing."""
    return dict(json.loads(text)[0]) if text else None


def run_all(
    entries: Sequence[Entry], key: Callable[[Entry], str], arguments: Callable[[Entry], Sequence[str]], most: int
) -> Generator[Ended]:
    """Run jobs, up to `most` at a time, and yield each as it ends. Whatever still runs when we are left is stopped.

    Args:
        entries: The jobs; they begin in this order.
        key: Jobs with one key run one after the other.
        arguments: The command line that runs a job, without the program.
        most: How many at a time.
    """
    waiting, running = list(entries), list[_Running]()
    leash, ours = os.pipe()  # the other end of it is closed with us: then the processes stop, even if we were killed
    try:
        while waiting or running:
            busy = {key(job.entry) for job in running}
            for entry in tuple(waiting):
                if len(running) < most and key(entry) not in busy:
                    running.append(_start(entry, arguments(entry), leash))
                    waiting.remove(entry)
                busy.add(key(entry))
            time.sleep(PAUSE)
            for job in [job for job in running if job.written]:
                running.remove(job)
                yield job.end()
    finally:
        _stop([job.process for job in running])
        os.close(ours)
        os.close(leash)


@dataclass(frozen=True)
class Chain:
    """Jobs on one model, to be run one after the other, wherever.

    Attributes:
        entries: The jobs.
        lines: The command line that runs each, without the program.
        variables: Of the environment, in addition to those of whoever runs them.
    """

    entries: tuple[Entry, ...]
    lines: tuple[tuple[str, ...], ...]
    variables: Mapping[str, str]


def run_chain(chain: Chain, _: Path | None) -> list[Ended]:
    """Run jobs one after the other, each as a process of its own that ends with this one."""
    endings = []
    leash, ours = os.pipe()
    try:
        for entry, line in zip(chain.entries, chain.lines, strict=True):
            check_wanted()
            job = _start(entry, line, leash, chain.variables)
            try:
                while not job.written:
                    time.sleep(PAUSE)
                    check_wanted()
            except ForecastError:
                _stop([job.process])
                raise
            endings.append(job.end())
    finally:
        os.close(ours)
        os.close(leash)
    return endings


def run_elsewhere(
    entries: Sequence[Entry],
    key: Callable[[Entry], str],
    arguments: Callable[[Entry], Sequence[str]],
    workers: WorkerSettings,
    on_place: Callable[[str], None],
) -> Generator[Ended]:
    """Run jobs on workers, each as a process of its own, and yield each when those on its model have ended.

    Args:
        entries: The jobs; they begin in this order.
        key: Jobs with one key run one after the other.
        arguments: The command line that runs a job, without the program; its paths are absolute.
        workers: Who runs them.
        on_place: Called with where that is.
    """
    together: dict[str, list[Entry]] = {}
    for entry in entries:
        together.setdefault(key(entry), []).append(entry)
    passed = {name: os.path.abspath(os.environ[name]) for name in VARIABLES if os.environ.get(name)}  # noqa: PTH100
    chains = [
        Chain(tuple(group), tuple(tuple(arguments(entry)) for entry in group), passed) for group in together.values()
    ]
    trains = any(entry.command == "train" for entry in entries)
    luggage = Luggage(packages=TRAINING) if trains else Luggage()
    with open_executor(workers.workers, workers.cluster, luggage) as doing:
        on_place(doing.place)
        with closing(doing.run(run_chain, chains)) as endings:
            for ended in endings:
                if ended.fault is None:
                    yield from ended.value
                    continue
                for entry in chains[ended.index].entries:
                    yield Ended(entry, ended.fault.exit_code, 0.0, ended.fault.code, ended.fault.message)


def _start(entry: Entry, arguments: Sequence[str], leash: int, variables: Mapping[str, str] = NOTHING) -> _Running:
    # -P: a random.py in the current folder is not a module of ours
    program = [sys.executable, "-P", "-m", "forecaster", *arguments]
    process = subprocess.Popen(
        program,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[leash],
        env={**os.environ, **variables, LEASH: str(leash)},
    )
    job = _Running(entry, process)
    threading.Thread(target=job.listen, daemon=True).start()
    return job


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask processes to end, and kill those that do not in `GRACE` seconds; none runs any more when this returns."""
    for process in processes:
        process.terminate()
    until = time.monotonic() + GRACE
    for process in processes:
        try:
            process.wait(max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()  # until then it is still seen, and holds its files and locks
