"""`forecast explain`: what it tells the job, and what it shows."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.cli.explain import words_of
from forecaster.config import ExplainSettings
from tests.cli.conftest import Run, Seen
from tests.conftest import Trained, run_forecast


@pytest.fixture
def command(trained: Trained) -> tuple[object, ...]:
    return ("explain", trained.data, "--models-dir", trained.models_dir)


def test_the_job_is_told_every_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for name in ("explain", "read_gates"):
        monkeypatch.setattr(jobs, name, lambda job, events: told.append(job))
    run(
        *"explain x.csv --model m --models-dir d --horizon 3 --leads 1,2 --series a --sample 2 --output p.svg".split(),
    )
    run("explain", "--gates")
    expected = ExplainSettings(model="m", horizon=3, leads="1,2", series=["a"], sample=2, output=Path("p.svg"))
    assert told == [
        jobs.ExplainJob(data="x.csv", settings=expected, models_dir=Path("d")),
        jobs.ExplainJob(settings=ExplainSettings(gates=True)),
    ]


def test_json_off_a_terminal(run: Run, command: tuple[object, ...]) -> None:
    done = run(*command, "--leads", "1")
    shown = json.loads(done.stdout)
    assert (done.exit_code, done.stderr, shown["explained"], shown["leads"]) == (0, "", 5, [1])
    gates = json.loads(run(*command, "--gates", "--series", "shop-1").stdout)
    assert gates["series"] == "shop-1"


def test_csv(run: Run, command: tuple[object, ...]) -> None:
    rows = list(csv.DictReader(run(*command, "--leads", "1", "--format", "csv").stdout.splitlines()))
    assert {(row["scope"], row["series"]) for row in rows} >= {("overall", ""), ("series", "shop-4")}


@pytest.mark.parametrize(
    ("leads", "words"), [([3], "lead 3"), ([1, 8], "leads 1, 8"), ([1, 2, 3, 5, 7, 8], "leads 1 to 3, 5, 7 to 8")]
)
def test_leads_in_words(leads: list[int], words: str) -> None:
    assert words_of(leads) == words


@pytest.mark.parametrize("width", [40, 80, 200])
def test_what_a_person_sees(see: Callable[..., Seen], command: tuple[object, ...], width: int) -> None:
    seen = see(*command, "--leads", "1-3", width=width)
    assert (seen.code, max(map(len, seen.stdout.splitlines())) <= width) == (0, True)
    shown = " ".join(seen.stdout.split())
    for words in ("it would be 14.3 % if all lags mattered alike", "most from one lag", "5 of 5 series, leads 1 to 3"):
        assert words in shown
    shown = " ".join(see(*command, "--series", "shop-1", "--leads", "2", width=width).stdout.split())
    assert "contribution" in shown
    assert "shop-1, lead 2" in shown
    shown = " ".join(see(*command, "--series", "shop-1", "--gates", "--output", "g.svg", width=width).stdout.split())
    assert "forget" in shown
    assert "file g.svg" in shown
    assert Path("g.svg").exists()


def test_what_is_left_out_exits_with_3(run: Run, command: tuple[object, ...], trained: Trained, tmp_path: Path) -> None:
    data = tmp_path / "shops.csv"
    data.write_text(trained.data.read_text() + "tiny,2024-01-01,5\ntiny,2024-01-02,6\n")
    done = run("explain", data, *command[2:], "--leads", "1")
    assert done.exit_code == 3
    assert done.stderr.startswith("forecast: warning: 1 series skipped: tiny (the first: 2 steps, the network needs")


def test_a_fault_is_one_line(run: Run, command: tuple[object, ...]) -> None:
    done = run(*command, "--series", "shop-9")
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "no series is called 'shop-9'. Did you mean 'shop-" in done.stderr


def test_no_model_yet(run: Run) -> None:
    done = run("explain")
    assert (done.exit_code, done.stdout) == (66, "")
    assert "no model in models. Run: forecast train DATA, or name a data file for the built-in network" in done.stderr


def test_in_a_process_of_its_own(command: tuple[object, ...], tmp_path: Path) -> None:
    done = run_forecast(*map(str, command), "--quiet", "--output", "p.svg", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "p.svg").exists()
