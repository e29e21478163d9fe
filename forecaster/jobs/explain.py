"""From a saved model and a data file to what moves its forecasts, and to what its gates do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.base import files
from forecaster.base.errors import DataError, UsageError, shown
from forecaster.config import ExplainSettings, parse_leads
from forecaster.data.frames import as_times
from forecaster.data.panel import Panel
from forecaster.jobs.brief import brief
from forecaster.jobs.events import Events
from forecaster.jobs.names import check_outputs
from forecaster.jobs.opening import Asked, ModelJob, asked_by
from forecaster.model.builtin import BuiltinModel
from forecaster.model.companion import Share
from forecaster.model.origins import Origins, first_changes
from forecaster.model.predictor import UsedModel, check_horizon
from forecaster.model.version import read_weights
from forecaster.model.windows import Floats, Ints, cut_windows
from forecaster.reporting.drawing import kind_of
from forecaster.reporting.explanation import Explanation
from forecaster.reporting.explanation import explain as explain_forecasts
from forecaster.reporting.pictures import draw_gates, draw_lags, draw_series, render
from forecaster.reporting.recurrence import Trace, can_trace, trace
from forecaster.scoring.outlook import find_series

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class ExplainJob(ModelJob):
    """All inputs of `explain`."""

    settings: ExplainSettings = field(default_factory=ExplainSettings)


@dataclass(frozen=True, kw_only=True, eq=False)
class ExplainResult:
    """What moves the forecasts of some series.

    Attributes:
        can_explain: Series of the panel that could be explained.
        skipped: (id, reason) of series that are not.
        output: The picture, or None.
    """

    model: UsedModel
    panel: Panel
    found: Explanation
    can_explain: int
    skipped: list[tuple[str, str]]
    output: Path | None = None

    __repr__ = brief

    @property
    def share(self) -> Share | None:
        """How much of the forecast is the pretrained network's; None where it has no share, or is all of it."""
        return None if isinstance(self.model, BuiltinModel) else self.model.manifest.companion

    @cached_property
    def ids(self) -> list[str]:
        """Names of the series that are explained."""
        return [self.panel.ids[s] for s in self.found.series]

    def lags(self, row: int | None = None) -> list[dict[str, Any]]:
        """Return what each lag does, the shortest first: of one explained series, else in the mean over all.

        Columns: `lag`; `share` in all that moves the forecast, from 0 to 1; `weight`, what 1 more at that lag adds to
        the forecast; of one series also `contribution`, its part of the mean forecast in units of the data.
        """
        found, chosen = self.found, slice(None) if row is None else slice(row, row + 1)
        columns: dict[str, list[Any]] = {
            "lag": found.lags.tolist(),
            "share": found.shares[chosen].mean(axis=0).tolist(),
            "weight": found.mean_weights[chosen].mean(axis=0).tolist(),
        }
        if row is not None:
            columns["contribution"] = found.mean_contributions[row].tolist()
        return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]

    def seasons(self) -> list[dict[str, Any]]:
        """Return the share of each season back, and that of the one step in it that is like the one forecast."""
        if self.found.season < 2:
            return []
        return [{"season": k, "share": share, "same_step": same} for k, share, same in self.found.seasons()]

    def features(self, row: int | None = None) -> list[dict[str, Any]]:
        """Return how far each covariate moves the forecast: of one explained series, else in the mean over all.

        Columns: `covariate`; `effect`, the mean of how much higher the forecast is than without it, over the leads, in
        units of the data; `size`, the mean of how far it is moved, up or down.
        """
        effects = self.found.effects if row is None else self.found.effects[row : row + 1]
        means, sizes = effects.mean(axis=(0, 1)).tolist(), np.abs(effects).mean(axis=(0, 1)).tolist()
        rows = zip(self.found.features, means, sizes, strict=True)
        return [{"covariate": name, "effect": effect, "size": size} for name, effect, size in rows]

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        found = self.found
        return {
            "model": self.model.name,
            "version": self.model.version,
            "data": self.panel.source,
            "pretrained": asdict(self.share) if self.share else None,
            "series": self.panel.n_series,
            "explained": len(self.ids),
            "leads": found.leads.tolist(),
            "lookback": found.values.shape[1],
            "season_length": found.season,
            "same_step_share": found.seasonal_share,
            "seasons": self.seasons(),
            "lags": self.lags(),
            "covariates": self.features(),
            "by_series": [
                {
                    "series": name,
                    "forecast": found.forecasts[row].tolist(),
                    "flat": found.flat[row].tolist(),
                    "unexplained": found.unexplained[row].tolist(),
                    "lags": self.lags(row),
                    "covariates": self.features(row),
                    "effects": found.effects[row].tolist(),
                }
                for row, name in enumerate(self.ids)
            ],
            "output": None if self.output is None else str(self.output),
            "skipped": [{"series": name, "reason": reason} for name, reason in self.skipped],
        }

    def records(self) -> list[dict[str, Any]]:
        """Return what each lag does as rows: in the mean over all series, then of each."""
        rows = [{"scope": "overall", "series": None, **row, "contribution": None} for row in self.lags()]
        each = enumerate(self.ids)
        return rows + [{"scope": "series", "series": name, **row} for s, name in each for row in self.lags(s)]

    def to_frame(self) -> pd.DataFrame:
        """Return every weight and contribution: one row a series, lead and value of the window, the newest first."""
        import pandas as pd

        found, panel = self.found, self.panel
        row, h, back = np.nonzero(~np.isnan(found.values)[:, None, :].repeat(len(found.leads), axis=1))
        series, leads = found.series[row], found.leads[h]
        stamps = panel.stamps_at(series, panel.lengths[series] - 1 - back)
        names = {} if panel.id_column is None else {panel.id_column: np.array(panel.ids, dtype=object)[series]}
        return pd.DataFrame(
            {
                **names,
                "lead": leads,
                "lag": leads + back,
                panel.schema.time: as_times(stamps, panel.schema.tz),
                "value": found.values[row, back],
                "weight": found.weights[row, h, back],
                "contribution": found.contributions[row, h, back],
            }
        )


