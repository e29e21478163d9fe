"""One version of a saved model: its files ↔ a trained draft, or a model ready to forecast.

    manifest.json      what the version is, with size and hash of every other file; sealed with its own hash
    metrics.json       its measures
    network.onnx       the serving graph of the whole ensemble
    weights.npz        the weights of each network
    pretrained.onnx    the pretrained network, where it has a share in the forecasts
    calibration.npz    half widths of the intervals, and a probe: windows and the trained networks' answers to them

Reading checks hashes before anything is parsed, and runs no code from the folder: arrays, numbers and an ONNX graph
is all there is. Hashes find accidents and mix-ups; against somebody who can write to the folder, use the file
system's permissions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.base.arrays import Arrays, Form, pack, read_forms, unpack
from forecaster.base.errors import ModelError
from forecaster.base.files import read_own, sha256
from forecaster.base.records import dump, parse, to_json
from forecaster.data.schema import Schema
from forecaster.model.bands import forms_of, from_arrays, to_arrays
from forecaster.model.calibration import Intervals
from forecaster.model.companion import Companion
from forecaster.model.features import Encoding
from forecaster.model.manifest import (
    FORMAT,
    PRETRAINED,
    FileFacts,
    Manifest,
    Metrics,
    NetworkFacts,
    TrainingFacts,
    open_sealed,
    seal,
)
from forecaster.model.plan import FitShape, NetworkShape
from forecaster.model.serving import Server
from forecaster.model.windows import WindowShape

PROBE_TOLERANCE = 1e-4
"""Largest difference of the serving graph from the trained network, in scaled units."""

LARGEST_MANIFEST = 16 * 1024 * 1024
MOST_LEVELS, MOST_PROBES = 10_000, 1_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """A trained model that is not yet published.

    Attributes:
        schema: How its data file is read.
        network: The architecture, and how windows are cut and scaled for it.
        fit: How it was trained.
        season: m, season length of the data in steps.
        graph: The ONNX serving graph.
        members: Weights of each network of the ensemble.
        calibration: Half widths of the intervals.
        probe: Inputs [n, K, C] and the trained networks' answers [n, M, R] to them.
        metrics: How good it is.
        facts: What it was made from: data, packages, device, time.
        encodings: How each feature is written as a number.
        companion: The pretrained network, where it has a share in the forecasts.
    """

    schema: Schema
    network: NetworkShape
    fit: FitShape
    season: int
    graph: bytes
    members: Sequence[Sequence[NDArray[np.float32]]]
    calibration: Intervals
    probe: tuple[NDArray[np.float32], NDArray[np.float32]]
    metrics: Metrics
    facts: TrainingFacts
    encodings: tuple[Encoding, ...] = ()
    companion: Companion | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedModel:
    """A trained model, ready to forecast: saved or not.

    Attributes:
        name: What to call it.
        version: As the name of its folder; empty for a model that is not saved.
        schema: How its data file is read.
        network: The architecture, and how windows are cut and scaled for it.
        season: m, season length of the data in steps.
        calibration: Half widths of the intervals.
        server: Answers windows.
        encodings: How each feature is written as a number.
        companion: The pretrained network, where it has a share in the forecasts.
    """

    name: str
    version: str
    schema: Schema
    network: NetworkShape
    season: int
    calibration: Intervals
    server: Server
    encodings: tuple[Encoding, ...] = ()
    companion: Companion | None = None

    @property
    def window(self) -> WindowShape:
        """How windows are cut and scaled."""
        return self.network.window


@dataclass(frozen=True, kw_only=True, eq=False)
class SavedModel(FittedModel):
    """A version of a saved model, checked and ready to forecast.

    Attributes:
        folder: Of the version.
        manifest: What it says of itself.
    """

    folder: Path
    manifest: Manifest

    @property
    def reference(self) -> str:
        """NAME@VERSION."""
        return f"{self.name}@{self.version}"

    @property
    def trained_until(self) -> int | None:
        """The latest stamp of the data that it was trained on, as `Panel.ends` has it; None where that is not known."""
        return self.manifest.data.last_stamp


def read_manifest(folder: Path) -> Manifest:
    """Read and check a version's manifest.

    Raises:
        ModelError: It was changed, or is not a manifest of a format that is known here.
    """
    path = folder / "manifest.json"
    return open_sealed(read_own(path, LARGEST_MANIFEST), path)


def read_version(folder: Path, name: str, version: str) -> SavedModel:
    """Read one version: hashes first, then its parts; at last the network answers its probe.

    Raises:
        ModelError: A file is missing, changed, or not what the manifest says.
    """
    manifest = read_manifest(folder)
    if (manifest.name, manifest.version) != (name, version):
        raise ModelError(f"{folder} belongs to model {manifest.name[:80]!r} {manifest.version[:20]!r}")
    contents = {file: _read_checked(folder / file, facts) for file, facts in manifest.files.items()}
    companion = Companion(contents[PRETRAINED], manifest.companion) if manifest.companion else None
    if parse(contents["metrics.json"], folder / "metrics.json") != dump(manifest.metrics):
        raise ModelError(f"{folder}/metrics.json is not what the manifest says")
    members = _read_members(contents["weights.npz"], folder / "weights.npz")
    forms = _calibration_forms(contents["calibration.npz"], folder / "calibration.npz", manifest, len(members))
    arrays = unpack(contents["calibration.npz"], folder / "calibration.npz", forms)
    server = Server(contents["network.onnx"], manifest.network.draws)
    _run_probe(server, arrays, folder)
    return SavedModel(
        name=name,
        version=version,
        schema=manifest.schema,
        network=manifest.network.reading(manifest.window),
        season=manifest.season,
        calibration=from_arrays(manifest.fit.intervals, arrays),
        server=server,
        encodings=manifest.encodings,
        companion=companion,
        folder=folder,
        manifest=manifest,
    )


def contents_of(name: str, version: str, draft: Draft) -> dict[str, bytes]:
    """Return the bytes of every file of a version that is made of a draft."""
    weights = {f"m{i:03d}_w{j:03d}": w for i, member in enumerate(draft.members) for j, w in enumerate(member)}
    calibration: Mapping[str, NDArray[Any]] = {
        **to_arrays(draft.calibration),
        "probe_inputs": draft.probe[0],
        "probe_outputs": draft.probe[1],
    }
    contents = {
        "metrics.json": to_json(dump(draft.metrics)),
        "network.onnx": draft.graph,
        "weights.npz": pack(weights),
        "calibration.npz": pack(calibration),
        **({PRETRAINED: draft.companion.graph} if draft.companion else {}),
    }
    manifest = Manifest(
        format=FORMAT,
        name=name,
        version=version,
        **vars(draft.facts),
        season=draft.season,
        encodings=draft.encodings,
        companion=draft.companion.share if draft.companion else None,
        window=draft.network.window,
        network=NetworkFacts.of(draft.network),
        fit=draft.fit,
        schema=draft.schema,
        metrics=draft.metrics,
        files={file: FileFacts(sha256=sha256(data), bytes=len(data)) for file, data in contents.items()},
    )
    return {**contents, "manifest.json": seal(manifest.to_json())}


def _run_probe(server: Server, arrays: Arrays, folder: Path) -> None:
    """Compare the graph's answers with those that the trained networks gave to the same windows."""
    answers, expected = server.answer(arrays["probe_inputs"]), arrays["probe_outputs"]
    if answers.shape != expected.shape:
        raise ModelError(f"{folder}: the network answers its probe in the shape {answers.shape}, not {expected.shape}")
    drift = np.abs(answers - expected).max()
    if not drift <= PROBE_TOLERANCE:
        raise ModelError(f"{folder}: the network answers its probe {drift:.2g} off, allowed {PROBE_TOLERANCE:g}")


