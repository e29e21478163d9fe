"""`forecast tune`: a data file in, the best settings for it out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from forecaster.base.words import MEASURES
from forecaster.cli import log
from forecaster.cli.notes import finish, listening
from forecaster.cli.options import DataFile, ModelsDir, OutputSettings, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, counted, number, percent
from forecaster.cli.process import after, now_stands
from forecaster.cli.rehearsal import show_rehearsal
from forecaster.config import (
    DrySettings,
    FitSettings,
    LockSettings,
    ModelSettings,
    ReadSettings,
    TuneSettings,
    WorkerSettings,
)

if TYPE_CHECKING:
    from forecaster.jobs import TrialRow, TuneResult

RESUMED = {
    True: "Continuing the search that is stored in the file.",
    False: "The file has no search of this data with these settings: a new one begins.",
}
STATES = {"complete": "", "pruned": "given up: ", "failed": "failed: "}


@takes_settings
def tune(
    data: DataFile,
    settings: TuneSettings,
    reading: ReadSettings,
    model: ModelSettings,
    fit: FitSettings,
    lock: LockSettings,
    workers: WorkerSettings,
    dry: DrySettings,
    output: OutputSettings,
    models_dir: ModelsDir = None,
) -> int:
    """Search for settings that forecast a data file better than the defaults, and write them for train --config.

    A trial trains up to three networks and is judged by their MASE on held-out windows; what is behind is given up.
    The best settings and the defaults then forecast the end of each series, which no trial saw. Stopped by a signal it
    keeps what it found, and --resume goes on. --workers and --cluster share the trials out, four at a time; what is
    found is the same. Needs: pip install 'forecast-lstm[tune]'. Off a terminal nothing is printed unless --format is
    given.

    Example: forecast tune sample_data/co2_monthly.csv --time-limit 300 --output co2.toml
    """
    from forecaster import jobs

    printer = Printer(output, piped="json" if dry.dry_run else None)
    job = jobs.TuneJob(
        data=data,
        settings=settings,
        reading=reading,
        model=model,
        fit=fit,
        models_dir=models_dir,
        lock_wait=lock.lock_wait,
    )
    if dry.dry_run:
        return show_rehearsal(printer, jobs.rehearse_tune(job, listening(printer)))
    table = TrialTable(printer)

    def show_start(resumed: bool | None) -> None:
        printer.note(TextLine(""), *([] if resumed is None else [TextLine(RESUMED[resumed])]))

    events = listening(
        printer,
        on_plan=lambda plan: log.event("plan", **dict(plan.choices())),
        on_start=show_start,
        on_trial=table.add,
        on_state=now_stands,
    )
    result = jobs.tune(job, events, workers)
    with after(f"{result.output} was written"):
        log.event("tuned", best=result.values, judgement=result.contest.judgement, difference=result.contest.difference)
        printer.show(result.summary(), result.records(), describe(result))
        return finish(result.panel.skipped)


class TrialTable:
    """A table on stderr that grows by a row with each trial."""

    def __init__(self, printer: Printer) -> None:
        self.printer = printer
        self.begun = False

    def add(self, row: TrialRow) -> None:
        """Show and record one trial."""
        log.event("trial", **vars(row))
        if not self.begun:
            self.printer.note(TextLine("trial     MASE     best    time  unlike the defaults", "bold"))
            self.begun = True
        changed = ", ".join(f"{name.replace('_', '-')} {cell(value)}" for name, value in row.changed.items())
        line = (
            f"{row.number:5}  {number(row.error):>7}  {number(row.best):>7}  {row.seconds:4.0f} s  {STATES[row.state]}"
        )
        is_best = row.state == "complete" and row.error == row.best
        style = "green" if is_best else "" if row.state == "complete" else "dim"
        self.printer.note(TextLine(f"{line}{changed or 'none: these are the defaults'}", style))


def cell(value: object) -> str:
    """Return a value of a setting, short."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def describe(result: TuneResult) -> Iterator[Block]:
    """Yield the best settings, both on windows that the search never saw, and what that says."""
    contest = result.contest
    ours, theirs, naive = contest.best.model.overall, contest.default.model.overall, contest.best.baseline.overall
    yield TextGrid([(name.replace("_", "-"), cell(value)) for name, value in result.values.items()])
    yield TextLine("")
    yield TextGrid(
        [
            (label, number(ours[name]), number(theirs[name]), number(naive[name]))
            for name, label in MEASURES.items()
            if name in ours
        ],
        header=("unseen windows", "tuned", "defaults", "seasonal naive"),
    )
    yield TextLine("")
    yield conclusion(result)
    yield TextLine("")
    yield TextGrid(
        [
            (
                "windows",
                f"{contest.windows:,} of {counted(result.horizon, 'step')}, cutoffs {' to '.join(result.cutoffs)}",
            ),
            ("trials", f"{result.tried:,}, stored in {result.storage}"),
            ("file", str(result.output)),
            ("next", f"forecast train --config {shlex.quote(str(result.output))}"),
        ]
    )


def conclusion(result: TuneResult) -> TextLine:
    """Return one plain sentence: what the search gained on data that it never saw."""
    contest = result.contest
    before, difference = contest.default.model.overall["mase"], contest.difference
    if difference is None or not before:
        return TextLine("MASE is undefined on these windows: it is not known what the search gained.", "yellow")
    if contest.interval is None:
        likely = "on too few windows to rule out chance"
    else:
        low, high = contest.interval
        verdict = {"best": "that is no accident", "worse": "that is no accident", "tie": "that may be chance"}
        likely = f"{verdict[contest.judgement]} (95 % interval of the difference: {low:+.3f} to {high:+.3f})"
    share = percent(abs(difference) / before)
    if difference < 0:
        style = "green" if contest.judgement == "best" else "yellow"
        return TextLine(f"Its error (MASE) is {share} lower than that of the defaults: {likely}.", style)
    if difference == 0:
        return TextLine("Nothing better than the defaults was found.", "yellow")
    return TextLine(
        f"Its error (MASE) is {share} higher than that of the defaults: {likely}. Keep the defaults.", "yellow"
    )
