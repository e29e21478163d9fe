"""Tasks in this process: in their order, each with its own end."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from forecaster.base import tasks
from forecaster.base.errors import DataError, ForecastError, ResourceError, StorageError, TryAgainError
from forecaster.base.tasks import Serial


def work(task: Any, folder: Path | None) -> Any:
    if isinstance(task, BaseException):
        raise task
    return task * 2, folder


def test_each_task_ends_by_itself() -> None:
    ends = list(Serial().run(work, [1, DataError("wrong"), OSError(5, "why", "here"), MemoryError(), KeyError("x"), 4]))
    assert [end.index for end in ends] == list(range(6))
    assert [end.value for end in ends] == [(2, None), None, None, None, None, (8, None)]
    assert [type(end.fault) for end in ends[1:5]] == [DataError, StorageError, ResourceError, ForecastError]
    assert [bool(end.trace) for end in ends] == [False, False, False, False, True, False]
    fault = ends[4].fault
    assert fault is not None
    assert fault.message == "unexpected KeyError: 'x'"


def test_a_task_begins_only_when_the_one_before_it_was_taken() -> None:
    begun: list[int] = []
    run = Serial().run(lambda task, _: begun.append(task), [1, 2, 3])
    next(run)
    assert begun == [1]
    run.close()
    assert begun == [1]


def test_an_interruption_is_no_end_of_a_task() -> None:
    with pytest.raises(KeyboardInterrupt):
        list(Serial().run(work, [KeyboardInterrupt()]))


def test_what_was_given_up_ends_at_its_next_step_and_only_there() -> None:
    refused: list[str] = []

    def step(token: str) -> None:
        tasks.work_for(token)
        try:
            tasks.check_wanted()
        except TryAgainError:
            refused.append(token)

    tasks.give_up("this run")
    for token in ("this run", "another run"):
        thread = threading.Thread(target=step, args=(token,))
        thread.start()
        thread.join()
    assert refused == ["this run"]
    tasks.check_wanted()
