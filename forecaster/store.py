"""Saved models: immutable versions in a folder, each file under a hash, and one pointer to the current version.

    models/NAME/LOCK                    held while a version is published; never deleted
                CURRENT                 "v000007", written last
                versions/v000007/       manifest.json  metrics.json  network.onnx  weights.npz  calibration.npz

A version is published by: build aside, flush, read back, check every hash, run the probe, rename, flip CURRENT.
Loading checks hashes before anything is parsed, and runs no code from the folder: arrays, numbers and an ONNX graph
is all there is. Hashes find accidents and mix-ups; against somebody who can write to the folder, use the file
system's permissions.
"""

from __future__ import annotations

import io
import json
import re
import secrets
import stat
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from forecaster import files
from forecaster.calibration import N_SIGNS, Calibration, Difficulty
from forecaster.errors import AccessError, MissingError, ModelError, StorageError, UsageError
from forecaster.plan import FitShape, NetworkShape
from forecaster.schema import Schema
from forecaster.serving import Server
from forecaster.windows import WindowShape

FORMAT = 1
"""Version of the layout; a newer one is refused, an older one is read for ever."""

PROBE_TOLERANCE = 1e-4
"""Largest difference of the serving graph from the trained network, in scaled units."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
VERSION = re.compile(r"v\d{6}")
SIGNS = ("sign_centre", "sign_spread", "sign_slope", "sign_level")
FILES = ("metrics.json", "network.onnx", "weights.npz", "calibration.npz")
LARGEST_MANIFEST = 16 * 1024 * 1024

Record = TypeVar("Record")
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """A trained model that is not yet published.

    Attributes:
        schema: How its data file is read.
        window: How windows are cut and scaled.
        network: The architecture.
        fit: How it was trained.
        season: m, season length of the data in steps.
        graph: The ONNX serving graph.
        members: Weights of each network of the ensemble.
        calibration: Half widths of the intervals.
        probe: Inputs [n, K, C] and the trained networks' answers [n, M, H] to them.
        metrics: As written to metrics.json.
        facts: What else the manifest records: data fingerprint, package versions, device, time.
    """

    schema: Schema
    window: WindowShape
    network: NetworkShape
    fit: FitShape
    season: int
    graph: bytes
    members: Sequence[Sequence[NDArray[np.float32]]]
    calibration: Calibration
    probe: tuple[NDArray[np.float32], NDArray[np.float32]]
    metrics: Json
    facts: Json


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A saved model, checked and ready to forecast."""

    name: str
    version: str
    folder: Path
    manifest: Json
    schema: Schema
    window: WindowShape
    season: int
    calibration: Calibration
    server: Server


def check_name(name: str) -> str:
    """Return the name if it may be a folder's.

    Raises:
        UsageError: It may not: names are data from the user, never paths.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"model name {name[:80]!r}: expected [A-Za-z0-9][A-Za-z0-9._-]{{0,63}}", hint="Give --name")
    return name


def publish_model(root: Path, name: str, draft: Draft, lock_wait: float) -> Model:
    """Save a draft as the next version, check it, and make it current.

    Raises:
        OutputError, AccessError, StorageError: It cannot be written; what was current is untouched.
        TryAgainError: Somebody else publishes this model for longer than `lock_wait` seconds.
        ModelError: The version read back is not what was trained.
    """
    home = root / check_name(name)
    files.make_folder(home / "versions")
    with files.locked(home / "LOCK", lock_wait):
        files.sweep(home / "versions")
        version = f"v{max((int(v[1:]) for v in list_versions(home)), default=0) + 1:06d}"
        built = home / "versions" / f"{files.TEMPORARY}{version}-{secrets.token_hex(4)}"
        files.build_folder(built, _contents(name, version, draft))
        try:
            model = read_version(built, name, version)
            _check_parity(model, draft)
            files.publish_folder(built, home / "versions" / version)
        except BaseException:
            files.sweep(home / "versions")
            raise
        files.write_file(home / "CURRENT", f"{version}\n".encode())
    return replace(model, folder=home / "versions" / version)


def load_model(root: Path, reference: str) -> Model:
    """Load NAME, its current version, or NAME@VERSION.

    Raises:
        MissingError: There is no such model or version.
        ModelError: It is corrupt, or of a newer format.
    """
    folder, name, version = find_version(root, reference)
    return read_version(folder, name, version)


def find_version(root: Path, reference: str) -> tuple[Path, str, str]:
    """Return the folder, name and version that NAME or NAME@VERSION stands for."""
    name, _, wanted = reference.partition("@")
    home = root / check_name(name)
    if not home.is_dir():
        known = ", ".join(list_models(root)) or "none"
        raise MissingError(f"no model {name!r} in {root} (there: {known})", hint="Run: forecast train DATA")
    version = wanted or _current(home)
    if not VERSION.fullmatch(version) or not (home / "versions" / version).is_dir():
        there = ", ".join(list_versions(home)) or "none"
        raise MissingError(f"model {name!r} has no version {version[:20]!r} (there: {there})")
    return home / "versions" / version, name, version


def list_models(root: Path) -> list[str]:
    """Return the names of the models in a folder, sorted."""
    if not root.is_dir():
        return []
    return sorted(entry.name for entry in root.iterdir() if NAME.fullmatch(entry.name) and (entry / "CURRENT").exists())


def list_versions(home: Path) -> list[str]:
    """Return a model's whole versions, oldest first."""
    folder = home / "versions"
    return sorted(entry.name for entry in folder.iterdir() if VERSION.fullmatch(entry.name)) if folder.is_dir() else []


