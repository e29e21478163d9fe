"""Tasks on worker processes: what comes of them, whoever dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dask
import pytest

from forecaster.base import cluster
from forecaster.base.cluster import DaskExecutor, connected
from forecaster.base.errors import DataError, ResourceError, UsageError
from forecaster.base.tasks import Luggage, Serial, TaskEnd, alone, check_wanted, give_up, work_for


def test_no_more_workers_are_started_than_the_machine_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "MEMORY_LIMIT", 3 * cluster.MEMORY_OF_WORKER)
    monkeypatch.setattr(cluster, "usable_cores", lambda: 2)
    many = "--workers 1024: this machine has memory for 3 worker processes"
    with pytest.raises(UsageError, match=many) as refused, connected(None, 1024, Luggage()):
        pass
    assert refused.value.hint == "One a core is enough: --workers 2"


def double(task: int, sent: Path | None) -> int:
    """Return twice a number; 13 is bad data, 99 a bug."""
    if task == 13:
        raise DataError("unlucky", hint="Take another")
    return 2 * task if task != 99 else 1 // 0


def unpack(task: str, sent: Path | None) -> str:
    """Return a file that was sent along."""
    assert sent is not None
    return (sent / task).read_text()


def die_once(mark: Path, sent: Path | None) -> str:
    """End the process that does it, the first time."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return "lived"
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


def die_or_double(task: int, sent: Path | None) -> int:
    """End the process that does 13, whichever does it."""
    if task == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * task


def sleep_long(task: int, sent: Path | None) -> int:
    """Take a minute."""
    time.sleep(60)
    return task


BUSY = list[int]()


@alone
def be_alone(task: int, sent: Path | None) -> int:
    """Return how many do this in this process."""
    BUSY.append(task)
    time.sleep(0.02)
    seen = len(BUSY)
    BUSY.remove(task)
    return seen


@pytest.fixture
def executor(dask_cluster: str) -> Iterator[DaskExecutor]:
    with connected(dask_cluster, 1, Luggage(files={"a/b.txt": b"sent once"})) as opened:
        yield opened


def in_order(ends: Iterator[TaskEnd]) -> list[TaskEnd]:
    return sorted(ends, key=lambda end: end.index)


def test_workers_do_what_this_process_does(executor: DaskExecutor) -> None:
    tasks = [*range(12, 15), 99]
    here, there = in_order(Serial().run(double, tasks)), in_order(executor.run(double, tasks))
    assert [end.value for end in here] == [24, None, 28, None] == [end.value for end in there]
    for end in (here[1], there[1]):
        assert isinstance(end.fault, DataError)
        assert (end.fault.message, end.fault.hint) == ("unlucky", "Take another")
    for end in (here[3], there[3]):
        assert end.fault is not None
        assert end.fault.line() == "unexpected ZeroDivisionError: integer division or modulo by zero"
        assert "in double" in end.trace
    assert executor.workers == 2
    assert "tcp://" in executor.place


def test_files_are_sent_to_each_worker(executor: DaskExecutor) -> None:
    assert {end.value for end in executor.run(unpack, ["a/b.txt"] * 8)} == {"sent once"}


def test_a_worker_that_dies_costs_its_tasks_alone(executor: DaskExecutor, tmp_path: Path) -> None:
    ends = in_order(executor.run(die_once, [tmp_path / f"{k}" for k in range(2)]))
    assert [end.value for end in ends] == ["lived", "lived"]
    assert {end.value for end in executor.run(unpack, ["a/b.txt"] * 4)} == {"sent once"}


@pytest.mark.slow
def test_a_task_that_kills_every_worker_fails_alone() -> None:
    patience = dask.config.set({"distributed.scheduler.allowed-failures": 0})
    with patience, connected(None, 2, Luggage()) as executor:
        ends = in_order(executor.run(die_or_double, [1, 13, 2, 3]))
    assert [end.value for end in ends] == [2, None, 4, 6]
    fault = ends[1].fault
    assert isinstance(fault, ResourceError)
    assert "each worker died of it, one after the other" in fault.message


def test_a_run_that_was_given_up_ends_at_its_next_step() -> None:
    work_for("here")
    check_wanted()
    give_up("here")
    try:
        with pytest.raises(Exception, match="was stopped"):
            check_wanted()
    finally:
        work_for("")


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecaster.base.cluster.PATIENCE", 0.3)
    opening = connected("tcp://127.0.0.1:9", 1, Luggage())
    with pytest.raises(ResourceError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        opening.__enter__()


@pytest.fixture
def others(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Start a scheduler and one worker as programs of others, and return its address, and both."""
    found, dask_program = tmp_path / "scheduler.json", [sys.executable, "-m", "dask"]
    place = ("--scheduler-file", str(found))
    scheduler = [*dask_program, "scheduler", *place, "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    worker = [*dask_program, "worker", *place, "--no-nanny", "--nthreads", "2", "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": Path(__file__).parents[2]}
    started = [subprocess.Popen(line, **quiet) for line in (scheduler, worker)]
    until = time.monotonic() + 60
    while not found.exists() or not found.read_text().strip():
        assert time.monotonic() < until
        time.sleep(0.1)
    yield json.loads(found.read_text())["address"], started
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("which", "how", "told"),
    [
        (1, signal.SIGKILL, "no worker is left"),
        (0, signal.SIGKILL, "the cluster gave it up"),
        (0, signal.SIGSTOP, "the scheduler does not answer any more"),
    ],
)
def test_a_cluster_that_is_lost_ends_the_run(
    others: tuple[str, list[subprocess.Popen[bytes]]],
    which: int,
    how: signal.Signals,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("forecaster.base.cluster.GONE", 6.0)
    monkeypatch.setattr("forecaster.base.cluster.LOOKING", 0.5)
    address, started = others
    with connected(address, 1, Luggage()) as executor:
        assert [end.value for end in in_order(executor.run(double, [1, 2]))] == [2, 4]
        timer = threading.Timer(2.0, started[which].send_signal, [how])
        timer.start()
        began = time.monotonic()
        (end,) = executor.run(sleep_long, [1])
    assert end.fault is not None
    assert told in end.fault.message
    assert time.monotonic() - began < 40


@pytest.mark.slow
def test_tasks_that_must_be_alone_are_alone_on_a_worker_of_two_threads(
    others: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    with connected(others[0], 1, Luggage()) as executor:
        assert executor.workers == 2
        assert {end.value for end in executor.run(be_alone, range(20))} == {1}


@pytest.mark.slow
def test_a_worker_that_does_not_answer_is_said_to(
    others: tuple[str, list[subprocess.Popen[bytes]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(others[0], 1, Luggage()):
        pass  # it has joined
    others[1][1].send_signal(signal.SIGSTOP)
    monkeypatch.setattr("forecaster.base.cluster.PATIENCE", 3.0)
    with pytest.raises(ResourceError, match="do not answer"), connected(others[0], 1, Luggage()):
        pass
