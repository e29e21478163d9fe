"""From a saved model to a file for another runtime, compared with the model before it is published."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from forecaster.base import files
from forecaster.base.errors import DataError, GateError, MissingError, OutputError, UsageError
from forecaster.base.meter import working
from forecaster.base.rowfile import check_promise
from forecaster.base.runtime import prepare_keras
from forecaster.config import ExportSettings, ReadSettings
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.jobs.brief import brief
from forecaster.jobs.events import Events
from forecaster.jobs.names import check_outputs, load_asked, models_folder, source_of
from forecaster.jobs.opening import check_unread
from forecaster.model import store
from forecaster.model.builtin import LONGEST_CONTEXT
from forecaster.model.companion import Share
from forecaster.model.features import feature_numbers
from forecaster.model.forecast import Predicted
from forecaster.model.graph import Raw, RawServer, drift, drifts, forecast_values, inputs_of, quantize_graph, raw_graph
from forecaster.model.origins import Cutoffs, Origins
from forecaster.model.predictor import leave_out_unreadable
from forecaster.model.pretrained.rhythm import rhythm
from forecaster.model.version import read_probe
from forecaster.model.windows import Floats, from_scale
from forecaster.scoring import metrics

TOLERANCES = {"onnx": 1e-4, "saved-model": 1e-4, "litert": 1e-3}
"""Largest difference from the model's own forecasts, in units of each window's scale; LiteRT has but float32."""

ENDINGS = {"onnx": ".onnx", "saved-model": "", "litert": ".tflite"}
MOST_WINDOWS = 2_000
"""Windows of the data, evenly spread over the whole of it: the cost at its end is not that of its history."""

FAR_OFF = 0.1
"""Share of a window's scale from which single answers that quantising moved are warned of."""

TIMES = 30
"""How often one window is forecast to measure the time that it takes."""

Ask = Callable[[Raw], Any]
"""N windows → forecasts [N, H]."""


@dataclass(frozen=True, kw_only=True)
class ExportJob:
    """All inputs of `export`.

    Attributes:
        data: Path of a data file whose windows are compared; None for the one that the model was trained on.
        reading: How the data is read for the built-in network; a saved model knows.
        models_dir: Folder of all models, or None for the default.
    """

    data: str | None = None
    settings: ExportSettings = field(default_factory=ExportSettings)
    reading: ReadSettings = field(default_factory=ReadSettings)
    models_dir: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What quantising took away, and what it gave.

    Attributes:
        mase: Before and after, on windows of the whole data.
        apart: How far forecasts moved, in units of each window's scale: on average, and the farthest of them.
        size: Bytes before and after.
        seconds: For one window, before and after.
    """

    mase: tuple[float, float]
    apart: tuple[float, float]
    size: tuple[int, int]
    seconds: tuple[float, float]

    @property
    def loss(self) -> float:
        """By which share MASE rose."""
        before, after = self.mase
        return after / before - 1.0 if before else 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportResult:
    """A published export.

    Attributes:
        windows: How many windows were compared.
        context: C, values that the pretrained network reads; 0 where the export holds the trained networks alone.
        drift: Largest difference from the model's forecasts, in units of each window's scale.
        size: Bytes of all that was written.
        cost: Of quantising, where that was asked.
    """

    model: store.SavedModel
    settings: ExportSettings
    output: Path
    windows: int
    context: int = 0
    drift: float = 0.0
    size: int = 0
    cost: Cost | None = None

    __repr__ = brief

    @property
    def reads(self) -> int:
        """How many values of each series it takes."""
        return self.context or self.model.window.lookback

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to warn of: that `predict` forecasts otherwise."""
        companion, notes = self.model.companion, list[str]()
        if companion is not None and not self.context:
            notes.append(f"{alone_in(companion.share)}: for one that forecasts alike, train with --from none")
        if self.cost is not None and self.cost.apart[1] > FAR_OFF:
            mean, most = (f"{100 * share:.2g} %" for share in self.cost.apart)
            notes.append(
                f"quantising moves single forecasts by up to {most} of a window's scale, and by {mean} on average"
            )
        return tuple(notes)

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        return {
            "model": self.model.name,
            "version": self.model.version,
            "format": self.settings.format,
            "output": str(self.output),
            "bytes": self.size,
            "lookback": self.reads,
            "inputs": inputs_of(self.model.encodings),
            "horizon": self.model.window.horizon,
            "windows": self.windows,
            "drift": self.drift,
            "tolerance": None if self.cost else TOLERANCES[self.settings.format],
            "quantize": self.settings.quantize,
            "cost": self.cost and {**vars(self.cost), "loss": self.cost.loss},
        }


def export(job: ExportJob, events: Events = Events()) -> ExportResult:
    """Write a saved model for another runtime, once its forecasts there were compared with its own.

    Raises:
        GateError: It forecasts something else there, or quantising costs too much; nothing was published.
        ForecastError: Of the kind that says what else went wrong; nothing was published.
    """
    settings = job.settings
    check_settings(settings)
    model = load_asked(models_folder(job.models_dir), settings.model, job.data)
    check_unread(model.name, job.reading)
    check_share(model, settings)
    output = settings.output or Path(f"{model.name}{ENDINGS[settings.format]}")
    panel = _read(job, model, output, events)
    if settings.format == "saved-model":
        check_free(output)
    else:
        check_promise(output, "--output", ENDINGS[settings.format])
        files.check_writable(output)
    context = context_of(model, settings, panel)
    measured = None if panel is None else windows_of(model, panel, context)
    if measured is None and (settings.quantize or model.encodings):
        raise DataError(
            f"no series has the {model.window.lookback + model.window.horizon} steps that measuring needs",
            hint="Name a longer data file" + (", or leave out --quantize" if settings.quantize else ""),
        )
    raw = probe_of(model, measured, context)
    publish = _publish_folder if settings.format == "saved-model" else _publish_file
    result = ExportResult(model=model, settings=settings, output=output, windows=len(raw), context=context)
    with working(f"making {settings.format}"):
        return publish(result, raw, measured)


def check_settings(settings: ExportSettings) -> None:
    """Refuse settings that do not fit each other, or a saved model.

    Raises:
        UsageError: They do not.
    """
    if settings.horizon is not None:
        raise UsageError(
            "--horizon is for the built-in network: a saved model is exported with that of its training",
            hint="Leave it out, or train for another horizon",
        )
    if settings.quantize and settings.format == "saved-model":
        raise UsageError("--quantize is for ONNX and LiteRT", hint="Use --format onnx or --format litert")
    if settings.quantize == "int8" and settings.format == "litert":
        raise UsageError(
            "--quantize int8 --format litert would put the scaling of the windows into 8 bits as well",
            hint="Use --quantize dynamic",
        )


def alone_in(share: Share) -> str:
    """Return in words that an export is not the whole forecast."""
    return f"the export holds the networks trained here alone, and the forecast is {share.describe()}"


def check_share(model: store.SavedModel, settings: ExportSettings) -> None:
    """Refuse a model of whose forecasts the pretrained network has a share, where no export can hold both parts.

    What the pretrained network reads is recorded as operators of ONNX; for TensorFlow there is no such record.

    Raises:
        GateError: It has one, another format than ONNX is asked for, and not the trained part alone.
        UsageError: It has one and is to be quantised; or it has none in the export, and a context is asked for.
    """
    if model.companion is None or settings.trained_part:
        if settings.context is not None:
            fault = "--context is for the pretrained network, which has no share in this export"
            raise UsageError(fault, hint="Leave it out")
        return
    if settings.format != "onnx":
        raise GateError(
            f"nothing was published: as {settings.format}, {alone_in(model.companion.share)}",
            hint="Use --format onnx, which holds both, or add --trained-part",
        )
    if settings.quantize:
        raise UsageError(
            "--quantize is for the networks trained here, and the pretrained network has a share in the forecasts",
            hint="Leave out --quantize, or add --trained-part",
        )


def context_of(model: store.SavedModel, settings: ExportSettings, panel: Panel | None) -> int:
    """Return how many values the pretrained network reads in the export; 0 where it has no share in it.

    As many segments as the longest series fills are read: a shorter series is read in these too.
    """
    if model.companion is None or settings.trained_part:
        return 0
    shape = rhythm(model.companion.share.seasons)
    longest = settings.context or (model.window.lookback if panel is None else int(panel.lengths.max()))
    whole = settings.context or min(LONGEST_CONTEXT, shape.bucket(longest) * shape.segment)
    return max(whole, model.window.lookback)


def check_free(output: Path) -> None:
    """Refuse to write a folder where something is.

    Raises:
        OutputError: There is something, or no folder to hold it.
    """
    if output.exists() or output.is_symlink():
        raise OutputError(f"{output} already exists: a SavedModel is a new folder", hint="Name another with --output")
    files.check_writable(output)


def check_drift(model: store.SavedModel, settings: ExportSettings, raw: Raw, ask: Ask) -> float:
    """Return how far an export is from the model, in units of each window's scale.

    Raises:
        GateError: Further than the tolerance.
    """
    ours = forecast_values(model, raw, trained_part=settings.trained_part)
    apart, allowed = drift(model, raw, ours, ask(raw)), TOLERANCES[settings.format]
    if not apart <= allowed:
        raise GateError(
            f"nothing was published: as {settings.format}, {model.name} {model.version} forecasts {apart:.2g} of a "
            f"window's scale off, allowed {allowed:g}",
            hint="Use --format onnx" if settings.format != "onnx" else "Train it again: forecast train DATA",
        )
    return apart


def check_cost(cost: Cost, settings: ExportSettings) -> None:
    """Refuse a quantised model that forecasts too much worse.

    Raises:
        GateError: Its MASE is higher by more than `--max-loss`.
    """
    if not cost.loss <= settings.max_loss:
        before, after = cost.mase
        raise GateError(
            f"nothing was published: quantising raises MASE from {before:.4g} to {after:.4g}, by "
            f"{100 * cost.loss:.1f} %, allowed {100 * settings.max_loss:g} %",
            hint="Use --quantize dynamic, none, or a higher --max-loss",
        )


def probe_of(model: store.SavedModel, measured: Measured | None, context: int = 0) -> Raw:
    """Return the windows to compare on: those of the data, and those of the version's probe, which has no features."""
    if measured is not None and model.encodings:
        return measured.raw
    probe = probe_values(model)
    if context > probe.shape[1]:
        probe = np.pad(probe, ((0, 0), (context - probe.shape[1], 0)), constant_values=np.nan)
    return Raw(probe if measured is None else np.concatenate([probe, measured.raw.values]))


def probe_values(model: store.SavedModel) -> Floats:
    """Return raw values [n, L] whose shapes are those of the version's probe, at levels small and large."""
    shape = model.window
    scaled = read_probe(model)[:, :, : shape.segment].reshape(-1, shape.lookback).astype(np.float64)
    levels = ((0.05, 6.0), (0.5, 1.0)) if shape.transform == "log" else ((1.0, 8.0), (1e3, 1e4))
    return np.concatenate([from_scale(level + spread * scaled, shape) for spread, level in levels])


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """Windows of a data file.

    Attributes:
        raw: The windows.
        origins: Where they end.
    """

    panel: Panel
    raw: Raw
    origins: Origins
    horizon: int

    def mase(self, ask: Ask, season: int) -> float:
        """Return the MASE of what is forecast after the windows; MAE where that is undefined."""
        predicted = Predicted(values=ask(self.raw))
        row = metrics.score(metrics.Evaluation.of(self.panel, self.origins, season, predicted))
        return float((row["mae"] if row["mase"] is None else row["mase"]) or 0.0)


