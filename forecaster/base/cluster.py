"""Tasks on worker processes, by Dask: those of this machine, or of a cluster that others look after.

Dask finds a free worker for each task, and another one where a worker dies. A task goes to a worker as the name of a
function and its argument, and what comes back is small: data is read where the worker is. What is sent along, a model's
files, goes through the scheduler to each worker once, and to one that joins later as it joins.

Dask writes its messages with pickle: whoever may talk to a scheduler may run programs on its workers, and on whoever
connects to it. See SECURITY.md.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import dask
from distributed import Client, LocalCluster, Worker, WorkerPlugin, as_completed
from distributed.scheduler import KilledWorker
from distributed.system import MEMORY_LIMIT

from forecaster.base.errors import ResourceError, UsageError
from forecaster.base.machine import usable_cores, versions_of
from forecaster.base.runtime import use_threads
from forecaster.base.tasks import Luggage, TaskEnd, Work, attempt, give_up, work_for

PATIENCE = 30.0
"""Seconds to wait for a scheduler to answer, and for its first worker."""

GONE = 60.0
"""Seconds without any worker, or without an answer of the scheduler, after which tasks are given up."""

LOOKING = 2.0
"""Seconds between two looks at whether there are workers."""

SENDING = 300.0
"""Seconds for what is sent to be on each worker, and for what came of a finished task to arrive."""

CLOSING = 1.5
"""Seconds that a connection or workers have to end by themselves: less than a process has that is asked to stop."""

MEMORY_OF_WORKER = 400 << 20
"""Bytes that a worker process takes with small tasks."""

QUIET = {
    "distributed.logging.distributed": "critical",
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 2**28,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 2**28,
}
"""Settings of worker processes of our own: results are small, and gain nothing by being on disk. No worker has a
task that it does not do yet: it would be blamed for a death that it had no part in. Dask has freed memory handed back
from 64 KiB on, so that each array of a part would be mapped, cleared and unmapped anew."""


class Unpacked(WorkerPlugin):
    """What a worker has of a run: the files that were sent along, and whether its packages are the same.

    Attributes:
        token: Of the run.
        luggage: What was sent.
        versions: Of the packages of the process that sends.
    """

    idempotent = False
    rooms: ClassVar[dict[str, tuple[Path, str]]] = {}
    """Run → the folder of its files in this process, and what is wrong with its packages."""

    def __init__(self, token: str, luggage: Luggage) -> None:
        self.name = f"forecast-{token}"
        self.token, self.luggage = token, luggage
        self.versions = versions_of(luggage.packages)

    def setup(self, worker: Worker) -> None:
        """Unpack the files on a worker, and compare versions."""
        use_threads(1)
        folder = Path(worker.local_directory) / self.name
        shutil.rmtree(folder, ignore_errors=True)
        for name, data in self.luggage.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        here = versions_of(self.luggage.packages)
        odd = [
            f"{name} {here[name]} instead of {wanted}" for name, wanted in self.versions.items() if here[name] != wanted
        ]
        Unpacked.rooms[self.token] = (folder, ", ".join(odd))

    def teardown(self, worker: Worker) -> None:
        """Give up what still runs, and remove the files."""
        give_up(self.token)
        folder, _ = Unpacked.rooms.pop(self.token, (None, ""))
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


async def ask(token: str) -> str:
    """Return what is wrong with the packages of this worker; empty for nothing. One that just joined unpacks first."""
    until = time.monotonic() + PATIENCE
    while token not in Unpacked.rooms and time.monotonic() < until:
        await asyncio.sleep(0.05)
    return Unpacked.rooms[token][1]


def call(work: Work, index: int, task: Any, token: str) -> TaskEnd:
    """Do a task on a worker."""
    folder, odd = Unpacked.rooms.get(token, (None, ""))
    if folder is None:
        return TaskEnd(index, fault=ResourceError("a worker lacks what was sent to it", hint="Run the command again"))
    if odd:
        return TaskEnd(index, fault=_mismatch("the worker that received it", odd))
    work_for(token)
    return attempt(work, index, task, folder)


def _mismatch(who: str, odd: str) -> ResourceError:
    return ResourceError(f"{who} has other packages: {odd}", hint="Install the same versions on it")


class DaskExecutor:
    """Does tasks on the workers of a Dask scheduler."""

    def __init__(self, client: Client, token: str, place: str) -> None:
        self.client, self.token, self.place = client, token, place
        self.runs = 0

    @property
    def workers(self) -> int:
        """How many tasks at a time."""
        workers = self.client.scheduler_info(-1)["workers"].values()
        return max(sum(int(worker["nthreads"]) for worker in workers), 1)

    def run(self, work: Work, tasks: Sequence[Any]) -> Generator[TaskEnd]:
        """Do tasks, and yield each as it ends. Whatever still runs when it is closed is given up.

        A worker that dies is held against all tasks that it had. Of several that were with one each time, each is done
        once more alone: then it is known which of them it was.
        """
        suspects = {}
        for ended in self._run_some(work, dict(enumerate(tasks))):
            if ended.value is not _KILLED:
                yield ended
            else:
                suspects[ended.index] = tasks[ended.index]
        for index, task in suspects.items():
            for ended in self._run_some(work, {index: task}) if len(suspects) > 1 else [TaskEnd(index, _KILLED)]:
                yield ended if ended.value is not _KILLED else TaskEnd(index, fault=_killed())

    def _run_some(self, work: Work, tasks: Mapping[int, Any]) -> Generator[TaskEnd]:
        """Do tasks, by their index; `_KILLED` is what came of one that was with each worker that died."""
        self.runs += 1
        futures: dict[Any, int] = {}
        watch = _Lookout(self.client, futures)
        for index, task in tasks.items():
            key = f"forecast-{self.token}-{self.runs}-{index}"
            futures[self.client.submit(call, work, index, task, self.token, key=key, pure=False)] = index
        try:
            watch.start()
            for future in as_completed(list(futures), loop=self.client.loop):
                index = futures.pop(future)
                yield _ended(future, index, watch)
                future.release()
        finally:
            watch.stop.set()
            if futures:
                with suppress(OSError, TimeoutError):
                    self.client.cancel(list(futures))


_KILLED = object()


def _killed() -> ResourceError:
    what = "each worker died of it, one after the other"
    return ResourceError(what, hint="Is its part too large for a worker's memory?")


class _Lookout(threading.Thread):
    """Gives up tasks that nobody will ever do: Dask itself would wait for ever for a worker to come.

    Attributes:
        stop: Set when nobody waits for the tasks.
        why: Why they were given up; empty where they were not.
    """

    def __init__(self, client: Client, futures: Mapping[Any, int]) -> None:
        super().__init__(daemon=True)
        self.client, self.futures = client, futures
        self.stop, self.why = threading.Event(), ""

    def run(self) -> None:
        """Look from time to time whether the scheduler answers, and has a worker."""
        scheduler: Any = self.client.scheduler
        seen, missing = time.monotonic(), ""
        while not self.stop.wait(LOOKING):
            try:
                workers = self.client.sync(scheduler.ncores, callback_timeout=GONE)
                missing = "" if workers else "no worker is left"
            except (OSError, RuntimeError, ValueError, CancelledError):
                missing = "the scheduler does not answer any more"
            if not missing:
                seen = time.monotonic()
            elif time.monotonic() - seen > GONE:
                self.why = missing
                with suppress(OSError, RuntimeError):  # those that wait for a task hear of it even so
                    self.client.cancel(list(self.futures))
                return


def _ended(future: Any, index: int, watch: _Lookout) -> TaskEnd:
    """Return how a task went that may have taken its workers with it, even after it was finished."""
    try:
        ended: TaskEnd = future.result(SENDING)
        return ended
    except KilledWorker:
        return TaskEnd(index, _KILLED)
    except (CancelledError, TimeoutError, OSError) as error:
        late = isinstance(error, TimeoutError)
        what = watch.why or ("its result does not arrive" if late else "the cluster gave it up")
        return TaskEnd(index, fault=ResourceError(what, hint="Run the command again"))


def _within(seconds: float, do: Callable[[], Any]) -> Any:
    """Return what a question to the cluster came to that has no bound of its own.

    Raises:
        TimeoutError: No answer for so long.
    """
    answer: Future[Any] = Future()

    def wait() -> None:
        try:
            answer.set_result(do())
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is waited for
            answer.set_exception(error)

    threading.Thread(target=wait, daemon=True).start()
    return answer.result(seconds)


@contextmanager
def connected(address: str | None, workers: int, luggage: Luggage) -> Iterator[DaskExecutor]:
    """Yield what does tasks on a cluster.

    Args:
        address: Of a scheduler; None starts one with worker processes on this machine.
        workers: How many of them, where they are started.
        luggage: What is sent to each worker.

    Raises:
        ResourceError: No scheduler answers, it has no worker, or workers have other packages than this process.
    """
    token = os.urandom(8).hex()
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with dask.config.set(QUIET), _scheduler(address, workers) as where:
        client = _client(where, address)
        try:
            _check_workers(client, address)
            _send(client, Unpacked(token, luggage), address)
            yield DaskExecutor(client, token, _place(client, address))
        finally:
            with suppress(OSError, TimeoutError, RuntimeError, ValueError):  # it may not have come so far
                _within(CLOSING, lambda: client.unregister_worker_plugin(f"forecast-{token}"))
            with suppress(OSError, TimeoutError):
                client.close(CLOSING)


def _check_memory(workers: int) -> None:
    """Refuse more worker processes than this machine can hold.

    Raises:
        UsageError: There is no memory for so many.
    """
    most = max(int(MEMORY_LIMIT // MEMORY_OF_WORKER), usable_cores())
    if workers > most:
        each = f"{MEMORY_OF_WORKER >> 20:,} MiB each"
        fault = f"--workers {workers}: this machine has memory for {most:,} worker processes ({each})"
        raise UsageError(fault, hint=f"One a core is enough: --workers {max(usable_cores(), 2)}")


@contextmanager
def _scheduler(address: str | None, workers: int) -> Iterator[Any]:
    if address is not None:
        yield address
        return
    _check_memory(workers)
    try:
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
        )
    except (RuntimeError, TimeoutError) as error:
        raise ResourceError(f"worker processes do not start: {error}", hint="Try again with fewer --workers") from None
    try:
        yield cluster
    finally:
        with suppress(OSError, TimeoutError):
            cluster.close(CLOSING)


def _client(where: Any, address: str | None) -> Client:
    try:
        return Client(where, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError) as error:
        said = " ".join(str(error).split())[:200]
        hint = "Is it running? Start one: dask scheduler; or use --cluster local"
        raise ResourceError(f"no Dask scheduler answers at {address}: {said}", hint=hint) from None
    except ValueError as error:
        raise UsageError(f"--cluster {address}: {error}", hint="Such as tcp://host:8786, or local") from None


def _check_workers(client: Client, address: str | None) -> None:
    try:
        client.wait_for_workers(1, PATIENCE)
    except TimeoutError:
        who = address or "this machine"
        raise ResourceError(f"{who} has no worker", hint=f"Start one: dask worker {address or ''}") from None
    until = time.monotonic() + PATIENCE
    try:  # one that dies is in the scheduler's list for a moment more
        while not _within(PATIENCE, lambda: client.run(os.getpid, on_error="ignore")):
            if time.monotonic() > until:
                raise TimeoutError("no answer")
            time.sleep(0.2)
    except (OSError, TimeoutError) as error:
        who = address or "this machine"
        raise ResourceError(f"the workers of {who} do not answer: {error}", hint="Start them anew") from None


def _send(client: Client, luggage: Unpacked, address: str | None) -> None:
    """Send files to all workers, and compare their packages with ours."""
    try:
        _within(SENDING, lambda: client.register_plugin(luggage))
        answers = _within(SENDING, lambda: client.run(ask, luggage.token, on_error="ignore"))
    except (OSError, TimeoutError) as error:
        who = address or "this machine"
        raise ResourceError(f"the workers of {who} cannot be sent to: {error}", hint="Start them anew") from None
    for worker, odd in answers.items():
        if odd:
            raise _mismatch(worker, odd)


def _place(client: Client, address: str | None) -> str:
    link = client.dashboard_link
    where = "worker processes of this machine" if address is None else f"the cluster at {address}"
    return f"{where}; dashboard: {link}" if link else where
