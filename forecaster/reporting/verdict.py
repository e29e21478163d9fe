"""A data file → the verdict on it: what was detected and how sure that is, and every finding with its remedy.

A finding of severity `error` is what training refuses; a `warning` was repaired, or is probably a fault of the data; an
`info` is a property that is worth knowing. There is one finding for each kind and series.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from forecaster.base.errors import DataError
from forecaster.base.meter import Work, working
from forecaster.config import ModelSettings, TrainSettings
from forecaster.data.caps import advice, find_cap
from forecaster.data.columns import ID_NAMES, TARGET_NAMES
from forecaster.data.examination import Examination, finish, without_duplicates
from forecaster.data.grid import lay_out
from forecaster.data.naming import TIME_NAMES
from forecaster.data.observations import Observations
from forecaster.data.panel import Panel
from forecaster.data.problems import where_of
from forecaster.data.rows import Finding, Severity
from forecaster.data.seasonality import seasonal_strength
from forecaster.data.size import check_size
from forecaster.model.planner import choose_season, make_plan

if TYPE_CHECKING:
    import pandas as pd

Sure = Literal["given", "certain", "likely", "unsure"]

ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}

BY_SERIES = {"leading", "trailing", "missing", "gaps"}
"""Findings that reading reports for the file as a whole, and that are reported here for each series."""

WEAK, STRONG = 0.2, 0.6
"""Strength of a season below which it is unsure, and from which it is certain."""

REMEDIES = {
    "unsorted": "Nothing to do; sort the file to be rid of this",
    "gaps": "Complete the data, or choose with --on-gap how steps are filled",
    "missing": "Complete the data, or choose with --on-gap how steps are filled",
    "leading": "Nothing to do: the series begins with its first value",
    "trailing": "Complete the data, or forecasts start earlier than you may expect",
    "similar-ids": "Write the name in one way, if it is one series",
    "no-line-end": "Make sure that the file was written to its end",
    "ignored-columns": "Name columns with --time, --id, --target if another was meant",
    "outliers": "Correct them, or train with --on-outlier clip or --on-outlier interpolate",
    "constant": "Nothing to learn: it is forecast as it is; leave it out if it has ended",
    "short": "It is forecast by seasonal naive until it is longer",
    "level-shift": "If what was before no longer holds, start the file after it",
    "intermittent": "Plan with --mean, or --totals and --quantiles; judge by CRPS or RMSE: MASE rewards forecasts of 0",
    "zeros": "Percentage errors (MAPE) are undefined: judge by MASE",
    "negative": "Correct them if there can be none",
    "season": "Pass --season-length if you know better",
    "skipped": "Correct the series, or choose with --max-missing or --freq what is left out",
}


@dataclass(frozen=True)
class Detected:
    """Something about the file that was found out.

    Attributes:
        what: `format`, `time`, `series`, `target`, `frequency` or `season`.
        value: What it is.
        sure: `given` by the user, `certain`, `likely`, or `unsure`: then say it with a flag.
        because: The reason, with what was measured.
    """

    what: str
    value: str
    sure: Sure
    because: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What there is to say of a data file.

    Attributes:
        source: The path as given.
        rows: Rows of the file; 0 where it could not be read.
        series: How many series can be forecast.
        detected: What was found out about it.
        findings: Errors first, then warnings, then what is worth knowing.
        plan: What training would choose; empty where it refuses.
        panel: The series, where they could be laid out.
    """

    source: str
    rows: int = 0
    series: int = 0
    detected: tuple[Detected, ...] = ()
    findings: tuple[Finding, ...] = ()
    plan: tuple[tuple[str, str], ...] = ()
    panel: Panel | None = None

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.count(severity):,} of {severity}" for severity in ("error", "warning", "info"))
        return f"<Verdict on {self.source}: {self.rows:,} rows, {self.series:,} series; findings: {counts}>"

    def count(self, severity: Severity) -> int:
        """Return how many findings have this severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def summary(self) -> dict[str, Any]:
        """Return the verdict as JSON-safe data."""
        return {
            "data": self.source,
            "verdict": "errors" if self.count("error") else "warnings" if self.count("warning") else "good",
            **{f"{severity}s": self.count(severity) for severity in ORDER},
            "rows": self.rows,
            "series": self.series,
            "detected": [asdict(detected) for detected in self.detected],
            "findings": [asdict(finding) for finding in self.findings],
            "plan": dict(self.plan),
        }

    def spelled(self, message: Callable[[str], str], hint: Callable[[str], str]) -> Verdict:
        """Return the verdict with its messages and its hints as those who read it write them."""
        findings = (replace(f, message=message(f.message), hint=hint(f.hint)) for f in self.findings)
        detected = (replace(d, because=message(d.because)) for d in self.detected)
        return replace(self, findings=tuple(findings), detected=tuple(detected))

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as a DataFrame, errors first."""
        import pandas as pd

        return pd.DataFrame([asdict(finding) for finding in self.findings], columns=[f.name for f in fields(Finding)])


def refusal(source: str, errors: Sequence[DataError], hint: str = "", rest: Verdict | None = None) -> Verdict:
    """Return the verdict on a file that cannot be read as it is.

    Args:
        source: Its path.
        errors: Everything that keeps it from being read.
        hint: What settles all of them; empty where nothing is known.
        rest: The verdict on what can be read then.
    """
    findings = [_of_error(error) for error in errors]
    if hint:
        findings[0] = replace(findings[0], hint=hint)
    if rest is None:
        return Verdict(source=source, findings=tuple(findings))
    return replace(rest, findings=(*findings, *rest.findings), plan=())


