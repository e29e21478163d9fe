"""A folder of parts, done one by one: how far that is, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from forecaster.base.errors import PARTIAL, ForecastError, UsageError
from forecaster.base.meter import working
from forecaster.cli import log
from forecaster.cli.notes import listening_to_workers
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, warn
from forecaster.cli.process import after, now_stands
from forecaster.config import WorkerSettings

if TYPE_CHECKING:
    from forecaster.jobs import Events, PartsResult

MOST_WARNINGS = 10
"""Lines on what went wrong, though results were published."""


def check_alone(workers: WorkerSettings, what: str) -> None:
    """Refuse workers where there is one task.

    Raises:
        UsageError: There are some.
    """
    if workers.workers > 1 or workers.cluster is not None:
        flag = f"--cluster {workers.cluster}" if workers.cluster else f"--workers {workers.workers}"
        raise UsageError(f"{flag} has nothing to share out here", hint=f"It is for {what}")


@contextmanager
def showing_parts(printer: Printer, label: str) -> Iterator[Events]:
    """Give events that show how far the parts are, where that is done, and what exists if it is stopped."""
    with working(label) as work:
        yield listening_to_workers(printer, on_share=work.see_share, on_state=now_stands)


def nothing_else(_: PartsResult) -> Iterator[Block]:
    """Yield nothing."""
    yield from ()


def show_parts(
    printer: Printer, result: PartsResult, first: Callable[[PartsResult], Iterator[Block]] = nothing_else
) -> int:
    """Show what all parts came to, and return the exit code.

    Args:
        printer: Shows it.
        result: What it is.
        first: Yields what a person is shown before that.

    Raises:
        ForecastError: Parts failed, and are named.
    """
    done = len(result.states) - len(result.failed)
    with after(f"{done:,} of {len(result.states):,} parts are in {result.folder}"):
        log.event("parts", **result.summary())
        for text in result.warnings[:MOST_WARNINGS]:
            warn(text)
        if len(result.warnings) > MOST_WARNINGS:
            warn(f"and {len(result.warnings) - MOST_WARNINGS:,} more warnings: see {result.folder}/_parts")
        if result.left:
            more = f" and {len(result.left) - 1:,} more" if len(result.left) > 1 else ""
            warn(f"{result.folder} still has {result.left[0]}{more}, of parts that {result.source} no longer has")
        fault: ForecastError | None = None
        code = PARTIAL
        try:
            code = result.conclude()
        except ForecastError as error:
            fault = error
        if fault is not None:
            if done:
                printer.show(result.summary(), result.records(), chain(first(result), describe(result)))
            raise fault
        if code == PARTIAL:
            message = f"{result.skipped:,} series skipped: see skipped_series in {result.folder}/_parts"
            warn(message)
            log.event("partial", error="PARTIAL", message=message)
        printer.show(result.summary(), result.records(), chain(first(result), describe(result)))
        return code


def describe(result: PartsResult) -> Iterator[Block]:
    """Yield how many parts are done, what they hold, and which failed."""
    totals = result.totals
    before = result.count("unchanged")
    counts = f"{len(result.states):,}: {result.count('done'):,} done now"
    counts += f", {before:,} done before" if before else ""
    counts += f", {len(result.failed):,} failed" if result.failed else ""
    if before == len(result.states):
        counts = f"{before:,}: all done before, nothing to do"
    rows = [("parts", counts)]
    if "model" in totals:
        rows.insert(0, ("model", f"{totals['model']} {totals['version']}"))
    if "methods" in totals:
        methods = ", ".join(f"{name} {count:,}" for name, count in totals["methods"].items())
        rows.append(("series", f"{totals['series']:,} (by method: {methods})"))
    rows.append(("folder", f"{result.folder}, {totals['rows']:,} rows" if "rows" in totals else str(result.folder)))
    yield TextGrid(rows)
    for state in result.failed:
        if state.fault is not None:
            yield TextLine(f"failed: {state.label}: {state.fault.message}", "red")
