"""Sample paths and totals of a forecast: which are asked for, and their files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forecaster.base import files
from forecaster.base.arrow import from_numpy
from forecaster.base.errors import UsageError
from forecaster.base.rowfile import categories, is_parquet, measured, writing_rows
from forecaster.config import PathSettings, PredictSettings, parse_levels, parse_quantiles, parse_totals
from forecaster.data.panel import Panel
from forecaster.jobs.hierarchy import Learned, Tree
from forecaster.model.coherence import CoherentPaths, Drawing, check_count, make_coherent
from forecaster.model.copula import GRID_LEVELS
from forecaster.model.forecast import Forecast, rounded
from forecaster.model.predictor import UsedModel, make_forecast
from forecaster.model.quantiles import levels_with
from forecaster.model.samples import SAMPLES, AnyPaths, Paths, learn_from_past
from forecaster.model.totals import Totals, add_up
from forecaster.scoring.backtest import stamps_written

OWN_COLUMNS = ("path", "value", "steps", "from", "until", "mean")
"""Columns of these files that the data cannot also have as its id or time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Futures:
    """What goes beyond marginal intervals.

    Attributes:
        paths: The sample paths; None where neither they nor totals are asked for.
        totals: Sums of the next steps; None where none are asked for.
        warnings: What is not as well known as it should be.
        learned: How forecasts were made to add up; None where no hierarchy was asked for.
    """

    paths: AnyPaths | None = None
    totals: Totals | None = None
    learned: Learned | None = None
    warnings: tuple[str, ...] = ()


def check_files(settings: PathSettings, others: tuple[Path | None, ...]) -> None:
    """Refuse files that cannot be written, or are one and the same, before any work is done.

    Raises:
        UsageError: A setting without the one that it needs, or two outputs of one name.
        OutputError: One cannot be written.
    """
    if settings.paths_output is not None and settings.paths is None:
        raise UsageError("--paths-output needs --paths", hint="Say how many: --paths 500")
    if settings.totals_output is not None and settings.totals is None:
        raise UsageError("--totals-output needs --totals", hint="Say over how many steps: --totals 7,14")
    outputs = [path for path in (settings.paths_output, settings.totals_output) if path is not None]
    for path in outputs:
        is_parquet(path)
        files.check_writable(path)
    named = [os.path.realpath(path) for path in (*outputs, *others) if path is not None]
    if len(set(named)) < len(named):
        raise UsageError("two outputs have the same name: one would overwrite the other", hint="Name another file")


def levels_of(settings: PathSettings) -> tuple[float, ...]:
    """Return the levels of intervals that paths need; none where there are no paths."""
    return GRID_LEVELS if settings.paths is not None or settings.totals is not None else ()


def imagine(
    model: UsedModel, panel: Panel, forecast: Forecast, settings: PathSettings, asked: tuple[Any, Any]
) -> Futures:
    """Learn how past errors go together, and sum what is asked for; paths are drawn when they are written.

    Args:
        model: What forecast.
        panel: What was forecast.
        forecast: With intervals of `levels_of`.
        settings: How many paths, which totals.
        asked: Levels in percent, and quantiles, of the totals.

    Raises:
        UsageError: Totals over more steps than there are, or steps that were made from forecasts.
    """
    if not levels_of(settings):
        return Futures()
    horizon = forecast.values.shape[1]
    steps = parse_totals(settings.totals, horizon)
    check_own_columns(panel)
    if forecast.direct is not None:
        raise UsageError(
            "--paths and --totals know the errors of the steps that the model was trained for, not of --recursive ones",
            hint=f"Give --horizon {forecast.direct} or less, or train for a longer one",
        )
    dependence = learn_from_past(model, panel, horizon)
    paths = Paths(forecast=forecast, dependence=dependence, count=settings.paths or SAMPLES, seed=settings.seed)
    totals = add_up(paths, steps, *asked) if steps else None
    if dependence.is_known:
        return Futures(paths=paths, totals=totals)
    short = "too little history to learn how errors of different steps go together: they are taken to err all alike"
    return Futures(paths=paths, totals=totals, warnings=(f"{short}, so totals are as uncertain as can be",))


def check_own_columns(panel: Panel) -> None:
    """Refuse names of columns in the data that files of paths and totals have for columns of their own.

    Raises:
        UsageError: There is one.
    """
    for name in (panel.id_column, panel.schema.time):
        if name in OWN_COLUMNS:
            raise UsageError(f"column {name!r} of the data is also a column of the paths or totals", hint="Rename it")