def windows_of(model: store.SavedModel, panel: Panel, context: int = 0) -> Measured | None:
    """Return windows of the data with a whole lookback before them and a horizon after; None where there is none.

    Where the pretrained network reads more, `context` values are before them, NaN before their series begins.
    """
    shape, starts = model.window, panel.offsets[:-1]
    count = np.maximum(panel.lengths - shape.lookback - shape.horizon + 1, 0)
    origins = Cutoffs(starts=starts, first=starts + shape.lookback, count=count).spread(MOST_WINDOWS)
    if not len(origins):
        return None
    values = values_before(panel, origins, context or shape.lookback)
    raw = Raw(values)
    if model.encodings:
        features, static = feature_numbers(panel, model.encodings, origins, shape)
        raw = Raw(values, features if features.shape[-1] else None, static if static.shape[-1] else None)
    return Measured(panel=panel, raw=raw, origins=origins, horizon=shape.horizon)


def values_before(panel: Panel, origins: Origins, steps: int) -> Floats:
    """Return so many values before each origin [N, steps], oldest first; NaN before its series begins."""
    wanted, starts = origins.ends[:, None] + np.arange(-steps, 0), origins.starts[:, None]
    return np.where(wanted >= starts, panel.values[np.maximum(wanted, starts)], np.nan)


def _read(job: ExportJob, model: store.SavedModel, output: Path, events: Events) -> Panel | None:
    """Return the data to compare on; None where none was named and that of the training does not exist any more."""
    check_outputs({"--output": output}, job.data or model.manifest.data.source)
    needed = job.settings.quantize or model.encodings
    if job.data is None and not needed and not Path(model.manifest.data.source).is_file():
        return None
    try:
        panel = read_panel(source_of(model, job.data), ReadSettings(), model.schema)
    except MissingError as error:
        raise MissingError(error.message, hint="Name a data file: it is measured there") from None
    panel = leave_out_unreadable(model, panel, int(panel.lengths.max()))
    events.on_panel(panel)
    return panel


def _build(model: store.SavedModel, settings: ExportSettings, *, quantized: bool, raw: Raw) -> tuple[bytes, Ask]:
    """Return the bytes of an export, and what they forecast."""
    if settings.format == "onnx":
        data = raw_graph(model, raw.values.shape[1] if model.companion and not settings.trained_part else 0)
        if quantized and settings.quantize:
            data = quantize_graph(data, settings.quantize, raw)
        return data, RawServer(data).answer
    prepare_keras()
    from forecaster.training.lite import LiteServer, lite_file

    data = lite_file(model, quantized=quantized)
    return data, LiteServer(data).answer


def _publish_file(result: ExportResult, raw: Raw, measured: Measured | None) -> ExportResult:
    """Build an ONNX or LiteRT file, compare it, quantise it where that was asked, and write it."""
    model, settings, cost = result.model, result.settings, None
    data, ask = _build(model, settings, quantized=False, raw=raw)
    apart = check_drift(model, settings, raw, ask)
    if settings.quantize and measured is not None:
        plain, before = data, ask
        data, ask = _build(model, settings, quantized=True, raw=measured.raw)
        moved = drifts(model, measured.raw, before(measured.raw), ask(measured.raw))
        cost = Cost(
            apart=(float(moved.mean()), float(moved.max())),
            mase=(measured.mase(before, model.season), measured.mase(ask, model.season)),
            size=(len(plain), len(data)),
            seconds=(_seconds(before, raw[:1]), _seconds(ask, raw[:1])),
        )
        check_cost(cost, settings)
        apart = drift(model, raw, forecast_values(model, raw, trained_part=settings.trained_part), ask(raw))
    files.write_file(result.output, data)
    return replace(result, drift=apart, size=len(data), cost=cost)


def _publish_folder(result: ExportResult, raw: Raw, _: Measured | None) -> ExportResult:
    """Build a SavedModel next to its place, compare it, and rename it."""
    prepare_keras()
    from forecaster.training.lite import ask_tensorflow, save_tensorflow

    with files.building_folder(result.output) as built:
        save_tensorflow(result.model, built)
        apart = check_drift(result.model, result.settings, raw, partial(ask_tensorflow, built))
        size = sum(path.stat().st_size for path in built.rglob("*") if path.is_file())
    return replace(result, drift=apart, size=size)


def _seconds(ask: Ask, raw: Raw) -> float:
    """Return the median time of forecasting these windows."""
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        ask(raw)
        times.append(time.perf_counter() - began)
    return float(np.median(times))
