"""A search from the data file to the settings file."""

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

import numpy as np
import pytest

from forecaster.base.errors import DataError, TryAgainError, UsageError
from forecaster.base.files import locked
from forecaster.config import FitSettings, ModelSettings, TuneSettings
from forecaster.config.jobfile import read_settings
from forecaster.data.panel import panel_from_arrays
from forecaster.jobs import Events, TrainJob, TuneJob, tune
from forecaster.scoring.tuning import OutOfTimeError, Tuning
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


def tuning_of(**changes: Any) -> Tuning:
    steps = np.arange(160.0)
    values = 100 + 10 * np.sin(2 * np.pi * steps / 12) + np.random.default_rng(0).normal(size=160)
    return Tuning(panel_from_arrays([values], freq="MS"), 12, (replace(MODEL, **changes), FIT))


def test_the_search_sees_nothing_of_the_windows_at_the_end() -> None:
    tuning = tuning_of()
    first = tuning.origins.ends.min()
    assert len(tuning.known.values) == first
    assert np.array_equal(tuning.known.values, tuning.panel.values[:first])
    assert tuning.plan.held_out.all().ends.max() + tuning.horizon <= first


def test_what_comes_after_changes_no_trial() -> None:
    one, other = tuning_of(), tuning_of()
    other.panel.values[other.origins.ends.min() :] += 50.0
    assert list(one.rounds(one.settings, lambda: True)) == list(other.rounds(other.settings, lambda: True))


def test_all_settings_are_judged_on_the_same_windows() -> None:
    tuning = tuning_of()
    longer = (replace(tuning.settings[0], lookback=48, segment=4), FIT)
    assert len(list(tuning.rounds(longer, lambda: True))) == 1


def test_a_trial_ends_when_the_time_is_over() -> None:
    tuning = tuning_of()
    with pytest.raises(OutOfTimeError):
        list(tuning.rounds(tuning.settings, lambda: False))


def test_a_short_series_is_refused_with_what_was_kept_apart() -> None:
    with pytest.raises(DataError, match=r"beside the last .* that no search may see"):
        Tuning(panel_from_arrays([np.arange(24.0) % 5], freq="MS"), 1, (ModelSettings(horizon=8), FIT))


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
    assert "to go on, run it again with --resume" in said
    assert "lookback" in tomllib.loads(output.read_text())
