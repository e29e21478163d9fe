"""The one error boundary: an exception becomes one line on stderr and an exit code."""

from __future__ import annotations

import json
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from forecaster._version import __version__
from forecaster.base.errors import BUG, OK, DeadlineError, ForecastError, ResourceError, UsageError
from forecaster.base.identity import check_apart, check_unlinked
from forecaster.base.system import SMALLER, check_addresses, is_exhausted, unforeseen
from forecaster.cli import log, screen
from forecaster.cli.process import Expired, Stopped, deadline, discard_stdout, stoppable
from forecaster.cli.watch import Watch

BROKEN_PIPE = 141
LONGEST_LINE = 2_000


@dataclass(frozen=True)
class Failure:
    """What is reported when a command fails.

    Attributes:
        exit_code: What the process exits with.
        code: The short name in `forecast: error[CODE]: …`.
        text: One line; empty where nobody listens any more.
        message: The same without the hint.
        hint: The next command or flag to type, or an empty string.
    """

    exit_code: int
    code: str
    text: str
    message: str = ""
    hint: str = ""

    def as_json(self) -> str:
        """Return the failure as one line of JSON: with file, line, column and series where the message names them."""
        message = self.message or self.text
        known = {"exit_code": self.exit_code, "code": self.code, "message": message, "hint": self.hint}
        return json.dumps(known | place_in(message), ensure_ascii=False)


def place_in(message: str) -> dict[str, Any]:
    """Return what a message names: `file` and `line` at its beginning, `column` and `series`; None for the others.

    Messages about data begin with `FILE, line N, column 'NAME': …`, and name a series as `series 'NAME'`.
    """
    place = re.match(r"(?P<file>[^:]*?\S\.\w+|-|[^:,\s]+)(, line (?P<line>[\d,]+))?[,:] ", message)
    quoted = r" '((?:[^'\\]|\\.)*)'"
    column, series = (re.search(f"\\b{word}{quoted}", message) for word in ("column", "series"))
    line = place and place["line"]
    return {
        "file": place["file"] if place and (line or "." in place["file"]) else None,
        "line": int(line.replace(",", "")) if line else None,
        "column": column and column[1],
        "series": series and series[1],
    }


def explain(error: BaseException, log_file: Path | None = None) -> Failure:
    """Return what an exception means to the user. Whatever is not listed here is a bug of ours."""
    match error:
        case ForecastError():
            text = error.line()[:LONGEST_LINE]
            return Failure(error.exit_code, error.code, text, error.message[:LONGEST_LINE], error.hint)
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
        case _ if is_exhausted(error):
            return explain(ResourceError("out of memory", hint=SMALLER))
        case OSError():
            return explain(unforeseen(error))
    where = f"The traceback is in {log_file}" if log_file else "For the traceback, run it again with FORECAST_DEBUG=1"
    text = ForecastError(f"unexpected {type(error).__name__}: {str(error)[:300]}", hint=where).line()
    return Failure(BUG, "BUG", text)


@dataclass(frozen=True)
class Around:
    """What surrounds a command, found before its flags are read.

    Attributes:
        log_file: Where its record is appended to.
        deadline: Seconds from the start of the process.
        outputs: Files that flags name to be written, by the flag.
        settings: The file of settings that a flag names.
        models_dir: The folder of models that a flag names.
        errors_as_json: Whether the line on stderr is JSON.
    """

    log_file: Path | None = None
    deadline: float | None = None
    outputs: Mapping[str, str | None] = field(default_factory=dict)
    errors_as_json: bool = False
    settings: str | None = None
    models_dir: str | None = None


def run(work: Callable[[], Any], command: str = "", around: Around = Around(), watch: Watch | None = None) -> int:
    """Do the work of a command and return the exit code: the one error boundary.

    On failure stdout holds nothing of ours, and stderr ends in one line: of JSON where that is asked for.
    """
    began, log_file = time.monotonic(), around.log_file
    watching = watch or Watch()
    refused = _refused(around)
    if refused is not None:  # what exists is not opened, not even to say so
        log_file, watching = None, Watch(on_failure=watching.on_failure)

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
            report(error, failure, as_json=around.errors_as_json)
        return code

    with log.recording(log_file, watching), stoppable(lambda stopped: os._exit(conclude(BUG, stopped))):
        log.event("start", command=command, version=__version__, pid=os.getpid())
        try:
            _check_before(refused, command)
            with deadline(around.deadline):
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


def _check_before(refused: ForecastError | None, command: str) -> None:
    """Raise what is wrong with the files to write; then look whether any command but help has the memory to begin."""
    if refused is not None:
        raise refused
    if command:
        check_addresses()


def _refused(around: Around) -> ForecastError | None:
    """Return what is wrong with the files to write: one of them twice, or a log that is something else."""
    try:
        check_apart(around.outputs, [("the file of settings", around.settings)])
        check_unlinked(around.outputs, Path(around.models_dir or os.environ.get("FORECAST_MODELS") or "models"))
        if around.log_file is not None:
            log.check_log(around.log_file)
        for flag in ("--log-file", "--metrics-file"):
            path = around.outputs.get(flag)
            if path and any((folder / "versions").is_dir() for folder in Path(os.path.realpath(path)).parents):
                from forecaster.jobs.names import check_outputs

                check_outputs({flag: path})
    except ForecastError as error:
        return error
    return None


def report(error: BaseException, failure: Failure, *, as_json: bool = False) -> None:
    """Write the one line to stderr, and with FORECAST_DEBUG=1 the traceback before it."""
    discard_stdout()
    with suppress(OSError), screen.free():
        if os.environ.get("FORECAST_DEBUG") and not isinstance(error, typer.TyperException):
            traceback.print_exception(error, file=sys.stderr)
        if failure.text:
            line = failure.as_json() if as_json else f"forecast: error[{failure.code}]: {failure.text}"
            print(line, file=sys.stderr, flush=True)
