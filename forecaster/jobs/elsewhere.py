"""What commands have in common that share their work out to processes that read the data themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from forecaster.base.errors import UsageError
from forecaster.base.meter import one, tally
from forecaster.base.tasks import Executor, Work
from forecaster.base.workers import check_workers
from forecaster.config import WorkerSettings
from forecaster.data.source import Data
from forecaster.jobs.events import Events
from forecaster.jobs.names import is_named


def found_elsewhere(data: Data) -> str:
    """Return how another process finds the data: an address as it is, a file by its absolute path.

    Raises:
        UsageError: It is no file that another process could read.
    """
    if not is_named(data) or str(data) == "-":
        raise UsageError("workers read the data themselves, and this is no file", hint="Name a data file")
    return str(data) if "://" in str(data) else str(Path(str(data)).absolute())


def is_shared_out(data: Data, workers: WorkerSettings) -> bool:
    """Return whether workers do the tasks of a command, which read the data themselves.

    Raises:
        UsageError: They could not read it, or settings do not fit each other.
    """
    elsewhere = check_workers(workers.workers, workers.cluster)
    if elsewhere:
        found_elsewhere(data)
    return elsewhere


def do_all(
    executor: Executor, work: Work, tasks: Sequence[Any], events: Events, said: tuple[str, str] | None = None
) -> Iterator[tuple[int, Any]]:
    """Do tasks of which none may fail, and yield the index of each as it ends, and what came of it.

    Args:
        executor: Does them.
        work: What is done.
        tasks: With these.
        events: `on_trace` is called with bugs.
        said: What is done in a word, and what is counted; None where the caller counts.

    Raises:
        ForecastError: What the first that failed failed with; the others are given up.
    """
    with closing(executor.run(work, tasks)) as endings:
        for ended in endings if said is None else tally(endings, one, (*said, len(tasks))):
            if ended.trace:
                events.on_trace(ended.trace)
            if ended.fault is not None:
                raise ended.fault
            yield ended.index, ended.value
