"""From a saved model and a data file to a forecast file."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.base import files
from forecaster.base.errors import ForecastError, UsageError
from forecaster.base.records import dump
from forecaster.base.rowfile import check_ending
from forecaster.config import FreshSettings, PredictSettings, parse_levels, parse_quantiles
from forecaster.data.age import Age, age_of, limits_of
from forecaster.data.database import TableTarget
from forecaster.data.frames import as_times
from forecaster.data.panel import Panel
from forecaster.data.precision import digits_for
from forecaster.jobs.brief import brief
from forecaster.jobs.events import Events
from forecaster.jobs.futures import Futures, check_files, forecast_tree, imagine, levels_of, write_futures
from forecaster.jobs.hierarchy import Tree, check_hierarchy, grow, named_by_groups, reading_groups
from forecaster.jobs.names import check_outputs, ledger_of, models_folder
from forecaster.jobs.notices import (
    held_at_bound,
    known_before,
    lost_data,
    mostly_zero,
    naive_twin,
    repeated_hour,
    replaced_forecast,
    unread_season,
)
from forecaster.jobs.opening import Asked, ModelJob, asked_by
from forecaster.model import ledger
from forecaster.model.builtin import BuiltinModel
from forecaster.model.copula import GRID_LEVELS, distribution, mean_of
from forecaster.model.forecast import TIER, Forecast
from forecaster.model.predictor import UsedModel, check_horizon, make_forecast
from forecaster.model.quantiles import levels_with
from forecaster.model.recursion import check_rounds, forecast_recursively
from forecaster.model.store import SavedModel
from forecaster.scoring.backtest import measure_builtin

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


PARQUET = (".parquet", ".pq")
"""How names of forecast files end that are Parquet; all others are CSV."""


@dataclass(frozen=True, kw_only=True)
class PredictJob(ModelJob):
    """All inputs of `predict`.

    Attributes:
        now: The time of the run, aware; without it the age of the data is not known.
    """

    settings: PredictSettings = field(default_factory=PredictSettings)
    fresh: FreshSettings = field(default_factory=FreshSettings)
    now: datetime | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class PredictResult:
    """A forecast, and the file that it was written to.

    Attributes:
        output: The file, or None when `text` is to go to stdout.
        text: The forecast file's content.
        age: How old the data is.
        futures: Sample paths and totals, as far as they were asked for.
        tree: What the series add up to; None where no hierarchy was asked for.
        digits: After the decimal point of what is written as text; None for all.
        warnings: What did not go as it should, though the forecast is whole.
    """

    forecast: Forecast
    model: UsedModel
    panel: Panel
    output: Path | None
    text: str
    age: Age | None = None
    futures: Futures = field(default_factory=Futures)
    tree: Tree | None = None
    digits: int | None = None
    warnings: tuple[str, ...] = ()

    __repr__ = brief

    @cached_property
    def metrics(self) -> dict[str, Any] | None:
        """How good the model is: a saved one as training measured, the built-in network on the data's own past.

        None where the past is too short to measure on.
        """
        if isinstance(self.model, BuiltinModel):
            levels = tuple(level for level, *_ in self.forecast.intervals)
            return measure_builtin(self.model, levels)
        facts: dict[str, Any] = dump(self.model.manifest.metrics)
        return facts

    @property
    def is_builtin(self) -> bool:
        """Whether the built-in network answered."""
        return isinstance(self.model, BuiltinModel)

    @property
    def skill(self) -> float | None:
        """Skill of the model over its baseline, as measured."""
        return self.metrics["skill"] if self.metrics else None

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """(id, reason) of series that were not forecast."""
        return self.panel.skipped

    def to_frame(self) -> pd.DataFrame:
        """Return the forecast file as a DataFrame, with stamps as pandas has them."""
        frame, ahead = self.forecast.to_frame(), self.forecast.values.shape[1]
        stamps = self.panel.frequency.future(self.panel.ends, ahead).ravel()
        frame[self.forecast.time_column] = as_times(stamps, self.panel.schema.tz)
        return frame

    def _repr_html_(self) -> str:
        """Return what a notebook shows of it: the table."""
        return str(self.to_frame().to_html())

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        names, counts = np.unique(self.forecast.last_methods().astype(str), return_counts=True)
        return {
            "model": self.model.name,
            "version": self.model.version,
            **self._builtin_facts(),
            "data": self.panel.source,
            **(self.age.summary() if self.age else {}),
            "output": None if self.output is None else str(self.output),
            **({"paths": self.futures.paths.count} if self.futures.paths else {}),
            **({"totals": self.futures.totals.records()} if self.futures.totals else {}),
            **({"hierarchy": hierarchy} if (hierarchy := self.hierarchy) else {}),
            "series": self.panel.n_series,
            "horizon": self.forecast.values.shape[1],
            "rows": int(self.forecast.values.size),
            "methods": dict(zip(names.tolist(), counts.tolist(), strict=True)),
            "skipped": [{"series": name, "reason": reason} for name, reason in self.panel.skipped],
            "findings": [asdict(finding) for finding in self.panel.findings],
        }

    @property
    def hierarchy(self) -> dict[str, Any] | None:
        """The levels and how their forecasts were made to add up, as JSON-safe data; None without them."""
        learned = self.futures.learned
        return None if self.tree is None or learned is None else self.tree.summary(learned)

    def _builtin_facts(self) -> dict[str, Any]:
        """Return what a summary says of the built-in network: what it detected, and how good it is on this data."""
        if not isinstance(self.model, BuiltinModel):
            return {}
        return {"detected": self.model.detected(), "metrics": self.metrics}


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """A model and what it is to forecast.

    Attributes:
        steps: How many steps ahead.
        recursive: The saved model, where that takes more than one round.
        tree: What the series add up to, where that is forecast too.
    """

    model: UsedModel
    panel: Panel
    steps: int
    recursive: SavedModel | None
    tree: Tree | None

    def forecast(self, settings: PredictSettings, digits: int | None) -> tuple[Forecast, Futures]:
        """Forecast all there is, with the levels, quantiles, paths and totals that are asked for.

        Sums add up with as many `digits` as are written; None for as many as are exact.
        """
        levels, quantiles = parse_levels(settings.levels), parse_quantiles(settings.quantiles)
        if self.tree is not None:
            return forecast_tree(self.tree, self.steps, settings, digits)
        grid = GRID_LEVELS if settings.mean else levels_of(settings)
        needed = levels_with((*levels, *grid), quantiles)
        if self.recursive is not None:
            whole = forecast_recursively(self.recursive, self.panel, self.steps, needed)
        else:
            whole = make_forecast(self.model, self.panel, self.steps, needed)
        if settings.mean:
            whole = replace(whole, means=mean_of(distribution(whole.values, whole.intervals)))
        futures = imagine(self.model, self.panel, whole, settings, (levels, quantiles))
        return whole.narrowed(levels, quantiles), futures


def predict(job: PredictJob, events: Events = Events()) -> PredictResult:
    """Forecast every series of the data file after its end, with a saved model, and write the forecast file.

    Raises:
        ForecastError: Of the kind that says what went wrong; no file was written, an old one is untouched.
    """
    settings, limits = job.settings, limits_of(job.fresh)
    parse_levels(settings.levels)
    parse_quantiles(settings.quantiles)
    output = None if settings.output == "-" else Path(settings.output)
    if output is not None:
        check_ending(output, "--output")
        files.check_writable(output)
    check_files(settings, (output,))
    table = TableTarget.of(settings.output_table, settings.table_mode) if settings.output_table else None
    root = models_folder(job.models_dir)
    opened = open_data(job)
    model, panel = opened.model, opened.panel
    events.on_panel(panel)
    known = known_before(model, panel, None if job.part_of else _ledger(job, model.name, root))
    lost = lost_data(known, panel, settings, cut=job.fresh.as_of is not None, part=job.part_of is not None)
    age = age_of(panel, job.now)
    events.on_age(age)
    age = limits.judge(age, panel.source)
    digits = settings.digits if settings.digits is not None else digits_for(panel)
    forecast, futures = opened.forecast(settings, digits)
    series = forecast if opened.tree is None else forecast.take(opened.tree.series)
    shown = panel if opened.tree is None else opened.tree.whole
    written = replace(forecast, digits=digits, time_parts=parts_of_stamps(panel))
    text, content = _content(job, written, shown)
    issued = "" if job.now is None else job.now.isoformat(timespec="seconds")
    warnings = (*replaced_forecast(output, written), *age.warnings(panel.source), *futures.warnings, *lost)
    warnings += (*repeated_hour(panel, series), *unread_season(model, panel), *held_at_bound(model, panel, series))
    warnings += naive_twin(panel, model.season, series)
    if forecast.means is None and not settings.quantiles and not settings.totals:
        warnings += mostly_zero(panel, model.season)
    warnings += _enter(job, ledger.make_issue(model, panel, series, issued), root)
    write_futures(futures, shown, settings, digits)
    if table is not None:
        table.write(_rows_of(written, model, issued))
    if output is not None:
        events.on_state(f"{output} is the old file or the new one, whole")
        files.write_file(output, content)
    return PredictResult(
        forecast=forecast,
        model=model,
        panel=shown,
        output=output,
        text=text,
        age=age,
        warnings=warnings,
        futures=futures,
        tree=opened.tree,
        digits=digits,
    )


def open_data(job: PredictJob) -> Opened:
    """Return the model that is meant, and the data read for it.

    Raises:
        ForecastError: Of the kind that says what went wrong.
    """
    settings, as_of = job.settings, job.fresh.as_of
    check_hierarchy(settings)
    asked = named_by_groups(asked_by(job), settings)
    source = asked.source(job.data)
    written = {
        "--output": None if settings.output == "-" else Path(settings.output),
        "--paths-output": settings.paths_output,
        "--totals-output": settings.totals_output,
    }
    check_outputs(written, source, settings.future, settings.hierarchy_file)
    steps, is_recursive = reach(asked, settings)
    tree = None
    if settings.is_hierarchical:
        if is_recursive:
            raise UsageError(
                "a hierarchy needs the errors of the steps that the model was trained for, not of --recursive ones",
                hint="Give a shorter --horizon, or train for a longer one",
            )
        with reading_groups(asked, settings):
            read = asked.observe(source, settings.future, as_of)
        tree = grow(settings, read, lambda panel: asked.ready(panel, steps))
        model, panel = tree.model, tree.panel
    else:
        model, panel = asked.open(source, as_of=as_of, future=settings.future, horizon=steps)
    recursive = asked.saved if is_recursive else None
    return Opened(model=model, panel=panel, steps=steps or model.window.horizon, recursive=recursive, tree=tree)


def _content(job: PredictJob, forecast: Forecast, panel: Panel) -> tuple[str, bytes]:
    """Return a forecast as CSV, and what its file holds: that, or Parquet where the file is called so.

    The CSV of a part that is written as Parquet is not made: it is empty.
    """
    settings = job.settings
    shown = forecast.for_spreadsheets() if settings.spreadsheet_safe else forecast
    if Path(settings.output).suffix.lower() not in PARQUET:
        text = shown.to_csv()
        return text, text.encode()
    packed = _to_parquet(replace(shown, digits=settings.digits), panel)
    return "" if job.part_of is not None else shown.to_csv(), packed


def _to_parquet(forecast: Forecast, panel: Panel) -> bytes:
    """Return a forecast as a Parquet file: stamps as a type of their own, names as a dictionary."""
    from forecaster.base.rowfile import categories, parquet_of
    from forecaster.scoring.backtest import stamps_written

    count, horizon = forecast.values.shape
    rows: dict[str, Any] = forecast.written_columns()
    if forecast.id_column is not None:
        rows[forecast.id_column] = categories(forecast.ids, np.repeat(np.arange(count), horizon))
    if forecast.time_column in rows:
        stamps = panel.frequency.future(panel.ends, horizon).ravel()
        rows[forecast.time_column] = stamps_written(panel, stamps, as_text=False)
    else:
        rows |= {name: typed_part(rows[name].tolist()) for name in forecast.time_parts}
    methods, codes = np.unique(rows["method"].astype(str), return_inverse=True)
    rows["method"] = categories(methods.tolist(), codes.astype(np.int64))
    if forecast.tiers is not None:
        tiers, codes = np.unique(forecast.tiers.astype(str), return_inverse=True)
        rows[TIER] = categories(tiers.tolist(), np.repeat(codes.astype(np.int64), horizon))
    return parquet_of(rows)


def typed_part(cells: list[str]) -> pa.Array:
    """Return a part of stamps as a column with a type: whole numbers, days, or else texts."""
    import pyarrow as pa

    if all(re.fullmatch(r"\d{1,15}", cell) for cell in cells):
        return pa.array(map(int, cells), pa.int64())
    texts = pa.array(cells, pa.string())
    return texts.cast(pa.date32()) if all(re.fullmatch(r"\d{4}-\d\d-\d\d", cell) for cell in cells) else texts


def parts_of_stamps(panel: Panel) -> tuple[str, ...]:
    """Return the columns that a stamp of the data stands in, where these are several."""
    recipe = panel.schema.recipe
    return recipe.time if recipe.across is None and panel.schema.time not in recipe.time else ()


def _rows_of(forecast: Forecast, model: UsedModel, issued: str) -> dict[str, list[Any]]:
    """Return the columns of a forecast file as they go into a table, with what they were issued by, and when."""
    made = {name: column.tolist() for name, column in forecast.written_columns().items()}
    columns = {name: [None if cell != cell else cell for cell in cells] for name, cells in made.items()}
    if forecast.time_column not in columns:
        parts = {name: typed_part(made[name]).to_pylist() for name in forecast.time_parts}
        columns |= {name: [c if isinstance(c, int) else str(c) for c in cells] for name, cells in parts.items()}
    facts = {"model": model.name, "version": model.version, "issued": issued or None}
    return columns | {name: [fact] * forecast.values.size for name, fact in facts.items()}


def reach(asked: Asked, settings: PredictSettings) -> tuple[int | None, bool]:
    """Return how many steps to forecast, None where only the data says, and whether that takes more than one round."""
    model = asked.saved
    if model is None:
        return settings.horizon, False
    steps = settings.horizon or model.window.horizon
    if settings.recursive and check_rounds(model, steps) > 1:
        return steps, True
    return check_horizon(model, settings.horizon), False


def _ledger(job: PredictJob, model: str, root: Path) -> Path | None:
    """Return the folder of the ledger; None where the user wants none."""
    given = job.settings.ledger
    root, data = (job.part_of.models_dir, job.part_of.whole) if job.part_of else (root, job.data)
    return None if given == "none" else Path(given) if given else ledger_of(root, model, data)


def _enter(job: PredictJob, issue: ledger.Issue, root: Path) -> tuple[str, ...]:
    """Enter a forecast into the ledger, before it is published: nothing is issued that the ledger does not know.

    A ledger that was asked for must work; the model's own only warns: a store that others own may be read-only.
    """
    folder = _ledger(job, issue.model, root)
    if folder is None:
        return ()
    try:
        ledger.enter(folder, issue)
    except ForecastError as fault:
        if job.settings.ledger:
            raise
        return (f"this forecast is not in the ledger: {fault.message}; choose another with --ledger DIR, or none",)
    return ()
