"""`forecast report`: what it tells the job, and what it shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.cli import log
from forecaster.config import BacktestSettings, ReportSettings
from tests.cli.conftest import Run, Seen
from tests.conftest import Trained, run_forecast


@pytest.fixture
def command(trained: Trained) -> tuple[object, ...]:
    return ("report", trained.data, "--models-dir", trained.models_dir, "--windows", "3", "--step", "2")


def test_the_job_is_told_every_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(jobs, "report", lambda job, events: told.append(job))
    monkeypatch.setattr(log, "clock", lambda: None)
    run(
        *"report x.csv --model m@v000002 --models-dir d --horizon 2 --levels 50,90 --windows 7 --step 3".split(),
        *"--output p.html".split(),
    )
    assert told == [
        jobs.ReportJob(
            data="x.csv",
            models_dir=Path("d"),
            settings=ReportSettings(model="m@v000002", horizon=2, levels="50,90", output=Path("p.html")),
            backtest=BacktestSettings(windows=7, step=3),
        )
    ]


def test_silence_off_a_terminal(run: Run, command: tuple[object, ...]) -> None:
    done = run(*command)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert Path("report.html").read_text("utf-8").startswith("<!doctype html>")


def test_json_where_it_is_asked_for(run: Run, command: tuple[object, ...]) -> None:
    shown = json.loads(run(*command, "--format", "json", "-o", "p.html").stdout)
    assert (shown["output"], shown["bytes"]) == ("p.html", Path("p.html").stat().st_size)


@pytest.mark.parametrize("width", [40, 80])
def test_what_a_person_sees(see: Callable[..., Seen], command: tuple[object, ...], width: int) -> None:
    seen = see(*command, width=width)
    assert seen.code == 0
    assert max(map(len, seen.stdout.splitlines())) <= width
    shown = " ".join(seen.stdout.split())
    assert "windows held out in training." in shown
    assert "file report.html," in shown


def test_series_without_a_window_exit_with_3(run: Run, trained: Trained, tmp_path: Path) -> None:
    data = tmp_path / "shops.csv"
    data.write_text(trained.data.read_text() + "tiny,2024-01-01,5\ntiny,2024-01-02,6\n")
    done = run("report", data, "--models-dir", trained.models_dir)
    assert done.exit_code == 3
    assert done.stderr.splitlines()[-1].startswith("forecast: warning: 1 series skipped: tiny")
    assert "too short for a cutoff" in Path("report.html").read_text("utf-8")


def test_from_stdin_in_a_process_of_its_own(trained: Trained, tmp_path: Path) -> None:
    """The data is read once, though both the scores and the verdict on the file need it."""
    import subprocess
    import sys

    command = [sys.executable, "-m", "forecaster", "report", "-", "--model", "shops", "--models-dir"]
    with trained.data.open("rb") as data:
        done = subprocess.run(
            [*command, str(trained.models_dir)], stdin=data, cwd=tmp_path, capture_output=True, check=False, timeout=300
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "report.html").exists()


def test_tensorflow_is_not_needed(command: tuple[object, ...], tmp_path: Path) -> None:
    done = run_forecast(*map(str, command), cwd=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert not [line for line in done.stderr.splitlines() if line.split("|")[-1].strip() in ("tensorflow", "keras")]
    assert not [line for line in done.stderr.splitlines() if line.split("|")[-1].strip() == "matplotlib.pyplot"]
