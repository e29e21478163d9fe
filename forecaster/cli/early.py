"""The first moments of the process: what asks it to stop is heard before anything that takes time is imported."""

from __future__ import annotations

import _thread
import os
import signal
import stat
import time
from contextlib import suppress
from functools import partial
from types import FrameType

from forecaster.base.runtime import prepare_numpy

MOST_SECONDS = 31_622_400.0
"""The longest deadline: a year."""

LEASH = "FORECAST_LEASH"
"""Variable with the descriptor of a pipe that ends when the process that began this one does, however it ends."""

LED: list[bool] = []
"""Holds something where another process of ours began this one and reports what it does."""

BEGAN: list[float] = []
"""When this process began, on the monotonic clock; empty where it is not a command of its own, as in tests."""


def install(arguments: list[str]) -> None:
    """Hear signals and the deadline from here on, until `process.stoppable` and `process.deadline` take over."""
    BEGAN.append(time.monotonic() - age())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    follow(os.environ.pop(LEASH, ""))
    seconds = seconds_of(arguments)
    if seconds is not None:
        signal.signal(signal.SIGALRM, partial(_expire, seconds))
        signal.setitimer(signal.ITIMER_REAL, left_of(seconds))
    prepare_numpy()


def follow(leash: str) -> None:
    """Stop this process, as SIGTERM would, when the other end of a pipe is closed; what is no pipe is let alone."""
    with suppress(OSError, ValueError):
        if stat.S_ISFIFO(os.fstat(int(leash)).st_mode):
            LED.append(True)
            _thread.start_new_thread(_wait_for_end, (int(leash),))


def _wait_for_end(pipe: int) -> None:
    with suppress(OSError):
        while os.read(pipe, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)


def seconds_of(arguments: list[str]) -> float | None:
    """Return the value of --deadline where it is one; what is wrong with another is said when flags are read."""
    for flag, value in zip(arguments, [*arguments[1:], ""], strict=False):
        if flag == "--":
            break
        text = value if flag == "--deadline" else flag.partition("=")[2] if flag.startswith("--deadline=") else ""
        with suppress(ValueError):
            if text and 1 <= float(text) <= MOST_SECONDS:
                return float(text)
    return None


def left_of(seconds: float) -> float:
    """Return how much is left of a deadline that counts from the start of the process."""
    passed = time.monotonic() - BEGAN[0] if BEGAN else 0.0
    return max(seconds - passed, 0.001)


def age() -> float:
    """Return for how many seconds this process has been running, as Linux knows it; elsewhere 0."""
    try:
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 - pathlib takes time to import
            ticks = float(file.read().rpartition(b")")[2].split()[19])
        return max(time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"), 0.0)
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0


def _stop(number: int, _: FrameType | None) -> None:
    _end("STOPPED]: stopped; nothing changed", 128 + number)


def _expire(seconds: float, *_: object) -> None:
    """End as the boundary does later on, with the same line: nobody should see how far the process had come."""
    more = "Give it more time with --deadline"
    _end(f"DEADLINE]: the deadline of {seconds:g} s passed; nothing changed. {more}", 124)


def _end(line: str, code: int) -> None:
    with suppress(OSError):
        os.write(2, f"forecast: error[{line}\n".encode())
    os._exit(code)
