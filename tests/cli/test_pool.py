"""Jobs as processes of their own: in order, never two on one model, none left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from forecaster.cli import pool
from forecaster.cli.pool import Ended, run_all
from forecaster.config.jobfile import Entry


def entries(*names: str) -> list[Entry]:
    return [Entry(name, "predict", {}, 1) for name in names]


def program(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let a job be this Python script, whose argument is the job's name."""
    path = Path("program.py")
    path.write_text(script)

    class Popen(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **given: object) -> None:
            super().__init__([sys.executable, str(path), *command[4:]], **given)  # type: ignore[call-overload]

    monkeypatch.setattr(pool.subprocess, "Popen", Popen)


def ended(names: list[str], most: int, key: Callable[[Entry], str] = lambda e: e.name) -> list[Ended]:
    return list(run_all(entries(*names), key, lambda entry: [entry.name], most))


def interrupt_when(monkeypatch: pytest.MonkeyPatch, condition: Callable[[], object]) -> None:
    """Interrupt us when this has come true."""

    def sleep(seconds: float) -> None:
        if condition():
            raise KeyboardInterrupt
        time.sleep(seconds)

    monkeypatch.setattr(pool, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))


def test_jobs_begin_in_order_and_those_on_one_model_never_together(monkeypatch: pytest.MonkeyPatch) -> None:
    program(
        monkeypatch,
        "import sys, time\n"
        "def log(sign): open('log', 'a').write(f'{sign}{sys.argv[1]} ')\n"
        "log('+')\n"
        "while sys.argv[1] == 'c1' and '+d1' not in open('log').read(): time.sleep(0.01)\n"  # they run side by side
        "log('-')",
    )
    ended(["a1", "a2", "b1"], 1, key=lambda entry: entry.name[0])
    assert Path("log").read_text() == "+a1 -a1 +a2 -a2 +b1 -b1 "
    Path("log").unlink()
    ended(["c1", "c2", "d1"], 3, key=lambda entry: entry.name[0])
    log = Path("log").read_text().split()
    assert log.index("-c1") < log.index("+c2")
    assert log.index("+d1") < log.index("+c2")


def test_what_does_not_stop_is_killed_and_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    program(
        monkeypatch,
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open('pid', 'w').write(str(os.getpid()))\n"
        "time.sleep(600)",
    )
    monkeypatch.setattr(pool, "GRACE", 0.0)
    running = run_all(entries("a"), lambda entry: entry.name, lambda entry: [entry.name], 1)
    interrupt_when(monkeypatch, lambda: Path("pid").exists() and Path("pid").read_text())
    with pytest.raises(KeyboardInterrupt):
        next(running)
    with pytest.raises(ProcessLookupError):
        os.kill(int(Path("pid").read_text()), 0)


def test_how_a_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    program(
        monkeypatch,
        r"""
import os, signal, sys
match sys.argv[1]:
    case "well": print('[{"name": "well"}]')
    case "warned": print("forecast: warning: old", file=sys.stderr); print("[{}]")
    case "wrong": sys.stderr.write("forecast: warning: old\nforecast: error[DATA]: line 3. Correct it\n"); sys.exit(65)
    case "silent": sys.exit(1)
    case "chatty": sys.stderr.write("x\n" * 500_000); sys.exit(4)
    case "memory": os.kill(os.getpid(), signal.SIGKILL)
    case "crash": os.kill(os.getpid(), signal.SIGSEGV)
""",
    )
    cases = ["well", "warned", "wrong", "silent", "chatty", "memory", "crash"]
    found = {each.entry.name: each for each in ended(cases, 2)}
    assert (found["well"].exit_code, found["well"].row, found["well"].warnings) == (0, {"name": "well"}, ())
    assert found["warned"].warnings == ("old",)
    wrong = found["wrong"]
    assert (wrong.exit_code, wrong.error, wrong.message) == (65, "DATA", "line 3. Correct it")
    assert wrong.warnings == ("old",)
    assert [(found[name].exit_code, found[name].error) for name in ("silent", "chatty")] == [(1, ""), (4, "")]
    assert (found["memory"].exit_code, found["memory"].error) == (71, "RESOURCE")
    assert found["memory"].message == "its process was killed by SIGKILL"
    assert (found["crash"].exit_code, found["crash"].error) == (1, "BUG")
    assert [found[name].is_failure for name in cases] == [False, False, True, True, True, True, True]


def test_nothing_is_left_running(monkeypatch: pytest.MonkeyPatch) -> None:
    program(
        monkeypatch, "import os, sys, time; open(sys.argv[1] + '.pid', 'w').write(str(os.getpid())); time.sleep(60)"
    )
    running = run_all(entries("a", "b", "c"), lambda entry: entry.name, lambda entry: [entry.name], 2)
    pids = [Path(f"{name}.pid") for name in "ab"]
    interrupt_when(monkeypatch, lambda: all(path.exists() and path.read_text() for path in pids))
    with pytest.raises(KeyboardInterrupt):
        next(running)
    for path in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.read_text()), 0)
    assert not Path("c.pid").exists()