def forecast_tree(tree: Tree, horizon: int, settings: PredictSettings, digits: int | None) -> tuple[Forecast, Futures]:
    """Forecast series and their sums so that they add up as they are written, with intervals of paths that do.

    Args:
        tree: What is forecast.
        horizon: H in steps.
        settings: Which levels, quantiles, paths and totals.
        digits: After the decimal point in a file; None for as many as are exact.

    Raises:
        UsageError: More paths than fit into memory, or totals over more steps than there are.
        ModelError: The network's answer is not finite.
    """
    levels, quantiles = parse_levels(settings.levels), parse_quantiles(settings.quantiles)
    steps = parse_totals(settings.totals, horizon)
    if levels_of(settings):
        check_own_columns(tree.whole)
    drawing = Drawing(
        count=check_count(tree.whole.n_series, horizon, settings.paths), seed=settings.seed, digits=digits
    )
    base = make_forecast(tree.model, tree.base, horizon, levels_with(GRID_LEVELS))
    learned = tree.learn(horizon)
    coherent = make_coherent(learned.reconciler, base, learned.dependence, drawing, tree.nonnegative)
    found = coherent.quantiles(levels, quantiles)
    forecast = Forecast(
        ids=tree.whole.ids,
        stamps=tree.whole.future_stamps(horizon),
        values=coherent.values,
        intervals=tuple((level, *coherent.interval(found, level)) for level in levels),
        quantiles=tuple((share, found[share]) for share in quantiles),
        methods=tree.made_by(base, learned),
        tiers=tree.tiers,
        means=coherent.means,
        id_column=tree.whole.id_column,
        time_column=tree.whole.schema.time,
    )
    paths = CoherentPaths(forecast=forecast, coherent=coherent)
    return forecast, Futures(
        paths=paths if levels_of(settings) else None,
        totals=add_up(paths, steps, levels, quantiles) if steps else None,
        warnings=learned.warnings,
        learned=learned,
    )


def write_futures(futures: Futures, panel: Panel, settings: PredictSettings, digits: int | None) -> None:
    """Write the files of paths and totals that are asked for: text with so many digits, Parquet with all if none said.

    Raises:
        OutputError: One cannot be written; the old one is untouched.
    """
    if futures.paths is not None and (path := settings.paths_output) is not None:
        write_paths(futures.paths, panel, path, settings.digits if is_parquet(path) else digits)
    if futures.totals is not None and (path := settings.totals_output) is not None:
        write_totals(futures.totals, panel, path, settings.digits if is_parquet(path) else digits)


def write_paths(paths: AnyPaths, panel: Panel, path: Path, digits: int | None = None) -> None:
    """Write paths, one row a series, path and step: the data's id and time, `path` (from 1), `value`."""
    horizon, text = paths.forecast.values.shape[1], not is_parquet(path)
    stamps = panel.frequency.future(panel.ends, horizon)
    apart = panel.repeats(stamps)
    with writing_rows(path) as writer:
        for series, drawn in paths.blocks():
            rows = len(series) * paths.count * horizon
            columns = {}
            if panel.id_column is not None:
                codes = np.repeat(np.arange(len(series)), paths.count * horizon)
                columns[panel.id_column] = categories([panel.ids[s] for s in series], codes)
            columns[panel.schema.time] = stamps_written(
                panel, np.repeat(stamps[series], paths.count, axis=0).ravel(), text, apart=apart
            )
            columns["path"] = from_numpy(np.tile(np.repeat(np.arange(1, paths.count + 1), horizon), len(series)))
            values = rounded(drawn.reshape(rows), digits)
            columns["value"] = from_numpy(values) if text else measured(values.astype(np.float64))
            writer.write(columns)


def write_totals(totals: Totals, panel: Panel, path: Path, digits: int | None = None) -> None:
    """Write totals, one row a series and sum."""
    columns: dict[str, Any] = {
        name: rounded(column, digits) if column.dtype.kind == "f" else column
        for name, column in totals.columns().items()
    }
    ahead = panel.frequency.future(panel.ends, max(totals.steps))
    text, last, apart = not is_parquet(path), np.array(totals.steps) - 1, panel.repeats(ahead)
    columns["from"] = stamps_written(panel, np.repeat(ahead[:, 0], len(last)), text, apart=apart)
    columns["until"] = stamps_written(panel, ahead[:, last].ravel(), text, apart=apart)
    if panel.id_column is not None:
        codes = np.repeat(np.arange(len(panel.ids)), len(last))
        columns[panel.id_column] = categories(panel.ids, codes)
    with writing_rows(path) as writer:
        writer.write({name: from_numpy(c) if isinstance(c, np.ndarray) else c for name, c in columns.items()})
