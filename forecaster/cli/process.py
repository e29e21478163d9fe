"""The process as Unix sees it: open descriptors, encodings, and signals that ask it to stop."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from types import FrameType
from typing import NoReturn, TextIO

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked the process to stop. Not an `Exception`: nothing on the way may take it for a fault and go on.

    Attributes:
        signal: Number of the signal.
        state: What a person should know: whether anything was changed.
    """

    def __init__(self, number: int, state: str = "nothing changed") -> None:
        super().__init__(number)
        self.signal = number
        self.state = state


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Stopped` where a signal asks to stop, so that every `finally` on the way runs; a second one ends at once.

    A signal that was ignored from the start, as `nohup` does with SIGHUP, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return

    def stop(number: int, _: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_DFL)
        raise Stopped(number)

    before = {each: signal.getsignal(each) for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN}
    for each in before:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def after(state: str) -> Iterator[None]:
    """Let a `Stopped` that comes from here on say that the work was done, and what it left."""
    try:
        yield
    except Stopped as stop:
        stop.state = state
        raise


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
