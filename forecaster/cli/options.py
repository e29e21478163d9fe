"""Settings dataclasses become flags, and flags become settings again. Nothing about a setting is written here.

A command takes whole settings; `takes_settings` shows Typer a flag for each of their fields:

    @takes_settings
    def train(data: DataFile, reading: ReadSettings, output: OutputSettings) -> int: ...
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import typer

from forecaster.cli.completion import OF_FLAGS
from forecaster.config import LimitSettings, StoreSettings, check_bounds, key_of, knob

Format = Literal["table", "json", "csv", "markdown"]
Errors = Literal["text", "json"]

MOST_FLAGS = 30
"""Flags that `--help` shows all of; a command with more shows those that most people need, the rest by --help-all."""

SHORT = {"quiet": "-q", "output": "-o"}
"""Second, shorter names of a few flags."""

REPEATED = ("time", "id")
"""Flags that may be given several times: `--time date --time hour` is `--time date,hour`."""

NUMBERS = {int: "N", float: "X"}
"""What stands for a number in help."""


@dataclass(frozen=True, kw_only=True)
class OutputSettings(LimitSettings):
    """What every command prints, where it keeps a record, and how long it may take."""

    format: Format | None = knob(None, "What to print on stdout; by default a table on a terminal.", panel="Output")
    json: str | None = knob(
        None,
        "Print only these fields as JSON, separated by commas; a dot goes deeper, as in metrics.skill.",
        panel="Output",
        metavar="FIELDS",
    )
    errors: Errors = knob(
        "text",
        "How errors are written to stderr: as text, or one line of JSON with code, hint, file, line, column, series.",
        panel="Output",
    )
    quiet: bool = knob(False, "Print nothing but errors and what --format asks for.", panel="Output")
    log_file: Path | None = knob(None, "Append a record of the run as JSON lines.", panel="Output", metavar="PATH")


@dataclass(frozen=True, kw_only=True)
class WatchedSettings(OutputSettings):
    """The same for what cron runs: whom to inform. `cli/watch.py` does it, before and after the command."""

    metrics_file: Path | None = knob(
        None,
        "Keep a Prometheus textfile: last success, exit code, rows, series, skill, age of the data.",
        panel="Monitoring",
        metavar="PATH",
    )
    on_failure: str | None = knob(
        None,
        "Shell command to run when the exit code is not 0; FORECAST_MESSAGE and others tell it what happened.",
        panel="Monitoring",
        metavar="CMD",
    )


@functools.cache
def kinds_of(settings: type) -> dict[str, Any]:
    """Return the type of each field of a settings dataclass: evaluated once, since a command has dozens of them."""
    return get_type_hints(settings)


def option(settings: type, name: str) -> Any:
    """Return the Typer option of one field of a settings dataclass."""
    field, kind = next(f for f in fields(settings) if f.name == name), kinds_of(settings)[name]
    flags = [f"--{key_of(name)}", *([SHORT[name]] if name in SHORT else [])]
    metavars = (symbol for number, symbol in NUMBERS.items() if number in (kind, *get_args(kind)))
    return typer.Option(
        *flags,
        help=" ".join((field.metadata["help"], bounds_of(field.metadata["min"], field.metadata["max"]))).strip(),
        rich_help_panel=field.metadata["panel"],
        metavar=field.metadata["metavar"] or next(metavars, None),
        show_default=field.default not in (None, False),
        autocompletion=OF_FLAGS.get(name),
    )


def bounds_of(low: float | None, high: float | None) -> str:
    """Return the bounds of a number as help shows them; `check_bounds` keeps them, and says so in better words."""
    if low is None:
        return "" if high is None else f"[at most {high}]"
    return f"[at least {low}]" if high is None else f"[{low} to {high}]"


READ = (
    "File (CSV, Parquet, JSON, Arrow, a workbook; .gz, .bz2, .xz, .zst, .zip), folder or glob of parts, http(s) or s3 "
    "address, database, or - for stdin."
)

DataFile = Annotated[str, typer.Argument(metavar="DATA", help=READ, show_default=False)]
MaybeDataFile = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA",
        help="What to read, as for train; by default the file that the model was trained on.",
        show_default=False,
    ),
]
ModelsDir = Annotated[Path | None, option(StoreSettings, "models_dir")]


def show_all_help(context: typer.Context, wanted: bool) -> None:
    """Print the help of a command with every flag, and stop."""
    if wanted and not context.resilient_parsing:
        context.meta["help_all"] = True
        typer.echo(context.get_help())
        raise typer.Exit


HelpAll = Annotated[
    bool, typer.Option("--help-all", callback=show_all_help, is_eager=True, help="Show every flag and exit.")
]


def takes_settings(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command one flag for each field of the settings dataclasses among its parameters.

    The command is called with the settings built and their bounds checked. Other parameters stay as they are.
    """
    hints = get_type_hints(command, include_extras=True)
    given = inspect.signature(command).parameters
    groups = {name: hints[name] for name in given if is_dataclass(hints[name])}
    parameters = [p.replace(annotation=hints[n], kind=p.KEYWORD_ONLY) for n, p in given.items() if n not in groups]
    for settings in groups.values():
        kinds = kinds_of(settings)
        parameters += [
            inspect.Parameter(
                f.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=f.default,
                annotation=Annotated[_kind(f.name, kinds[f.name]), option(settings, f.name)],
            )
            for f in fields(settings)
        ]

    if len(parameters) > MOST_FLAGS:
        parameters.append(
            inspect.Parameter("help_all", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=HelpAll)
        )

    @functools.wraps(command)
    def with_flags(**values: Any) -> int:
        built = {name: build(settings, values) for name, settings in groups.items()}
        others = {name: values[name] for name in given if name not in groups}
        return command(**others, **built)

    shown: Any = with_flags  # what Typer looks at
    shown.__signature__ = inspect.Signature(parameters)
    shown.__annotations__ = {p.name: p.annotation for p in parameters}
    return with_flags


def _kind(name: str, kind: Any) -> Any:
    """Return what Typer reads a flag as."""
    return list[str] | None if name in REPEATED else kind


def _joined(name: str, value: Any) -> Any:
    """Return the value of a flag; of one of `REPEATED` that came several times, all of them joined by commas."""
    return (",".join(value) or None) if name in REPEATED and isinstance(value, list) else value


def build(settings: type[Any], values: dict[str, Any]) -> Any:
    """Return settings from the values of their flags.

    Raises:
        UsageError: A value is out of its bounds.
    """
    built = settings(**{f.name: _joined(f.name, values[f.name]) for f in fields(settings)})
    check_bounds(built)
    return built
