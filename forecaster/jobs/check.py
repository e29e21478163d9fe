"""From a data file to the verdict on it."""

from __future__ import annotations

from dataclasses import dataclass, field

from forecaster.base.errors import DataError
from forecaster.config import ReadSettings
from forecaster.data.observations import Rest, observe
from forecaster.data.problems import diagnose
from forecaster.data.source import Data, read_source
from forecaster.report.verdict import Verdict, judge, refusal


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
        return judge(observe(data, job.reading))
    except DataError as error:
        found = diagnose(lambda settings, without: observe(Rest(data, without), settings), job.reading)
        problems = found.problems or (error,)
    if not found.is_read:
        return refusal(str(data), problems)
    rest = judge(observe(Rest(data, found.rows), found.settings))
    return refusal(str(data), problems, found.hint(str(data)), rest)