def read_weights(model: SavedModel) -> list[list[NDArray[np.float32]]]:
    """Return the weights of each network of a saved version.

    Raises:
        ModelError: The file was changed since the version was read.
    """
    path = model.folder / "weights.npz"
    return _read_members(_read_checked(path, model.manifest.files[path.name]), path)


def read_graph(model: SavedModel) -> bytes:
    """Return the serving graph of a saved version.

    Raises:
        ModelError: The file was changed since the version was read.
    """
    return _read_checked(model.folder / "network.onnx", model.manifest.files["network.onnx"])


def read_probe(model: SavedModel) -> NDArray[np.float32]:
    """Return the windows [n, K, C] of the probe of a saved version, scaled.

    Raises:
        ModelError: The file was changed since the version was read.
    """
    path = model.folder / "calibration.npz"
    data = _read_checked(path, model.manifest.files[path.name])
    return unpack(data, path, read_forms(data, path))["probe_inputs"]


def _read_members(data: bytes, path: Path) -> list[list[NDArray[np.float32]]]:
    """Check the weights, and return those of each network: all have the same arrays."""
    forms = read_forms(data, path)
    shapes = [forms[name].shape for name in sorted(forms) if name.startswith("m000_")]
    members = len(forms) // max(len(shapes), 1)
    expected = {f"m{i:03d}_w{j:03d}": Form("<f4", shape) for i in range(members) for j, shape in enumerate(shapes)}
    if not expected:
        raise ModelError(f"{path}: expected the weights of at least one network")
    arrays = unpack(data, path, expected)
    return [[arrays[f"m{i:03d}_w{j:03d}"] for j in range(len(shapes))] for i in range(members)]


def _calibration_forms(data: bytes, path: Path, manifest: Manifest, members: int) -> dict[str, Form]:
    """Return which arrays there must be, from how many levels and probes there are."""
    forms, network = read_forms(data, path), manifest.network.reading(manifest.window)
    levels, probes = (_length(forms.get(name)) for name in ("levels", "probe_inputs"))
    if not 1 <= levels <= MOST_LEVELS or not 1 <= probes <= MOST_PROBES:
        raise ModelError(f"{path}: {levels} levels and {probes} probes, expected at least one of each")
    return {
        **forms_of(manifest.fit.intervals, levels, network.window.horizon),
        "probe_inputs": Form("<f4", (probes, network.window.segments, network.window.channels)),
        "probe_outputs": Form("<f4", (probes, members, network.answers)),
    }


def _length(form: Form | None) -> int:
    return form.shape[0] if form and form.shape else 0


def _read_checked(path: Path, expected: FileFacts) -> bytes:
    data = read_own(path, expected.bytes)
    if len(data) != expected.bytes:
        raise ModelError(f"{path}: {len(data)} bytes, the manifest says {expected.bytes}")
    if sha256(data) != expected.sha256:
        raise ModelError(f"{path} was changed: its hash is not the manifest's")
    return data
