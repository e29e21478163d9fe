"""`forecast plot`: what it tells the job, and what it shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.config import PlotSettings
from tests.cli.conftest import Run, Seen
from tests.conftest import Trained


@pytest.fixture
def command(trained: Trained) -> tuple[object, ...]:
    return ("plot", trained.data, "--models-dir", trained.models_dir)


def test_the_job_is_told_every_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(jobs, "plot", lambda job, events: told.append(job))
    run(
        *"plot x.csv --model m --models-dir d --horizon 2 --levels 50 --series a --series b --history 9".split(),
        *"-o p.png".split(),
    )
    settings = PlotSettings(model="m", horizon=2, levels="50", series=["a", "b"], history=9, output=Path("p.png"))
    assert told == [jobs.PlotJob(data="x.csv", models_dir=Path("d"), settings=settings)]


def test_silence_off_a_terminal(run: Run, command: tuple[object, ...]) -> None:
    done = run(*command)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert Path("forecast.svg").exists()


def test_json_and_csv_where_they_are_asked_for(run: Run, command: tuple[object, ...]) -> None:
    shown = json.loads(run(*command, "--series", "shop-2", "--format", "json").stdout)
    assert (shown["series"], shown["output"]) == (["shop-2"], "forecast.svg")
    assert run(*command, "--series", "shop-2", "--format", "csv").stdout == "series\nshop-2\n"


def test_what_a_person_sees(see: Callable[..., Seen], command: tuple[object, ...]) -> None:
    seen = see(*command, "-o", "p.png")
    assert seen.code == 0
    assert "shop-0, shop-1, shop-2, shop-3, shop-4" in seen.stdout
    assert "p.png" in seen.stdout


def test_an_unknown_series_ends_in_one_line(run: Run, command: tuple[object, ...]) -> None:
    done = run(*command, "--series", "shop-33")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "no series is called 'shop-33'. Did you mean 'shop-3' or" in done.stderr
    assert len(done.stderr.splitlines()) == 1
