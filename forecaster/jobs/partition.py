"""From one large file, or many small ones, to a folder of parts, each with whole series."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from forecaster.base import files
from forecaster.base.errors import ForecastError, OutputError, UsageError
from forecaster.base.identity import check_apart
from forecaster.base.meter import one, tally
from forecaster.config import PartitionSettings, ReadSettings
from forecaster.data.blocks import read_blocks
from forecaster.data.folders import parts_of
from forecaster.data.partition import PartWriter, TextInNumbersError, name_of_part, plan_layout, write_parts
from forecaster.data.source import Data, read_source
from forecaster.jobs.brief import brief
from forecaster.jobs.events import Events

RECORD = "_partition.json"
"""The record next to the parts; its name keeps it from being read as one."""

OWN = 176 << 20
"""Bytes that the program takes before it has read anything, with what Arrow keeps for itself."""

BLOCKS, HELD = 32, 8
"""Parts of the rest of the memory that a block of rows, and the rows that wait to be written, have at most."""

LARGEST_BLOCK = 64 << 20
OTHER_FILES = 64
"""Open files that are not parts."""


@dataclass(frozen=True, kw_only=True)
class PartitionJob:
    """All inputs of `partition`.

    Attributes:
        data: A file, a folder or glob of parts, `-`, an address or a database.
    """

    data: Data
    settings: PartitionSettings
    reading: ReadSettings = field(default_factory=ReadSettings)


@dataclass(frozen=True, kw_only=True)
class PartitionResult:
    """A folder of parts.

    Attributes:
        output: The folder.
        by: Columns that name a series.
        parts: Rows in each part, by the name of its file; a part that no series fell into is not written.
        rows: Rows that were read, which are as many as were written.
        series: Series in all parts.
        is_new: False where the folder existed, made from the same input in the same way.
    """

    output: Path
    by: tuple[str, ...]
    parts: dict[str, int]
    rows: int
    series: int
    is_new: bool = True

    __repr__ = brief

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        return {**asdict(self), "output": str(self.output), "by": list(self.by)}


def partition(job: PartitionJob, events: Events = Events()) -> PartitionResult:
    """Write the rows of DATA into a folder of Parquet files, each with whole series.

    The folder appears whole or not at all. Where it exists already and was made from the same input in the same way,
    nothing is done.

    Raises:
        OutputError: The folder exists, and is something else.
        ForecastError: Of the kind that says what went wrong; nothing is left.
    """
    settings = job.settings
    memory = settings.memory
    output = _check_output(job)
    _check_reading(job.reading)
    asked = _asked(job)
    if output.exists():
        return _found(output, asked)
    _check_open_files(settings.parts)
    data = read_source(job.data) if str(job.data) == "-" else job.data
    texts: list[str] = []
    while True:
        try:
            with files.building_folder(output) as built:
                result = _write(built, data, job, (memory, tuple(texts)), events)
                record = json.dumps({"asked": asked, "made": result.summary()}, indent=1)
                files.write_file(built / RECORD, record.encode())
                events.on_state(f"{output} is written whole, or not at all")
            return result
        except TextInNumbersError as fault:  # only the first rows of it were numbers
            texts.append(fault.column)


def _write(
    built: Path, data: Data, job: PartitionJob, given: tuple[int, tuple[str, ...]], events: Events
) -> PartitionResult:
    memory, texts = given
    settings, by = job.settings, job.settings.columns
    usable = memory - OWN
    size = min(usable // BLOCKS, LARGEST_BLOCK)
    blocks = read_blocks(data, job.reading, size, events.on_share)
    first = next(blocks)
    layout = plan_layout(first, by, job.reading, texts)
    writer = PartWriter(built, layout, settings.parts, usable // HELD)
    read = 0
    for rows in write_parts(chain([first], blocks), writer):
        read = rows
    counts = dict(_count(built, by))
    expected = {name_of_part(k, settings.parts): int(rows) for k, rows in enumerate(writer.rows) if rows}
    written = {name: rows for name, (rows, _) in counts.items()}
    if written != expected or sum(written.values()) != read:
        raise RuntimeError(f"{read:,} rows were read, and {sum(written.values()):,} stand in the parts")
    series = sum(names for _, names in counts.values())
    return PartitionResult(output=Path(str(settings.output)), by=by, parts=written, rows=read, series=series)


def _count(folder: Path, by: tuple[str, ...]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield of each part, as it stands on the disk, its rows and how many series it has."""
    import pyarrow.parquet as pq

    made = sorted(folder.glob("part-*.parquet"))
    for path in tally(made, one, ("reading back", "parts", len(made))):
        with pq.ParquetFile(path) as file:
            names = file.read(columns=list(by))
            yield path.name, (file.metadata.num_rows, names.group_by(list(by)).aggregate([]).num_rows)


