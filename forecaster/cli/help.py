"""Help as plain text: options under the headings that config.py gives them, the most needed first, summaries whole."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from forecaster.base.errors import UsageError

NEEDED = frozenset(
    "time id target wide freq season_length past_covariates future_covariates horizon preset name format".split()
)
"""Fields whose flags most people need: columns, horizon, season, covariates, preset, name, output."""

NEEDED_BY = {
    "compare": frozenset("models windows levels".split()),
    "predict": frozenset("model levels future output as_of max_age dry_run".split()),
    "evaluate": frozenset("model windows step predictions".split()),
    "tune": frozenset("trials time_limit resume output search".split()),
}
"""Fields that most people need of one command besides these."""


NAMING = ("DATA", "FILE", "PATH", "DIR", "JOBS", "NAME", "NAME@VERSION", "ADDRESS")
"""What stands for a file, a folder or a model in help: none of them has an empty name."""


class Command(TyperCommand):
    """A command with its options under headings, in the order of their settings, that takes no empty name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse words into a context.

        Raises:
            UsageError: The name of a file, a folder or a model is empty, where the working folder is not what is meant.
        """
        words = list(args)
        rest = super().parse_args(ctx, args)
        if "" in words or any(word.endswith("=") for word in words):
            given, _, parameters = self.make_parser(ctx).parse_args(args=words)
            for parameter in parameters:
                if parameter.metavar in NAMING and given.get(parameter.name) == "":
                    is_flag = parameter.param_type_name == "option"
                    name = max(parameter.opts, key=len) if is_flag else parameter.metavar
                    raise UsageError(f"{name} is empty", hint="Is a variable of the shell not set?")
        return rest

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write one section a heading to a help formatter; --help comes last."""
        sections: dict[str, list[tuple[str, str]]] = {}
        shown, left_out = self._shown(ctx)
        for parameter in shown:
            record = parameter.get_help_record(ctx)
            if record is not None:
                plain = "Arguments" if parameter.param_type_name == "argument" else "Options"
                sections.setdefault(getattr(parameter, "rich_help_panel", None) or plain, []).append(record)
        for heading in sorted(sections, key=["Options"].__contains__):
            with formatter.section(heading):
                formatter.write_dl(sections[heading])
        if left_out:
            formatter.write_paragraph()
            formatter.write_text(f"{left_out} more flags: {ctx.command_path} --help-all")

    def _shown(self, ctx: Any) -> tuple[list[Any], int]:
        """Return the parameters that help shows, and how many flags it leaves out."""
        parameters = self.get_params(ctx)
        if not any(parameter.name == "help_all" for parameter in parameters) or ctx.meta.get("help_all"):
            return parameters, 0
        needed = NEEDED | NEEDED_BY.get(ctx.info_name, frozenset()) | {"help", "help_all"}
        shown = [p for p in parameters if p.param_type_name == "argument" or p.name in needed]
        return shown, len(parameters) - len(shown)


class CommandGroup(TyperGroup):
    """Commands with the whole first sentence of their help."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one line or more a command: summaries are wrapped, never cut."""
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, summary_of(command)) for name, command in named if command is not None and not command.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def summary_of(command: Any) -> str:
    """Return the first paragraph of a command's help as one line."""
    return " ".join((command.help or "").split("\n\n")[0].split())


def help_of(ctx: Any, path: list[str]) -> str:
    """Return the help of a command, by its names below the application's: `["models", "list"]`.

    Raises:
        TyperException: There is no such command.
    """
    while path:
        if not isinstance(ctx.command, TyperGroup):
            ctx.fail(f"{ctx.command_path} has no commands below it")
        name, command, path = ctx.command.resolve_command(ctx, path)
        ctx = typer.Context(command, info_name=name, parent=ctx)
    text: str = ctx.get_help()
    return text
