"""From a saved model, a data file and several possible futures to forecasts side by side, and how they differ."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.base import files
from forecaster.base.arrow import from_numpy
from forecaster.base.errors import DataError, UsageError, shown
from forecaster.base.meter import one, tally
from forecaster.base.rowfile import categories, is_parquet, measured, writing_rows
from forecaster.config import PredictSettings, ScenarioSettings, parse_levels
from forecaster.data.novelty import Novelty, novelties
from forecaster.data.panel import Panel
from forecaster.data.precision import digits_for
from forecaster.data.source import Data, read_source
from forecaster.jobs.brief import brief
from forecaster.jobs.events import Events
from forecaster.jobs.names import check_outputs
from forecaster.jobs.predict import Opened, PredictJob, open_data
from forecaster.model.forecast import Forecast, rounded
from forecaster.model.origins import Origins
from forecaster.model.predictor import UsedModel
from forecaster.model.samples import AnyPaths
from forecaster.model.totals import ends_of
from forecaster.model.windows import Floats
from forecaster.scoring.backtest import stamps_written
from forecaster.scoring.effects import Doubt, Trust, asking, changed_ahead, measure_trust, members_of
from forecaster.scoring.outlook import find_series

if TYPE_CHECKING:
    import pandas as pd

SAMPLES = 1000
"""Paths that differences are taken from."""

NOT_KNOWN = "too little history, or too little effect in it, to say how sure that of {} is"

Interval = tuple[float, Floats, Floats]


@dataclass(frozen=True, kw_only=True)
class ScenarioJob:
    """All inputs of `scenario`.

    Attributes:
        data: Path of the data file, `-` for stdin, or data in memory.
        models_dir: Folder of all models, or None for the default.
    """

    data: Data
    settings: ScenarioSettings = field(default_factory=ScenarioSettings)
    models_dir: Path | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Contrast:
    """How a forecast differs from another.

    Attributes:
        values: [S, H] of the point forecasts.
        intervals: (level in percent, lower [S, H], upper [S, H]).
        total: Sum over all series and steps.
        total_ends: (level, lower, upper) of that.
        trust: How far the effects of what is not the same in both are to be trusted; None where that is not known.
    """

    values: Floats
    intervals: tuple[Interval, ...]
    total: float
    total_ends: tuple[tuple[float, float, float], ...]
    trust: Trust | None

    @property
    def correction(self) -> float:
        """How many times as large as the model expects the differences are likely to be, by past cutoffs."""
        return 1.0 + (self.trust.likely_bias if self.trust else 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenario:
    """The forecast under one future.

    Attributes:
        name: Of its file, without the ending.
        forecast: Under this future.
        difference: From the forecast under the first.
    """

    name: str
    forecast: Forecast
    difference: Contrast


@dataclass(frozen=True, kw_only=True, eq=False)
class ScenarioResult:
    """Forecasts under several futures.

    Attributes:
        scenarios: In the order given; the first is what the others are compared with.
        model: What forecast.
        panel: What was forecast, with the covariates of the first.
        warnings: What did not go as it should.
    """

    scenarios: tuple[Scenario, ...]
    model: UsedModel
    panel: Panel
    settings: ScenarioSettings
    warnings: tuple[str, ...] = ()

    __repr__ = brief

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """(id, reason) of series that were not forecast."""
        return self.panel.skipped

    def columns(self) -> dict[str, np.ndarray]:
        """Return one row a scenario, series and step: the forecast file's columns, and the difference."""
        parts = []
        for scenario in self.scenarios:
            rows = scenario.forecast.columns()
            part = {"scenario": np.full(len(rows["forecast"]), scenario.name, object), **rows}
            part["difference"] = scenario.difference.values.ravel()
            part["difference-likely"] = part["difference"] * scenario.difference.correction
            for level, low, high in scenario.difference.intervals:
                part |= {f"difference-lo-{level:g}": low.ravel(), f"difference-hi-{level:g}": high.ravel()}
            parts.append(part)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def to_frame(self) -> pd.DataFrame:
        """Return the same as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.columns())

    def records(self) -> list[dict[str, Any]]:
        """Return the same as rows."""
        columns = {name: column.tolist() for name, column in self.columns().items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        return {
            "model": self.model.name,
            "version": self.model.version,
            "data": self.panel.source,
            "series": self.panel.n_series,
            "horizon": self.scenarios[0].forecast.values.shape[1],
            "scenarios": [
                {
                    "scenario": scenario.name,
                    "total": float(scenario.forecast.values.sum()),
                    "difference": scenario.difference.total,
                    "difference-likely": scenario.difference.total * scenario.difference.correction,
                    **{
                        f"difference-{end}-{level:g}": value
                        for level, low, high in scenario.difference.total_ends
                        for end, value in (("lo", low), ("hi", high))
                    },
                    "effect": (trust := scenario.difference.trust) and trust.summary(),
                }
                for scenario in self.scenarios
            ],
            "rows": self.records(),
            "output": None if self.settings.output is None else str(self.settings.output),
            "skipped": [{"series": name, "reason": reason} for name, reason in self.skipped],
        }


def scenario(job: ScenarioJob, events: Events = Events()) -> ScenarioResult:
    """Forecast under several futures of the covariates, and say how the forecasts differ.

    Raises:
        DataError: A covariate has values ahead that it never had in the history of the data.
        ForecastError: Anything else that went wrong; no file was written, an old one is untouched.
    """
    settings = job.settings
    parse_levels(settings.levels)
    futures = settings.future or []
    if len(futures) < 2:
        raise UsageError("expected two futures or more", hint="Name them: --future a.csv --future b.csv")
    names = names_of(futures)
    check_outputs({"--output": settings.output, "--picture": settings.picture}, job.data, *futures)
    if settings.output is not None:
        is_parquet(settings.output)
        files.check_writable(settings.output)
    if settings.picture is not None:
        files.check_writable(settings.picture)
    opened = open_futures(job)
    events.on_panel(opened[0].panel)
    drawn = find_series(opened[0].panel, settings.series)[: None if settings.series else 1]
    scenarios, notes = compare_all(names, opened, settings)
    strange = [f"{name}: {each.message}" for name, future in zip(names, opened, strict=True) for each in new_in(future)]
    done = ScenarioResult(
        scenarios=scenarios,
        model=opened[0].model,
        panel=opened[0].panel,
        settings=settings,
        warnings=(*strange, *notes),
    )
    if settings.picture is not None:
        draw_scenarios(done, settings.picture, drawn.tolist())
    if settings.output is not None:
        write_scenarios(done, settings.output)
    return done


def open_futures(job: ScenarioJob) -> list[Opened]:
    """Return the model and the data under each future; all of them are looked at before one is forecast.

    Raises:
        DataError: A covariate has values ahead that are far from all that it had in the history of the data.
        UsageError: The model reads no covariates that are known ahead.
    """
    settings, source = job.settings, read_source(job.data)
    opened = []
    for path in settings.future or []:
        asked = PredictSettings(
            model=settings.model, horizon=settings.horizon, future=path, output="-", ledger="none", paths=SAMPLES
        )
        future = open_data(PredictJob(data=source, settings=asked, models_dir=job.models_dir))
        far = [novelty for novelty in new_in(future) if novelty.is_far]
        if far and not settings.extrapolate:
            hint = "The model cannot know what happens there; forecast it anyway with --extrapolate"
            raise DataError(f"{path}: {far[0].message}", hint=hint)
        opened.append(future)
    return opened


def new_in(opened: Opened) -> list[Novelty]:
    """Return what covariates have ahead, as far as forecasts reach, that they never had before."""
    panel, covariates = opened.panel, opened.panel.covariates
    if covariates is None:
        return []
    reached = replace(covariates, lengths=np.minimum(covariates.lengths, panel.lengths + opened.steps))
    return novelties(replace(panel, covariates=reached))


def names_of(futures: list[Path]) -> list[str]:
    """Return what scenarios are called: their files, without the ending.

    Raises:
        UsageError: Two have the same name.
    """
    names = [path.stem for path in futures]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"two futures are called {shown(twice)}", hint="Give each file a name of its own")
    return names


def compare_all(
    names: list[str], opened: list[Opened], settings: ScenarioSettings
) -> tuple[tuple[Scenario, ...], tuple[str, ...]]:
    """Return each forecast with its difference from the first, and what is not as well known as it should be.

    Paths of all futures have the same errors: what cannot be foreseen happens in each of them alike, so it is not part
    of the difference, as in simulations with common random numbers (Law, Simulation Modeling and Analysis, 11.2). How
    sure the effect itself is comes from past windows, and from the networks of an ensemble: see `scoring.effects`.
    """
    levels = parse_levels(settings.levels)
    asked = PredictSettings(levels=settings.levels, paths=SAMPLES, seed=settings.seed)
    forecasts, paths, warnings = [], [], []
    for future in tally(opened, one, ("forecasting", "scenarios", len(opened))):
        forecast, futures = future.forecast(asked, None)
        forecasts.append(forecast)
        paths.append(futures.paths)
        warnings += [warning for warning in futures.warnings if warning not in warnings]
    networks = members_under(opened)
    found = []
    for k, (name, future) in enumerate(zip(names, opened, strict=True)):
        changed = changed_ahead(opened[0].panel, future.panel, future.steps)
        shape = (future.steps, future.model.window.shortest_history)
        trust = measure_trust(asking(future.model, future.steps), future.panel, changed, shape) if changed else None
        if changed and trust is None:
            warnings.append(f"{name}: {NOT_KNOWN.format(', '.join(changed))}")
        values = forecasts[k].values - forecasts[0].values
        off = Doubt(trust=trust, members=networks[k] - networks[0]).draw(values, SAMPLES, settings.seed)
        intervals, total_ends = spread_of((paths[k], paths[0]), off, values, levels)
        difference = Contrast(
            values=values, intervals=intervals, total=float(values.sum()), total_ends=total_ends, trust=trust
        )
        found.append(Scenario(name=name, forecast=forecasts[k], difference=difference))
    return tuple(found), tuple(warnings)


def members_under(opened: list[Opened]) -> Floats:
    """Return what each network of an ensemble forecasts under each future [U, M, S, H]; M is 0 where it is none."""
    first = opened[0]
    members = members_of(first.model)
    found = np.empty((len(opened), len(members), first.panel.n_series, first.steps))
    for k, future in enumerate(opened):
        for m, member in enumerate(members):
            found[k, m] = asking(member, future.steps)(future.panel, Origins.at_end(future.panel))
    return found


def spread_of(
    paths: tuple[AnyPaths | None, AnyPaths | None], off: Floats, values: Floats, levels: tuple[float, ...]
) -> tuple[tuple[Interval, ...], tuple[tuple[float, float, float], ...]]:
    """Return the intervals of a difference, and those of its sum; each holds the difference itself in any case.

    Args:
        paths: Under this future, and under the first.
        off: [S, N, H] what the effect may be off by.
        values: [S, H] the difference.
        levels: In percent.
    """
    this, first = paths
    if this is None or first is None:
        raise AssertionError("a scenario is forecast with paths")
    sums = np.zeros(off.shape[1])
    ends: list[list[Floats]] = []
    for (series, ours), (_, theirs) in zip(this.blocks(), first.blocks(), strict=True):
        change = ours - theirs + off[series]
        sums += change.sum(axis=(0, 2))
        ends.append([np.quantile(change, ends_of(level), axis=1) for level in levels])
    intervals = []
    for k, level in enumerate(levels):
        low, high = np.concatenate([part[k] for part in ends], axis=1)
        intervals.append((level, np.minimum(low, values), np.maximum(high, values)))
    total, quantiles = float(values.sum()), [np.quantile(sums, ends_of(level)).tolist() for level in levels]
    both = zip(levels, quantiles, strict=True)
    return tuple(intervals), tuple((level, min(low, total), max(high, total)) for level, (low, high) in both)


def write_scenarios(result: ScenarioResult, path: Path) -> None:
    """Write one row a scenario, series and step."""
    panel, columns = result.panel, result.columns()
    horizon, text = result.scenarios[0].forecast.values.shape[1], not is_parquet(path)
    usual = digits_for(panel) if text else None
    digits = usual if result.settings.digits is None else result.settings.digits
    stamps = np.tile(panel.frequency.future(panel.ends, horizon).ravel(), len(result.scenarios))
    written: dict[str, Any] = {}
    for name, column in columns.items():
        if name == panel.schema.time:
            written[name] = stamps_written(panel, stamps, text)
        elif column.dtype == object:
            distinct, codes = np.unique(column.astype(str), return_inverse=True)
            written[name] = categories(distinct.tolist(), codes)
        else:
            numbers = rounded(column, digits) if column.dtype == np.float64 else column
            is_measured = not text and column.dtype == np.float64
            written[name] = measured(numbers.astype(np.float64)) if is_measured else from_numpy(numbers)
    with writing_rows(path) as writer:
        writer.write(written)


def draw_scenarios(result: ScenarioResult, path: Path, chosen: list[int]) -> None:
    """Draw some series: their ends, and the forecast under each future."""
    from forecaster.reporting.drawing import kind_of, to_file
    from forecaster.reporting.futures import draw_futures

    panel, forecasts = result.panel, [(each.name, each.forecast) for each in result.scenarios]
    titles = [panel.ids[s] or panel.schema.target or result.model.name for s in chosen]
    figures = [draw_futures(panel, s, forecasts, title) for s, title in zip(chosen, titles, strict=True)]
    files.write_file(path, to_file(figures, kind_of(path)))
