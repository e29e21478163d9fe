"""Manifest: what a version says of itself. A closed schema, sealed with its own hash.

Everything that a model's folder holds is named in its manifest with size and hash, and the last line of the manifest
is the hash of all before it: a byte that changed anywhere is found before anything is parsed.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path

from forecaster.base.errors import ModelError
from forecaster.base.files import sha256
from forecaster.base.records import Json, Limits, build, dump, parse, to_json
from forecaster.config import Activation, Cell, ModelSettings, TrainSettings
from forecaster.data.schema import Schema
from forecaster.model.companion import Share
from forecaster.model.features import SOURCES, Encoding, sizes
from forecaster.model.plan import FitShape, NetworkShape
from forecaster.model.windows import WindowShape

FORMAT = 2
"""Version of the layout; a newer one is refused, an older one is read for ever. Format 1 was before any release."""

FILES = ("metrics.json", "network.onnx", "weights.npz", "calibration.npz")
PRETRAINED = "pretrained.onnx"
"""A file that versions have besides these where the pretrained network has a share in their forecasts."""


OF_WINDOW = ("segments", "channels", "horizon", "past", "future", "static")
"""What a manifest says of a network that its window decides."""

_SEAL = re.compile(rb',\n "sha256": "([0-9a-f]{64})"\n}\n\Z')
_OTHER_LIMITS: dict[str, tuple[float | None, float | None]] = {
    "season": (1, None),
    "steps": (1, None),
    "members": (1, 50),
    "segments": (1, 100_000),
    "channels": (1, 1_000_000),
    "floor": (0, None),
    "smoothing": (0, 1),
    "trust": (0, 1),
    "quantiles": (0, 100),
    "draws": (0, 1_000),
    "past": (0, 1_000_000),
    "future": (0, 1_000_000),
    "static": (0, 1_000_000),
    "deviation": (1e-300, None),
    "bytes": (0, 2**33),
    "rows": (1, None),
    "series": (1, None),
    "skipped": (0, None),
    "pretrained": (0, 1),
    "trained": (0, 1),
    "seasons": (1, 1_000_000),
    "errors": (0, None),
}
LIMITS: Limits = {
    f.name: (f.metadata["min"], f.metadata["max"]) for owner in (ModelSettings, TrainSettings) for f in fields(owner)
} | _OTHER_LIMITS
"""Bounds of numbers by name: those of the settings, and of what follows from them."""

Row = dict[str, float | None]


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """A file of a version: its hash and its size."""

    sha256: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """The data that a version was trained on.

    Attributes:
        source: Absolute path, or `-` for standard input.
        sha256: Hash of the file.
        rows: Rows of the file.
        series: S, how many series.
        frequency: Alias.
        skipped: Series that were left out.
        last: The latest stamp of all series, as it is written in the file.
        last_stamp: The same as a number: nanoseconds in UTC, or itself for an integer index.
        findings: What was odd in the file, or repaired.
        ids: Names of the series, where there are at most 10,000; else empty.
        ends: The last stamp of each of them, as `last_stamp`.
    """

    source: str
    sha256: str
    rows: int
    series: int
    frequency: str
    skipped: int
    last: str | None = None
    last_stamp: int | None = None
    findings: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Look:
    """A look at the held-out windows while training."""

    member: int
    step: int
    loss: float
    held_out: float


@dataclass(frozen=True, kw_only=True)
class TrainingFacts:
    """What a version was made from, and how its training went.

    Attributes:
        created: When, ISO 8601; may be empty.
        data: The data that it was trained on.
        parent: The version whose weights the training began with, as NAME@VERSION.
        teacher: The version whose forecasts it was fitted to.
        device: What it was trained on: `cpu` or `gpu`.
        best_steps: Steps after which the held-out loss was lowest, one for each network.
        curve: The looks at the held-out windows.
        packages: Versions of the packages that trained it.
    """

    created: str
    data: DataFacts
    parent: str | None = None
    teacher: str | None = None
    device: str
    best_steps: list[int]
    curve: list[Look]
    packages: dict[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """How good the version is on windows that it did not see, as `backtest.measure` returns it."""

    windows: int
    season_length: int
    levels: list[float]
    baseline_name: str
    skill: float | None
    model: Row
    baseline: Row
    by_lead: dict[str, list[float | None]]


@dataclass(frozen=True, kw_only=True)
class NetworkFacts:
    """The architecture as a manifest holds it: `NetworkShape`, with what follows from its window written out.

    Attributes:
        segments, channels, horizon, past, future, static: As of `WindowShape`.
        units: U, width of each layer; one a layer where they differ.
        layers: Stacked recurrent layers.
        dropout, cell, residual, recall, trust, activation, bidirectional, attention, quantiles, draws: As of
            `NetworkShape`.
        base: As of `WindowShape`, where there are features that are known ahead.
    """

    segments: int
    channels: int
    horizon: int
    units: int | tuple[int, ...]
    layers: int
    dropout: float
    cell: Cell = "lstm"
    residual: bool = True
    recall: bool = False
    trust: float = 1.0
    activation: Activation = "tanh"
    bidirectional: bool = False
    attention: bool = False
    quantiles: tuple[float, ...] = ()
    draws: int = 0
    past: tuple[int, ...] = ()
    future: tuple[int, ...] = ()
    static: tuple[int, ...] = ()
    base: tuple[int, ...] = ()

    @classmethod
    def of(cls, network: NetworkShape) -> NetworkFacts:
        """Return what a manifest holds of an architecture."""
        own = {name: part for name, part in vars(network).items() if name not in ("window", "widths")}
        window = network.window
        return cls(
            **own,
            **{name: getattr(window, name) for name in OF_WINDOW},
            units=network.units,
            layers=network.layers,
            base=window.base if window.future else (),
        )

    def reading(self, window: WindowShape) -> NetworkShape:
        """Return the architecture of which this is held, for windows of a shape."""
        own = {f.name: getattr(self, f.name) for f in fields(NetworkShape) if f.name not in ("window", "widths")}
        widths = self.units if isinstance(self.units, tuple) else (self.units,) * self.layers
        return NetworkShape(**own, window=window, widths=widths)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The whole manifest.

    Attributes:
        format: Of the layout of the folder.
        name: The model.
        version: As the name of its folder: `v000001`.
        created, data, parent, teacher, device, best_steps, curve, packages: As of `TrainingFacts`.
        season: m, season length of the data in steps.
        encodings: How each feature is written as a number.
        companion: The share of the pretrained network; None where it has none.
        window: How windows are cut and scaled.
        network: The architecture.
        fit: How it was trained.
        schema: How its data file is read.
        metrics: How good it is.
        files: Hash and size of every other file.
        sha256: The hash of all before.
    """

    format: int
    name: str
    version: str
    created: str
    data: DataFacts
    parent: str | None = None
    teacher: str | None = None
    device: str
    best_steps: list[int]
    curve: list[Look]
    packages: dict[str, str | None]
    season: int
    encodings: tuple[Encoding, ...] = ()
    companion: Share | None = None
    window: WindowShape
    network: NetworkFacts
    fit: FitShape
    schema: Schema
    metrics: Metrics
    files: dict[str, FileFacts]
    sha256: str | None = None

    def to_json(self) -> Json:
        """Return it as its file holds it: what is optional and absent is left out."""
        optional: Json = {f.name: dump(f.default) for f in fields(self) if f.default is not MISSING}
        return {name: part for name, part in dump(self).items() if name not in optional or part != optional[name]}


