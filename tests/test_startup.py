"""What a fresh interpreter loads: help is instant, and forecasting needs no TensorFlow."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Protocol

ARRAYS = {"numpy", "pandas", "pyarrow"}
NETWORKS = {"keras", "onnx", "onnxruntime", "tensorflow", "tf2onnx"}


class Trained(Protocol):
    """What the fixture `trained` gives: a model folder with one small model, and the data that it was trained on."""

    models_dir: Path
    data: Path
    name: str


def loaded_by(*arguments: str) -> set[str]:
    """Run `forecast` with arguments in a fresh interpreter and return the top-level packages that it imported."""
    command = [sys.executable, "-X", "importtime", "-m", "forecaster", *arguments]
    debug = os.environ | {"FORECAST_DEBUG": "1"}  # else standard error is closed to what libraries write from C++
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=debug)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(re.findall(r"^import time:.*\| +(\w+)", done.stderr, re.MULTILINE))


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_by("--help")
    assert {"forecaster", "typer"} <= loaded
    assert not loaded & (ARRAYS | NETWORKS)


def test_help_of_a_command_loads_nothing_heavy() -> None:
    assert not loaded_by("train", "--help") & (ARRAYS | NETWORKS)


def test_version_loads_no_rich_either() -> None:
    assert not loaded_by("--version") & (ARRAYS | NETWORKS | {"rich"})


def test_predict_needs_no_tensorflow(trained: Trained, tmp_path: Path) -> None:
    output = tmp_path / "forecasts.csv"
    model = ("--model", trained.name, "--models-dir", str(trained.models_dir))
    loaded = loaded_by("predict", str(trained.data), *model, "--output", str(output))
    assert "onnxruntime" in loaded
    assert not loaded & {"keras", "pandas", "tensorflow", "tf2onnx"}
    assert output.stat().st_size > 0


def test_evaluate_needs_no_tensorflow(trained: Trained, tmp_path: Path) -> None:
    output = tmp_path / "predictions.csv"
    model = ("--model", trained.name, "--models-dir", str(trained.models_dir))
    loaded = loaded_by("evaluate", str(trained.data), *model, "--predictions", str(output))
    assert "onnxruntime" in loaded
    assert not loaded & {"keras", "tensorflow", "tf2onnx", "pandas"}
    assert output.stat().st_size > 0


def test_comparing_simple_kinds_needs_no_tensorflow(trained: Trained) -> None:
    loaded = loaded_by("compare", str(trained.data), "--models", "naive,drift")
    assert not loaded & {"keras", "tensorflow", "tf2onnx", "statsforecast"}


def test_check_needs_no_network(trained: Trained) -> None:
    assert not loaded_by("check", str(trained.data)) & NETWORKS


def test_explain_needs_no_tensorflow_and_matplotlib_only_for_a_picture(trained: Trained) -> None:
    model = ("--model", trained.name, "--models-dir", str(trained.models_dir))
    loaded = loaded_by("explain", str(trained.data), *model, "--leads", "1")
    assert "onnxruntime" in loaded
    assert not loaded & {"keras", "matplotlib", "pandas", "tensorflow", "tf2onnx"}
