"""`forecast demo`: a file, a model, a forecast and a picture, and the commands that make them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster.cli import demo
from forecaster.config import TrainSettings
from tests.cli.conftest import Run, Seen

FILES = {"co2_monthly.csv", "co2_forecasts.csv", "co2_forecasts.svg", "models"}


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the demonstration train for two steps."""
    monkeypatch.setattr(demo, "TrainSettings", lambda preset: TrainSettings(preset=preset, steps=2))


def test_a_person_sees_commands_and_files(see: Callable[..., Seen]) -> None:
    seen = see("demo")
    assert seen.code == 0
    for command in (
        "$ forecast train co2_monthly.csv --horizon 24 --preset fast",
        "$ forecast predict --model co2_monthly --output co2_forecasts.csv",
        "$ forecast plot --model co2_monthly --output co2_forecasts.svg",
    ):
        assert command in seen.stderr
    assert "next           forecast train YOUR_FILE.csv" in seen.stdout
    assert {path.name for path in Path().iterdir()} == FILES
    assert len(Path("co2_forecasts.csv").read_text("utf-8").splitlines()) == 25
    assert Path("co2_forecasts.svg").read_text("utf-8").startswith("<?xml")


def test_json_where_it_is_asked_for_and_a_second_time_is_refused(run: Run) -> None:
    done = run("demo", "--format", "json", "--models-dir", "m")
    assert done.exit_code == 0
    assert {*done.stderr.splitlines()} <= {"forecast: warning: 11 missing values inside: filled, first in line 4"}
    found = json.loads(done.stdout)
    assert (found["model"], found["version"], found["rows"]) == ("co2_monthly", "v000001", 24)
    assert {path.name for path in Path().iterdir()} == FILES - {"models"} | {"m"}
    again = run("demo")
    assert (again.exit_code, again.stdout) == (73, "")
    assert again.stderr == (
        "forecast: error[OUTPUT]: co2_forecasts.csv exists, and the demonstration overwrites nothing. "
        "Run it in an empty folder: mkdir demo && cd demo && forecast demo\n"
    )
