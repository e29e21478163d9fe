"""What is recorded of each part of a folder next to its results, so that what is done is not done again.

    RESULTS/part-000.parquet                   the results of a part, named as the part
            _summary.json                      what all parts came to, and whether that is complete
            _parts/LOCK                        held while a command works on the folder; never deleted
            _parts/part-000.parquet.json       what the results were made of: hash of the part, model, settings
            _parts/part-000.parquet.npy        a hash of the name of each series in the part, ascending

Readers of folders of data leave names that begin with `_` alone. Nothing here holds a time: the same parts and settings
give the same bytes, whoever did them and in whatever order.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from forecaster.base import files
from forecaster.base.errors import AccessError, MissingError, StorageError
from forecaster.base.records import to_json
from forecaster.data.listing import Hashes
from forecaster.data.remote import fetch
from forecaster.data.source import MOST_BYTES

Json = dict[str, Any]

FORMAT = 1
"""Version of the records; one of another version counts as none."""

HOME, SUMMARY = "_parts", "_summary.json"

LARGEST = 1 << 26
"""Bytes of a record, at most."""


@dataclass(frozen=True, kw_only=True)
class PartRecord:
    """What is remembered of a part.

    Attributes:
        part: Its name below the folder of all.
        sha256: Hash of its file.
        made: Everything else that decides its results: versions, model, settings.
        names: Hash of the file of the names of its series.
        outputs: Name of each file of results → its hash.
        facts: What came of it.
    """

    part: str
    sha256: str
    made: Mapping[str, Any]
    names: str
    outputs: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def holding_results(folder: Path, holder: str) -> Iterator[None]:
    """Make a folder of results where it is missing, and hold its lock.

    Raises:
        OutputError, AccessError, StorageError: It cannot be made.
        TryAgainError: Somebody else works on it.
    """
    files.make_folder(folder)
    files.make_folder(folder / HOME, folder)
    with files.locked(folder / HOME / "LOCK", 0.0, holder, root=folder):
        yield


def hash_file(path: Path | str) -> str:
    """Return the SHA-256 of a file.

    Raises:
        MissingError, AccessError, StorageError: It cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        raise MissingError(f"{path}: no such file or directory", hint="Was it moved meanwhile?") from None
    except PermissionError:
        raise AccessError(f"{path}: permission denied", hint=f"Check its permissions: ls -l {path}") from None
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from None


def hash_part(part: str) -> str:
    """Return the SHA-256 of a part: a file, or what lies at an address.

    Raises:
        ForecastError: It cannot be read.
    """
    return files.sha256(fetch(part, MOST_BYTES)) if "://" in part else hash_file(part)


def names_path(folder: Path, name: str) -> Path:
    """Return the file of the names of the series of a part."""
    return folder / HOME / f"{name}.npy"


def write_names(folder: Path, name: str, hashes: Hashes) -> str:
    """Write the hashes of the names of a part's series, and return the hash of that file.

    Raises:
        OutputError, AccessError, StorageError: It cannot be written.
    """
    sink = io.BytesIO()
    np.save(sink, hashes, allow_pickle=False)
    path, data = names_path(folder, name), sink.getvalue()
    files.make_folder(path.parent, folder)
    files.write_file(path, data, root=folder)
    return files.sha256(data)


def open_names(folder: Path, name: str) -> Hashes:
    """Return the hashes of the names of a part's series; they stay in their file.

    Raises:
        StorageError: It cannot be read.
    """
    path = names_path(folder, name)
    try:
        opened: Hashes = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise StorageError(f"cannot read {path}: {error}") from None
    return opened


def write_record(folder: Path, name: str, record: PartRecord) -> None:
    """Write the record of a part: from then on it is done.

    Raises:
        OutputError, AccessError, StorageError: It cannot be written.
    """
    path = folder / HOME / f"{name}.json"
    files.make_folder(path.parent, folder)
    files.write_file(path, to_json({"format": FORMAT, **asdict(record)}), root=folder)


def read_part_record(folder: Path, name: str) -> PartRecord | None:
    """Return the record of a part; None where there is none that can be read."""
    path = folder / HOME / f"{name}.json"
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST:
            return None
        data = json.loads(path.read_bytes())
        if data.pop("format") != FORMAT:
            return None
        return PartRecord(**data)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def find_done(folder: Path, name: str, sha256: str, made: Mapping[str, Any]) -> PartRecord | None:
    """Return the record of a part whose results are those of this file and these settings, and are there, whole."""
    record = read_part_record(folder, name)
    if record is None or record.sha256 != sha256 or record.made != made:
        return None
    stored = {
        **{folder / output: digest for output, digest in record.outputs.items()},
        names_path(folder, name): record.names,
    }
    try:
        return record if all(hash_file(path) == digest for path, digest in stored.items()) else None
    except (MissingError, AccessError, StorageError):
        return None


def recorded_parts(folder: Path) -> list[str]:
    """Return the names of all results that a folder has records of, sorted."""
    home = folder / HOME
    return sorted(path.relative_to(home).as_posix().removesuffix(".json") for path in home.rglob("*.json"))


def write_summary(folder: Path, summary: Json) -> None:
    """Write what all parts came to.

    Raises:
        OutputError, AccessError, StorageError: It cannot be written.
    """
    files.write_file(folder / SUMMARY, to_json({"format": FORMAT, **summary}), root=folder)
