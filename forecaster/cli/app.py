"""The `forecast` application: its commands, run inside the error boundary."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from forecaster._version import __version__
from forecaster.base.errors import UsageError
from forecaster.cli import completion, models
from forecaster.cli.anomalies import anomalies
from forecaster.cli.boundary import Around, run
from forecaster.cli.check import check
from forecaster.cli.compare import compare
from forecaster.cli.demo import demo
from forecaster.cli.doctor import doctor
from forecaster.cli.early import seconds_of
from forecaster.cli.evaluate import evaluate
from forecaster.cli.explain import explain as explain_forecasts
from forecaster.cli.explain_code import explain_code
from forecaster.cli.export import export
from forecaster.cli.help import Command, CommandGroup, help_of
from forecaster.cli.mcp import mcp
from forecaster.cli.partition import partition
from forecaster.cli.plot import plot
from forecaster.cli.predict import predict
from forecaster.cli.process import leave, prepare_streams
from forecaster.cli.progress import showing
from forecaster.cli.report import report as report_model
from forecaster.cli.run import run as run_jobs
from forecaster.cli.scenario import scenario
from forecaster.cli.schedule import schedule
from forecaster.cli.score import score
from forecaster.cli.serve import serve
from forecaster.cli.train import train
from forecaster.cli.tune import tune
from forecaster.cli.watch import Watch

WRITTEN = (
    "--log-file",
    "--metrics-file",
    "--output",
    "-o",
    "--predictions",
    "--storage",
    "--paths-output",
    "--totals-output",
    "--picture",
)
"""Flags that name a file to write."""

ENDLESS = ("", "serve", "mcp")
"""Commands that have no end to be near or far."""


def value_in(arguments: Sequence[str], wanted: str) -> str | None:
    """Return the value of a flag, found before parsing: a command line that does not parse is recorded as well."""
    for flag, value in pairwise([*arguments, ""]):
        if flag == "--":
            break
        if flag == wanted and value:
            return value
        if flag.startswith(f"{wanted}="):
            return flag.partition("=")[2]
        if len(wanted) == 2 and flag.startswith(wanted) and len(flag) > 2:
            return flag[2:]
    return None


def log_file_in(arguments: Sequence[str]) -> Path | None:
    """Return the value of --log-file."""
    path = value_in(arguments, "--log-file")
    return None if path is None else Path(path)


class Application(CommandGroup):
    """The group of all commands, run inside the boundary: by the script, by `python -m` and by tests alike."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Return the context of a command line, which remembers its words: completion parses them again."""
        words = [*args]
        context = super().make_context(info_name, args, parent, **extra)
        context.meta[completion.TYPED] = words
        return context

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
        if completion.SHELL in os.environ:
            completion.complete(lambda: self._main_shell_completion({}, "forecast", complete_var))

        def work() -> Any:
            with self.make_context("forecast", arguments) as context, showing(command, quiet=is_still):
                return self.invoke(context)

        command = next((argument for argument in arguments if not argument.startswith("-")), "")
        is_still = command in ENDLESS or not {"-q", "--quiet"}.isdisjoint(arguments)
        watch = Watch(value_in(arguments, "--metrics-file"), value_in(arguments, "--on-failure"))
        around = Around(
            log_file_in(arguments),
            seconds_of(arguments),
            {flag: value_in(arguments, flag) for flag in WRITTEN},
            value_in(arguments, "--errors") == "json",
            value_in(arguments, "--config"),
            value_in(arguments, "--models-dir"),
        )
        sys.exit(run(work, command, around, watch))


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
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Forecast time series with a stacked LSTM.

    Begin with: forecast demo
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise UsageError("no command", hint="Begin with: forecast demo, or forecast train DATA")


app.command(cls=Command)(demo)
app.command(cls=Command)(check)
app.command(cls=Command)(train)
app.command(cls=Command)(predict)
app.command(cls=Command)(evaluate)
app.command(cls=Command)(compare)
app.command(cls=Command)(anomalies)
app.command(cls=Command)(scenario)
app.command("report", cls=Command)(report_model)
app.command(cls=Command)(plot)
app.command("explain", cls=Command)(explain_forecasts)
app.command("run", cls=Command)(run_jobs)
app.command(cls=Command)(schedule)
app.command(cls=Command)(score)
app.command(cls=Command)(tune)
app.command(cls=Command)(partition)
app.command(cls=Command)(export)
app.command(cls=Command)(serve)
app.command(cls=Command)(mcp)
app.command(cls=Command)(doctor)
app.add_typer(models.app)
app.command("explain-code", cls=Command)(explain_code)


@app.command("help", cls=Command)
def show_help(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND",
            help="Such as train, or models list.",
            show_default=False,
            autocompletion=completion.commands,
        ),
    ] = None,
) -> None:
    """Show the help of a command.

    Example: forecast help train
    """
    typer.echo(help_of(context.parent, command or []))


def main() -> None:
    """Run the command line of this process."""
    prepare_streams()
    try:
        app()
    except SystemExit as done:
        leave(done.code)
