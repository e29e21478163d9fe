"""`run.json`: what a job of a batch was asked, what it read, what it did, and what it left.

A record is written when a job begins, without an exit code, and again when it ends: a process that was killed leaves a
record that says so. What ended well is not done again as long as everything that it depends on is the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from forecaster._version import __version__
from forecaster.base import files
from forecaster.base.errors import OK, PARTIAL, AccessError, MissingError, StorageError, UsageError
from forecaster.base.records import dump, to_json
from forecaster.config.jobfile import Entry
from forecaster.data.age import Age
from forecaster.data.folders import parts_of
from forecaster.data.panel import Panel
from forecaster.data.remote import scheme_of
from forecaster.jobs.names import NONE, name_of
from forecaster.model import store
from forecaster.model.builtin import NAME, is_builtin, open_network, version_of_card

Json = dict[str, Any]

FORMAT = 1
"""Version of the record; one of another version counts as none."""

DONE = (OK, PARTIAL)
"""Exit codes of a job that published."""


class Result(Protocol):
    """What every job returns: the model that it used or made, the data that it read, and how good the model is."""

    model: Any
    panel: Panel

    @property
    def metrics(self) -> Json | None:
        """How good the model is; None where that could not be measured."""


@dataclass(frozen=True)
class JobInputs:
    """Everything that decides what a job does.

    Attributes:
        settings: Key → value, as the job file gives them.
        data: Path and hash of the data file, and under `future` of a file of future rows.
        model: Name, version and hash of the model that is used; None for a job that makes one.
    """

    settings: Json
    data: Json
    model: Json | None

    def mark(self, command: str) -> str:
        """Return the hash of all of it and of this program's version: while it is the same, so is the outcome."""
        facts = [FORMAT, __version__, command, self.settings, self.data, self.model]
        return files.sha256(json.dumps(facts, sort_keys=True, default=str).encode())

    def summary(self) -> Json:
        """Return what a record says of them besides the settings."""
        return {**self.data, "used_model": self.model}


def find_inputs(entry: Entry, root: Path, data: str | None, model: str | None) -> JobInputs:
    """Return the inputs of a job as they are now.

    Args:
        entry: The job.
        root: Folder of all models.
        data: The data file; None for the one that the model was trained on.
        model: NAME or NAME@VERSION, or None for a job that makes a model.

    Raises:
        MissingError: There is no such file or model.
    """
    used = None if model is None else _version(root, model)
    if used and data is None and is_builtin(model):
        raise UsageError("the built-in network was trained on none of your files", hint="Name a data file")
    if used and data is None:
        folder, _, _ = store.find_version(root, f"{used['name']}@{used['version']}")
        data = store.read_manifest(folder).data.source
    path, future = str(data), str(entry.values.get("future") or "")
    settings = {**entry.values, "models-dir": str(root)}
    ahead = {"future": {"path": future, "sha256": hash_of(Path(future))}} if future else {}
    return JobInputs(settings, {"path": path, "sha256": hash_of_data(path), **ahead, **_origin(entry, root)}, used)


def _version(root: Path, model: str) -> dict[str, str]:
    """Return which version NAME or NAME@VERSION is."""
    if is_builtin(model):
        return _builtin_version()
    folder, name, version = store.find_version(root, model)
    return {"name": name, "version": version, "sha256": hash_of(folder / "manifest.json")}


def _builtin_version() -> dict[str, str]:
    card = open_network().card
    return {"name": NAME, "version": version_of_card(card), "sha256": str(card["files"]["network.onnx"])}


def _origin(entry: Entry, root: Path) -> dict[str, Any]:
    """Return the version that a training begins with or learns from, where that is another model's.

    Its own last version is one that it made itself: a job that goes on from that would never find its inputs unchanged.
    """
    begun = entry.values.get("from")
    origin = entry.values.get("distill") if begun in (None, NONE) else begun
    own = entry.values.get("model") or name_of(str(entry.values.get("data")))
    return {} if origin is None or origin.partition("@")[0] == own else {"origin": _version(root, origin)}


