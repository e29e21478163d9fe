"""`forecast run`: a list of jobs for cron."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from forecaster.base.errors import OK, PARTIAL, BatchError, ForecastError, TryAgainError, UsageError
from forecaster.base.meter import one, tally
from forecaster.base.workers import check_workers
from forecaster.cli import log
from forecaster.cli.early import LED
from forecaster.cli.notes import finish, listening, noting
from forecaster.cli.options import WatchedSettings, takes_settings
from forecaster.cli.output import Block, Printer, TextGrid, TextLine, warn
from forecaster.cli.parts import check_alone
from forecaster.cli.process import deadline, now_stands
from forecaster.cli.rehearsal import show_batch
from forecaster.config import BatchSettings, DrySettings, WorkerSettings

if TYPE_CHECKING:
    from forecaster.cli.pool import Ended
    from forecaster.config.jobfile import Entry
    from forecaster.jobs import Planned, Run

JobsFile = Annotated[Path, typer.Argument(metavar="JOBS", help="TOML file with the jobs.", show_default=False)]
Row = dict[str, Any]


class Refused(NamedTuple):
    """A job that would not be done, and why."""

    entry: Entry
    exit_code: int
    error: str
    message: str


MOMENT = 10.0
"""Seconds that a process may hold a job after the worker that began it has died."""

WORDS = {OK: "done", PARTIAL: "series skipped"}
"""Outcome of a job that published."""


@takes_settings
def run(
    jobs_file: JobsFile, settings: BatchSettings, workers: WorkerSettings, dry: DrySettings, output: WatchedSettings
) -> int:
    """Run the jobs of a file: train, predict and evaluate, one after the other or several at a time.

    A job that fails does not stop the others, and one of which nothing changed since it last ended well is not done
    again. Paths in the file are relative to it. Each job leaves a record, runs/JOBS/NAME/run.json. --workers and
    --cluster run jobs where workers are, which see the same folders. Exit code 3: some jobs failed, each is named.
    Where all failed, the code is that of the first whose code is not 75.

    Example: forecast run jobs.toml --jobs 2
    """
    from forecaster import jobs

    printer, path = Printer(output, piped="json" if dry.dry_run else None), jobs_file.absolute()
    records = (settings.runs_dir or path.parent / "runs" / path.stem).absolute()
    entries = jobs.load_jobs(jobs_file, settings.only)
    if dry.dry_run:
        return rehearse(entries, path.parent, order_of(records, settings), printer)
    if check_workers(workers.workers, workers.cluster) and settings.jobs > 1:
        raise UsageError(
            f"--jobs {settings.jobs} runs jobs on this machine, and workers run them too", hint="Leave out --jobs"
        )
    if settings.only:
        check_alone(workers, "the jobs of a file: leave out --only")
        log.set_about(job=entries[0].name)
        with deadline(entries[0].deadline if output.deadline is None else None):
            row = run_here(entries[0], path.parent, records, settings, printer)
        printer.show([row], [row], describe([row]))
        return int(row["exit_code"])
    rows: dict[str, Row] = {}
    failed = []
    apart = Apart(path, records, settings, output)
    with contextlib.closing(run_apart(entries, apart, workers, printer)) as endings:
        for ended in tally(endings, one, ("jobs", "jobs", len(entries))):
            if ended.is_failure:
                failed.append(ended)
            row = row_of(ended)
            rows[ended.entry.name] = row
            now_stands(standing(entries, rows))
            log.event("job", **row)
            for warning in ended.warnings:
                warn(f"job {ended.entry.name}: {warning}")
            printer.note(TextLine(f"{row['name']}: {row['outcome']}, {row['seconds']:.1f} s"))
    ordered = [rows[entry.name] for entry in entries]
    if len(failed) < len(ordered):
        printer.show(ordered, ordered, describe(ordered))
    if failed:
        raise failure(sorted(failed, key=lambda ended: entries.index(ended.entry)), len(entries))
    return max(int(row["exit_code"]) for row in ordered)


def standing(entries: Sequence[Entry], rows: Mapping[str, Row]) -> str:
    """Return in words which jobs have ended, for who stops the batch."""
    left = [entry.name for entry in entries if entry.name not in rows]
    done = [f"{name}: {row['outcome']}" for name, row in rows.items()]
    return f"{', '.join(done)}; not done: {', '.join(left)}" if left else ", ".join(done)


def order_of(records: Path, settings: BatchSettings) -> Run:
    """Return what jobs that run in this process are given besides the file."""
    from forecaster import jobs
    from forecaster.cli.boundary import explain

    def explained(error: BaseException) -> tuple[int, str, str]:
        fault = explain(error)
        return fault.exit_code, fault.code, fault.text

    return jobs.Run(
        folder=records,
        now=log.clock(),
        argv=tuple(sys.argv[1:]),
        force=settings.force,
        explain=explained,
        lock_wait=settings.lock_wait,
    )


def rehearse(entries: Sequence[Entry], folder: Path, order: Run, printer: Printer) -> int:
    """Show what would be done with each job, one after the other in this process; what would be refused fails here.

    Raises:
        BatchError: Some would be refused.
    """
    from forecaster import jobs

    plans: list[Planned] = []
    refused: list[Refused] = []
    with contextlib.chdir(folder):
        for entry in entries:
            printer.note(TextLine(f"{entry.name}:", "bold"))
            try:
                plans.append(jobs.rehearse_entry(entry, order, plans, listening(printer)))
            except ForecastError as error:
                refused.append(Refused(entry, error.exit_code, error.code, error.line()))
    if plans:
        show_batch(printer, plans)
    if refused:
        raise failure(refused, len(entries), "would fail")
    return OK


def run_here(entry: Entry, folder: Path, records: Path, settings: BatchSettings, printer: Printer) -> Row:
    """Run one job in this process, in the folder of the job file, and return what there is to show of it."""
    from forecaster import jobs

    order = order_of(records, settings)
    with contextlib.chdir(folder):
        record = jobs.run_entry(entry, order, listening(printer))
    row = row_of_record(record)
    if not LED:  # where a batch began this process, the batch says it
        log.event("job", **row)
    skipped = [name for name, status in record["series"].items() if status.startswith("skipped")]
    reasons = [(name, record["series"][name].removeprefix("skipped: ")) for name in skipped]
    finish(reasons, record["warnings"])
    return row


@dataclass(frozen=True)
class Apart:
    """How each job is run in a process of its own: as `forecast run JOBS --only NAME` would."""

    path: Path
    records: Path
    settings: BatchSettings
    output: WatchedSettings

    def line(self, entry: Entry, lock_wait: float | None = None) -> list[str]:
        """Return the command line of a job, without the program."""
        wait = self.settings.lock_wait if lock_wait is None else lock_wait
        line = ["run", str(self.path), "--only", entry.name, "--runs-dir", str(self.records), "--format", "json"]
        line += [f"--lock-wait={wait}", *(["--force"] if self.settings.force else [])]
        if entry.deadline is not None:
            line += [f"--deadline={entry.deadline}"]
        if self.output.log_file is not None:
            line += ["--log-file", str(self.output.log_file.absolute())]
        return line

    def patient(self, entry: Entry) -> list[str]:
        """Return the same for a worker: one that died may have left a process that holds the job for a moment."""
        return self.line(entry, max(self.settings.lock_wait, MOMENT))


def run_apart(entries: Sequence[Entry], apart: Apart, workers: WorkerSettings, printer: Printer) -> Generator[Ended]:
    """Run each job in a process of its own, on this machine or where workers are."""
    from forecaster import jobs
    from forecaster.cli.pool import run_all, run_elsewhere

    if check_workers(workers.workers, workers.cluster):
        return run_elsewhere(entries, jobs.model_key, apart.patient, workers, noting(printer))
    return run_all(entries, jobs.model_key, apart.line, apart.settings.jobs)


def row_of_record(record: Mapping[str, Any]) -> Row:
    """Return what there is to show of a job that published."""
    age, metrics = record["age"] or {}, record["metrics"]
    statuses = record["series"].values()
    skipped = sum(status.startswith("skipped") for status in statuses)
    return {
        "name": record["job"],
        "command": record["command"],
        "outcome": "unchanged" if record["unchanged"] else WORDS[record["exit_code"]],
        "exit_code": record["exit_code"],
        "seconds": 0.0 if record["unchanged"] else record["seconds"],
        "model": f"{record['model']['name']} {record['model']['version']}",
        "rows": record["inputs"]["rows"],
        "series": len(statuses) - skipped,
        "skipped_series": skipped,
        "skill": metrics.get("skill"),
        "age_seconds": age.get("age_seconds"),
        "output_rows": record["output_rows"],
        "message": None,
    }


def row_of(ended: Ended) -> Row:
    """Return what there is to show of a job that ran in a process of its own."""
    if ended.row is not None and not ended.is_failure:
        return ended.row
    keys = "model rows series skipped_series skill age_seconds output_rows".split()
    return {
        "name": ended.entry.name,
        "command": ended.entry.command,
        "outcome": f"failed: {ended.error}",
        "exit_code": ended.exit_code,
        "seconds": round(ended.seconds, 3),
        **dict.fromkeys(keys),
        "message": ended.message,
    }


def failure(failed: Sequence[Ended | Refused], count: int, verb: str = "failed") -> ForecastError:
    """Return the fault of a batch in which these jobs failed, of so many: each is named, with what went wrong."""
    reasons = "; ".join(f"{ended.entry.name}: {ended.error}: {ended.message}" for ended in failed)
    message = f"{len(failed)} of {count} jobs {verb}: {reasons}".rstrip(".")
    if len(failed) < count:
        return BatchError(message)
    first = next((ended for ended in failed if ended.exit_code != TryAgainError.exit_code), failed[0])
    return BatchError(message, exit_code=first.exit_code, code=first.error)


def describe(rows: Sequence[Row]) -> Iterator[Block]:
    """Yield one line a job."""
    yield TextGrid(
        [(row["name"], row["command"], row["outcome"], row["model"] or "", f"{row['seconds']:.1f} s") for row in rows],
        header=("job", "command", "outcome", "model", "time"),
        texts=4,
    )
