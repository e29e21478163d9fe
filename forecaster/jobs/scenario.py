"""From a saved model, a data file and several possible futures to forecasts side by side, and how they differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.base import files
from forecaster.base.arrow import from_numpy
from forecaster.base.errors import DataError, UsageError, shown
from forecaster.base.meter import one, tally
from forecaster.base.rowfile import categories, is_parquet, measured, writing_rows
from forecaster.config import PredictSettings, ScenarioSettings, parse_levels
from forecaster.data.covariates import Covariate, Covariates
from forecaster.data.panel import Panel
from forecaster.data.source import Data, read_source
from forecaster.jobs.brief import brief
from forecaster.jobs.events import Events
from forecaster.jobs.names import check_outputs
from forecaster.jobs.predict import PredictJob, PredictResult, predict
from forecaster.model.samples import AnyPaths
from forecaster.model.totals import ends_of
from forecaster.model.windows import Floats
from forecaster.scoring.backtest import stamps_written

if TYPE_CHECKING:
    import pandas as pd

SAMPLES = 1000
"""Paths that differences are taken from."""

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
class Scenario:
    """The forecast under one future.

    Attributes:
        name: Of its file, without the ending.
        result: The forecast.
        difference: [S, H] from the forecast under the first future.
        intervals: (level in percent, lower [S, H], upper [S, H]) of the difference.
        total: Sum over all series and steps, and its difference from the first: (value, [(level, lower, upper)]).
    """

    name: str
    result: PredictResult
    difference: Floats
    intervals: tuple[Interval, ...]
    total: tuple[float, list[tuple[float, float, float]]]


@dataclass(frozen=True, kw_only=True, eq=False)
class ScenarioResult:
    """Forecasts under several futures.

    Attributes:
        scenarios: In the order given; the first is what the others are compared with.
        warnings: What did not go as it should.
    """

    scenarios: tuple[Scenario, ...]
    settings: ScenarioSettings
    warnings: tuple[str, ...] = ()

    __repr__ = brief

    @property
    def panel(self) -> Panel:
        """What was forecast."""
        return self.scenarios[0].result.panel

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """(id, reason) of series that were not forecast."""
        return self.panel.skipped

    def columns(self) -> dict[str, np.ndarray]:
        """Return one row a scenario, series and step: the forecast file's columns, and the difference."""
        parts = []
        for scenario in self.scenarios:
            rows = scenario.result.forecast.columns()
            part = {"scenario": np.full(len(rows["forecast"]), scenario.name, object), **rows}
            part["difference"] = scenario.difference.ravel()
            for level, low, high in scenario.intervals:
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
        first = self.scenarios[0].result
        return {
            "model": first.model.name,
            "version": first.model.version,
            "data": self.panel.source,
            "series": self.panel.n_series,
            "horizon": first.forecast.values.shape[1],
            "scenarios": [
                {
                    "scenario": scenario.name,
                    "total": float(scenario.result.forecast.values.sum()),
                    "difference": scenario.total[0],
                    **{
                        f"difference-{end}-{level:g}": value
                        for level, low, high in scenario.total[1]
                        for end, value in (("lo", low), ("hi", high))
                    },
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
    settings, levels = job.settings, parse_levels(job.settings.levels)
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
    source = read_source(job.data)
    results: list[PredictResult] = []
    for path in tally(futures, one, ("forecasting", "scenarios", len(futures))):
        told = PredictSettings(
            model=settings.model,
            horizon=settings.horizon,
            levels=settings.levels,
            future=path,
            output="-",
            ledger="none",
            paths=SAMPLES,
        )
        result = predict(
            PredictJob(data=source, settings=told, models_dir=job.models_dir), events if not results else Events()
        )
        results.append(result)
        strange = unseen(result.panel)
        if strange and not settings.extrapolate:
            hint = "The model cannot know what happens there; forecast it anyway with --extrapolate"
            raise DataError(f"{path}: {strange[0]}", hint=hint)
    warnings = [f"{name}: {said}" for name, result in zip(names, results, strict=True) for said in unseen(result.panel)]
    done = ScenarioResult(scenarios=compare_all(names, results, levels), settings=settings, warnings=tuple(warnings))
    if settings.picture is not None:
        draw_scenarios(done, settings.picture)
    if settings.output is not None:
        write_scenarios(done, settings.output)
    return done


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


def unseen(panel: Panel) -> list[str]:
    """Return what covariates have ahead that they never had in the history of the data, one sentence each."""
    covariates = panel.covariates
    if covariates is None:
        return []
    found = (_unseen(column, covariates, panel) for column in covariates.columns if column.role == "future")
    return [said for said in found if said]


def _unseen(column: Covariate, covariates: Covariates, panel: Panel) -> str:
    steps = np.concatenate([np.arange(length) for length in covariates.lengths])
    at = np.repeat(covariates.starts, covariates.lengths) + steps
    values, ahead = column.values[at], steps >= np.repeat(panel.lengths, covariates.lengths)
    known, coming = values[~ahead & ~np.isnan(values)], values[ahead & ~np.isnan(values)]
    if not len(known) or not len(coming):
        return ""
    if column.names is not None:
        strange = np.setdiff1d(coming, known)
        return f"covariate {column.name!r} was never {shown(column.names[int(strange[0])])}" if len(strange) else ""
    low, high = float(known.min()), float(known.max())
    outside = coming[(coming < low) | (coming > high)]
    return f"covariate {column.name!r} was never {outside[0]:g}: it was {low:g} to {high:g}" if len(outside) else ""


def compare_all(names: list[str], results: list[PredictResult], levels: tuple[float, ...]) -> tuple[Scenario, ...]:
    """Return each forecast with its difference from the first.

    Paths of all futures have the same errors: what cannot be foreseen happens in each of them alike, so it is not part
    of the difference, as in simulations with common random numbers (Law, Simulation Modeling and Analysis, 11.2).
    """
    base = paths_of(results[0])
    found = []
    for name, result in zip(names, results, strict=True):
        apart, sums = [], np.zeros(SAMPLES)
        for (_, ours), (_, theirs) in zip(paths_of(result).blocks(), base.blocks(), strict=True):
            change = ours - theirs
            sums += change.sum(axis=(0, 2))
            apart.append([np.quantile(change, ends_of(level), axis=1) for level in levels])
        intervals = tuple(
            (level, *np.concatenate([part[k] for part in apart], axis=1)) for k, level in enumerate(levels)
        )
        difference = result.forecast.values - results[0].forecast.values
        quantiles = [(level, *np.quantile(sums, ends_of(level)).tolist()) for level in levels]
        ends = [(level, float(low), float(high)) for level, low, high in quantiles]
        found.append(
            Scenario(
                name=name,
                result=result,
                difference=difference,
                intervals=intervals,
                total=(float(difference.sum()), ends),
            )
        )
    return tuple(found)


def paths_of(result: PredictResult) -> AnyPaths:
    """Return the paths of a forecast that was asked for some."""
    if result.futures.paths is None:
        raise AssertionError("a scenario is forecast with paths")
    return result.futures.paths


def write_scenarios(result: ScenarioResult, path: Path) -> None:
    """Write one row a scenario, series and step."""
    panel, columns = result.panel, result.columns()
    horizon = result.scenarios[0].result.forecast.values.shape[1]
    stamps = np.tile(panel.frequency.future(panel.ends, horizon).ravel(), len(result.scenarios))
    written: dict[str, Any] = {}
    for name, column in columns.items():
        if name == panel.schema.time:
            written[name] = stamps_written(panel, stamps, not is_parquet(path))
        elif column.dtype == object:
            distinct, codes = np.unique(column.astype(str), return_inverse=True)
            written[name] = categories(distinct.tolist(), codes)
        else:
            written[name] = measured(column) if column.dtype == np.float64 else from_numpy(column)
    with writing_rows(path) as writer:
        writer.write(written)


def draw_scenarios(result: ScenarioResult, path: Path) -> None:
    """Draw the first series: its end, and the forecast under each future."""
    from forecaster.report.drawing import kind_of, to_file
    from forecaster.report.figure import Band, Figure, Line, Mark, Tone

    panel, kind = result.panel, kind_of(path)
    horizon = result.scenarios[0].result.forecast.values.shape[1]
    history = panel.series(0)[-max(3 * horizon, 20) :]
    ahead = np.arange(1, horizon + 1)
    marks: list[Mark] = []
    tones: tuple[Tone, ...] = ("model", "baseline", "faint")
    for scenario in reversed(result.scenarios):
        level, low, high = scenario.result.forecast.intervals[0]
        marks.append(Band(f"{scenario.name}, {level:g} % interval", ahead, low[0], high[0], 0.4))
    marks.append(Line("observed", np.arange(1 - len(history), 1), history, "history"))
    for k, scenario in enumerate(result.scenarios):
        values, tone = scenario.result.forecast.values[0], tones[k % len(tones)]
        marks.append(Line(scenario.name, ahead, values, tone, "solid" if k < len(tones) else "dashed"))
    name = panel.ids[0] or result.scenarios[0].result.model.name
    figure = Figure(name="scenarios", title=name, x_label="steps after the end of the data", marks=tuple(marks))
    files.write_file(path, to_file([figure], kind))
