"""What was found in a data file, in the words that a person reads while a command runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from forecaster.base.errors import OK, PARTIAL
from forecaster.cli import log
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, listed, tell, warn

if TYPE_CHECKING:
    from forecaster.data.panel import Panel
    from forecaster.data.rows import Finding
    from forecaster.jobs import Events
    from forecaster.model.predictor import UsedModel

MOST_FINDINGS = 12
STYLES = {"warning": "yellow", "error": "red"}


def listening(printer: Printer, **others: Any) -> Events:
    """Return events that show and record what was found in the data and what workers report, and `others`."""
    return listening_to_workers(
        printer,
        on_panel=lambda panel: note_panel(printer, panel),
        on_age=lambda age: log.event("age", **age.summary()),
        **others,
    )


def listening_to_workers(printer: Printer, **others: Any) -> Events:
    """Return events that show where tasks are done, and record the bugs of their processes."""
    from forecaster.jobs import Events

    return Events(on_place=noting(printer), on_trace=lambda trace: log.event("bug", traceback=trace), **others)


def noting(printer: Printer) -> Callable[[str], None]:
    """Return what shows a person where tasks are done, where that is not this process."""

    def show_place(place: str) -> None:
        if place:
            printer.note(TextLine(place, "dim"))

    return show_place


def note_panel(printer: Printer, panel: Panel) -> None:
    """Report what was detected and what is odd, and log it."""
    log.event(
        "data",
        source=panel.source,
        rows=panel.rows,
        series=panel.n_series,
        frequency=panel.frequency.alias,
        skipped=dict(panel.skipped),
        findings=[finding.message for finding in panel.findings],
    )
    if printer.notes:
        printer.note(*describe(panel))
    else:
        warn_of(panel)


def warn_of(panel: Panel) -> None:
    """Write one line to stderr for each kind of warning: the first of it, and how many more there are."""
    kinds: dict[str, list[Finding]] = {}
    for finding in panel.findings:
        if finding.severity == "warning":
            kinds.setdefault(finding.code, []).append(finding)
    for found in kinds.values():
        first = found[0]
        where = f"series {first.series!r}: " if first.series and repr(first.series) not in first.message else ""
        more = f" (and {len(found) - 1:,} more like it)" if len(found) > 1 else ""
        hint = f". {first.hint}" if first.hint else ""
        warn(f"{where}{first.message}{more}{hint}")


def describe(panel: Panel) -> Iterator[Block]:
    """Yield what was detected: columns, frequency, season, series; then the findings."""
    schema, lengths = panel.schema, panel.lengths
    columns = [f"time: {schema.time}", f"series: {schema.id}", f"target: {schema.target}"]
    wide = "target: every other column"
    known = columns[:1] + (columns[1:2] if schema.id else []) + ([columns[2]] if schema.target else [wide])
    season = f"season of {panel.season_length} steps" if panel.season_length > 1 else "no season known"
    steps = f"{lengths.min():,}" if lengths.min() == lengths.max() else f"{lengths.min():,} to {lengths.max():,}"
    yield TextGrid(
        [
            ("data", f"{panel.source}, {panel.rows:,} rows"),
            ("columns", ", ".join(known)),
            ("frequency", f"{panel.frequency.alias}, {season}"),
            (
                "series",
                f"{panel.n_series:,}, each {steps} steps long" if panel.n_series > 1 else f"one, {steps} steps long",
            ),
            *([("drawn", panel.drawn.describe())] if panel.drawn else []),
        ]
    )
    for finding in panel.findings[:MOST_FINDINGS]:
        hint = f". {finding.hint}" if finding.hint else ""
        yield TextLine(f"{finding.severity}: {finding.message}{hint}", STYLES.get(finding.severity, "dim"))
    if len(panel.findings) > MOST_FINDINGS:
        yield TextLine(f"and {len(panel.findings) - MOST_FINDINGS} more findings: see --format json", "dim")
    for name, reason in panel.skipped[:MOST_FINDINGS]:
        yield TextLine(f"skipped: series {name!r}: {reason}", "yellow")


def note_builtin(model: UsedModel, quiet: bool) -> None:
    """Report in one line on stderr that the built-in network answers, and what it detected; nothing of a saved model.

    Where it was asked for by name, only a person is informed: to a log that is no news.
    """
    from forecaster.model.builtin import BuiltinModel

    if not isinstance(model, BuiltinModel):
        return
    because = f" ({model.reason})" if model.reason else ""
    log.event("builtin", version=model.version, detected=model.detected())
    if not quiet and (model.reason or sys.stderr.isatty()):
        tell(f"the built-in network answers{because}: {model.detected()}")


def finish(skipped: Sequence[tuple[str, str]], warnings: Sequence[str] = ()) -> int:
    """Return the exit code of work that was done; what was left out or went wrong is on stderr, whoever reads it.

    `skipped` holds (id, reason) of series.
    """
    for warning in warnings:
        warn(warning)
    if not skipped:
        return OK
    names = listed([name for name, _ in skipped], 10)
    message = f"{len(skipped):,} series skipped: {names} (the first: {skipped[0][1]})"
    warn(message)
    log.event("partial", error="PARTIAL", message=message)
    return PARTIAL
