"""The one error boundary: an exception becomes one line on stderr and an exit code."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from forecaster._version import __version__
from forecaster.base.errors import BUG, OK, DeadlineError, ForecastError, ResourceError, StorageError, UsageError
from forecaster.cli import log
from forecaster.cli.process import Expired, Stopped, discard_stdout, stoppable
from forecaster.cli.watch import Watch

BROKEN_PIPE = 141
EXHAUSTED = ("failed to map segment", "bad_alloc", "launch worker thread", "start new thread", "Cannot allocate memory")
"""How libraries say that there is no memory left, or no thread to be had: each raises something else."""

LONGEST_LINE = 2_000


@dataclass(frozen=True)
class Failure:
    """What the world is told when a command fails.

    Attributes:
        exit_code: What the process exits with.
        code: The short name in `forecast: error[CODE]: …`.
        text: One line; empty where nobody listens any more.
    """

    exit_code: int
    code: str
    text: str


def explain(error: BaseException, log_file: Path | None = None) -> Failure:
    """Return what an exception means to the user. Whatever is not listed here is a bug of ours."""
    match error:
        case ForecastError():
            return Failure(error.exit_code, error.code, error.line()[:LONGEST_LINE])
        case typer.TyperException():  # wrong usage; `ctx` says of which command
            where = getattr(getattr(error, "ctx", None), "command_path", "forecast")
            message = " ".join(error.format_message().split()).replace(": Value error, ", ": ").rstrip(".?")
            return explain(UsageError(message, hint=f"See: {where} --help"))
        case Expired():
            late = f"the deadline of {error.seconds:g} s passed; {error.state}"
            return explain(DeadlineError(late, hint="Give it more time with --deadline"))
        case Stopped():
            return Failure(128 + error.signal, "STOPPED", f"stopped; {error.state}")
        case KeyboardInterrupt():
            return explain(Stopped(2))
        case BrokenPipeError():
            return Failure(BROKEN_PIPE, "PIPE", "")
        case _ if isinstance(error, MemoryError) or any(sign in str(error) for sign in EXHAUSTED):
            return explain(ResourceError("out of memory", hint="Try fewer series at a time, or a smaller --batch-size"))
        case OSError():
            reason = error.strerror or str(error)
            return explain(StorageError(f"{error.filename}: {reason}" if error.filename else reason))
    where = f"The traceback is in {log_file}" if log_file else "For the traceback, run it again with FORECAST_DEBUG=1"
    text = ForecastError(f"unexpected {type(error).__name__}: {str(error)[:300]}", hint=where).line()
    return Failure(BUG, "BUG", text)


def run(work: Callable[[], Any], command: str = "", log_file: Path | None = None, watch: Watch | None = None) -> int:
    """Do the work of a command and return the exit code: the one error boundary.

    On failure stdout holds nothing of ours, and stderr ends in one line.
    """
    began = time.monotonic()
    watching = watch or Watch()

    def conclude(code: int, error: BaseException | None = None) -> int:
        ending: dict[str, Any] = {}
        failure = None if error is None else explain(error, log_file)
        if error is not None and failure is not None:
            code, ending = failure.exit_code, {"error": failure.code, "message": failure.text}
            if code == BUG:
                log.event("bug", traceback="".join(traceback.format_exception(error)))
        log.event("end", exit_code=code, seconds=round(time.monotonic() - began, 3), **ending)
        watching.finish()
        if error is not None and failure is not None:
            report(error, failure)
        return code

    with log.recording(log_file, watching), stoppable(lambda stopped: os._exit(conclude(BUG, stopped))):
        log.event("start", command=command, version=__version__, pid=os.getpid())
        try:
            watching.check()
            returned = work()
            sys.stdout.flush()
            code = returned if isinstance(returned, int) else OK
        except typer.Exit as done:  # --help, --version
            code, watching = done.exit_code, Watch()
        except SystemExit:  # shell completion
            raise
        except BaseException as error:  # noqa: BLE001 - the boundary: each exception gets its line and its exit code
            return conclude(BUG, error)
        return conclude(code)


def report(error: BaseException, failure: Failure) -> None:
    """Write the one line to stderr, and with FORECAST_DEBUG=1 the traceback before it."""
    discard_stdout()
    with suppress(OSError):
        if os.environ.get("FORECAST_DEBUG") and not isinstance(error, typer.TyperException):
            traceback.print_exception(error, file=sys.stderr)
        if failure.text:
            print(f"forecast: error[{failure.code}]: {failure.text}", file=sys.stderr, flush=True)
