"""Signals and deadlines: the process ends in time and says so, even inside a call of a C library."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forecaster.base.errors import DeadlineError
from forecaster.cli.process import GRACE, Stopped, after, deadline, now_stands, stoppable
from forecaster.model import store
from tests.cli.conftest import FakeJobs, Run
from tests.conftest import TINY, Trained, monthly_csv, names, run_forecast
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
BEGIN = """
import hashlib, sys, time
from forecaster import jobs
from forecaster.cli import process
from forecaster.cli.app import main
process.GRACE = {grace}
def train(job, events, *_):
    print("ready", file=sys.stderr, flush=True)
"""
SLEEPING = "    time.sleep(60)"
CALLING = "    hashlib.pbkdf2_hmac('sha256', b'x', b'y', 2_000_000_000)  # minutes, and Python never gets a turn"
SWALLOWING = """
    while True:
        try:
            print("asleep", file=sys.stderr, flush=True)
            time.sleep(60)
        except BaseException:
            print("swallowed", file=sys.stderr, flush=True)
"""
PUBLISHING = """
    events.on_state('x is being published')
    print("publishing", file=sys.stderr, flush=True)
    time.sleep(60)
"""
END = "\njobs.train = train\nmain()\n"
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


SHORT = 1.0
"""A grace that leaves a busy machine much more time than it has itself."""


def start(
    body: str, *arguments: str, ignored: signal.Signals | None = None, grace: float = GRACE
) -> subprocess.Popen[str]:
    """Start `forecast train` in a process of its own, with something else in the place of training.

    Args:
        body: What stands in the place of training.
        arguments: More of them.
        ignored: A signal that whoever starts the process ignores.
        grace: Seconds that Python has to leave a call of a C library.
    """
    begin = "" if ignored is None else f"import signal; signal.signal({int(ignored)}, signal.SIG_IGN)"
    command = [sys.executable, "-c", begin + BEGIN.format(grace=grace) + body + END, "train", "x.csv", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})


def await_line(process: subprocess.Popen[str], line: str = "ready") -> None:
    """Wait until a process has said something."""
    assert process.stderr is not None
    assert process.stderr.readline() == f"{line}\n"


def end(process: subprocess.Popen[str], seconds: float = 30) -> tuple[int, str]:
    """Return exit code and stderr of a process that has to end in time."""
    try:
        _, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, said


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_stops_it(number: signal.Signals, code: int) -> None:
    process = start(SLEEPING)
    await_line(process)
    process.send_signal(number)
    assert end(process) == (code, "forecast: error[STOPPED]: stopped; nothing changed\n")


def test_a_signal_that_was_ignored_from_the_start_stays_so() -> None:
    """What `nohup` is for: the terminal may go away, and the training goes on."""
    process = start(SLEEPING, ignored=signal.SIGHUP)
    await_line(process)
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)
    process.send_signal(signal.SIGTERM)
    assert end(process) == (143, "forecast: error[STOPPED]: stopped; nothing changed\n")


@pytest.mark.parametrize(
    "body", [CALLING, pytest.param(SWALLOWING, marks=pytest.mark.slow)], ids=["in a C library", "swallowed"]
)
def test_a_signal_stops_it_when_the_grace_is_over_whatever_it_does(body: str) -> None:
    process = start(body, grace=SHORT)
    await_line(process)
    time.sleep(0.1)  # into the call
    process.send_signal(signal.SIGTERM)
    code, said = end(process)
    lines = [line for line in said.splitlines() if line not in ("asleep", "swallowed")]
    assert (code, lines) == (143, ["forecast: error[STOPPED]: stopped; nothing changed"])


def test_a_second_signal_ends_it_at_once() -> None:
    process = start(SWALLOWING, grace=60.0)
    await_line(process)
    for line in ("asleep", "swallowed"):
        await_line(process, line)
        process.send_signal(signal.SIGTERM)
    assert end(process)[0] == -signal.SIGTERM


def test_5_seconds_are_enough_to_stop() -> None:
    assert GRACE <= 4


def test_what_is_being_published_is_said() -> None:
    process = start(PUBLISHING)
    for line in ("ready", "publishing"):
        await_line(process, line)
    process.send_signal(signal.SIGTERM)
    assert end(process) == (143, "forecast: error[STOPPED]: stopped; x is being published\n")


@pytest.mark.parametrize("body", [SLEEPING, pytest.param(CALLING, marks=pytest.mark.slow)], ids=["sleeps", "calls"])
def test_a_deadline_is_a_hard_stop(body: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    process = start(body, "--deadline", "1", "--log-file", str(log), grace=SHORT)
    line = "forecast: error[DEADLINE]: the deadline of 1 s passed; nothing changed. Give it more time with --deadline\n"
    code, said = end(process)
    assert (code, said.removeprefix("ready\n")) == (124, line)  # a busy machine comes to nothing in a second
    assert json.loads(log.read_text().splitlines()[-1])["exit_code"] == 124


def test_a_deadline_that_is_kept_leaves_no_timer(run: Run, fake: FakeJobs) -> None:
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert run("train", "x.csv", "--deadline", "60").exit_code == 0
    assert run("predict", "x.csv", "--deadline", "60").exit_code == 0
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)[0] > 0) == before


@pytest.mark.parametrize("value", ["0", "0.5", "-1", "nan"])
def test_a_deadline_has_bounds(run: Run, fake: FakeJobs, value: str) -> None:
    result = run("predict", "--deadline", value)
    assert (result.exit_code, fake.told) == (2, None)
    assert "--deadline must be " in result.stderr


def test_deadline_error_has_the_exit_code_of_timeout() -> None:
    assert DeadlineError.exit_code == 124


def test_what_was_done_is_said_when_stopped_after_it() -> None:
    with pytest.raises(Stopped) as stopped, after("sales v000001 was published"):
        raise Stopped(signal.SIGTERM)
    assert stopped.value.state == "sales v000001 was published"
    assert Stopped(signal.SIGTERM).state == "nothing changed"


def test_each_command_begins_with_nothing_changed() -> None:
    now_stands("something of the command before")
    with stoppable(lambda _: None), deadline(None):
        assert Stopped(signal.SIGTERM).state == "nothing changed"


# ------------------------------------------------------------------------------------------- for real


LONG = ["--steps", "100000", "--patience", "0", "--checkpoint-every", "0", "--seed", "3"]


def start_training(data: Path, models: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a training that would take hours."""
    command = [sys.executable, "-m", "forecaster", "train", str(data), "--models-dir", str(models), *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)


@pytest.fixture
def copied(trained: Trained, tmp_path: Path) -> Trained:
    """Return a copy of the trained model that is current, beside which a training is interrupted."""
    shutil.copytree(trained.models_dir, tmp_path / "models")
    return Trained(models_dir=tmp_path / "models", data=trained.data, name=trained.name)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_training_is_stopped_and_goes_on(copied: Trained, number: signal.Signals, code: int) -> None:
    home = copied.models_dir / copied.name
    process = start_training(copied.data, copied.models_dir, "--units", "4", "--ensemble", "1", *LONG)
    wait_until((home / "CHECKPOINT").exists)
    process.send_signal(number)
    said = "forecast: error[STOPPED]: stopped; nothing was published; to continue, run it again with --resume\n"
    assert end(process) == (code, said)
    assert names(home / "versions") == ["v000001"]
    assert store.load_model(copied.models_dir, copied.name).version == "v000001"
    more = ["--units", "4", "--ensemble", "1", *LONG, "--resume", "--time-limit"]
    done = run_forecast("train", copied.data, "--models-dir", copied.models_dir, *more, "20", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["version"] == "v000002"
    assert names(home) == ["CURRENT", "HISTORY", "LOCK", "versions"]


@pytest.mark.slow
def test_a_call_of_tensorflow_is_no_refuge(tmp_path: Path) -> None:
    """One call of the graph takes far longer than there is time to stop."""
    data = monthly_csv(tmp_path / "sales.csv", 2_000)
    log = tmp_path / "log.jsonl"
    size = ["--units", "2048", "--layers", "4", "--batch-size", "2048", "--lookback", "960", "--segment", "12"]
    process = start_training(data, tmp_path / "models", *size, *LONG, "--log-file", str(log))
    wait_until(lambda: log.exists() and '"event": "plan"' in log.read_text())
    time.sleep(25)  # TensorFlow is loaded, and at work
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert end(process, 30) == (143, "forecast: error[STOPPED]: stopped; nothing changed\n")
    assert time.monotonic() - began < 5
    assert not (tmp_path / "models" / "sales" / "CURRENT").exists()


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1, 3, 8, 15])
def test_a_deadline_at_any_moment_of_a_training(copied: Trained, seconds: int) -> None:
    began = time.monotonic()
    options = ["--units", "4", *LONG, "--deadline", str(seconds)]
    done = run_forecast("train", copied.data, "--models-dir", copied.models_dir, *options)
    assert (done.returncode, done.stdout) == (124, "")
    assert done.stderr.startswith(f"forecast: error[DEADLINE]: the deadline of {seconds} s passed; nothing ")
    assert time.monotonic() - began < seconds + 6
    assert store.load_model(copied.models_dir, copied.name).version == "v000001"
    assert not list(copied.models_dir.rglob(".tmp-*"))


@pytest.mark.slow
def test_a_time_limit_publishes_the_best_so_far(copied: Trained) -> None:
    options = ["--units", "4", "--ensemble", "3", "--steps", "100000", "--patience", "0", "--time-limit", "5"]
    began = time.monotonic()
    done = run_forecast("train", copied.data, "--models-dir", copied.models_dir, *options, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - began < 60
    assert store.load_model(copied.models_dir, copied.name).version == "v000002"


@pytest.mark.slow
def test_two_trainings_of_one_model(copied: Trained) -> None:
    """The second waits, then names the first; both done one after the other, each publishes a version of its own."""
    home = copied.models_dir / copied.name
    first = start_training(copied.data, copied.models_dir, "--units", "4", "--ensemble", "1", *LONG)
    wait_until((home / "CHECKPOINT").exists)
    done = run_forecast("train", copied.data, "--models-dir", copied.models_dir, *TINY, "--lock-wait", "1")
    assert (done.returncode, done.stdout) == (75, "")
    assert f"is locked by pid {first.pid} (forecast train) on " in done.stderr
    first.kill()
    first.communicate()
    both = [start_training(copied.data, copied.models_dir, *TINY, "--seed", str(seed)) for seed in (1, 2)]
    assert [end(process, 120) for process in both] == [(0, ""), (0, "")]
    assert names(home / "versions") == ["v000001", "v000002", "v000003"]
    assert (home / "CURRENT").read_text() == "v000003\n"
