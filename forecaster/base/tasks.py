"""Tasks → their results, one after the other in this process; `cluster` does the same elsewhere.

A task is an argument of a function that stands in a module, so that it can be named to another process. Its result
depends on the argument and on files alone: whoever does it, wherever, and in whatever order, it is the same.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Protocol

from forecaster.base.errors import ForecastError, ResourceError, TryAgainError
from forecaster.base.system import SMALLER, is_exhausted, unforeseen

TRAINING = ("numpy", "onnxruntime", "pyarrow", "tensorflow", "keras")
"""Packages that must be the same where networks are trained."""

Work = Callable[[Any, Path | None], Any]
"""What is done: with a task, and the folder of the files that were sent along (None in this process)."""


@dataclass(frozen=True)
class TaskEnd:
    """How a task went.

    Attributes:
        index: Which one it is, from 0.
        value: What came of it; None where it failed.
        fault: Why it failed.
        trace: The traceback, where that is a bug.
    """

    index: int
    value: Any = None
    fault: ForecastError | None = None
    trace: str = ""


@dataclass(frozen=True, kw_only=True)
class Luggage:
    """What is sent along once to each process that works, and is not read from where this process reads it.

    Attributes:
        files: Path below a folder → its bytes.
        packages: Those whose version must be that of this process.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    packages: tuple[str, ...] = ("numpy", "onnxruntime", "pyarrow")


class Executor(Protocol):
    """Does tasks.

    Attributes:
        place: Where, in words; empty for this process.
    """

    place: str

    @property
    def workers(self) -> int:
        """How many at a time."""

    def run(self, work: Work, tasks: Sequence[Any]) -> Generator[TaskEnd]:
        """Do tasks, and yield each as it ends, in any order. Whatever still runs when it is closed is given up."""


class Serial:
    """Does tasks in this process, one after the other."""

    workers = 1
    place = ""

    def run(self, work: Work, tasks: Sequence[Any]) -> Generator[TaskEnd]:
        """Do tasks in their order, and yield each as it ends."""
        for index, task in enumerate(tasks):
            yield attempt(work, index, task, None)


def attempt(work: Work, index: int, task: Any, folder: Path | None) -> TaskEnd:
    """Do a task; whatever goes wrong is what came of it, and stops no other."""
    try:
        return TaskEnd(index, work(task, folder))
    except ForecastError as fault:
        return TaskEnd(index, fault=fault)
    except OSError as error:
        return TaskEnd(index, fault=unforeseen(error))
    except Exception as error:  # noqa: BLE001 - a bug that one task meets must not stop the others
        if is_exhausted(error):
            return TaskEnd(index, fault=ResourceError("out of memory", hint=SMALLER))
        message = " ".join(str(error).split())[:300]
        return TaskEnd(index, fault=ForecastError(f"unexpected {type(error).__name__}: {message}"), trace=_trace(error))


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


class _Given:
    """Runs that were given up, by their token, and the run that each thread works for."""

    up: set[str] = set()  # noqa: RUF012 - shared on purpose
    thread = threading.local()


def give_up(token: str) -> None:
    """Let tasks of a run that go on in this process end at their next `check_wanted`."""
    _Given.up.add(token)


def work_for(token: str) -> None:
    """Name the run that this thread works for."""
    _Given.thread.token = token


def check_wanted(*_: object) -> None:
    """End the task of this thread where its run was given up: between two steps of it, and before it publishes.

    Raises:
        TryAgainError: It was.
    """
    if getattr(_Given.thread, "token", None) in _Given.up:
        raise TryAgainError("the command was stopped")


_ONE = threading.Lock()


def alone(work: Work) -> Work:
    """Do one task at a time in a process, however many threads a worker has: those of others change what Keras draws.

    Keras has one generator of seeds, one precision and one graph for a whole process.
    """

    @wraps(work)
    def wait(task: Any, folder: Path | None) -> Any:
        while not _ONE.acquire(timeout=0.2):
            check_wanted()
        try:
            check_wanted()
            return work(task, folder)
        finally:
            _ONE.release()

    return wait
