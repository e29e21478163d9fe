"""`forecast train`: what it tells the job, and what it shows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster.base.errors import GateError
from forecaster.config import FreshSettings, ModelSettings, ReadSettings, StoreSettings, TrainSettings
from forecaster.scoring.challenge import ChallengeResult
from tests.cli.conftest import FakeJobs, Run, Seen, panel_of


def test_the_job_is_told_every_setting(run: Run, fake: FakeJobs) -> None:
    line = "train x.csv --time t --wide --horizon 7 --cell gru --preset fast --seed 3 --name m --models-dir d"
    assert run(*line.split(), "--min-skill", 0.1, "--as-of", "2024-01-01", "--max-age", "3w").exit_code == 0
    job = fake.told
    assert (job.data, job.reading) == ("x.csv", ReadSettings(time="t", wide=True))
    assert job.model == ModelSettings(horizon=7, cell="gru")
    assert job.training == TrainSettings(preset="fast", seed=3)
    assert job.store == StoreSettings(name="m", models_dir=Path("d"), min_skill=0.1)
    assert job.fresh == FreshSettings(as_of="2024-01-01", max_age="3w")
    assert job.now.tzinfo is not None
    assert job.created.endswith("+00:00")


def test_settings_from_a_file_and_flags_over_them(run: Run, fake: FakeJobs, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    config = tmp_path / "in" / "train.toml"
    lines = (
        'data = "x.csv"',
        'name = "m"',
        'models-dir = "d"',
        "horizon = 7",
        "wide = true",
        "dropout = 0",
        'cell = "gru"',
    )
    config.write_text("\n".join(lines))
    assert run("train", "--config", config, "--horizon", 3).exit_code == 0
    job = fake.told
    assert (job.data, job.reading.wide) == (str(tmp_path / "in" / "x.csv"), True)
    assert job.model == ModelSettings(horizon=3, cell="gru", dropout=0.0)
    assert job.store == StoreSettings(name="m", models_dir=tmp_path / "in" / "d")
    assert run("train", "y.csv", "--config", config).exit_code == 0
    assert fake.told.data == "y.csv"


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("horizen = 3", 2, "line 1: unknown key 'horizen'. Did you mean 'horizon'?"),
        ("horizon = 0", 2, "line 1: horizon must be from 1"),
        ("horizon = 3", 2, "Missing argument 'DATA'"),
        (None, 66, "no such file"),
    ],
)
def test_a_bad_file_of_settings(
    run: Run, fake: FakeJobs, tmp_path: Path, content: str | None, code: int, said: str
) -> None:
    if content is not None:
        (tmp_path / "c.toml").write_text(content)
    result = run("train", "--config", "c.toml")
    assert (result.exit_code, result.stdout, fake.told) == (code, "", None)
    assert said in result.stderr


def test_silent_off_a_terminal(run: Run, fake: FakeJobs) -> None:
    result = run("train", "x.csv")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_silent_when_quiet(see: Callable[..., Seen], fake: FakeJobs) -> None:
    assert see("train", "x.csv", "-q") == ("", "", 0)


def test_json(run: Run, fake: FakeJobs) -> None:
    result = run("train", "x.csv", "--format", "json")
    shown = json.loads(result.stdout)
    assert result.stderr == ""
    assert shown["model"] == "sales"
    assert shown["metrics"]["skill"] == 0.25
    assert shown["plan"]["horizon"] == "3 steps"


def test_csv(run: Run, fake: FakeJobs) -> None:
    rows = list(csv.DictReader(io.StringIO(run("train", "x.csv", "--format", "csv").stdout)))
    assert [row["method"] for row in rows] == ["model", "seasonal naive"]
    assert [row["mase"] for row in rows] == ["0.75", "1.0"]
    assert [row["coverage-80"] for row in rows] == ["0.79", ""]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_what_a_person_sees(see: Callable[..., Seen], fake: FakeJobs, width: int) -> None:
    seen = see("train", "x.csv", "--models-dir", "my models", width=width)
    assert seen.code == 0
    assert max(len(line) for line in (seen.stdout + seen.stderr).splitlines() if "network" not in line) <= width
    notes, shown = (" ".join(text.split()) for text in (seen.stderr, seen.stdout))
    for words in ("time: month", "target: sales", "MS, season of 12 steps", "one, 60 steps long", "horizon 3 steps"):
        assert words in notes
    assert "training, network 2 of 2: 20 steps, loss 0.125, held out 0.250" in notes
    assert "MASE 0.7500 1.000" in shown
    assert "80 % 79.0 %" in shown
    assert "Better than seasonal naive: its error (MASE) is 25.0 % lower on 40 held-out windows." in shown
    assert "next forecast predict --model sales --models-dir 'my models'" in shown


@pytest.mark.parametrize(
    ("skill", "words"),
    [
        (-0.1, "Not better than seasonal naive: its error (MASE) is 10.0 % higher"),
        (None, "is undefined"),
        (0.0, "Not better"),
    ],
)
def test_the_verdict_is_plain(see: Callable[..., Seen], fake: FakeJobs, skill: float | None, words: str) -> None:
    fake.skill = skill
    assert words in " ".join(see("train", "x.csv").stdout.split())


def test_skipped_series_are_named_and_exit_with_3(run: Run, fake: FakeJobs, tmp_path: Path) -> None:
    fake.panel = panel_of(tmp_path, ids=("a", "b", "[red]\x1b[31m"), short="[red]\x1b[31m")
    result = run("train", "x.csv", "-q")
    assert (result.exit_code, result.stdout) == (3, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("forecast: warning: 1 series skipped: [red]\\x1b[31m (the first: ")


def test_findings_are_shown(see: Callable[..., Seen], fake: FakeJobs, tmp_path: Path) -> None:
    fake.panel = panel_of(tmp_path, ids=("a", "b", "c"), short="c")
    notes = " ".join(see("train", "x.csv").stderr.split())
    assert "time: month, series: id, target: sales" in notes
    assert "2, each 60 steps long" in notes
    assert "skipped: series 'c': " in notes


def test_a_gate_shows_no_result(see: Callable[..., Seen], fake: FakeJobs) -> None:
    fake.fault = GateError("nothing was published", hint="Train longer")
    seen = see("train", "x.csv", "--format", "json")
    assert (seen.stdout, seen.code) == ("", 4)
    assert seen.stderr.splitlines()[-1] == "forecast: error[GATE]: nothing was published. Train longer"


@pytest.mark.parametrize(
    ("resumed", "said"),
    [
        (None, ""),
        (True, "Going on from the checkpoint of an interrupted training."),
        (False, "There is no checkpoint of this model: training starts from the beginning."),
    ],
)
def test_whether_it_goes_on_is_said(see: Callable[..., Seen], fake: FakeJobs, resumed: bool | None, said: str) -> None:
    fake.resumed = resumed
    seen = see("train", "x.csv", *(["--resume"] if resumed is not None else []))
    assert fake.told.training.resume is (resumed is not None)
    assert said in seen.stderr
    assert ("checkpoint" in seen.stderr) is bool(said)


def test_what_the_new_version_beat_is_said(run: Run, see: Callable[..., Seen], fake: FakeJobs) -> None:
    assert json.loads(run("train", "x.csv", "--format", "json").stdout)["against_current"] is None
    fake.verdict = ChallengeResult(
        version="v000007", measure="mase", challenger=0.5, champion=0.75, windows=1234, seen=False
    )
    words = " ".join(see("train", "x.csv", "--promote-if-better").stdout.split())
    assert "Better than v000007, which was current: MASE 0.5000 against 0.7500 on 1,234 held-out windows." in words
    assert fake.told.store.promote_if_better
    shown = json.loads(run("train", "x.csv", "--format", "json").stdout)
    assert shown["against_current"]["champion"] == 0.75


def test_what_is_odd_about_the_settings_is_told_though_the_model_is_published(run: Run, fake: FakeJobs) -> None:
    fake.warnings = ["--activation relu is slow on a GPU"]
    result = run("train", "x.csv", "-q")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "forecast: warning: --activation relu is slow on a GPU\n"
