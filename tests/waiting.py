"""Waiting for what other processes do: as long as it takes on a busy machine, and no longer than something is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

LATE = 120.0
"""Seconds after which what should have happened is taken for a fault; nothing waits so long where all is well."""


def wait_until(condition: Callable[[], object], seconds: float = LATE) -> None:
    """Wait for something that another process or thread does, and fail where it does not come."""
    last = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < last, f"waited for {seconds:g} s in vain"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Return whether a process runs. One that has ended does not, even where nobody has asked how it went."""
    return _state_and_group(pid)[0] not in "ZX"


def alive_in(group: int) -> list[int]:
    """Return the processes of a group that run."""
    running = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    found = ((pid, *_state_and_group(pid)) for pid in running)
    return [pid for pid, state, theirs in found if theirs == group and state not in "ZX"]


def _state_and_group(pid: int) -> tuple[str, int]:
    """Return the state of a process as Linux names it, and its group; of none, as of one that is gone."""
    try:
        state, _, group = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:3]
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0
    return state, int(group)
