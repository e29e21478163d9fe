"""`forecast anomalies`: a saved model and a data file in, the values that are not as forecast out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from forecaster.cli import log
from forecaster.cli.notes import finish, note_panel
from forecaster.cli.options import MaybeDataFile, ModelsDir, WatchedSettings, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, counted, number, percent
from forecaster.cli.process import after
from forecaster.config import AnomalySettings, ReadSettings

if TYPE_CHECKING:
    from forecaster.jobs import AnomalyResult

MOST_ROWS = 20
"""Values in the table on the screen."""


@takes_settings
def anomalies(
    settings: AnomalySettings,
    reading: ReadSettings,
    output: WatchedSettings,
    data: MaybeDataFile = None,
    models_dir: ModelsDir = None,
) -> int:
    """Find values that are not as they were forecast: each against the interval of one step ahead.

    Each value is forecast from those before it alone. Values outside are named with their line in the file, and how far
    outside they are in widths of the interval; neighbours on the same side are one run. At a level of 99 % one value in
    a hundred is outside by chance. Off a terminal the result is JSON. With more than --max-anomalies, exits 4.

    Example: forecast anomalies sample_data/nyc_departures_daily.csv --last 30 --level 99
    """
    from forecaster import jobs

    printer = Printer(output, piped="json")
    job = jobs.AnomalyJob(data=data, settings=settings, reading=reading, models_dir=models_dir)
    result = jobs.anomalies(job, jobs.Events(on_panel=lambda panel: note_panel(printer, panel)))
    with after(f"{settings.output} was written" if settings.output else "nothing changed"):
        summary = result.summary()
        log.event(
            "judged",
            model=result.model.name,
            version=result.model.version,
            judged=summary["judged"],
            anomalies=summary["anomalies"],
        )
        printer.show(summary, summary["values"], describe(result))
        result.check()
        return finish(result.skipped)


def describe(result: AnomalyResult) -> Iterator[Block]:
    """Yield the values outside, the farthest first, and how many there would be by chance."""
    summary = result.summary()
    rows = sorted(summary["values"], key=lambda row: -abs(row["widths_outside"] or float("inf")))
    if rows:
        yield table_of(result, rows[:MOST_ROWS])
        if len(rows) > MOST_ROWS:
            yield TextLine(f"and {len(rows) - MOST_ROWS:,} more: see --format json, or --output FILE", "dim")
        yield TextLine("")
    found = f"{counted(summary['anomalies'], 'value')} outside, in {counted(summary['runs'], 'run')}"
    share, usual = percent(summary["rate"]), percent(summary["rate_by_chance"])
    yield TextLine(f"{found}: {share} of {counted(summary['judged'], 'value')}; by chance {usual} would be.")
    yield TextLine("")
    yield TextGrid(
        [
            ("model", f"{result.model.name} {result.model.version}"),
            *([("judged", judged_of(result))] if result.last is not None else []),
            *(
                [("not judged", f"{counted(summary['not_judged'], 'value')}: missing, or right after a missing one")]
                if summary["not_judged"]
                else []
            ),
            *([("file", str(result.settings.output))] if result.settings.output else []),
        ]
    )


def judged_of(result: AnomalyResult) -> str:
    """Return which values were judged, and how to choose others where nobody said."""
    chosen = "" if result.settings.last else "; others with --last N"
    return f"the last {counted(result.last or 0, 'value')} of each series{chosen}"


def table_of(result: AnomalyResult, rows: list[dict[str, Any]]) -> TextGrid:
    """Return some values outside with their intervals."""
    named, time, level = result.panel.id_column, result.panel.schema.time, result.settings.level
    numbers = {
        "value": "value",
        "forecast": "expected",
        f"forecast-lo-{level:g}": f"low {level:g} %",
        f"forecast-hi-{level:g}": f"high {level:g} %",
    }
    texts = [*([named] if named else []), time]

    def cells(row: dict[str, Any]) -> list[str]:
        far = "–" if row["widths_outside"] is None else f"{row['widths_outside']:+.2f}"
        places = [str(row["line"] or "–"), str(row["run"])]
        return [*(str(row[name]) for name in texts), *places, *(number(row[name]) for name in numbers), far]

    header = [*texts, "line", "run", *numbers.values(), "widths outside"]
    return TextGrid([cells(row) for row in rows], header=header, texts=len(texts))
