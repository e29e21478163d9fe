"""From a saved model and a data file to a picture of some series."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from forecaster.base import files
from forecaster.base.meter import working
from forecaster.config import PlotSettings, parse_levels, parse_quantiles
from forecaster.data.panel import Panel
from forecaster.jobs.brief import brief
from forecaster.jobs.events import Events
from forecaster.jobs.names import check_outputs
from forecaster.jobs.opening import ModelJob, asked_by
from forecaster.model.predictor import UsedModel, check_horizon
from forecaster.model.quantiles import levels_with
from forecaster.scoring.outlook import find_series, look_ahead, usual_history

MOST_SERIES = 12
"""Series in one picture: of more, none could be read."""


@dataclass(frozen=True, kw_only=True)
class PlotJob(ModelJob):
    """All inputs of `plot`."""

    settings: PlotSettings = field(default_factory=PlotSettings)


@dataclass(frozen=True, kw_only=True, eq=False)
class PlotResult:
    """A picture, and the file that it was written to.

    Attributes:
        drawn: Names of the series in it.
        asked: How many there would have been.
    """

    model: UsedModel
    panel: Panel
    output: Path
    drawn: tuple[str, ...]
    asked: int

    __repr__ = brief

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is not in the picture."""
        if self.asked == len(self.drawn):
            return ()
        return (f"{len(self.drawn)} of {self.asked:,} series are drawn: choose others with --series ID",)

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        return {
            "model": self.model.name,
            "version": self.model.version,
            "data": self.panel.source,
            "output": str(self.output),
            "series": list(self.drawn),
            "not_drawn": self.asked - len(self.drawn),
            "skipped": [{"series": name, "reason": reason} for name, reason in self.panel.skipped],
            "findings": [asdict(finding) for finding in self.panel.findings],
        }


def plot(job: PlotJob, events: Events = Events()) -> PlotResult:
    """Draw the last seasons of some series, the forecast after them and its intervals.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written, an old one is untouched.
    """
    from forecaster.reporting.drawing import kind_of, to_file
    from forecaster.reporting.figure import draw_outlook

    settings, levels = job.settings, parse_levels(job.settings.levels)
    quantiles = parse_quantiles(settings.quantiles)
    output = settings.output
    kind = kind_of(output)
    files.check_writable(output)
    wanted = asked_by(job)
    wanted.check_horizon(settings.horizon)
    source = wanted.source(job.data)
    check_outputs({"--output": output}, source, settings.future)
    model, panel = wanted.open(source, future=settings.future, horizon=settings.horizon)
    horizon = check_horizon(model, settings.horizon)
    events.on_panel(panel)
    asked = find_series(panel, settings.series)
    chosen = asked[:MOST_SERIES].tolist()
    steps = settings.history or usual_history(model.season, horizon)
    outlooks = look_ahead(model, panel, chosen, (steps, horizon, 0), levels_with(levels, quantiles))
    outlooks = [replace(outlook, next=outlook.next.narrowed(levels, quantiles)) for outlook in outlooks]
    alone, target = panel.schema.target or model.name, panel.schema.target or ""
    figures = [
        replace(
            draw_outlook(outlook, panel.schema.tz, outlook.name or alone),
            y_label=target if outlook.name else "",  # else the target is the title
        )
        for outlook in outlooks
    ]
    with working("drawing"):
        picture = to_file(figures, kind)
    events.on_state(f"{output} is the old file or the new one, whole")
    files.write_file(output, picture)
    drawn = tuple(panel.ids[s] for s in chosen)
    return PlotResult(model=model, panel=panel, output=output, drawn=drawn, asked=len(asked))
