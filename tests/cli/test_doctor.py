"""`forecast doctor` as it is shown, and its exit codes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forecaster import jobs
from forecaster.base import machine
from forecaster.base.errors import ForecastError, OutputError


def found(fault: ForecastError | None = None, **others: Any) -> jobs.Diagnosis:
    facts: dict[str, Any] = {
        "versions": {"python": "3.11", "optuna": None},
        "processor": "Chip",
        "features": ["avx"],
        "cores": 2,
        "gpus": [],
        "cudnn": "TensorFlow sees no GPU",
        "step_times": {"cpu": 0.0125},
        "models": Path("models"),
        "notes": [],
    }
    return jobs.Diagnosis(**(facts | others), fault=fault)


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[jobs.Diagnosis], None]:
    return lambda diagnosis: monkeypatch.setattr(jobs, "diagnose", lambda folder, events: diagnosis)


def test_a_terminal_shows_a_table(see: Callable[..., Any], answer: Callable[..., None]) -> None:
    answer(found(notes=["$KERAS_HOME: settings of Keras"]))
    seen = see("doctor")
    assert seen.code == 0
    for text in ("not installed", "Chip, 2 cores: avx", "sees no GPU", "12.5 ms", "note: $KERAS_HOME", "Fit to train"):
        assert text in seen.stdout


def test_a_gpu_with_its_kernel_is_shown(see: Callable[..., Any], answer: Callable[..., None]) -> None:
    answer(found(gpus=["H200"], cudnn=None, step_times={"gpu": 0.002, "cpu": 0.02}))
    seen = see("doctor")
    assert "runs (proved with use_cudnn=True)" in seen.stdout
    assert "step on gpu" in seen.stdout


def test_a_pipe_gets_json_and_csv_rows(run: Callable[..., Any], answer: Callable[..., None]) -> None:
    answer(found())
    assert json.loads(run("doctor").stdout)["device_auto"] == "cpu"
    rows = list(csv.DictReader(io.StringIO(run("doctor", "--format", "csv").stdout)))
    assert {"field": "step_seconds.cpu", "value": "0.0125"} in rows


def test_a_fault_has_its_code(run: Callable[..., Any], answer: Callable[..., None]) -> None:
    answer(found(OutputError("the folder of models cannot be x")))
    done = run("doctor")
    assert (done.exit_code, json.loads(done.stdout)["fit"]) == (73, False)
    assert done.stderr.endswith("error[OUTPUT]: the folder of models cannot be x\n")


def test_a_missing_package_is_named_before_anything_is_loaded(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "find_spec", lambda name: None if name == "pyarrow" else 1)
    done = run("doctor")
    assert (done.exit_code, done.stdout) == (71, "")
    assert "not installed: pyarrow. pip install forecast-lstm" in done.stderr
