"""`--dry-run`: what a command would do and cost, as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from forecaster.base.errors import OK
from forecaster.cli import log
from forecaster.cli.output import Printer, TextGrid, TextLine, number

if TYPE_CHECKING:
    from forecaster.jobs import Planned, Rehearsal

MEBIBYTE = 2**20
COUNTED = ("rows", "series", "windows", "seconds")
UNWRITTEN = TextLine("Nothing was written: --dry-run.", "yellow")


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
            ("would write", ", ".join(found.writes) or "nothing but what it prints"),
        ]
    )
    row = {key: value for key, value in summary.items() if not isinstance(value, dict | list)}
    printer.show(summary, [row], [facts, TextLine(""), UNWRITTEN])
    return OK


def show_batch(printer: Printer, plans: Sequence[Planned]) -> None:
    """Show what would be done with each job of a batch."""
    rows = [row_of(plan) for plan in plans]
    for row in rows:
        log.event("rehearsed", **row)
    grid = TextGrid(
        [
            [row["name"], row["command"], row["outcome"], *(text_of(row[key]) for key in COUNTED), mebibytes(row)]
            for row in rows
        ],
        header=("job", "command", "outcome", "rows", "series", "windows", "seconds", "MiB so far"),
        texts=3,
    )
    printer.show(rows, rows, [grid, TextLine(""), UNWRITTEN])


def row_of(plan: Planned) -> dict[str, Any]:
    """Return what there is to show of a job that would be run, or not."""
    found = plan.rehearsal
    return {
        "name": plan.entry.name,
        "command": plan.entry.command,
        "outcome": plan.outcome,
        "rows": found and found.rows,
        "series": found and found.series,
        "windows": found and found.windows,
        "seconds": found and round(found.seconds, 2),
        "memory": found and found.memory,
        "writes": found and ", ".join(found.writes),
    }


def text_of(value: float | None) -> str:
    """Return a number as a cell, a dash where there is none."""
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else number(value, 3)


def mebibytes(row: dict[str, Any]) -> str:
    """Return the memory of a job as a cell."""
    return "–" if row["memory"] is None else f"{row['memory'] / MEBIBYTE:,.0f}"