def read_manifest(folder: Path) -> Json:
    """Read and check a version's manifest.

    Raises:
        ModelError: It is not a manifest of a format that is known here.
    """
    path = folder / "manifest.json"
    manifest = _parse(_read(path, LARGEST_MANIFEST), path)
    if manifest.get("format") != FORMAT:
        raise ModelError(
            f"{path}: format {str(manifest.get('format'))[:20]}, this version of forecast reads format {FORMAT}",
            hint="Upgrade: pip install -U forecast-lstm",
        )
    return manifest


def read_version(folder: Path, name: str, version: str) -> Model:
    """Read one version: hashes first, then its parts.

    Raises:
        ModelError: A file is missing, changed, or not what the manifest says.
    """
    manifest = read_manifest(folder)
    if (manifest.get("name"), manifest.get("version")) != (name, version):
        raise ModelError(f"{folder} belongs to model {manifest.get('name')!r} {manifest.get('version')!r}")
    listed = manifest.get("files")
    if not isinstance(listed, dict) or set(listed) != set(FILES):
        raise ModelError(f"{folder}/manifest.json: expected the files {', '.join(FILES)}")
    contents = {file: _read_checked(folder / file, listed[file]) for file in FILES}
    window = _read_record(WindowShape, manifest, "window", folder)
    _read_record(NetworkShape, manifest, "network", folder)
    arrays = _read_arrays(contents["calibration.npz"], folder / "calibration.npz")
    calibration = _read_calibration(arrays, window, folder / "calibration.npz")
    server = Server(contents["network.onnx"])
    drift = np.abs(server.answer(arrays["probe_inputs"]) - arrays["probe_outputs"]).max()
    if not drift <= PROBE_TOLERANCE:
        raise ModelError(f"{folder}: the network answers its probe {drift:.2g} off, allowed {PROBE_TOLERANCE:g}")
    season = manifest.get("season")
    if not isinstance(season, int) or isinstance(season, bool) or season < 1:
        raise ModelError(f"{folder}/manifest.json: season must be a whole number, at least 1")
    return Model(
        name=name, version=version, folder=folder, manifest=manifest, schema=Schema.from_dict(manifest["schema"]),
        window=window, season=season, calibration=calibration, server=server,
    )  # fmt: skip


def _contents(name: str, version: str, draft: Draft) -> dict[str, bytes]:
    """Return the bytes of every file of a version."""
    weights = {f"m{i:03d}_w{j:03d}": w for i, member in enumerate(draft.members) for j, w in enumerate(member)}
    calibration: dict[str, NDArray[Any]] = {
        "levels": draft.calibration.levels,
        "half_widths": draft.calibration.half_widths,
        "sign_centre": draft.calibration.difficulty.centre,
        "sign_spread": draft.calibration.difficulty.spread,
        "sign_slope": draft.calibration.difficulty.slope,
        "sign_level": np.array(draft.calibration.difficulty.level),
        "probe_inputs": draft.probe[0],
        "probe_outputs": draft.probe[1],
    }
    contents = {
        "metrics.json": to_json(draft.metrics),
        "network.onnx": draft.graph,
        "weights.npz": _pack(weights),
        "calibration.npz": _pack(calibration),
    }
    manifest = {
        "format": FORMAT,
        "name": name,
        "version": version,
        **draft.facts,
        "season": draft.season,
        "window": asdict(draft.window),
        "network": asdict(draft.network),
        "fit": asdict(draft.fit),
        "schema": draft.schema.to_dict(),
        "metrics": draft.metrics,
        "files": {file: {"sha256": files.sha256(data), "bytes": len(data)} for file, data in contents.items()},
    }
    return {**contents, "manifest.json": to_json(manifest)}


