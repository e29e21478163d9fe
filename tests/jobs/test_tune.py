"""A search as a command: what it publishes, and how it is gone on with."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forecaster.base.errors import TryAgainError, UsageError
from forecaster.base.files import locked
from forecaster.config import FitSettings, ModelSettings, TuneSettings
from forecaster.config.jobfile import read_settings
from forecaster.jobs import Events, TrainJob, TuneJob, tune
from tests.conftest import monthly_csv

FIT = FitSettings(steps=4, ensemble=1, preset="fast")


MODEL = ModelSettings(horizon=4, units=4, layers=1)


def job_of(folder: Path, **settings: Any) -> TuneJob:
    options = {"trials": 2, "output": folder / "tuned.toml"} | settings
    return TuneJob(
        data=str(monthly_csv(folder / "sales.csv", 160)),
        settings=TuneSettings(**options),
        model=MODEL,
        fit=FIT,
        models_dir=folder / "models",
        lock_wait=0.0,
    )


def test_a_search_publishes_settings_that_train_takes(tmp_path: Path) -> None:
    rows: list[Any] = []
    job = job_of(tmp_path)
    result = tune(job, Events(on_trial=rows.append))
    assert [row.number for row in rows] == [1, 2]
    assert not rows[0].changed
    assert result.default_error == rows[0].error
    read = read_settings(tmp_path / "tuned.toml", TrainJob)
    assert read["data"] == "sales.csv"
    assert {"lookback", "segment", "learning-rate", "loss"} <= set(read)
    assert (read["horizon"], read["units"], read["steps"]) == (4, "4", 4)
    assert result.error == min(row.error for row in rows if row.error is not None)
    told = result.summary()
    assert told["unseen"]["windows"] == result.contest.windows > 0
    assert len(result.records()) == 2


@pytest.mark.slow
def test_a_search_is_gone_on_with(tmp_path: Path) -> None:
    started: list[bool | None] = []
    tune(job_of(tmp_path))
    result = tune(job_of(tmp_path, trials=3, resume=True), Events(on_start=started.append))
    assert (started, result.tried, len(result.trials)) == ([True], 3, 1)
    other = replace(job_of(tmp_path, resume=True), fit=replace(FIT, seed=2))
    tune(other, Events(on_start=started.append))
    assert started == [True, False]


def test_two_searches_in_one_file_wait_for_each_other(tmp_path: Path) -> None:
    job = job_of(tmp_path, storage=tmp_path / "s.db")
    with locked(tmp_path / "s.db.lock", 0), pytest.raises(TryAgainError):
        tune(job)


def test_the_data_file_is_never_overwritten(tmp_path: Path) -> None:
    for settings in ({"output": tmp_path / "sales.csv"}, {"storage": tmp_path / "sales.csv"}):
        with pytest.raises(UsageError, match="is the data file itself"):
            tune(job_of(tmp_path, **settings))


def test_without_optuna_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_of(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="forecast tune needs optuna"):
        tune(replace(job, data="nothing.csv"))


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_keeps_what_was_found(tmp_path: Path, number: signal.Signals, code: int) -> None:
    data, output = monthly_csv(tmp_path / "sales.csv", 160), tmp_path / "tuned.toml"
    command = [
        sys.executable,
        "-m",
        "forecaster",
        "tune",
        data,
        "--steps",
        "4",
        "--ensemble",
        "1",
        "--horizon",
        "4",
        "--trials",
        "1000",
        "--output",
        output,
        "--models-dir",
        tmp_path / "models",
    ]
    with subprocess.Popen([*map(str, command)], stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        until = time.monotonic() + 120
        while not output.exists() and time.monotonic() < until:
            time.sleep(0.2)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert "to continue, run it again with --resume" in said
    assert "lookback" in tomllib.loads(output.read_text())
