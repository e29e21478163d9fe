"""`forecast partition`: one large file in, or many small ones, a folder of parts out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from forecaster.base.errors import OK
from forecaster.base.meter import working
from forecaster.cli import log
from forecaster.cli.options import DataFile, OutputSettings, takes_settings
from forecaster.cli.output import Printer, TextGrid
from forecaster.cli.process import after, now_stands
from forecaster.config import PartitionSettings, ReadSettings

if TYPE_CHECKING:
    from forecaster.jobs import PartitionResult


@takes_settings
def partition(data: DataFile, settings: PartitionSettings, reading: ReadSettings, output: OutputSettings) -> int:
    """Write a large file, or many small ones, as a folder of Parquet parts, each with whole series.

    Memory stays below --max-memory, however large the data is. Rows are copied as they stand: names and stamps as text,
    the target and other columns of numbers as numbers; rows of a series stay in their order. They are counted on the
    way in and in the parts. The folder appears whole or not at all; run again on the same data, nothing is done.
    Off a terminal nothing is printed unless --format is given.

    Example: forecast partition sample_data/nyc_departures_daily.csv --by airport --parts 4 --output parts
    """
    from forecaster import jobs

    printer = Printer(output)
    job = jobs.PartitionJob(data=data, settings=settings, reading=reading)
    with working("reading", megabytes(data), "MB") as work:
        result = jobs.partition(job, jobs.Events(on_share=work.see_share, on_state=now_stands))
    with after(f"{result.output} was written"):
        log.event("partitioned", **result.summary())
        rows = [{"part": name, "rows": count} for name, count in result.parts.items()]
        printer.show(result.summary(), rows, [describe(result)])
        return OK


def describe(result: PartitionResult) -> TextGrid:
    """Return what was written, and what to type next."""
    least, most = min(result.parts.values()), max(result.parts.values())
    empty = "" if result.is_new else " (written before, from the same data)"
    return TextGrid(
        [
            ("folder", f"{result.output}{empty}"),
            ("parts", f"{len(result.parts):,}, of {least:,} to {most:,} rows"),
            ("series", f"{result.series:,}, each whole in one part"),
            ("rows", f"{result.rows:,} in, {sum(result.parts.values()):,} out"),
            ("next", f"forecast train {result.output}"),
        ]
    )


def megabytes(data: str) -> float | None:
    """Return how large a file, or the files in a folder, are; None where that is not known beforehand."""
    try:
        path = Path(data)
        files = [path] if path.is_file() else [*path.rglob("*")] if path.is_dir() else []
        return sum(file.stat().st_size for file in files if file.is_file()) / 1e6 or None
    except (OSError, ValueError):  # which is told where it is read
        return None