def explain(job: ExplainJob, events: Events = Events()) -> ExplainResult:
    """Find what moves the forecasts after the end of each series, and draw it where that was asked.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written, an old one is untouched.
    """
    model, panel = _open(job, events)
    horizon = check_horizon(model, job.settings.horizon)
    leads = np.array(parse_leads(job.settings.leads, horizon), np.int64)
    reasons = _reasons(model, panel)
    named = find_series(panel, job.settings.series)
    able = np.flatnonzero([reason is None for reason in reasons])
    chosen = np.intersect1d(named, able) if job.settings.series else _spread(able, job.settings.sample)
    left_out = named if job.settings.series else np.arange(panel.n_series)
    skipped = [(panel.ids[s], reason) for s in left_out if (reason := reasons[s]) is not None]
    if not len(chosen):
        raise DataError(f"{panel.source}: nothing to explain: {_named(skipped[0][0])}{skipped[0][1]}")
    found = explain_forecasts(model, panel, chosen, leads, events.on_share)
    result = ExplainResult(
        model=model,
        panel=panel,
        found=found,
        can_explain=len(able),
        skipped=[*panel.skipped, *skipped],
        output=job.settings.output,
    )
    if result.output is not None:
        files.write_file(result.output, draw(result, result.output))
    return result


def draw(result: ExplainResult, path: Path) -> bytes:
    """Return the picture of an explanation: of one series with its window, of several the mean."""
    found, panel, name = result.found, result.panel, f"{result.model.name} {result.model.version}"
    if len(found.series) > 1:
        return render(
            lambda: draw_lags(found, f"{name}: what moves its forecasts, mean of {len(found.series)} series"), path
        )
    s = int(found.series[0])
    size = int(np.count_nonzero(~np.isnan(found.values[0])))
    known, ahead = panel.stamps(s)[[-size, -1]], panel.frequency.future(panel.ends[s : s + 1], int(found.leads[-1]))
    stamps = [str(text) for text in [*panel.write(known), *panel.write(ahead[0, -1:])]]
    return render(lambda: draw_series(found, f"{name}{panel.ids[s] and ': '}{panel.ids[s]}", stamps), path)


# ---------------------------------------------------------------------------------------------------- gates


