"""`forecast compare`: what it tells the job, and what it shows."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.config import CompareSettings, ModelSettings, ReadSettings, TrainSettings
from tests.cli.conftest import Run, Seen
from tests.conftest import panel_csv


@pytest.fixture
def command(tmp_path: Path) -> tuple[object, ...]:
    data = panel_csv(tmp_path / "shops.csv", series=8)
    return ("compare", data, "--models", "naive,seasonal-naive,drift", "--horizon", "7", "--windows", "5")


def test_the_job_is_told_every_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(jobs, "compare", lambda job, events, workers: told.append(job))
    run(
        *"compare x.csv --models naive,lstm --windows 7 --step 3 --levels 50 --predictions p.csv --horizon 4".split(),
        *"--freq D --units 8 --preset fast --seed 3".split(),
    )
    assert told == [
        jobs.CompareJob(
            data="x.csv",
            settings=CompareSettings(models="naive,lstm", windows=7, step=3, levels="50", predictions=Path("p.csv")),
            reading=ReadSettings(freq="D"),
            model=ModelSettings(horizon=4, units="8"),
            training=TrainSettings(preset="fast", seed=3),
        )
    ]


def test_json_off_a_terminal(run: Run, command: tuple[object, ...]) -> None:
    done = run(*command)
    shown = json.loads(done.stdout)
    assert (done.exit_code, done.stderr, shown["best"]) == (0, "", "seasonal-naive")
    assert [row["verdict"] for row in shown["leaderboard"]] == ["best", "worse", "worse"]


def test_csv_is_the_leaderboard(run: Run, command: tuple[object, ...]) -> None:
    rows = list(csv.DictReader(run(*command, "--format", "csv").stdout.splitlines()))
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["kind"] == "seasonal-naive"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_what_a_person_sees(see: Callable[..., Seen], command: tuple[object, ...], width: int) -> None:
    seen = see(*command, "--predictions", "p.csv", width=width)
    assert seen.code == 0
    assert max(map(len, seen.stdout.splitlines())) <= width
    shown = " ".join(seen.stdout.split())
    assert "seasonal-naive has the lowest error (MASE); it is better than" in shown
    assert "windows 40 of 7 steps, cutoffs 2024-01-25 to 2024-02-22" in shown
    assert "file p.csv" in shown
    assert ("worse (+" in shown) is (width > 40) or width == 40


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            ("--models", "naive,drift", "--windows", "1", "--horizon", "7"),
            "on too few windows to rule out chance",
        ),
        (
            ("--models", "naive,drift", "--windows", "30", "--step", "1", "--horizon", "1"),
            "the data does not say whether",
        ),
    ],
)
def test_a_person_is_not_told_more_than_the_data_says(
    see: Callable[..., Seen], tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    seen = see("compare", panel_csv(tmp_path / "one.csv", series=1), *flags)
    assert said in " ".join(seen.stdout.split())


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (("--models", "niave"), 2, "Did you mean naive?"),
        (("--windows", "0"), 2, "--windows must be from 1"),
        (("--models", "naive", "--horizon", "100"), 65, "one cutoff with 100 steps after it needs at least 102"),
        (("--models", "naive", "--predictions", "none/p.csv"), 73, "mkdir -p"),
    ],
)
def test_wrong_input(run: Run, tmp_path: Path, flags: tuple[str, ...], code: int, said: str) -> None:
    done = run("compare", panel_csv(tmp_path / "shops.csv"), *flags)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr.splitlines()[-1]


def test_workers_learn_as_this_process_does(run: Run, tmp_path: Path, dask_cluster: str) -> None:
    data = panel_csv(tmp_path / "shops.csv")
    asked = ("compare", data, "--models", "naive,drift", "--windows", 2, "--horizon", 3, "--predictions")
    here, there = run(*asked, "here.csv"), run(*asked, "there.csv", "--cluster", dask_cluster)
    assert (here.exit_code, there.exit_code) == (0, 0), there.stderr
    assert Path("here.csv").read_bytes() == Path("there.csv").read_bytes()
    boards = [json.loads(result.stdout)["leaderboard"] for result in (here, there)]
    for row in (*boards[0], *boards[1]):
        del row["seconds"]
    assert boards[0] == boards[1]
    result = run("compare", "-", "--models", "naive", "--cluster", dask_cluster)
    assert result.exit_code in (2, 65)
