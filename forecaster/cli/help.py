"""Help as plain text, with the options of a command under the headings that config.py gives them."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand


class Command(TyperCommand):
    """A command with its options under headings, in the order of their settings."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write one section a heading to a help formatter; --help comes last."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                plain = "Arguments" if parameter.param_type_name == "argument" else "Options"
                sections.setdefault(getattr(parameter, "rich_help_panel", None) or plain, []).append(record)
        for heading in sorted(sections, key=["Options"].__contains__):
            with formatter.section(heading):
                formatter.write_dl(sections[heading])