@dataclass(frozen=True, kw_only=True, eq=False)
class GatesResult:
    """What the gates of the first network of a model do over the window of one series.

    Attributes:
        series: The series' name.
        stamps: First stamp of each segment [K], as it is written.
        cell: `lstm` or `gru`.
        window: [L] the scaled window.
        traced: Gates and states [1, K, U] of each layer.
        output: The picture, or None.
    """

    model: UsedModel
    panel: Panel
    series: str
    stamps: list[str]
    cell: str
    window: Floats
    traced: Trace
    output: Path | None = None

    skipped: tuple[tuple[str, str], ...] = ()

    __repr__ = brief

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to warn of: that the gates are not those of the whole forecast."""
        share = None if isinstance(self.model, BuiltinModel) else self.model.manifest.companion
        return (
            ()
            if share is None
            else (f"the gates are those of a network trained here; the forecast is {share.describe()}",)
        )

    def records(self) -> list[dict[str, Any]]:
        """Return one row a layer and segment: the mean over units of each gate, and the mean size of each state."""
        rows = []
        for number, layer in enumerate(self.traced.layers, 1):
            means = {name: np.abs(seen[0]).mean(axis=1).tolist() for name, seen in layer.items()}
            for k, stamp in enumerate(self.stamps):
                rows.append({"layer": number, "segment": stamp, **{name: mean[k] for name, mean in means.items()}})
        return rows

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data, with the values of every unit [K][U]."""
        return {
            "model": self.model.name,
            "version": self.model.version,
            "data": self.panel.source,
            "series": self.series,
            "segments": self.stamps,
            "cell": self.cell,
            "means": self.records(),
            "layers": [{name: seen[0].tolist() for name, seen in layer.items()} for layer in self.traced.layers],
            "output": None if self.output is None else str(self.output),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return the means over units as a DataFrame: one row a layer and segment."""
        import pandas as pd

        return pd.DataFrame(self.records())


def read_gates(job: ExplainJob, events: Events = Events()) -> GatesResult:
    """Compute the gates of a model's first network over the window at the end of one series, and draw them if asked.

    Raises:
        UsageError: There are several series, and none or more than one is named.
        ForecastError: Of the kind that says what else went wrong; no file was written, an old one is untouched.
    """
    model, panel = _open(job, events)
    if isinstance(model, BuiltinModel):
        raise UsageError(
            "--gates shows the gates of a network of your own, not of the built-in one",
            hint="Leave out --gates to see what moves its forecasts",
        )
    network = model.network
    if not can_trace(network):
        kind = network.describe()
        raise UsageError(
            f"--gates shows LSTM and GRU layers of one width, read forward, with tanh; {model.name} has {kind}",
            hint="Leave out --gates to see what moves its forecasts",
        )
    named = find_series(panel, job.settings.series)
    if len(named) != 1:
        raise UsageError(
            f"--gates shows one series, and {len(named):,} are meant", hint=f"Name one: --series {panel.ids[0]}"
        )
    s = int(named[0])
    if reason := _reasons(model, panel)[s]:
        raise DataError(f"{panel.source}: nothing to show: {_named(panel.ids[s])}{reason}")
    shape = model.window
    windows = cut_windows(panel.values, Origins.at_end(panel, named), shape)
    first = panel.lengths[s] - shape.lookback + np.arange(shape.segments) * shape.segment
    stamps = panel.write(panel.stamps_at(np.full(shape.segments, s), np.maximum(first, 0)))
    result = GatesResult(
        model=model,
        panel=panel,
        series=panel.ids[s],
        stamps=[str(stamp) for stamp in stamps],
        cell=network.cell,
        window=windows.inputs[0, :, :-1].ravel().astype(np.float64),
        traced=trace(network, read_weights(model)[0], windows.inputs),
        output=job.settings.output,
    )
    if result.output is not None:
        title = f"{model.name} {model.version}{result.series and ': '}{result.series}"
        picture = render(
            lambda: draw_gates(result.traced, network.cell, result.window, title, result.stamps), result.output
        )
        files.write_file(result.output, picture)
    return result


# ---------------------------------------------------------------------------------------------------- both


def _open(job: ExplainJob, events: Events) -> tuple[UsedModel, Panel]:
    """Check the output, and read the model and the data."""
    settings = job.settings
    if settings.output is not None:
        kind_of(settings.output)
        files.check_writable(settings.output)
    asked = asked_by(job)
    source = asked.source(job.data)
    check_outputs({"--output": settings.output}, source, settings.future)
    model, panel = asked.open(source, future=settings.future, horizon=_steps(asked, settings))
    events.on_panel(panel)
    return model, panel


def _steps(asked: Asked, settings: ExplainSettings) -> int | None:
    """Return for how many steps ahead something must be known: all of a saved model's, those asked of the built-in."""
    return settings.horizon if asked.saved is None else None


def _reasons(model: UsedModel, panel: Panel) -> list[str | None]:
    """Return for each series why its forecast is not the network's, or None."""
    shortest = model.window.shortest_history
    constant = first_changes(panel) >= panel.offsets[1:]
    return [
        "it never changes, and is forecast to go on so"
        if same
        else f"{length:,} steps, the network needs {shortest:,}: it is forecast by seasonal naive"
        if length < shortest
        else None
        for length, same in zip(panel.lengths.tolist(), constant.tolist(), strict=True)
    ]


def _spread(items: Ints, most: int) -> Ints:
    return np.asarray(items[np.unique(np.linspace(0, len(items) - 1, min(most, len(items))).astype(int))])


def _named(name: str) -> str:
    return f"series {shown(name)}: " if name else ""
