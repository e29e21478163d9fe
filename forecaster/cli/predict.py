"""`forecast predict`: a saved model and a data file in, a forecast file out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from forecaster.base.errors import UsageError
from forecaster.cli import log
from forecaster.cli.chart import Curve, draw
from forecaster.cli.notes import finish, listening, note_builtin
from forecaster.cli.options import MaybeDataFile, ModelsDir, WatchedSettings, takes_settings
from forecaster.cli.output import (
    Block,
    Picture,
    Printer,
    TextGrid,
    TextLine,
    counted,
    number,
    one_line,
    percent,
    width_of,
    write_stdout,
)
from forecaster.cli.parts import check_alone, show_parts, showing_parts
from forecaster.cli.process import after, now_stands
from forecaster.cli.rehearsal import show_rehearsal
from forecaster.cli.scores import verdict, way_of
from forecaster.config import DrySettings, FreshSettings, PredictSettings, ReadSettings, WorkerSettings

if TYPE_CHECKING:
    from forecaster.data.listing import Parts
    from forecaster.jobs import PredictJob, PredictResult
    from forecaster.model.totals import Totals

MOST_SERIES = 4
"""Series in the table on the screen."""

MOST_ROWS = 12
"""Its rows."""

WIDE = 70
"""Columns from which on every interval fits."""

MOST_HISTORY = 200
"""Values before the forecast in the chart."""


@takes_settings
def predict(
    settings: PredictSettings,
    reading: ReadSettings,
    fresh: FreshSettings,
    workers: WorkerSettings,
    dry: DrySettings,
    output: WatchedSettings,
    data: MaybeDataFile = None,
    models_dir: ModelsDir = None,
) -> int:
    """Forecast what comes after the end of a data file, with a saved model, or at once with the built-in network.

    Writes one row a series and step: forecast, the ends of each interval, and the method. For a saved model the data
    file is read as the model's was: nothing is guessed anew. Where there is none, or with --model builtin, the network
    that comes with the package answers, and the file is read as train would read it. --hierarchy adds sums that add up.

    A folder or glob of parts is one data set for an output file. For an output folder (--output forecasts/) each part
    is forecast by itself, and what is done is left alone when the command is run again; --workers and --cluster share
    that work.

    Off a terminal nothing is printed unless --format is given; --format csv prints the file as well, --output - only.

    Example: forecast predict sample_data/nyc_departures_daily.csv --output forecasts.csv
    """
    from forecaster import jobs

    check_output(settings, output)
    printer = Printer(output, piped="json" if dry.dry_run else None)
    job = jobs.PredictJob(
        data=data,
        settings=settings,
        reading=reading,
        fresh=fresh,
        models_dir=models_dir,
        now=log.clock(),
        attended=sys.stdout.isatty(),
    )
    if (parts := jobs.parts_asked_for(job)) is not None:
        return predict_by_part(printer, job, parts, workers, dry)
    check_alone(workers, "a folder or glob of parts, and a folder to forecast it into: --output forecasts/")
    if dry.dry_run:
        return show_rehearsal(printer, jobs.rehearse_predict(job, listening(printer)))
    result = jobs.predict(job, listening(printer, on_state=now_stands))
    note_builtin(result.model, output.quiet)
    with after(f"{result.output} was written" if result.output else "nothing changed"):
        log.event(
            "predicted",
            model=result.model.name,
            version=result.model.version,
            output=result.output,
            output_rows=result.forecast.values.size,
            skill=result.skill if log.is_written() or output.metrics_file else None,  # takes time to measure
        )
        if result.output is None or output.format == "csv":
            write_stdout(result.text)
        elif printer.format is not None:
            printer.show(result.summary(), [], describe(result))
        return finish(result.panel.skipped, result.warnings)


def predict_by_part(printer: Printer, job: PredictJob, parts: Parts, workers: WorkerSettings, dry: DrySettings) -> int:
    """Forecast the parts of a folder one by one, or show what that would take."""
    from forecaster import jobs

    if dry.dry_run:
        return show_rehearsal(printer, jobs.rehearse_predict_parts(job, parts, workers, listening(printer)))
    with showing_parts(printer, "forecasting") as events:
        forecast = jobs.predict_parts(job, parts, workers, events)
    return show_parts(printer, forecast)


def check_output(settings: PredictSettings, output: WatchedSettings) -> None:
    """Refuse flags of output that do not fit each other.

    Raises:
        UsageError: Two do not.
    """
    if settings.output == "-" and (output.json or output.format not in (None, "csv")):
        flag = "--json" if output.json else f"--format {output.format}"
        raise UsageError(f"--output - prints the forecasts, so {flag} has no place", hint="Leave one of them out")
    if settings.paths is not None and settings.paths_output is None and settings.totals is None:
        raise UsageError("--paths: no file for them", hint="Name one: --paths-output paths.parquet")


def describe(result: PredictResult) -> Iterator[Block]:
    """Yield a chart of the first series, the first rows, and where the rest is."""
    forecast, summary = result.forecast, result.summary()
    if sys.stdout.isatty() and (sys.stdout.encoding or "").lower().startswith("utf"):
        yield from chart(result)
    yield first_rows(result)
    shown = len({*forecast.ids[:MOST_SERIES]})
    if len(forecast.ids) > shown:
        yield TextLine(f"and {len(forecast.ids) - shown:,} more series", "dim")
    if result.futures.totals is not None:
        yield TextLine("")
        yield total_rows(result.futures.totals)
    yield TextLine("")
    methods = ", ".join(f"{name} {count:,}" for name, count in summary["methods"].items())
    yield TextGrid(
        [
            ("model", f"{result.model.name} {result.model.version}"),
            ("series", f"{summary['series']:,} (by method: {methods})"),
            *([("hierarchy", tiers_of(facts))] if (facts := result.hierarchy) else []),
            ("file", f"{result.output}, {summary['rows']:,} rows"),
        ]
    )
    if result.is_builtin:
        yield TextLine("")
        yield from own_past(result)


def tiers_of(facts: dict[str, Any]) -> str:
    """Return how many sums and series each level has, and how they were made to add up."""
    levels = ", ".join(f"{level['series']:,} {level['level']}" for level in facts["levels"][1:])
    return f"total, {levels}; made to add up by {way_of(facts)}"


def own_past(result: PredictResult) -> Iterator[Block]:
    """Yield how good the built-in network is on the data's own past, and how much of it its intervals held."""
    measured = result.metrics
    if measured is None:
        yield from (TextLine(line, "dim") for line in too_little_past(result))
        return
    where = "windows of the data's own past"
    yield verdict(measured, where, "A model of your own may do better: forecast train DATA")
    shares = [f"{percent(measured['model'][f'coverage-{level:g}'])} of {level:g} %" for level in measured["levels"]]
    yield TextLine(f"Of the actual values there, the intervals held {', '.join(shares)}.")


