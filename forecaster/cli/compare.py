"""`forecast compare`: a data file and kinds of methods in, a leaderboard out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from forecaster.base.meter import working
from forecaster.cli import log
from forecaster.cli.notes import finish, listening
from forecaster.cli.options import DataFile, OutputSettings, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, counted, number
from forecaster.cli.process import after, now_stands
from forecaster.cli.rehearsal import show_rehearsal
from forecaster.config import (
    CompareSettings,
    DrySettings,
    ModelSettings,
    ReadSettings,
    TrainSettings,
    WorkerSettings,
)

if TYPE_CHECKING:
    from forecaster.jobs import CompareResult
    from forecaster.scoring.comparison import Standing


@takes_settings
def compare(
    data: DataFile,
    settings: CompareSettings,
    reading: ReadSettings,
    model: ModelSettings,
    training: TrainSettings,
    workers: WorkerSettings,
    dry: DrySettings,
    output: OutputSettings,
) -> int:
    """Compare kinds of methods on one data file: each learns anew at each cutoff, and all forecast the same windows.

    Next to the scores stands how far each is from the best, with a 95 % interval; where the interval holds 0 the data
    does not say which is better, and it is called a tie. Off a terminal the leaderboard is JSON. Nothing is saved.
    --workers and --cluster share the kinds and cutoffs out.

    Example: forecast compare sample_data/nyc_departures_daily.csv --models lstm,seasonal-naive,theta --windows 5
    """
    from forecaster import jobs

    printer = Printer(output, piped="json")
    job = jobs.CompareJob(data=data, settings=settings, reading=reading, model=model, training=training)
    if dry.dry_run:
        return show_rehearsal(printer, jobs.rehearse_compare(job, listening(printer)))
    with working("comparing") as work:
        result = jobs.compare(job, listening(printer, on_share=work.see_share, on_state=now_stands), workers)
    with after(f"{settings.predictions} was written" if settings.predictions else "nothing changed"):
        log.event("compared", source=result.panel.source, leaderboard=result.records())
        printer.show(result.summary(), result.records(), describe(result))
        return finish(result.skipped, result.warnings)


def describe(result: CompareResult) -> Iterator[Block]:
    """Yield the leaderboard, what it says, and what it was measured on."""
    level = result.task.levels[-1]
    shown = ("mase", "smape", "rmse", "crps", f"msis-{level:g}")
    yield TextGrid(
        [
            (
                row.kind,
                *(number(row.measures.overall[name], 3) for name in shown),
                f"{row.seconds:,.1f} s",
                difference(row),
            )
            for row in result.standings
        ],
        header=("kind", "MASE", "sMAPE", "RMSE", "CRPS", "MSIS", "time", "MASE to the best"),
    )
    yield TextLine("")
    yield conclusion(result)
    for row in result.standings:
        if row.replaced:
            yield TextLine(
                f"{row.kind}: {counted(row.replaced, 'forecast')} by seasonal naive, where it could not.", "dim"
            )
    yield TextLine("")
    first, last = result.cutoffs
    yield TextGrid(
        [
            (
                "windows",
                f"{len(result.origins):,} of {counted(result.task.horizon, 'step')}, cutoffs {first} to {last}",
            ),
            ("MSIS", f"of the {level:g} % interval"),
            *([("file", str(result.settings.predictions))] if result.settings.predictions else []),
        ]
    )


def difference(row: Standing) -> str:
    """Return how far a kind is from the best, in a cell."""
    if row.judgement == "best":
        return "best"
    if row.difference is None:
        return "–"
    if row.interval is None:
        return f"{row.difference:+.3f}, unknown"
    low, high = row.interval
    return f"{row.judgement} ({low:+.3f} to {high:+.3f})"


def conclusion(result: CompareResult) -> TextLine:
    """Return one plain sentence: which is best, and with which it ties."""
    best, *others = result.standings
    named = {
        judgement: ", ".join(row.kind for row in others if row.judgement == judgement)
        for judgement in ("tie", "worse", "unknown")
    }
    text = f"{best.kind} has the lowest error (MASE)"
    if named["unknown"]:
        return TextLine(f"{text}, but on too few windows to rule out chance. Give at least --windows 5.", "yellow")
    if named["tie"]:
        text += f"; the data does not say whether it is better than {named['tie']}"
    if named["worse"]:
        text += f"; it is better than {named['worse']}"
    return TextLine(f"{text}.", "green" if not named["tie"] else "yellow")
