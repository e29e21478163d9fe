"""From a data file to the verdict on it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from forecaster.base.errors import DataError, ForecastError
from forecaster.base.meter import working
from forecaster.config import ReadSettings
from forecaster.data.checks import check_duplicates
from forecaster.data.grid import lay_out
from forecaster.data.observations import Rest, observe
from forecaster.data.panel import Panel
from forecaster.data.problems import diagnose
from forecaster.data.source import Data, read_source
from forecaster.reporting.verdict import Verdict, judge, refusal


@dataclass(frozen=True, kw_only=True)
class CheckJob:
    """All inputs of `check`.

    Attributes:
        data: Path of the data file, `-` for stdin, or data in memory.
    """

    data: Data
    reading: ReadSettings = field(default_factory=ReadSettings)


def check(job: CheckJob) -> Verdict:
    """Return the verdict on a data file: wrong content is a finding, not an exception.

    Raises:
        ForecastError: The file cannot be opened, or the settings are wrong.
    """
    data: Data = read_source(job.data) if str(job.data) == "-" else job.data
    try:
        with working("checking") as work:
            work.begin(0.3)
            read = observe(data, job.reading)
            work.begin(1.0)
            verdict = judge(read)
        return with_command(verdict, data, job.reading) if verdict.count("error") else verdict
    except DataError as error:
        fault = error
    with suppress(ForecastError):
        found = diagnose(reader(data), job.reading)
        if found.is_choice:
            return refusal(str(data), found.problems, found.hint(str(data)))
    found = diagnose(lambda settings, without: observe(Rest(data, without), settings), job.reading)
    if not found.is_read or found.is_choice:
        hint = found.hint(str(data)) if found.is_choice else ""
        return refusal(str(data), found.problems or (fault,), hint)
    rest = judge(observe(Rest(data, found.rows), found.settings))
    return refusal(str(data), found.problems or (fault,), found.hint(str(data)), rest)


def reader(data: Data) -> Callable[[ReadSettings, list[int]], Panel]:
    """Return what reads data as far as training does, with settings and without some rows of its table."""

    def attempt(settings: ReadSettings, without: list[int]) -> Panel:
        read = observe(Rest(data, without), settings)
        check_duplicates(read.rows, read.table, read.clock)
        return lay_out(read)

    return attempt


def with_command(verdict: Verdict, data: Data, reading: ReadSettings) -> Verdict:
    """Return a verdict with errors, of which the first says the command that reads the file, where one is known."""

    with suppress(ForecastError):
        found = diagnose(reader(data), reading)
        if found.is_choice:
            first, *others = verdict.findings
            return replace(verdict, findings=(replace(first, hint=found.hint(str(data))), *others))
    return verdict
