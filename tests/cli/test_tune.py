"""`forecast tune`: what it tells the job, and what it shows."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecaster import jobs
from forecaster.config import FitSettings, ModelSettings, ReadSettings, TuneSettings, WorkerSettings
from forecaster.scoring import metrics
from forecaster.scoring.tuning import FinalTest
from tests.cli.conftest import Run, Seen, panel_of


def scores_of(error: float) -> metrics.Scores:
    actual = np.ones((6, 2))
    one = metrics.Evaluation(
        actual=actual, forecast=actual + error, scale=np.ones(6), rms_scale=np.ones(6), series=np.zeros(6, np.int64)
    )
    return metrics.score_against(one, actual + 2.0, 1)


def result_of(folder: Path, best: float = 0.5, interval: tuple[float, float] | None = (-0.7, -0.2)) -> jobs.TuneResult:
    values = {"lookback": 36, "learning_rate": 0.00213, "loss": "mae"}
    rows = [
        jobs.TrialRow(number=1, values=values, changed={}, state="complete", error=1.0, best=1.0, seconds=9.0),
        jobs.TrialRow(number=2, values=values, changed=values, state="pruned", error=1.2, best=1.0, seconds=3.0),
        jobs.TrialRow(number=3, values=values, changed=values, state="complete", error=0.6, best=0.6, seconds=9.0),
        jobs.TrialRow(number=4, values=values, changed=values, state="failed", error=None, best=0.6, seconds=1.0),
    ]
    return jobs.TuneResult(
        panel=panel_of(folder),
        values=values,
        error=0.6,
        default_error=1.0,
        horizon=2,
        tried=3,
        trials=rows,
        contest=FinalTest(default=scores_of(1.0), best=scores_of(best), windows=6, interval=interval),
        cutoffs=("2024-01-01", "2024-06-01"),
        storage=Path("models/x/TUNING"),
        output=Path("a b.toml"),
        seconds=22.0,
    )


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[jobs.TuneResult], None]:
    def put(result: jobs.TuneResult) -> None:
        def tune(job: jobs.TuneJob, events: jobs.Events, workers: WorkerSettings) -> jobs.TuneResult:
            events.on_panel(result.panel)
            events.on_start(job.settings.resume or None)
            for row in result.trials:
                events.on_trial(row)
            events.on_share(0.5)
            return result

        monkeypatch.setattr(jobs, "tune", tune)

    return put


def test_the_job_is_told_every_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(jobs, "tune", lambda job, events, workers: told.append(job))
    run(
        *"tune x.csv --search units,loss --trials 7 --time-limit 90 --storage s.db --resume --output o.toml".split(),
        *"--horizon 4 --freq D --units 8 --preset fast --seed 3 --models-dir m --lock-wait 2".split(),
    )
    settings = TuneSettings(
        search="units,loss", trials=7, time_limit=90.0, storage=Path("s.db"), resume=True, output=Path("o.toml")
    )
    assert told == [
        jobs.TuneJob(
            data="x.csv",
            settings=settings,
            reading=ReadSettings(freq="D"),
            model=ModelSettings(horizon=4, units="8"),
            fit=FitSettings(preset="fast", seed=3),
            models_dir=Path("m"),
            lock_wait=2.0,
        )
    ]


@pytest.mark.parametrize("width", [50, 80, 200])
def test_what_a_person_sees(see: Callable[..., Seen], answer: Callable[..., None], tmp_path: Path, width: int) -> None:
    answer(result_of(tmp_path))
    seen = see("tune", "x.csv", "--resume", width=width)
    assert seen.code == 0
    assert max(map(len, (seen.stdout + seen.stderr).splitlines())) <= width
    trials, shown = " ".join(seen.stderr.split()), " ".join(seen.stdout.split())
    assert "Continuing the search" in trials
    for text in ("none: these are the defaults", "given up: lookback 36", "failed: lookback 36", "0.6000", "9 s"):
        assert text in trials
    for text in ("learning-rate 0.00213", "50.0 % lower than that of the defaults: that is no accident", "'a b.toml'"):
        assert text in shown


@pytest.mark.parametrize(
    ("best", "interval", "said"),
    [
        (0.9, (-0.3, 0.1), "10.0 % lower than that of the defaults: that may be chance"),
        (0.9, None, "on too few windows to rule out chance"),
        (1.0, (0.0, 0.0), "Nothing better than the defaults was found"),
        (1.5, (0.1, 0.9), "50.0 % higher than that of the defaults: that is no accident"),
        (1.5, (0.1, 0.9), "Keep the defaults"),
    ],
)
def test_the_gain_is_not_made_larger_than_it_is(
    see: Callable[..., Seen], answer: Callable[..., None], tmp_path: Path, best: float, interval: Any, said: str
) -> None:
    answer(result_of(tmp_path, best, interval))
    assert said in " ".join(see("tune", "x.csv").stdout.split())


def test_off_a_terminal_nothing_is_printed(run: Run, answer: Callable[..., None], tmp_path: Path) -> None:
    answer(result_of(tmp_path))
    done = run("tune", "x.csv")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


def test_json_and_csv_where_they_are_asked_for(run: Run, answer: Callable[..., None], tmp_path: Path) -> None:
    answer(result_of(tmp_path))
    told = json.loads(run("tune", "x.csv", "--format", "json").stdout)
    assert told["unseen"]["judgement"] == "best"
    assert told["unseen"]["difference"] == pytest.approx(-0.5)
    assert told["best"] == {"lookback": 36, "learning-rate": 0.00213, "loss": "mae"}
    rows = list(csv.DictReader(run("tune", "x.csv", "--format", "csv").stdout.splitlines()))
    assert [row["state"] for row in rows] == ["complete", "pruned", "complete", "failed"]


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (("--search", "unit"), 2, "Did you mean units?"),
        (("--trials", "1"), 2, "--trials must be from 2"),
        (("--output", "nowhere/t.toml"), 73, "does not exist"),
        (("--storage", "nowhere/s.db"), 73, "does not exist"),
        (("--storage", "text.db"), 78, "not an SQLite file"),
    ],
)
def test_wrong_input(run: Run, tmp_path: Path, flags: tuple[str, ...], code: int, said: str) -> None:
    (tmp_path / "text.db").write_text("no database")
    panel_of(tmp_path)
    done = run("tune", tmp_path / "sales.csv", "--steps", "2", "--preset", "fast", *flags)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr
