"""From a saved model and a data file to the values that are not as they were forecast."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.base import files
from forecaster.base.arrow import from_numpy, from_texts
from forecaster.base.errors import GateError
from forecaster.base.rowfile import is_parquet, measured, writing_rows
from forecaster.config import AnomalySettings, ReadSettings
from forecaster.data.checks import check_duplicates
from forecaster.data.grid import lay_out
from forecaster.data.observations import Observations
from forecaster.data.panel import Panel
from forecaster.data.source import Data
from forecaster.jobs.brief import brief
from forecaster.jobs.events import Events
from forecaster.jobs.names import check_outputs, models_folder
from forecaster.jobs.opening import ask_for
from forecaster.model.planner import choose_horizon
from forecaster.model.predictor import UsedModel, leave_out_unreadable
from forecaster.model.windows import Ints
from forecaster.scoring.alarms import Alarms, judge, values_to_judge
from forecaster.scoring.backtest import stamps_written

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class AnomalyJob:
    """All inputs of `anomalies`.

    Attributes:
        data: Path of the data file, `-` for stdin, data in memory, or None for the file that the model was trained on.
        models_dir: Folder of all models, or None for the default.
    """

    data: Data | None = None
    settings: AnomalySettings = field(default_factory=AnomalySettings)
    reading: ReadSettings = field(default_factory=ReadSettings)
    models_dir: Path | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class AnomalyResult:
    """The values that are outside the interval that was forecast for them.

    Attributes:
        alarms: All values that were judged.
        last: How many values at the end of each series were judged; None for all after the training.
        lines: Line of the file (row, in Parquet) of each value outside [M], from 1; 0 where it is not known.
        output: The file that they were written to, or None.
    """

    model: UsedModel
    panel: Panel
    alarms: Alarms
    lines: Ints
    settings: AnomalySettings
    last: int | None = None

    __repr__ = brief

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """(id, reason) of series that were not judged."""
        return self.panel.skipped

    def records(self) -> list[dict[str, Any]]:
        """Return one row for each value outside, series by series, oldest first."""
        alarms, panel = self.alarms, self.panel
        chosen = np.flatnonzero(alarms.outside)
        series, at = alarms.series[chosen], alarms.at[chosen]
        stamps = panel.write(panel.stamps_at(series, at - panel.offsets[series])).tolist() if len(chosen) else []
        columns: dict[str, list[Any]] = {
            "line": [int(line) or None for line in self.lines],
            "value": alarms.actual[chosen].tolist(),
            "forecast": alarms.expected[chosen].tolist(),
            f"forecast-lo-{self.settings.level:g}": alarms.low[chosen].tolist(),
            f"forecast-hi-{self.settings.level:g}": alarms.high[chosen].tolist(),
            "widths_outside": [w if np.isfinite(w) else None for w in alarms.distances()[chosen].tolist()],
            "run": alarms.runs().tolist(),
        }
        names = [panel.ids[s] for s in series] if panel.id_column is not None else []
        places = {**({panel.id_column: names} if panel.id_column else {}), panel.schema.time: stamps}
        rows = zip(*places.values(), *columns.values(), strict=True)
        return [dict(zip([*places, *columns], row, strict=True)) for row in rows]

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each value outside as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.records())

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        runs = self.alarms.runs()
        return {
            "model": self.model.name,
            "version": self.model.version,
            "data": self.panel.source,
            "level": self.settings.level,
            "series": self.panel.n_series,
            "last": self.last,
            "judged": len(self.alarms.at),
            "not_judged": self.alarms.unjudged,
            "anomalies": len(runs),
            "runs": int(runs.max(initial=0)),
            "rate": self.alarms.rate,
            "rate_by_chance": 1 - self.settings.level / 100,
            "values": self.records(),
            "output": None if self.settings.output is None else str(self.settings.output),
            "skipped": [{"series": name, "reason": reason} for name, reason in self.panel.skipped],
            "findings": [asdict(finding) for finding in self.panel.findings],
        }

    def check(self) -> None:
        """Refuse more anomalies than were allowed.

        Raises:
            GateError: There are more.
        """
        count, most = int(self.alarms.outside.sum()), self.settings.max_anomalies
        if most is not None and count > most:
            usual = len(self.alarms.at) * (1 - self.settings.level / 100)
            raise GateError(
                f"{count:,} of {len(self.alarms.at):,} values are outside their {self.settings.level:g} % interval, "
                f"above --max-anomalies {most}; by chance about {usual:.1f} would be",
                hint="See them: the same command with --format table",
            )


def anomalies(job: AnomalyJob, events: Events = Events()) -> AnomalyResult:
    """Judge each new value by the interval that a saved model forecasts for it one step ahead.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written, an old one is untouched.
    """
    settings = job.settings
    if settings.output is not None:
        is_parquet(settings.output)
        files.check_writable(settings.output)
    asked = ask_for(models_folder(job.models_dir), settings.model, job.data, job.reading)
    source = asked.source(job.data)
    check_outputs({"--output": settings.output}, source)
    read = asked.observe(source)
    check_duplicates(read.rows, read.table, read.clock)
    panel = lay_out(read)
    model = asked.bind(panel, 1 if asked.saved is None else None)
    panel = leave_out_unreadable(model, panel, int(panel.lengths.max()))
    events.on_panel(panel)
    last = settings.last
    if last is None and asked.saved is None:
        last = min(choose_horizon(panel, model.season), int(panel.lengths.max()) - 1)
    values = values_to_judge(model, panel, last, None if asked.saved is None else asked.saved.trained_until)
    alarms = judge(model, panel, values, settings.level)
    result = AnomalyResult(
        model=model, panel=panel, alarms=alarms, lines=lines_of(read, panel, alarms), settings=settings, last=last
    )
    if settings.output is not None:
        write_anomalies(result, settings.output)
    return result


def lines_of(read: Observations, panel: Panel, alarms: Alarms) -> Ints:
    """Return the line of the file [M] of each value outside; 0 where it is not known."""
    chosen = np.flatnonzero(alarms.outside)
    series, at = alarms.series[chosen], alarms.at[chosen]
    stamps = panel.stamps_at(series, at - panel.offsets[series]).astype(np.int64)
    rows = read.rows
    number = {name: k for k, name in enumerate(read.rows.ids)}
    bounds = np.searchsorted(rows.series, np.arange(len(rows.ids) + 1))
    found = np.full(len(chosen), -1)
    for nth, (s, stamp) in enumerate(zip(series.tolist(), stamps.tolist(), strict=True)):
        here = slice(*bounds[(k := number[panel.ids[s]]) : k + 2])
        codes = rows.stamps[here]
        row = int(np.searchsorted(read.clock.unique[codes], stamp))
        if row < len(codes) and read.clock.unique[codes[row]] == stamp:
            found[nth] = rows.lines[here][row]
    lines = np.zeros(len(chosen), np.int64)
    lines[found >= 0] = read.table.lines_of(found[found >= 0].tolist())
    return lines


def write_anomalies(result: AnomalyResult, path: Path) -> None:
    """Write one row for each value outside."""
    alarms, panel = result.alarms, result.panel
    chosen = np.flatnonzero(alarms.outside)
    series, at = alarms.series[chosen], alarms.at[chosen]
    columns: dict[str, Any] = {}
    if panel.id_column is not None:
        columns[panel.id_column] = from_texts([panel.ids[s] for s in series])
    stamps = panel.stamps_at(series, at - panel.offsets[series])
    columns[panel.schema.time] = stamps_written(panel, stamps, not is_parquet(path))
    columns |= {
        "line": from_numpy(result.lines),
        "value": measured(alarms.actual[chosen]),
        "forecast": measured(alarms.expected[chosen]),
        f"forecast-lo-{result.settings.level:g}": measured(alarms.low[chosen]),
        f"forecast-hi-{result.settings.level:g}": measured(alarms.high[chosen]),
        "widths_outside": measured(alarms.distances()[chosen]),
        "run": from_numpy(alarms.runs()),
    }
    with writing_rows(path) as writer:
        writer.write(columns)
