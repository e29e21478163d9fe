"""Run a command as a process of its own, and say how long it took and how much memory it held."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FORECAST = (sys.executable, "-m", "forecaster")


@dataclass(frozen=True)
class Run:
    """One finished process.

    Attributes:
        seconds: Wall time from start to exit.
        megabytes: Peak resident memory of the process.
        cpu: Processor time that it took, on all cores together.
    """

    seconds: float
    megabytes: float
    cpu: float = 0.0


def run(command: Sequence[str | Path], cwd: Path) -> Run:
    """Run a command to its end; its output goes to a file beside the others in `cwd`.

    Raises:
        RuntimeError: It did not exit with 0.
    """
    log = cwd / "output.txt"
    with log.open("wb") as stream:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*map(str, command)], cwd=cwd, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} exited with {process.returncode}:\n{log.read_text()[-2000:]}")
    return Run(seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def interleaved(commands: Sequence[Sequence[str | Path]], cwd: Path, rounds: int = 7) -> list[Run]:
    """Run commands in turn, A B C A B C …, after one round that does not count; return the median of each."""
    for command in commands:
        run(command, cwd)
    runs = [[run(command, cwd) for command in commands] for _ in range(rounds)]
    return [
        Run(statistics.median(r[i].seconds for r in runs), statistics.median(r[i].megabytes for r in runs))
        for i in range(len(commands))
    ]


def bound(*limits: tuple[float, float, str]) -> str:
    """Return bounds as a cell of a table, marked where one was missed.

    Args:
        limits: What was measured, what is allowed, and how that is written, each.
    """
    text = ", ".join(written for *_, written in limits)
    return f"{text}: **missed**" if any(measured > allowed for measured, allowed, _ in limits) else text


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def free_cores(seconds: float = 3.0) -> float:
    """Return how many cores had nothing to do for a while."""

    def idle() -> int:
        return int(Path("/proc/stat").read_text().split()[4])

    before = idle()
    time.sleep(seconds)
    return (idle() - before) / os.sysconf("SC_CLK_TCK") / seconds


def machine() -> str:
    """Return one line about this machine."""
    names = [line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    cpu = names[0] if names else platform.machine()
    return (
        f"{os.cpu_count()} cores of {cpu}, {memory / 2**20:.0f} GiB of memory, {platform.system()}, "
        f"Python {platform.python_version()}, no GPU used; shared with other work, so read ratios before seconds"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