def to_json(data: Mapping[str, Any]) -> bytes:
    """Return strict JSON: no NaN, no infinity."""
    return (json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()


def _check_parity(model: Model, draft: Draft) -> None:
    """Refuse a serving graph that does not answer as the trained networks do."""
    drift = float(np.abs(model.server.answer(draft.probe[0]) - draft.probe[1]).max())
    if not drift <= PROBE_TOLERANCE:
        raise ModelError(f"the serving graph differs from the trained network by {drift:.2g}; nothing was published")


def _pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **dict(arrays))  # type: ignore[arg-type]
    return buffer.getvalue()


def _read_arrays(data: bytes, path: Path) -> dict[str, NDArray[Any]]:
    expected = {"levels", "half_widths", *SIGNS, "probe_inputs", "probe_outputs"}
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            if set(archive.files) != expected:
                raise ModelError(f"{path}: expected the arrays {', '.join(sorted(expected))}")
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError) as error:
        raise ModelError(f"{path}: not an archive of arrays") from error


def _read_calibration(arrays: Mapping[str, NDArray[Any]], window: WindowShape, path: Path) -> Calibration:
    levels, half_widths = arrays["levels"], arrays["half_widths"]
    centre, spread, slope, level = (arrays[name] for name in SIGNS)
    shapes = [half_widths.shape, centre.shape, spread.shape, slope.shape, level.shape]
    if shapes != [(window.horizon, len(levels)), (N_SIGNS,), (N_SIGNS,), (N_SIGNS,), ()]:
        raise ModelError(f"{path}: arrays of other shapes than expected: {shapes}")
    return Calibration(levels, half_widths, Difficulty(centre, spread, slope, float(level)))


def _current(home: Path) -> str:
    path = home / "CURRENT"
    if not path.exists():
        raise MissingError(f"model {home.name!r} has no current version", hint="Run: forecast train DATA")
    text = _read(path, 64).decode("ascii", "replace").removesuffix("\n")
    if not VERSION.fullmatch(text):
        raise ModelError(f"{path}: expected a version like v000001, received {text[:20]!r}")
    return text


def _read(path: Path, most: int) -> bytes:
    """Read a regular file of bounded size, not through a symbolic link."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            raise ModelError(f"{path}: expected a regular file of at most {most:,} bytes")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing") from error
    except PermissionError as error:
        raise AccessError(f"cannot read {path}: permission denied") from error
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error


def _read_checked(path: Path, entry: Any) -> bytes:
    size = entry.get("bytes") if isinstance(entry, dict) else None
    if not isinstance(size, int):
        raise ModelError(f"{path.parent}/manifest.json: no size for {path.name}")
    data = _read(path, size)
    if len(data) != size:
        raise ModelError(f"{path}: {len(data)} bytes, the manifest says {size}")
    if files.sha256(data) != entry.get("sha256"):
        raise ModelError(f"{path} was changed: its hash is not the manifest's")
    return data


def _parse(data: bytes, path: Path) -> Json:
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not JSON") from error
    if not isinstance(parsed, dict):
        raise ModelError(f"{path}: expected a JSON object")
    return parsed


def _read_record(cls: type[Record], manifest: Json, key: str, folder: Path) -> Record:
    """Build a frozen dataclass from its JSON, refusing other keys, types and absurd sizes."""
    data, hints = manifest.get(key), typing.get_type_hints(cls)
    if not isinstance(data, dict) or not _required(cls) <= set(data) <= {f.name for f in fields(cls)}:  # type: ignore[arg-type]
        raise ModelError(f"{folder}/manifest.json: {key!r} has other keys than expected")
    for name, value in data.items():
        if not _fits(value, hints[name]):
            raise ModelError(f"{folder}/manifest.json: {key}.{name} is {str(value)[:40]!r}")
    return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in data.items()})


def _required(cls: Any) -> set[str]:
    """Return the fields without a default: what came to a record later has one, so that older versions load."""
    return {f.name for f in fields(cls) if f.default is MISSING}


def _fits(value: Any, hint: Any) -> bool:
    if typing.get_origin(hint) is tuple:  # only `tuple[int, ...]` is used; JSON has it as a list
        return isinstance(value, list) and len(value) <= 16 and all(_fits(part, int) for part in value)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return any(_fits(value, part) for part in typing.get_args(hint))
    if typing.get_origin(hint) is Literal:
        return value in typing.get_args(hint)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf")
    return isinstance(value, hint)