def seal(manifest: Json) -> bytes:
    """Return a manifest's bytes, closed with the hash of everything before."""
    body = to_json(manifest).removesuffix(b"\n}\n")
    return b'%s,\n "sha256": "%s"\n}\n' % (body, sha256(body).encode())


def open_sealed(data: bytes, path: Path) -> Manifest:
    """Return the manifest in these bytes, checked: seal, format, every key and type, and that its parts fit together.

    Raises:
        ModelError: It was changed, is of a newer format, or is no manifest.
    """
    found = _SEAL.search(data)
    if found and sha256(data[: found.start()]) != found[1].decode():
        raise ModelError(f"{path} was changed: its hash is not the one in its last line")
    content = parse(data, path)
    _check_format(content, found is not None, path)
    manifest = build(Manifest, content, str(path), LIMITS)
    expected = (*FILES, PRETRAINED) if manifest.companion else FILES
    if set(manifest.files) != set(expected):
        raise ModelError(f"{path}: expected the files {', '.join(expected)}")
    _check_shapes(manifest, path)
    return manifest


def _check_format(content: Json, sealed: bool, path: Path) -> None:
    number = content.get("format")
    if not isinstance(number, int) or isinstance(number, bool):
        raise ModelError(f"{path}: not the manifest of a model")
    if number > FORMAT:
        packages = content.get("packages")
        writer = packages.get("forecast-lstm") if isinstance(packages, dict) else None
        raise ModelError(
            f"{path}: format {number} (forecast {str(writer)[:20]}), this version of forecast reads up to {FORMAT}",
            hint="Upgrade: pip install -U forecast-lstm",
        )
    if number < 2:
        raise ModelError(f"{path}: format {number} was before any release", hint="Train again: forecast train DATA")
    if not sealed:
        raise ModelError(f"{path} was changed: the hash in its last line is missing")


def _check_shapes(manifest: Manifest, path: Path) -> None:
    """Compare what the window, the network and the metrics say of each other."""
    window, network, metrics = manifest.window, manifest.network, manifest.metrics
    fits = (
        window.lookback % window.segment == 0
        and network == NetworkFacts.of(network.reading(window))
        and (window.past, window.future, window.static) == tuple(sizes(manifest.encodings, *of) for of in SOURCES)
        and all(1 <= lag <= window.lookback for lag in window.base)
        and (not window.smoothing or (len(window.smoothing) == 2 and window.smoothing[0] > 0))
        and {"mase", *(f"coverage-{level:g}" for level in metrics.levels)} <= metrics.model.keys()
        and "mase" in metrics.baseline
        and {"conformal": True, "quantile": bool(network.quantiles), "mc-dropout": network.draws > 0}[
            manifest.fit.intervals
        ]
    )
    if not fits:
        raise ModelError(f"{path}: window, network and metrics do not fit each other")
