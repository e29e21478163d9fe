"""`--dry-run`: what a command would do and cost, as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecaster.base.errors import OK
from forecaster.cli import log
from forecaster.cli.output import Printer, TextGrid, TextLine, number

if TYPE_CHECKING:
    from forecaster.jobs import Rehearsal

MEBIBYTE = 2**20


def show_rehearsal(printer: Printer, found: Rehearsal) -> int:
    """Show what would be done; off a terminal as JSON unless another format was asked for."""
    summary = found.summary()
    log.event("rehearsed", **summary)
    facts = TextGrid(
        [
            *found.choices,
            ("read", f"{found.data}, {found.rows:,} rows, {found.series:,} series"),
            *([] if "windows" in dict(found.choices) else [("windows", f"{found.windows:,}")]),
            ("seconds", f"{number(found.seconds, 3)} ({found.timed})"),
            ("memory", f"{found.memory / MEBIBYTE:,.0f} MiB so far"),
            ("would write", ", ".join(found.writes)),
        ]
    )
    row = {key: value for key, value in summary.items() if not isinstance(value, dict | list)}
    printer.show(summary, [row], [facts, TextLine(""), TextLine("Nothing was written: --dry-run.", "yellow")])
    return OK
