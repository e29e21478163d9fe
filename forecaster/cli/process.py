"""The process as Unix sees it: open descriptors, encodings, and signals that ask it to stop."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from types import FrameType
from typing import ClassVar, NoReturn, TextIO

from forecaster.cli.early import BEGAN, left_of

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

GRACE = 4.0
"""Seconds that Python has, once asked to stop, to leave a call of a C library and to tidy up."""

NOTHING = "nothing changed"


class _Standing:
    """What the command has changed so far, in words."""

    text = NOTHING


def now_stands(text: str) -> None:
    """Set what is reported if the process is stopped from here on: what was changed, and what was not."""
    _Standing.text = text


@contextmanager
def after(state: str) -> Iterator[None]:
    """Let a stop in here say that the work was done, and what it left."""
    before = _Standing.text
    now_stands(state)
    try:
        yield
    finally:
        now_stands(before)


class Stopped(BaseException):
    """Somebody asked the process to stop. Not an `Exception`: nothing on the way may take it for a fault and go on.

    Attributes:
        signal: Number of the signal.
        state: What a person should know: whether anything was changed.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number
        self.state = _Standing.text


class Expired(Stopped):
    """The deadline passed.

    Attributes:
        seconds: The deadline.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(signal.SIGALRM)
        self.seconds = seconds


@contextmanager
def stoppable(give_up: Callable[[Stopped], None]) -> Iterator[None]:
    """Raise `Stopped` where a signal asks to stop, so that every `finally` on the way runs; a second one ends at once.

    Python raises only between two of its own instructions. Where a call of a C library lasts longer than `GRACE`, or
    swallows the exception, a thread ends the process: files are written so that this is safe at any moment.

    A signal that was ignored from the start, as `nohup` does with SIGHUP, stays ignored.

    Args:
        give_up: Called by that thread; is to report, and to end the process.
    """
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return

    def stop(number: int, _: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_DFL)
        raise Stopped(number)

    now_stands(NOTHING)
    before = {each: signal.getsignal(each) for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN}
    with _watched(dict.fromkeys(before, Stopped), give_up):
        for each in before:
            signal.signal(each, stop)
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Raise `Expired` so many seconds after the start of the process, as `stoppable` does for a signal.

    The time is that of the wall: a process that is suspended is late all the same.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(number: int, _: FrameType | None) -> None:
        raise Expired(seconds)

    handler = signal.signal(signal.SIGALRM, expire)
    _Watch.ends[signal.SIGALRM] = lambda _: Expired(seconds)
    began, (left, interval) = time.monotonic(), signal.setitimer(signal.ITIMER_REAL, left_of(seconds))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        del _Watch.ends[signal.SIGALRM]
        signal.signal(signal.SIGALRM, handler)
        if left and not BEGAN:  # somebody else's timer goes on
            signal.setitimer(signal.ITIMER_REAL, max(left - time.monotonic() + began, 0.001), interval)


class _Watch:
    """What the watching thread knows: which signals end the process, and what that is called."""

    ends: ClassVar[dict[int, Callable[[int], Stopped]]] = {}


@contextmanager
def _watched(ends: Mapping[int, Callable[[int], Stopped]], give_up: Callable[[Stopped], None]) -> Iterator[None]:
    """Let a thread call `give_up` when one of these signals has come, and `GRACE` seconds later we are still here.

    Python's C handler writes the number of each signal into a pipe at once, whatever the main thread is doing.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    finished = threading.Event()

    def watch() -> None:
        while number := os.read(reading, 1):
            if ended := _Watch.ends.get(number[0]):
                if not finished.wait(GRACE):
                    give_up(ended(number[0]))
                return

    _Watch.ends.update(ends)
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    old = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield
    finally:
        finished.set()
        signal.set_wakeup_fd(old)
        os.close(writing)
        thread.join()
        os.close(reading)
        _Watch.ends.clear()


def prepare_streams() -> None:
    """Make descriptors 0 to 2 and Python's three streams usable, whatever the caller left of them.

    A closed descriptor would be given to the next file that is opened, and a library's noise would end up in there. So
    each is opened on the null device; stdout for reading only, so that data written to it fails instead of vanishing.
    """
    for descriptor, flags in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)  # takes the lowest free number, which is this one
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
    _encode(sys.stdout)
    _encode(sys.stderr)


def _encode(stream: TextIO) -> None:
    """Write UTF-8 to files and pipes whatever the locale says; on a terminal, escape what it cannot show."""
    if isinstance(stream, TextIOWrapper):
        if stream.isatty():
            stream.reconfigure(errors="backslashreplace")
        else:
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def discard_stdout() -> None:
    """Send what is left in stdout's buffer to the null device: nobody can take it, and the interpreter must not try."""
    with suppress(OSError, ValueError):
        stdout = sys.stdout.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stdout)
        os.close(null)


def leave(code: str | int | None) -> NoReturn:
    """End the process with this exit code, without tearing down the C++ libraries.

    Arrow's threads can abort a process that has done its work (apache/arrow#34314, #39862), and the exit code must say
    what was done. What Python itself has to finish, it finishes here first.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    atexit._run_exitfuncs()  # noqa: SLF001 - `os._exit` runs none
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)
