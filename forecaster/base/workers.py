"""Who does the tasks of a command: this process, worker processes of this machine, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from forecaster.base.errors import UsageError
from forecaster.base.extras import check_extra
from forecaster.base.machine import usable_cores
from forecaster.base.tasks import Executor, Luggage, Serial

NOTHING = Luggage()

LOCAL = "local"
"""What `--cluster` says where a scheduler is to be started on this machine."""


def check_workers(workers: int, cluster: str | None) -> bool:
    """Return whether tasks are done elsewhere than in this process.

    Raises:
        UsageError: Settings that do not fit each other, or the package for it is missing.
    """
    if cluster is not None and cluster != LOCAL and workers > 1:
        fault = f"--workers {workers} starts processes on this machine, and {cluster} has workers of its own"
        raise UsageError(fault, hint="Leave out --workers")
    if cluster is None and workers == 1:
        return False
    check_extra("cluster", f"--cluster {cluster}" if cluster else f"--workers {workers}")
    if cluster not in (None, LOCAL) and "://" not in str(cluster):
        raise UsageError(f"--cluster {cluster}: expected an address", hint="Such as tcp://host:8786, or local")
    return True


@contextmanager
def open_executor(workers: int, cluster: str | None, luggage: Luggage = NOTHING) -> Iterator[Executor]:
    """Yield what does the tasks of a command.

    Args:
        workers: Processes of this machine; 1 is this one.
        cluster: Address of a Dask scheduler, or `local`, which starts one.
        luggage: What is sent to each worker.

    Raises:
        UsageError: Settings that do not fit each other, or the package for it is missing.
        ResourceError: The cluster cannot be used.
    """
    if not check_workers(workers, cluster):
        yield Serial()
        return
    from forecaster.base.cluster import connected

    count = workers if workers > 1 or cluster is None else usable_cores()
    with connected(None if cluster in (None, LOCAL) else cluster, count, luggage) as executor:
        yield executor
