"""`forecast schedule`: what to put into a crontab, or into systemd, so that a file of jobs runs by itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from forecaster.base.errors import OK, UsageError
from forecaster.cli.help import Command
from forecaster.cli.options import OutputSettings, build, takes_settings
from forecaster.cli.output import Printer, write_stdout
from forecaster.cli.run import JobsFile, run
from forecaster.config import BatchSettings

Cron = Annotated[
    str,
    typer.Option("--cron", metavar="FIELDS", help="When: minute, hour, day, month, weekday, as in crontab(5)."),
]
Systemd = Annotated[bool, typer.Option("--systemd", help="Print a service and a timer of systemd instead.")]
Others = Annotated[
    list[str] | None,
    typer.Argument(metavar="[-- OPTIONS]", help="Options of forecast run, after two dashes.", show_default=False),
]


@takes_settings
def schedule(
    jobs_file: JobsFile, cron: Cron, output: OutputSettings, systemd: Systemd = False, options: Others = None
) -> int:
    """Print the crontab line that runs a file of jobs, or the systemd units.

    The file is read and checked, nothing is installed. The line runs in the current folder, with the program that
    prints it, and needs nothing from its environment; what stands after two dashes goes to forecast run.

    Example: forecast schedule sample_data/jobs.toml --cron "17 3 * * *" -- --jobs 2
    """
    from forecaster import jobs
    from forecaster.base import cron as crontab

    when = crontab.parse_schedule(cron)
    arguments = ["run", str(jobs_file), *(options or [])]
    settings = parse_settings(arguments)
    entries = jobs.load_jobs(jobs_file, settings.only)
    bare = [entry.name for entry in entries if "models-dir" not in entry.values]
    if bare and os.environ.get("FORECAST_MODELS"):
        message = f"FORECAST_MODELS is set here, but not in cron, and job {bare[0]!r} has no models-dir"
        raise UsageError(message, hint=f"Put it into [defaults] of {jobs_file}, or unset FORECAST_MODELS")
    command, folder = [*program(), *arguments], Path.cwd()
    if systemd:
        files = crontab.systemd_units(when, command, folder, f"forecast-{jobs_file.stem}")
    else:
        files = {"crontab": crontab.crontab_line(when, command, folder) + "\n"}
    printer = Printer(output, piped="table")
    if printer.format == "table":  # as it stands: what is wrapped cannot be installed
        named = (f"# /etc/systemd/system/{name}\n{content}" for name, content in files.items())
        write_stdout("\n".join(named if systemd else files.values()))
    else:
        printer.show(files, [{"file": name, "content": content} for name, content in files.items()], [])
    return OK


def program() -> list[str]:
    """Return how to call this program from anywhere."""
    script = Path(sys.executable).with_name("forecast")
    return [str(script)] if script.exists() else [sys.executable, "-P", "-m", "forecaster"]


def parse_settings(arguments: list[str]) -> BatchSettings:
    """Return what a command line of `forecast run` asks for: what does not parse is refused now, not at night.

    Raises:
        UsageError: As the command itself would.
        typer.TyperException: Likewise.
    """
    alone = typer.Typer(add_completion=False)
    alone.command(cls=Command)(run)
    context = typer.main.get_command(alone).make_context("forecast run", arguments[1:])
    settings: BatchSettings = build(BatchSettings, context.params)
    return settings
