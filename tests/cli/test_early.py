"""Tests of `cli/early.py`: the first moments of the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forecaster.cli.early import follow, seconds_of
from tests.waiting import is_alive, wait_until


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        ([], None),
        (["predict", "--deadline"], None),
        (["--deadline", "5"], 5.0),
        (["x", "--deadline=7.5"], 7.5),
        (["--", "--deadline", "5"], None),
        (["--deadline", "1e12"], None),
        (["--deadline", "nan"], None),
        (["--deadline", "0"], None),
        (["--deadline", "many"], None),
    ],
)
def test_the_deadline_is_found_before_flags_are_read(arguments: list[str], seconds: float | None) -> None:
    assert seconds_of(arguments) == seconds


SLOW = "import sys, time; sys.argv = ['forecast', *sys.argv[1:]]\nfrom forecaster.cli import early\n"
SLOW += "early.install(sys.argv[1:])\nprint('ready', flush=True)\ntime.sleep(30)"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_anything_is_imported(number: signal.Signals) -> None:
    process = subprocess.Popen([sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=25)
    assert (process.returncode, err) == (128 + number, b"forecast: error[STOPPED]: stopped; nothing changed\n")


def test_the_deadline_counts_from_the_start_of_the_process() -> None:
    began = time.monotonic()
    program = f"import time; time.sleep(1)\n{SLOW}"
    done = subprocess.run(
        [sys.executable, "-c", program, "--deadline", "2"], capture_output=True, timeout=40, check=False
    )
    assert (done.returncode, done.stderr) == (
        124,
        b"forecast: error[DEADLINE]: the deadline of 2 s passed; nothing changed. Give it more time with --deadline\n",
    )
    assert time.monotonic() - began < 20


def test_a_process_ends_with_the_one_that_began_it_even_if_that_was_killed() -> None:
    begin = (
        "import os, subprocess, sys, time\n"
        "leash, _ = os.pipe()\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLOW!r}], stdout=subprocess.PIPE, pass_fds=[leash], "
        "env={**os.environ, 'FORECAST_LEASH': str(leash)})\n"
        "child.stdout.readline(); print(child.pid, flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", begin], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    _, err = process.communicate(timeout=25)  # the child holds its stderr until it ends
    assert err == b"forecast: error[STOPPED]: stopped; nothing changed\n"
    wait_until(lambda: not is_alive(child))


def test_what_is_no_pipe_is_no_leash() -> None:
    with Path(os.devnull).open() as file:
        for leash in ("", "x", "-1", "999", str(file.fileno())):
            follow(leash)
