"""`forecast check`: a data file in, the verdict on it out."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from forecaster.base.errors import OK, DataError
from forecaster.cli import log
from forecaster.cli.chart import draw_history
from forecaster.cli.notes import STYLES
from forecaster.cli.options import DataFile, OutputSettings, takes_settings
from forecaster.cli.output import (
    Block,
    Picture,
    Printer,
    TextGrid,
    TextLine,
    counted,
    number,
    one_line,
    width_of,
)
from forecaster.config import CheckSettings, ReadSettings

if TYPE_CHECKING:
    from forecaster.data.rows import Finding
    from forecaster.reporting.verdict import Verdict

MOST_OF_A_KIND = 5
"""Findings of one kind on the screen."""


@takes_settings
def check(data: DataFile, settings: CheckSettings, reading: ReadSettings, output: OutputSettings) -> int:
    """Say what a data file holds and what is wrong with it, without training.

    Shows what was detected and how sure that is, and every finding with its series, its line and what to do. An error
    is what training refuses (exit 65), a warning was repaired or is probably a fault of the data, an info is a property
    worth knowing. Off a terminal the verdict is JSON.

    Example: forecast check sample_data/nyc_departures_daily.csv --strict
    """
    from forecaster import jobs
    from forecaster.data.problems import flags_of

    printer = Printer(output, piped="json")
    verdict = jobs.check(jobs.CheckJob(data=data, reading=reading))
    counts = {severity: verdict.count(severity) for severity in ("error", "warning", "info")}
    log.event("checked", source=verdict.source, **counts)
    follow = " ".join(["forecast train", shlex.quote(data), *flags_of(reading)]) if verdict.plan else ""
    printer.show(verdict.summary(), [asdict(finding) for finding in verdict.findings], describe(verdict, follow))
    if counts["error"] or (settings.strict and counts["warning"]):
        raise failure(verdict)
    return OK


def failure(verdict: Verdict) -> DataError:
    """Return the error that names the worst finding and counts the others."""
    worst, others = verdict.findings[0], verdict.count("error") + verdict.count("warning") - 1
    more = f" (and {counted(others, 'more finding')})" if others else ""
    if worst.code == "refused":  # as training says it
        return DataError(f"{worst.message}{more}", hint=worst.hint)
    return DataError(f"{verdict.source}: {place(worst)}{worst.message}{more}", hint=worst.hint)


def place(finding: Finding) -> str:
    """Return where a finding is, for the beginning of a line."""
    parts = [f"series {finding.series!r}" if finding.series else "", f"line {finding.line}" if finding.line else ""]
    where = ", ".join(part for part in parts if part)
    return f"{where}: " if where else ""


def describe(verdict: Verdict, follow: str = "") -> Iterator[Block]:
    """Yield what was detected, the first series drawn, the findings, what training would do, and the next command."""
    rows = f"{verdict.rows:,} rows, {verdict.series:,} series" if verdict.rows else "not read"
    detected = [(found.what, f"{found.value} ({found.sure}: {found.because})") for found in verdict.detected]
    yield TextGrid([("data", f"{verdict.source}, {rows}"), *detected])
    yield TextLine("")
    if sys.stdout.isatty() and (sys.stdout.encoding or "").lower().startswith("utf"):
        yield from picture(verdict)
    yield from findings(verdict)
    yield conclusion(verdict)
    if verdict.plan:
        yield TextLine("")
        yield TextGrid([*verdict.plan, *([("next", follow)] if follow else [])])


def picture(verdict: Verdict) -> Iterator[Block]:
    """Yield the first series that has two values, drawn."""
    panel = verdict.panel
    drawn = next((s for s in range(panel.n_series) if panel.lengths[s] > 1), None) if panel else None
    if panel is None or drawn is None:
        return
    first, last = panel.write(panel.stamps(drawn)[[0, -1]])
    lines = draw_history(panel.series(drawn), (str(first), str(last)), number, width_of(sys.stdout))
    if lines:
        others = f"; {panel.n_series - 1:,} more series" if panel.n_series > 1 else ""
        name = f"{one_line(panel.ids[drawn])}: " if panel.ids[drawn] else ""
        yield TextLine(f"{name}{panel.lengths[drawn]:,} values{others}", "bold")
        yield Picture(lines)
        yield TextLine("")


def findings(verdict: Verdict) -> Iterator[Block]:
    """Yield the findings, kind by kind, the first few of each; the remedy stands once below a kind."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for finding in verdict.findings:
        kinds.setdefault((finding.code, finding.hint), []).append(finding)
    for (code, hint), alike in kinds.items():
        style = STYLES.get(alike[0].severity, "dim")
        yield TextLine(f"{alike[0].severity}: {code}", style)
        for finding in alike[:MOST_OF_A_KIND]:
            yield TextLine(f"  {finding.message if code == 'refused' else place(finding) + finding.message}")
        if len(alike) > MOST_OF_A_KIND:
            yield TextLine(f"  and {len(alike) - MOST_OF_A_KIND:,} more: see --format json")
        if hint:
            yield TextLine(f"  → {hint}", "dim")
        yield TextLine("")


def conclusion(verdict: Verdict) -> TextLine:
    """Return one plain sentence: can a model be trained on this."""
    errors, warnings = verdict.count("error"), counted(verdict.count("warning"), "warning")
    if errors:
        return TextLine(f"Cannot be trained on: {counted(errors, 'error')}, {warnings}.", "red")
    if verdict.count("warning"):
        return TextLine(f"Can be trained on, with {warnings}. Training would choose:", "yellow")
    return TextLine("Good. Training would choose:", "green")