def hash_of_data(data: str) -> str:
    """Return the SHA-256 of a data file, or of all parts of a folder or glob; of an address another one each time.

    What lies at an address may have changed since: a job that reads it is never found unchanged.

    Raises:
        MissingError, AccessError, StorageError: As `hash_of`.
    """
    if scheme_of(data):
        return os.urandom(32).hex()
    parts = parts_of(data)
    if parts is None:
        return hash_of(Path(data))
    return files.sha256("".join(f"{part} {hash_of(part)}\n" for part in parts).encode())


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, read in pieces.

    Raises:
        MissingError: There is no such file.
        AccessError, StorageError: It cannot be read.
    """
    try:
        if not path.is_file():
            raise MissingError(f"{path}: no such file")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError:
        raise AccessError(f"cannot read {path}: permission denied") from None
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from None


def read_record(folder: Path) -> Json:
    """Return the record of the last run of a job; empty where there is none that can be read: then it is run."""
    try:
        record = json.loads((folder / "run.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) and record.get("format") == FORMAT else {}


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Replace the record of a job, atomically."""
    files.write_file(folder / "run.json", to_json(record), root=folder.parent)


def is_unchanged(record: Json, mark: str) -> bool:
    """Return whether the job that a record is of would do the same again, and what it left still exists."""
    if record.get("exit_code") not in DONE or record.get("mark") != mark:
        return False
    outputs = record.get("outputs")
    if not isinstance(outputs, dict):
        return False
    for path, entry in outputs.items():
        try:
            if hash_of(Path(path)) != entry["sha256"]:
                return False
        except (MissingError, AccessError, StorageError, KeyError, TypeError):
            return False
    return True


def recorded_age(record: Json, now: datetime | None) -> Age:
    """Return how old the data of a record is at `now`."""
    age = record["age"]
    moment = None if age["moment"] is None else datetime.fromisoformat(age["moment"])
    return Age(newest=age["newest"], moment=moment, until=now)


def begin(entry: Entry, argv: Iterable[str], started: str) -> Json:
    """Return the record of a job that has begun and not ended."""
    return {
        "format": FORMAT,
        "job": entry.name,
        "command": entry.command,
        "argv": list(argv),
        "version": __version__,
        "started": started,
        "as_of": entry.values.get("as-of"),
        "settings": {key: str(value) if isinstance(value, Path) else value for key, value in entry.values.items()},
        "exit_code": None,
    }


def describe(result: Result, inputs: JobInputs, outputs: Iterable[Path | None]) -> Json:
    """Return what a record says of a job that published."""
    panel, model, age = result.panel, result.model, getattr(result, "age", None)
    forecast = getattr(result, "forecast", None)
    methods = ["done"] * panel.n_series if forecast is None else forecast.methods.tolist()
    skipped = getattr(result, "skipped", panel.skipped)
    written = [path for path in outputs if path is not None]
    metrics = dump(result.metrics or {})
    metrics.pop("by_lead", None)
    return {
        "inputs": {**inputs.summary(), "sha256": panel.sha256, "rows": panel.rows},
        "age": age and {**age.summary(), "moment": age.moment and age.moment.isoformat()},
        "model": _builtin_version()
        if model.name == NAME
        else {
            "name": model.name,
            "version": model.version,
            "sha256": hash_of(model.folder / "manifest.json"),
        },
        "series": {**dict(zip(panel.ids, methods, strict=True)), **{name: f"skipped: {why}" for name, why in skipped}},
        "warnings": list(getattr(result, "warnings", ())),
        "findings": [finding.message for finding in panel.findings if finding.severity != "info"],
        "metrics": metrics,
        "output_rows": None if forecast is None else forecast.values.size,
        "outputs": {str(path): {"sha256": hash_of(path), "bytes": path.stat().st_size} for path in written},
        "exit_code": PARTIAL if skipped else OK,
    }
