"""Training steps on several devices do what they do on one; mixed precision comes as near as bfloat16 lets it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecaster.base.runtime import prepare_keras
from forecaster.config import ModelSettings, Precision, TrainSettings
from forecaster.data.panel import panel_from_arrays
from forecaster.model.plan import Plan
from forecaster.model.planner import make_plan

prepare_keras()

import tensorflow as tf  # noqa: E402

from forecaster.training import fit as training  # noqa: E402
from forecaster.training.network import build_network, computing_in  # noqa: E402
from forecaster.training.steps import Spread, spread_over  # noqa: E402

WAVE = 50 + 10 * np.sin(np.arange(200) / 4) + np.random.default_rng(0).normal(0, 2, 200)


def plan_of(**train: object) -> Plan:
    model = ModelSettings(horizon=4, lookback=20, segment=5, units=8, layers=2, dropout=0.0)
    settings = TrainSettings(**{"steps": 40, "ensemble": 1, "batch_size": 16, "preset": "fast", **train})  # type: ignore[arg-type]
    return make_plan(panel_from_arrays([WAVE]), 10, model, settings)


def losses(plan: Plan) -> list[float]:
    seen: list[training.Progress] = []
    training.train_ensemble(panel_from_arrays([WAVE]), plan, "cpu", seen.append)
    return [progress.loss for progress in seen]


def test_one_device_needs_no_strategy() -> None:
    assert spread_over().strategy is None


@pytest.mark.slow
def test_a_strategy_of_one_device_trains_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(schedule="plateau")
    alone = losses(plan)
    monkeypatch.setattr(training, "spread_over", lambda: Spread(tf.distribute.MirroredStrategy(["CPU:0"])))
    assert losses(plan) == pytest.approx(alone, rel=1e-3)


TWO = """
import json, sys
from forecaster.base.runtime import prepare_keras
prepare_keras()
import tensorflow as tf
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
from forecaster.training import fit as training
from forecaster.training.steps import Spread
from tests.training.test_steps import losses, plan_of
result = [losses(plan_of(steps=60, batch_size=17))]
training.spread_over = lambda: Spread(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
result += [losses(plan_of(steps=60, batch_size=17))]
print(json.dumps(result))
"""


@pytest.mark.slow
def test_two_devices_train_as_one() -> None:
    """Each gets 8 or 9 windows of a batch of 17; that the mean gradient is theirs, the falling loss says."""
    command = [sys.executable, "-c", TWO]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    alone, together = json.loads(done.stdout)
    assert together == pytest.approx(alone, rel=0.05)
    assert together[-1] < together[0]


@pytest.mark.slow
def test_mixed_precision_trains_alike() -> None:
    plan = plan_of(precision="mixed")
    plan = replace(plan, network=replace(plan.network, cell="peephole", attention=True))
    whole = replace(plan, fit=replace(plan.fit, precision="float32"))
    mixed, exact = losses(plan), losses(whole)
    assert mixed == pytest.approx(exact, rel=0.1)
    assert mixed != exact


@pytest.mark.parametrize(("precision", "computes"), [("float32", "float32"), ("mixed", "bfloat16")])
def test_what_a_network_computes_in(precision: Precision, computes: str) -> None:
    with computing_in(precision):
        network = build_network(plan_of().network, 1)
    assert {layer.compute_dtype for layer in network.layers if layer.weights} == {computes}
    assert {weight.dtype for weight in network.trainable_variables} == {"float32"}
    assert network(np.zeros((3, 4, 6), np.float32)).dtype == "float32"
    assert build_network(plan_of().network, 1).layers[-1].compute_dtype == "float32"


def test_mixed_precision_on_a_cpu_is_warned_of() -> None:
    plan = plan_of(precision="mixed")
    assert list(plan.warnings("gpu")) == []
    assert list(plan.warnings("cpu")) == ["--precision mixed gains nothing on a CPU, where this was trained"]
    assert dict(plan.choices())["training"].endswith(", mixed precision")
