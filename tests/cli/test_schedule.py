"""`forecast schedule`, and the crontab of the docs: each line does what it says in the bare environment of cron."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from forecaster.cli.watch import read_metrics
from tests.cli.conftest import Run, Seen
from tests.conftest import Trained, call_forecast, names
from tests.readme import DOCS

BIN = Path(sys.executable).parent
JOBS = """\
[defaults]
models-dir = "models"

[[jobs]]
name = "night"
command = "predict"
data = "in/demand.csv"
model = "demand"
output = "out/night.csv"
max-age = "2d"
"""


def cron_lines(crontab: str) -> Iterator[str]:
    """Yield what cron gives to the shell: the line without its five fields, `\\%` unescaped; no % may be bare."""
    for line in crontab.splitlines():
        if match := re.fullmatch(r"((?:[\d*/,-]+\s+){5})(.+)", line):
            assert not re.search(r"(?<!\\)%", match[2])
            yield match[2].replace("\\%", "%")


def as_cron_does(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command line by /bin/sh with next to nothing in the environment, and nothing to read."""
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, trained: Trained) -> Path:
    """A folder with data up to yesterday, a model named `demand`, and a file of jobs, as the docs suppose them."""
    site = tmp_path_factory.mktemp("srv") / "site"
    for folder in ("in", "out", "models"):
        (site / folder).mkdir(parents=True)
    lines = trained.data.read_text().splitlines()
    shift = date.today() - timedelta(days=1) - date(2024, 2, 29)  # noqa: DTZ011 - the local day, as a user has it
    moved = [f"{s},{date.fromisoformat(d) + shift},{y}" for s, d, y in (line.split(",") for line in lines[1:])]
    (site / "in" / "demand.csv").write_text("\n".join([lines[0], *moved, ""]))
    (site / "night.toml").write_text(JOBS)
    (site / "tiny.toml").write_text("steps = 4\nunits = 4\nlayers = 1\nensemble = 1\npreset = 'fast'\nfrom = 'none'\n")
    done = call_forecast(
        "train", site / "in" / "demand.csv", "--config", site / "tiny.toml", "--models-dir", site / "models"
    )
    assert done.exit_code == 0, done.stderr
    return site


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Path:
    """A copy of that folder, and one for logs beside it."""
    (tmp_path / "log").mkdir()
    return Path(shutil.copytree(built, tmp_path / "site"))