def too_little_past(result: PredictResult) -> Iterator[str]:
    """Yield why it is not said how good the built-in network is on the data's own past, and what that means."""
    from forecaster.model.conformal import FEWEST_TO_MEASURE

    past, series = getattr(result.model, "past", None), "series is" if result.panel.n_series == 1 else "series are"
    if past is None:
        yield f"The {series} too short to look back on: the intervals are the network's own, not corrected by it."
        return
    yield (
        f"The data's own past holds {counted(int(past.misses.independent), 'window')} that do not overlap: too few"
        f" ({FEWEST_TO_MEASURE}) to say how good that is. The intervals are corrected by them a little."
    )
    yield "For the scores, run: forecast evaluate DATA --model builtin, with the same flags"


def first_rows(result: PredictResult) -> TextGrid:
    """Return the first steps of the first series; on a narrow terminal with the first interval only."""
    forecast = result.forecast
    series = min(len(forecast.ids), MOST_SERIES)
    steps = min(forecast.values.shape[1], MOST_ROWS // series)
    named = forecast.id_column is not None
    header = [forecast.id_column] if forecast.id_column is not None else []
    header += [forecast.time_column, "forecast"]
    intervals = forecast.intervals if width_of(sys.stdout) >= WIDE else forecast.intervals[:1]
    header += [f"{end} {level:g} %" for level, *_ in intervals for end in ("low", "high")]
    header += ["mean"] if forecast.means is not None else []
    rows = []
    for s in range(series):
        for h in range(steps):
            ends = [number(end[s, h]) for _, *both in intervals for end in both]
            ends += [number(forecast.means[s, h])] if forecast.means is not None else []
            name = [forecast.ids[s]] if named else []
            rows.append([*name, str(forecast.stamps[s, h]), number(forecast.values[s, h]), *ends])
    return TextGrid(rows, header, texts=1 + named)


def total_rows(totals: Totals) -> TextGrid:
    """Return the totals of the first series."""
    rows, columns = totals.records()[: MOST_SERIES * len(totals.steps)], totals.columns()
    texts = [name for name in columns if name in (totals.forecast.id_column, "steps", "from", "until")]
    numbers = ["mean", *(f"forecast-{end}-{level:g}" for level, *_ in totals.intervals[:1] for end in ("lo", "hi"))]
    return TextGrid(
        [(*(str(row[name]) for name in texts), *(number(row[name]) for name in numbers)) for row in rows],
        [
            *texts,
            "mean total",
            *(f"{end} {level:g} %" for level, *_ in totals.intervals[:1] for end in ("low", "high")),
        ],
        texts=len(texts),
    )


def chart(result: PredictResult) -> Iterator[Block]:
    """Yield the end of the first series, its forecast, and its interval of 80 % (or of the lowest level)."""
    forecast, panel = result.forecast, result.panel
    horizon = forecast.values.shape[1]
    history = panel.series(0)[-min(MOST_HISTORY, max(3 * horizon, 2 * panel.season_length, 30)) :]
    stamps = panel.write(panel.stamps(0)[-len(history) :][[0, -1]])
    level, low, high = next((i for i in forecast.intervals if i[0] == 80), forecast.intervals[0])
    ends = (str(stamps[0]), str(stamps[1]), str(forecast.stamps[0, -1]))
    curve = Curve(history=history, forecast=forecast.values[0], low=low[0], high=high[0], stamps=ends)
    lines = draw(curve, number, width_of(sys.stdout))
    if lines:
        name = f"{one_line(forecast.ids[0])}: " if forecast.ids[0] else ""
        yield TextLine(f"{name}the last {len(history)} values, the forecast, and its {level:g} % interval", "bold")
        yield Picture(lines)
        yield TextLine("")
