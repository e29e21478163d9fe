"""The jobs of a batch as processes of their own: a fault, a crash or a lack of memory in one leaves the others alone.

A process tells how it went by its exit code, by JSON on stdout, and by the lines that it writes to stderr for cron.
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
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from forecaster.base.errors import OK, PARTIAL, ForecastError, ResourceError
from forecaster.cli.early import LEASH
from forecaster.config.jobfile import Entry

PAUSE = 0.02
"""Seconds between two looks at what runs."""

GRACE = 3.0
"""Seconds that a process has to stop, before it is killed."""

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
        told = _ERROR.fullmatch(lines.pop()) if lines and code not in (OK, PARTIAL) else None
        error, message = told.groups() if told else ("", "")
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


def _start(entry: Entry, arguments: Sequence[str], leash: int) -> _Running:
    # -P: a random.py in the current folder is not a module of ours
    program = [sys.executable, "-P", "-m", "forecaster", *arguments]
    process = subprocess.Popen(
        program,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[leash],
        env={**os.environ, LEASH: str(leash)},
    )
    job = _Running(entry, process)
    threading.Thread(target=job.listen, daemon=True).start()
    return job


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    until = time.monotonic() + GRACE
    for process in processes:
        try:
            process.wait(max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