def crontab_of_the_docs(folder: Path) -> list[str]:
    """Return the command lines of the docs' crontab, with the program and the folders that there are here."""
    block = re.search(
        r"^```\n(MAILTO=.*?)^```$", (DOCS / "tutorials" / "cron.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert block
    places = {"/opt/forecast/bin": BIN, "/srv/forecast": folder / "site", "/srv/log": folder / "log"}
    text = block[1]
    for shown, here in places.items():
        text = text.replace(shown, str(here))
    assert "/srv" not in text
    return list(cron_lines(text))


def test_the_crontab_of_the_docs(site: Path, tmp_path: Path) -> None:
    batch, predict, train, score = crontab_of_the_docs(tmp_path)
    train = train.replace(" train ", " train --config tiny.toml ")  # training is slow, and tested elsewhere
    for command in (batch, predict, score):
        done = as_cron_does(command)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), command
    assert as_cron_does(batch, HOME="/nonexistent", LOGNAME="x", SHELL="/bin/sh", LANG="C").returncode == 0
    for name in ("night", "demand"):
        assert len((site / "out" / f"{name}.csv").read_text().splitlines()) == 71
    assert names(tmp_path / "log") == ["night.jsonl", "night.prom"]
    assert {key: found["exit_code"] for key, found in read_metrics(tmp_path / "log" / "night.prom").items()} == {
        'command="run",name="night"': 0,
        'command="predict",name="night",task="night"': 0,
    }
    done = as_cron_does(train)
    assert (done.returncode, done.stdout) in ((0, ""), (4, ""))  # four steps of training may be worse than the baseline
    assert names(site / "models") == ["demand"]


def test_the_crontab_of_the_docs_when_things_go_wrong(site: Path, tmp_path: Path) -> None:
    batch, predict, train, score = crontab_of_the_docs(tmp_path)
    old = [line.split(",") for line in (site / "in" / "demand.csv").read_text().splitlines()]
    newest = max(row[1] for row in old[1:])
    cut = str(date.fromisoformat(newest) - timedelta(days=3))
    kept = [",".join(row) for row in old if row[1] <= cut or row[1] == "day"]
    (site / "in" / "demand.csv").write_text("\n".join([*kept, ""]))
    (site / "out" / "demand.csv").write_text("the last good forecast\n")
    for command in (batch, predict):
        done = as_cron_does(command)
        assert (done.returncode, done.stdout) == (4, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith("forecast: error[GATE]: ")
        assert "limit 2d" in line
    assert names(site / "out") == ["demand.csv"]
    assert (site / "out" / "demand.csv").read_text() == "the last good forecast\n"
    done = as_cron_does(score)
    assert (done.returncode, len(done.stderr.splitlines())) == (66, 1)
    assert "no forecast of demand is in the ledger" in done.stderr
    (site / "in" / "demand.csv").unlink()
    done = as_cron_does(train)
    assert (done.returncode, len(done.stderr.splitlines())) == (66, 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d in/demand.csv: no such file or directory\n", (site / "failed").read_text())


@pytest.mark.parametrize("extra", [(), ("--", "--jobs", "2", "--log-file", "50 %.jsonl")])
def test_a_printed_line_runs_as_it_stands(site: Path, tmp_path: Path, extra: tuple[str, ...]) -> None:
    folder = tmp_path / "50 % off, 'quoted'"
    shutil.move(site, folder)
    line = [BIN / "forecast", "schedule", "night.toml", "--cron", "17 3 * * *", *extra]
    printed = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=True).stdout
    assert printed.count("\n") == 1
    assert printed.startswith("17 3 * * * cd ")
    (command,) = cron_lines(printed)
    done = as_cron_does(command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert names(folder / "out") == ["night.csv"]
    assert (folder / "50 %.jsonl").exists() is bool(extra)


@pytest.fixture
def night(tmp_path: Path) -> Path:
    (tmp_path / "night.toml").write_text(JOBS)
    return tmp_path / "night.toml"


def test_systemd(run: Run, night: Path) -> None:
    shown = run("schedule", night, "--cron", "0 0 13 * 5", "--systemd").stdout
    assert shown.startswith("# /etc/systemd/system/forecast-night.service\n[Unit]\n")
    assert "\n# /etc/systemd/system/forecast-night.timer\n[Unit]\n" in shown
    assert f"ExecStart={BIN}/forecast run {night}\n" in shown
    assert "OnCalendar=*-*-13 00:00:00\nOnCalendar=Fri *-*-* 00:00:00\n" in shown


def test_json(run: Run, night: Path) -> None:
    shown = json.loads(run("schedule", night, "--cron", "@daily", "--systemd", "--format", "json").stdout)
    assert sorted(shown) == ["forecast-night.service", "forecast-night.timer"]
    assert list(json.loads(run("schedule", night, "--cron", "@daily", "--format", "json").stdout)) == ["crontab"]


def test_nothing_is_wrapped_on_a_narrow_terminal(see: object, night: Path) -> None:
    seen: Seen = see("schedule", night, "--cron", "@daily", width=40)  # type: ignore[operator]
    assert (seen.stdout.count("\n"), seen.code) == (1, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("night.toml",), 2, "Missing option '--cron'"),
        (("none.toml", "--cron", "@daily"), 66, "none.toml: no such file"),
        (("night.toml", "--cron", "99 * * * *"), 2, "minute must be 0 to 59, received '99'"),
        (("night.toml", "--cron", "@daily", "--", "--jbos", "2"), 2, "No such option: --jbos"),
        (("night.toml", "--cron", "@daily", "--", "--jobs", "0"), 2, "--jobs must be from 1 to 256"),
        (("night.toml", "--cron", "@daily", "--", "--only", "day"), 2, "has no job 'day'"),
        (("night.toml", "--cron", "@daily", "--", "other.toml"), 2, "unexpected extra argument"),
    ],
)
def test_bad_input(run: Run, night: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run("schedule", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_job_that_leans_on_the_environment_is_refused(run: Run, night: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECAST_MODELS", "/somewhere")
    assert run("schedule", night, "--cron", "@daily").exit_code == 0
    night.write_text(JOBS.replace('models-dir = "models"', ""))
    result = run("schedule", night, "--cron", "@daily")
    assert result.exit_code == 2
    assert "FORECAST_MODELS is set here, but not in cron, and job 'night' has no models-dir" in result.stderr
