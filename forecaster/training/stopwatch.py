"""Seconds that a training step takes on a device, and which LSTM kernel runs there."""

from __future__ import annotations

import contextlib
import time

import keras
import numpy as np
import tensorflow as tf

from forecaster.config import Device, ModelSettings, TrainSettings
from forecaster.data.panel import Panel, panel_from_arrays
from forecaster.model.plan import Plan
from forecaster.model.planner import make_plan
from forecaster.training.fit import Progress, train_ensemble

CALLS = 5
"""Reports of the training that are waited for; the first holds the translation of the graph, and is not counted."""


class _EnoughError(Exception):
    """Enough steps were timed."""


def gpu_names() -> list[str]:
    """Return the names of the GPUs that TensorFlow sees."""
    gpus = tf.config.list_physical_devices("GPU")
    return [str(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)) for gpu in gpus]


def try_cudnn() -> str | None:
    """Run an LSTM that may use no other kernel than cuDNN's; return why it does not run, or None where it does."""
    if not tf.config.list_physical_devices("GPU"):
        return f"TensorFlow sees no GPU{'' if tf.test.is_built_with_cuda() else ', and is built without CUDA'}"
    try:
        with tf.device("/GPU:0"):
            keras.layers.LSTM(8, use_cudnn=True)(tf.zeros((2, 4, 8))).numpy()
    except (RuntimeError, ValueError, tf.errors.OpError) as error:
        return str(error).splitlines()[0][:300]
    return None


def default_plan() -> tuple[Panel, Plan]:
    """Return daily series, and the plan of the network that they get by default: what is timed."""
    rng, days = np.random.default_rng(0), np.arange(400)
    series = [100 + 10 * np.sin(2 * np.pi * days / 7) + rng.normal(size=len(days)) for _ in range(8)]
    panel = panel_from_arrays(series, freq="D")
    return panel, make_plan(panel, 7, ModelSettings(horizon=14), TrainSettings(steps=2000, ensemble=1, patience=0))


def step_time(device: str) -> float:
    """Return the seconds that one training step of the default network takes on `cpu` or `gpu`, the median of some."""
    panel, plan = default_plan()
    with tf.device(f"/{device.upper()}:0"):
        return time_steps(panel, plan, "auto")[0]


def time_steps(panel: Panel, plan: Plan, device: Device) -> tuple[float, int]:
    """Return the seconds that one training step of a plan takes, the median of some, and how many steps were timed.

    The training is given up after `CALLS` reports; a shorter one is done to its end.
    """
    times, steps = [time.monotonic()], [0]

    def note(progress: Progress) -> None:
        times.append(time.monotonic())
        steps.append(progress.step)
        if len(times) > CALLS:
            raise _EnoughError

    with contextlib.suppress(_EnoughError):
        train_ensemble(panel, plan, device, note)
    taken, done = np.diff(times), np.diff(steps)
    counted = (done > 0) & (np.arange(len(done)) > 0)  # each network counts its steps from 0, and the first translates
    if not counted.any():
        return float(taken.sum() / max(done.clip(0).sum(), 1)), int(max(steps))
    return float(np.median(taken[counted] / done[counted])), int(done[counted].sum())