def judge(read: Observations) -> Verdict:
    """Return the verdict on a file that has been read up to its observations."""
    with working("judging") as work:
        return _judge(read, work)


def _judge(read: Observations, work: Work) -> Verdict:
    panel, plan = None, None
    work.begin(0.25)
    read, drafts = without_duplicates(read)
    drafts += [(finding, -1) for finding in read.findings]
    detected = [*_columns(read)]
    try:
        panel = lay_out(read)
        work.begin(0.4)
        season = choose_season(panel, read.settings.season)
        detected += _times(panel, read, season)
        drafts += [(finding, -1) for finding in panel.findings[len(read.findings) :] if finding.code not in BY_SERIES]
        work.begin(0.75)
        check_size(panel)
        plan = make_plan(panel, season, ModelSettings(), TrainSettings())
    except DataError as error:
        drafts.append((_of_error(error), -1))
    work.begin(1.0)
    if panel is not None:
        shortest = 0 if plan is None else plan.window.shortest_history + plan.window.horizon
        drafts += Examination(read, panel).drafts(season, shortest)
        if cap := find_cap(panel):
            hint = f"To keep them inside: forecast train DATA --bounds 0,{cap:g}"
            drafts.append((Finding("cap", "info", advice(cap), hint=hint), -1))
    findings = [replace(f, hint=f.hint or REMEDIES.get(f.code, "")) for f in finish(read, drafts)]
    refused = any(finding.severity == "error" for finding in findings)
    return Verdict(
        source=read.table.source,
        rows=read.table.rows,
        series=0 if panel is None else panel.n_series,
        detected=tuple(detected),
        findings=tuple(sorted(findings, key=lambda finding: ORDER[finding.severity])),
        plan=() if plan is None or refused else tuple(plan.choices()),
        panel=panel,
    )


def _of_error(error: DataError) -> Finding:
    """Return what training would end with as a finding."""
    line = re.search(r"\bline (\d+)", error.message)
    at = error.lines[0] if error.lines else int(line[1]) if line else None
    message = error.message + where_of(error)
    return Finding("refused", "error", message, line=at, count=max(len(error.rows), 1), hint=error.hint)


# ---------------------------------------------------------------------------------------------------- what was detected


def _columns(read: Observations) -> Iterator[Detected]:
    """Yield how the file is written and what its columns are."""
    dialect, columns, settings = read.table.dialect, read.columns, read.settings
    if dialect is None:
        yield Detected("format", read.table.kind, "certain", "the file says so itself")
    else:
        marks = f"separator {dialect.separator!r}, decimal mark {dialect.decimal!r}, {dialect.encoding}"
        asked = settings.sep or settings.decimal or settings.encoding
        if read.table.kind.split()[-1] != "CSV":
            marks = f"numbers as text with decimal mark {dialect.decimal!r}"
        yield Detected("format", f"{read.table.kind}, {marks}", "given" if asked else "certain", "every row fits")
    clock = read.clock.time_format

    def said(given: str | None, flag: str) -> str | None:
        return flag if given else "as in its training" if read.schema else None

    sure: Sure = "given" if settings.time or read.schema else "likely" if clock == "integer" else "certain"
    because = _reason(columns.time, TIME_NAMES, "the only column of dates", said(settings.time, "--time"))
    yield Detected("time", f"{columns.time}, written {clock}", sure, because)
    if columns.shape == "wide":
        yield Detected("series", f"each of {len(columns.targets)} columns", "given", "--wide")
        return
    if columns.id is None:
        yield Detected("series", "one", "likely" if columns.ignored else "certain", "there is no column of names")
    else:
        because = _reason(columns.id, ID_NAMES, "the column of names that repeat", said(settings.id, "--id"))
        yield Detected("series", columns.id, "given" if settings.id or read.schema else "certain", because)
    target = columns.targets[0]
    because = _reason(target, TARGET_NAMES, "the only column of numbers", said(settings.target, "--target"))
    yield Detected("target", target, "given" if settings.target or read.schema else "certain", because)


def _reason(name: str, known: Sequence[str], otherwise: str, flag: str | None) -> str:
    return flag or ("it is called so" if name.strip().lower() in known else otherwise)


def _times(panel: Panel, read: Observations, season: int) -> Iterator[Detected]:
    """Yield the frequency and the season, with what the data says for them."""
    steps = np.maximum(panel.lengths - 1, 0).sum()
    share = 1.0 - panel.filled.sum() / max(steps, 1)
    given = read.settings.freq is not None
    sure: Sure = "given" if given else "certain" if share > 0.99 else "likely" if share > 0.7 else "unsure"
    yield Detected("frequency", panel.frequency.alias, sure, f"{100 * share:.1f} % of its steps have a value")
    if read.settings.season_length is not None:
        sure, because = "given", "--season-length"
    elif season == 1:
        sure, because = "likely", "neither the frequency nor the values show one"
    else:
        usual = "found in the values" if panel.frequency.is_integer else f"usual for {panel.frequency.alias}"
        strength = seasonal_strength(panel.values, panel.offsets, season)
        sure = "unsure" if (strength or 0.0) < WEAK else "likely" if (strength or 0.0) < STRONG else "certain"
        explained = "the series are too short to show it" if strength is None else f"it explains {100 * strength:.0f} %"
        because = f"{usual}; {explained}" + (" of the variation around the trend" if strength is not None else "")
    yield Detected("season", f"{season} steps" if season > 1 else "none", sure, because)
