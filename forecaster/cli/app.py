"""The `forecast` application: its commands, and the one place where a fault becomes a line and an exit code."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from forecaster import __version__
from forecaster.cli import log, models
from forecaster.cli.check import check
from forecaster.cli.compare import compare
from forecaster.cli.doctor import doctor
from forecaster.cli.evaluate import evaluate
from forecaster.cli.explain import explain as explain_forecasts
from forecaster.cli.export import export
from forecaster.cli.help import Command
from forecaster.cli.plot import plot
from forecaster.cli.predict import predict
from forecaster.cli.process import Expired, Stopped, discard_stdout, leave, prepare_streams, stoppable
from forecaster.cli.report import report as report_model
from forecaster.cli.run import run as run_jobs
from forecaster.cli.schedule import schedule
from forecaster.cli.score import score
from forecaster.cli.train import train
from forecaster.cli.tune import tune
from forecaster.cli.watch import Watch
from forecaster.errors import BUG, OK, DeadlineError, ForecastError, ResourceError, StorageError, UsageError

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


def value_in(arguments: Sequence[str], wanted: str) -> str | None:
    """Return the value of a flag, found before parsing: a command line that does not parse is recorded as well."""
    for flag, value in pairwise([*arguments, ""]):
        if flag == "--":
            break
        if flag == wanted and value:
            return value
        if flag.startswith(f"{wanted}="):
            return flag.partition("=")[2]
    return None


def log_file_in(arguments: Sequence[str]) -> Path | None:
    """Return the value of --log-file."""
    path = value_in(arguments, "--log-file")
    return None if path is None else Path(path)


class Application(TyperGroup):
    """The group of all commands, run inside the boundary: by the script, by `python -m` and by tests alike."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run one command line and exit; the parameters are those of Typer, of which `args` counts."""
        arguments = sys.argv[1:] if args is None else list(args)
        self._main_shell_completion({}, "forecast", complete_var)

        def work() -> Any:
            with self.make_context("forecast", arguments) as context:
                return self.invoke(context)

        command = next((argument for argument in arguments if not argument.startswith("-")), "")
        watch = Watch(value_in(arguments, "--metrics-file"), value_in(arguments, "--on-failure"))
        sys.exit(run(work, command, log_file_in(arguments), watch))


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(f"forecast {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="forecast",
    cls=Application,
    rich_markup_mode=None,  # help is plain text: instant, and the same on every terminal and in a pipe
    pretty_exceptions_enable=False,
    invoke_without_command=True,
)


@app.callback()
def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Forecast time series with a stacked LSTM.

    Begin with: forecast train sample_data/nyc_departures_daily.csv
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise UsageError("no command", hint="Begin with: forecast train DATA")


app.command(cls=Command)(check)
app.command(cls=Command)(train)
app.command(cls=Command)(predict)
app.command(cls=Command)(evaluate)
app.command(cls=Command)(compare)
app.command("report", cls=Command)(report_model)
app.command(cls=Command)(plot)
app.command("explain", cls=Command)(explain_forecasts)
app.command("run", cls=Command)(run_jobs)
app.command(cls=Command)(schedule)
app.command(cls=Command)(score)
app.command(cls=Command)(tune)
app.command(cls=Command)(export)
app.command(cls=Command)(doctor)
app.add_typer(models.app)


def main() -> None:
    """Run the command line of this process."""
    prepare_streams()
    try:
        app()
    except SystemExit as done:
        leave(done.code)
