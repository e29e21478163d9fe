"""The one error boundary, and the process around it: each fault its line and exit code, whatever the streams are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import forecaster
from forecaster.base import errors
from forecaster.cli.app import log_file_in
from forecaster.cli.process import Expired, Stopped
from tests.cli.conftest import FakeJobs, Run, Seen
from tests.waiting import LATE

ROOT = Path(__file__).parents[2]
FORECAST = [sys.executable, "-m", "forecaster"]
SMALLER = "Try fewer series at a time, or a smaller --batch-size"
LATER = "Give it more time with --deadline"
DEBUG = "For the traceback, run it again with FORECAST_DEBUG=1"
LEAVES = errors.ForecastError.__subclasses__()


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"forecast {forecaster.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["train", "--help"], ["models", "--help"], ["models", "show", "--help"]]
)
def test_help_is_plain_text(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: forecast {' '.join(arguments[:-1])}".rstrip())
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("leaf", LEAVES, ids=[leaf.__name__ for leaf in LEAVES])
def test_every_fault_has_its_line_and_code(run: Run, fake: FakeJobs, leaf: type[errors.ForecastError]) -> None:
    fake.fault = leaf("sales.csv, line 3: expected a number, received 'x\x1b'", hint="Use --decimal ,")
    result = run("train", "x.csv", "--format", "json")
    assert (result.exit_code, result.stdout) == (leaf.exit_code, "")
    assert result.stderr == (
        f"forecast: error[{leaf.code}]: sales.csv, line 3: expected a number, received 'x\\x1b'. Use --decimal ,\n"
    )


@pytest.mark.parametrize(
    ("fault", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "forecast: error[STOPPED]: stopped; nothing changed"),
        (Stopped(signal.SIGTERM), 143, "forecast: error[STOPPED]: stopped; nothing changed"),
        (Stopped(signal.SIGHUP), 129, "forecast: error[STOPPED]: stopped; nothing changed"),
        (Expired(2.5), 124, f"forecast: error[DEADLINE]: the deadline of 2.5 s passed; nothing changed. {LATER}"),
        (BrokenPipeError(), 141, None),
        (MemoryError(), 71, f"forecast: error[RESOURCE]: out of memory. {SMALLER}"),
        (OSError(5, "Input/output error", "a.csv"), 74, "forecast: error[IO]: a.csv: Input/output error"),
        (OSError(28, "No space left on device"), 74, "forecast: error[IO]: No space left on device"),
        (ZeroDivisionError("one\ntwo"), 1, f"forecast: error[BUG]: unexpected ZeroDivisionError: one\\ntwo. {DEBUG}"),
    ],
)
def test_everything_else_has_one_too(
    run: Run, fake: FakeJobs, fault: BaseException, code: int, line: str | None
) -> None:
    fake.fault = fault
    result = run("train", "x.csv")
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.splitlines() == ([line] if line else [])


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("", "no command. Begin with: forecast demo, or forecast train DATA"),
        ("trian", "No such command 'trian'. Did you mean 'train'. See: forecast --help"),
        ("train", "Missing argument 'DATA'. See: forecast train --help"),
        ("train x --horizon 0", "--horizon must be from 1 to 10000, received 0"),
        (
            "train x --cell foo",
            "Invalid value for '--cell': 'foo' is not one of 'lstm', 'gru', 'peephole', 'rnn'. See: forecast train",
        ),
        ("train x --nope", "No such option: --nope"),
        ("predict --horizon", "Option '--horizon' requires an argument"),
        ("models show", "Missing argument 'NAME'. See: forecast models show --help"),
    ],
)
def test_wrong_usage_exits_with_2(run: Run, fake: FakeJobs, arguments: str, line: str) -> None:
    result = run(*arguments.split())
    assert (result.exit_code, result.stdout, fake.told) == (2, "", None)
    assert result.stderr.splitlines()[-1].startswith(f"forecast: error[USAGE]: {line}")


def test_a_traceback_only_when_asked_for(run: Run, fake: FakeJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.fault = ZeroDivisionError("x")
    assert "Traceback" not in run("train", "x.csv").stderr
    monkeypatch.setenv("FORECAST_DEBUG", "1")
    lines = run("train", "x.csv").stderr.splitlines()
    assert lines[0].startswith("Traceback")
    assert lines[-1].startswith("forecast: error[BUG]: ")


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("train x --log-file a", "a"),
        ("train x --log-file=a", "a"),
        ("train x", None),
        ("train x --log-file", None),
        ("train -- --log-file a", None),
    ],
)
def test_the_log_file_is_found_before_parsing(line: str, path: str | None) -> None:
    assert log_file_in(line.split()) == (path and Path(path))


def test_an_error_at_a_terminal_ends_in_the_same_line(see: Callable[..., Seen], fake: FakeJobs) -> None:
    fake.fault = errors.DataError("bad")
    seen = see("predict")
    assert (seen.stdout, seen.code, seen.stderr.splitlines()[-1]) == ("", 65, "forecast: error[DATA]: bad")


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a shell line in which $forecast is the command."""
    env = os.environ | {"PYTHONPATH": str(ROOT), "forecast": " ".join(FORECAST)} | environment
    return subprocess.run(
        ["bash", "-c", command],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=LATE,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("$forecast --version >/dev/full", 74),
        ("$forecast --version >&-", 74),
        ("$forecast models list >/dev/full", 74),
        ("$forecast models list >&-", 74),
        ("$forecast models list 2>&- <&-", 0),
        ("$forecast models list -q >&- 2>&- <&-", 0),
        ("$forecast predict 2>&-", 66),
        ("exec 3> >(exit 0); wait $!; $forecast models list >&3", 141),
    ],
)
def test_streams_that_are_closed_or_full(command: str, code: int) -> None:
    done = shell(command)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == (1 if code == 74 else 0)


def test_data_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    done = shell("$forecast train ψ.csv", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert (done.returncode, done.stderr) == (66, "forecast: error[MISSING]: ψ.csv: no such file or directory\n")
