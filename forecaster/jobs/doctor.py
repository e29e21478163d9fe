"""Whether this machine is fit to train and to forecast, and how fast it is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecaster.base.errors import AccessError, ForecastError, OutputError, ResourceError
from forecaster.base.machine import find_versions, processor, stray_settings, usable_cores
from forecaster.base.runtime import prepare_keras
from forecaster.jobs.events import Events
from forecaster.jobs.names import models_folder


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What was found.

    Attributes:
        versions: Name → version, None where it is not installed.
        features: Instructions of the processor that make networks fast.
        cores: That this process may use.
        cudnn: Why cuDNN's LSTM kernel does not run, or None where it does.
        step_times: Device → seconds of a training step of the default network.
        models: Folder of all models.
        notes: What is odd and does no harm.
        fault: What keeps `train` or `predict` from working; None where nothing does.
    """

    versions: dict[str, str | None]
    processor: str
    features: list[str]
    cores: int
    gpus: list[str]
    cudnn: str | None
    step_times: dict[str, float]
    models: Path
    notes: list[str]
    fault: ForecastError | None

    @property
    def auto(self) -> str:
        """What `--device auto` takes."""
        return "gpu" if self.gpus else "cpu"

    def summary(self) -> dict[str, Any]:
        """Return the result as JSON-safe data."""
        return {
            "fit": self.fault is None,
            "fault": None if self.fault is None else self.fault.line(),
            "versions": self.versions,
            "processor": {"name": self.processor, "features": self.features, "cores": self.cores},
            "gpus": self.gpus,
            "cudnn_lstm": {"runs": self.cudnn is None, "reason": self.cudnn},
            "step_seconds": {device: round(seconds, 6) for device, seconds in self.step_times.items()},
            "device_auto": self.auto,
            "models_dir": str(self.models),
            "notes": self.notes,
        }


def diagnose(models_dir: Path | None, events: Events = Events()) -> Diagnosis:
    """Look at packages, processor, GPUs and the folder of models, and time some training steps on each device.

    Raises:
        ResourceError: TensorFlow cannot be loaded.
    """
    folder, notes = models_folder(models_dir), []
    name, features = processor()
    if features and "avx" not in features and "sse4_2" in features:  # TensorFlow would end the process
        raise ResourceError(f"the processor ({name}) has no AVX instructions, which TensorFlow needs")
    if stray := stray_settings(os.environ, Path.home()):
        notes.append(f"{', '.join(stray)}: settings of Keras, without effect here")
    prepare_keras()
    events.on_share(0.1)
    try:
        from forecaster.training import stopwatch
    except ImportError as error:
        raise ResourceError(f"cannot be loaded: {error}", hint="pip install --force-reinstall tensorflow") from error
    gpus = stopwatch.gpu_names()
    times = {}
    for done, device in enumerate(["gpu", "cpu"] if gpus else ["cpu"], 1):
        events.on_share(0.1 + 0.3 * done)
        times[device] = stopwatch.step_time(device)
    if gpus and times["cpu"] < times["gpu"]:
        notes.append("the CPU is faster than the GPU for the default network: train with --device cpu")
    return Diagnosis(
        versions=find_versions(),
        processor=name,
        features=features,
        cores=usable_cores(),
        gpus=gpus,
        cudnn=stopwatch.try_cudnn(),
        step_times=times,
        models=folder,
        notes=notes,
        fault=fault_of(folder),
    )


def fault_of(folder: Path) -> ForecastError | None:
    """Return why no model could be published in a folder, which need not exist yet; None where one could."""
    nearest = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not nearest.is_dir():
        return OutputError(f"the folder of models cannot be {folder}: {nearest} is a file", hint="Give --models-dir")
    if not os.access(nearest, os.W_OK | os.X_OK):
        return AccessError(f"the folder of models, {folder}, cannot be written", hint="Give --models-dir")
    return None