# ---------------------------------------------------------------------------------------------------- what is refused


def _check_output(job: PartitionJob) -> Path:
    if job.settings.output is None:
        raise UsageError("--output: which folder are the parts to be written to?", hint="Such as --output parts")
    output = Path(job.settings.output)
    check_apart({"--output": output}, [("the data", str(job.data))] if str(job.data) != "-" else [])
    for part in _inputs(job.data):
        if output.resolve() in part.resolve().parents or output.resolve() == part.resolve():
            fault = f"--output {output} holds what is read, such as {part}"
            raise UsageError(fault, hint="Name another folder with --output")
    if Path(str(job.data)).is_dir() and Path(str(job.data)).resolve() in output.resolve().parents:
        fault = f"--output {output} lies inside {job.data}: its parts would be read as data the next time"
        raise UsageError(fault, hint="Name a folder next to it with --output")
    if not output.parent.is_dir():
        raise OutputError(f"{output}: there is no folder {output.parent}", hint=f"mkdir -p {output.parent}")
    return output


def _inputs(data: Data) -> list[Path]:
    """Return the files that are read; none where the data is no file."""
    return [path for path in parts_of(data) or [Path(str(data))] if path.is_file()]


def _check_reading(reading: ReadSettings) -> None:
    """Refuse flags that change rows: they are copied as they stand."""
    changing = {
        "--id": reading.id,
        "--wide": reading.wide,
        "--dates-across": reading.dates_across,
        "--aggregate": reading.aggregate,
        "--drop-rows": reading.drop_rows,
        "--fill-down": reading.fill_down,
    }
    given = [flag for flag, value in changing.items() if value]
    if given:
        hint = "Name the columns of a series with --by" if given == ["--id"] else "Give it when the parts are read"
        raise UsageError(f"{given[0]} does not go with partition: rows are copied as they stand", hint=hint)


def _check_open_files(parts: int) -> None:
    """Allow as many open files as there are parts, two each."""
    needed = 2 * parts + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or needed <= soft:
        return
    if hard != resource.RLIM_INFINITY and needed > hard:
        most = (hard - OTHER_FILES) // 2
        raise UsageError(f"--parts {parts}: this system allows {hard:,} open files", hint=f"At most --parts {most}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


# ---------------------------------------------------------------------------------------------------- run again


def _asked(job: PartitionJob) -> dict[str, Any]:
    """Return what a folder of parts was made from, and how: the files with size and time of their last change."""
    inputs = [[str(path), state.st_size, state.st_mtime_ns] for path in _inputs(job.data) for state in [path.stat()]]
    return {
        "inputs": inputs,
        "by": list(job.settings.columns),
        "parts": job.settings.parts,
        "reading": asdict(job.reading),
    }


def _found(output: Path, asked: dict[str, Any]) -> PartitionResult:
    """Return what a folder holds that was made from the same input in the same way.

    Raises:
        OutputError: It was not, or it is no such folder.
    """
    other = f"Remove it, or name another folder: rm -r {output}"
    try:
        record = json.loads(files.read_own(output / RECORD, 1 << 26))
        made = PartitionResult(
            **{**record["made"], "output": output, "by": tuple(record["made"]["by"]), "is_new": False}
        )
        same = bool(asked["inputs"]) and record["asked"] == json.loads(json.dumps(asked))
    except (ForecastError, ValueError, KeyError, TypeError, OSError):
        raise OutputError(f"{output} exists", hint=other) from None
    if not same:
        raise OutputError(f"{output} exists, and was made from other data or in another way", hint=other)
    counts = {name: rows for name, (rows, _) in _count(output, made.by)}
    if counts != made.parts:
        raise OutputError(f"{output} exists, and its parts are not as they were written", hint=other)
    return made
