"""`forecast evaluate`: what it tells the job, and what it shows."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.config import BacktestSettings, EvaluateSettings, GateSettings
from tests.cli.conftest import Run, Seen
from tests.conftest import Trained, run_forecast

SEEN = "windows lie in the time that the model was trained on: their scores flatter it"


@pytest.fixture
def command(trained: Trained) -> tuple[object, ...]:
    return ("evaluate", trained.data, "--models-dir", trained.models_dir, "--windows", "3", "--step", "2")


def test_the_job_is_told_every_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(jobs, "evaluate", lambda job, events: told.append(job))
    run(
        *"evaluate x.csv --model m@v000002 --models-dir d --horizon 2 --levels 50,90 --windows 7 --step 3".split(),
        *"--predictions p.parquet --max-mase 1.5 --min-skill 0.1 --min-coverage 0.75".split(),
    )
    assert told == [
        jobs.EvaluateJob(
            data="x.csv",
            models_dir=Path("d"),
            settings=EvaluateSettings(model="m@v000002", horizon=2, levels="50,90", predictions=Path("p.parquet")),
            backtest=BacktestSettings(windows=7, step=3),
            gates=GateSettings(max_mase=1.5, min_skill=0.1, min_coverage=0.75),
        )
    ]


def test_json_off_a_terminal(run: Run, command: tuple[object, ...]) -> None:
    done = run(*command)
    shown = json.loads(done.stdout)
    assert (done.exit_code, shown["metrics"]["windows"], shown["step"]) == (0, 15, 2)
    assert done.stderr == f"forecast: warning: 15 of 15 {SEEN}\n"


def test_csv(run: Run, command: tuple[object, ...]) -> None:
    rows = list(csv.DictReader(run(*command, "--format", "csv").stdout.splitlines()))
    assert len(rows) == 2 * (1 + 14 + 5)
    assert (rows[0]["scope"], rows[0]["method"], rows[-1]["series"]) == ("overall", "model", "shop-4")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_what_a_person_sees(see: Callable[..., Seen], command: tuple[object, ...], width: int) -> None:
    seen = see(*command, "--predictions", "p.csv", width=width)
    assert seen.code == 0
    assert max(map(len, seen.stdout.splitlines())) <= width
    shown = " ".join(seen.stdout.split())
    assert "etter than seasonal naive" in shown
    assert "15 windows" in shown
    assert "cutoffs 2024-02-11 to 2024-02-15, every 2 steps" in shown
    assert "file p.csv" in shown
    assert "shop-3" in shown
    assert Path("p.csv").exists()


def test_a_gate_ends_in_one_line(run: Run, command: tuple[object, ...]) -> None:
    done = run(*command, "--max-mase", "0", "--predictions", "p.csv")
    assert (done.exit_code, done.stdout) == (4, "")
    assert done.stderr.startswith("forecast: error[GATE]: MASE is ")
    assert len(done.stderr.splitlines()) == 1
    assert not Path("p.csv").exists()


def test_series_without_a_window_exit_with_3(run: Run, trained: Trained, tmp_path: Path) -> None:
    data = tmp_path / "shops.csv"
    data.write_text(trained.data.read_text() + "tiny,2024-01-01,5\ntiny,2024-01-02,6\n")
    done = run("evaluate", data, "--models-dir", trained.models_dir)
    assert done.exit_code == 3
    assert json.loads(done.stdout)["skipped"] == [{"series": "tiny", "reason": "too short for one cutoff"}]
    assert done.stderr.splitlines()[-1].startswith("forecast: warning: 1 series skipped: tiny")


def test_in_a_process_of_its_own(command: tuple[object, ...], tmp_path: Path) -> None:
    done = run_forecast(*map(str, command), "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
