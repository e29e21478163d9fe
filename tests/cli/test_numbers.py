"""Numbers as flags of every command: what no data could need is refused in one line, and never a bug of ours.

The commands and their flags are read off the application, so that new ones are tried too.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from forecaster import jobs
from forecaster.cli.app import app
from tests.conftest import panel_csv

ODD = (
    *(
        "nan",
        "inf",
        "-inf",
        "0",
        "-0",
        "-1",
        "1",
        "1e308",
        "-1e308",
        "1e309",
        "1e-320",
        "0.1",
        "",
        " ",
        "1,",
        ",",
        "0x10",
    ),
    *(
        "1" + "0" * 30,
        "-" + "9" * 30,
        "9223372036854775808",
        "1000000000",
        "1000000001",
        "9" * 5000,
        "1_000",
        "٣",
        "1e",
        "x",
    ),
)
"""Numbers and what only looks like one."""

NOT_NUMBERS = {"models-dir", "log-file", "metrics-file", "format", "json", "errors", "on-failure", "config"}
SECONDS = 20
"""What no command takes on data so small."""


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the words and the object of every command."""
    command = command or typer.main.get_command(app)
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, each in inner.items():
        yield from commands(each, (*path, name))


def flags(*, numbers_only: bool) -> list[tuple[tuple[str, ...], str]]:
    """Return every flag that takes a value, or a number, with the words of its command."""
    found = []
    for path, command in commands():
        for option in command.params:
            if option.param_type_name != "option" or option.is_flag:
                continue
            is_number = option.type_descriptor.annotation in (int, float)
            if is_number or not (numbers_only or option.opts[0].lstrip("-") in NOT_NUMBERS):
                found.append((path, option.opts[0]))
    return found


NUMBERS, VALUES = flags(numbers_only=True), flags(numbers_only=False)
REQUIRED = {
    "data": "data.csv",
    "jobs_file": "jobs.toml",
    "code": "65",
    "name": "none",
    "old": "none@v1",
    "new": "none@v2",
}
NEEDED = {("mcp",): ["--folder", "."]}
"""Options without which a command only says that they are missing."""


COMMANDS = dict(commands())


def arguments_of(path: tuple[str, ...]) -> list[str]:
    """Return the words of a command and of what it requires."""
    command = COMMANDS[path]
    needed = [p.name for p in command.params if p.param_type_name != "option" and p.required]
    return [*path, *(REQUIRED.get(name, "none") for name in needed), *NEEDED.get(path, [])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with small data."""
    folder = tmp_path_factory.mktemp("numbers")
    panel_csv(folder / "data.csv", 3, 80)
    (folder / "jobs.toml").write_text('[[jobs]]\nname = "a"\ncommand = "predict"\ndata = "data.csv"\n')
    return folder


def run(arguments: list[str]) -> Result:
    """Run a command line that must end soon."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"forecast {' '.join(arguments)} takes longer than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        return CliRunner().invoke(app, arguments)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check(result: Result, told: str) -> None:
    assert result.exit_code != 1, f"{told}: {result.stderr}"
    assert result.exception is None or isinstance(result.exception, SystemExit), f"{told}: {result.exception!r}"
    assert "Traceback" not in result.stderr
    if result.exit_code not in (0, 3):
        assert result.stdout == "" or told.startswith("check ")  # a verdict is what check was asked for
        assert len(result.stderr.splitlines()[-1]) < 2_100


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every job end as it begins: flags alone are tried. What serves binds its port, and ends there."""

    def end(*given: object, **named: object) -> None:
        raise typer.Exit(0)

    monkeypatch.setattr("forecaster.service.web._Server.run", end)
    monkeypatch.setattr("mcp.server.MCPServer.run", end)

    for name in jobs.__all__:
        if callable(own := getattr(jobs, name)) and not isinstance(own, type):
            monkeypatch.setattr(jobs, name, end)


ANY = st.one_of(st.sampled_from(ODD), st.integers().map(str), st.floats().map(str))


def trying(count: int) -> settings:
    return settings(
        deadline=None, max_examples=count, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
    )


def check_number(flag: tuple[tuple[str, ...], str], value: str, folder: Path) -> None:
    path, name = flag
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = run([*arguments_of(path), f"{name}={value}"])
    finally:
        os.chdir(before)
    check(result, f"{' '.join(path)} {name}={value[:50]}")


@trying(25)
@given(flag=st.sampled_from(NUMBERS), value=ANY)
@example(flag=(("train",), "--epochs"), value="9" * 30)
@example(flag=(("check",), "--skip-rows"), value="9" * 30)
@example(flag=(("serve",), "--port"), value="1")
@example(flag=(("serve",), "--timeout"), value="1e308")
@example(flag=(("mcp",), "--deadline"), value="1e-320")
@example(flag=(("demo",), "--deadline"), value="1e308")
def test_a_number_is_taken_or_refused(
    flag: tuple[tuple[str, ...], str], value: str, nothing_runs: None, folder: Path
) -> None:
    check_number(flag, value, folder)


@pytest.mark.slow
@trying(2_000)
@given(flag=st.sampled_from(NUMBERS), value=ANY)
def test_many_numbers_are_taken_or_refused(
    flag: tuple[tuple[str, ...], str], value: str, nothing_runs: None, folder: Path
) -> None:
    check_number(flag, value, folder)


def test_every_command_with_numbers_is_tried() -> None:
    wanted = {"train", "predict", "evaluate", "compare", "tune", "run", "serve", "mcp", "demo", "models"}
    assert {path[0] for path, _ in NUMBERS} >= wanted
    assert len(NUMBERS) > 100


BESIDE = {
    "check": [],
    "predict": ["--model", "builtin", "--ledger", "none", "--output", "o.csv"],
    "evaluate": ["--model", "builtin"],
    "anomalies": ["--model", "builtin"],
    "plot": ["--model", "builtin", "--output", "p.svg"],
    "explain": ["--model", "builtin"],
    "report": ["--model", "builtin", "--output", "r.html"],
    "train": ["--dry-run"],
    "compare": ["--models", "naive", "--windows", "2", "--horizon", "3"],
    "score": ["--model", "builtin"],
    "serve": ["--port", "0"],
}
"""What makes a command short."""


@pytest.mark.slow
@pytest.mark.parametrize("name", BESIDE)
def test_what_was_taken_ends_well_or_is_refused(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for path, flag in VALUES:
        if path != (name,):
            continue
        beside = list(BESIDE[name])
        if flag in beside:
            del beside[beside.index(flag) : beside.index(flag) + 2]
        for value in ODD:
            words = [*arguments_of(path), *([] if name == "score" else ["data.csv"]), *beside, f"{flag}={value}"]
            check(run(list(dict.fromkeys(words))), f"{name} {flag}={value[:50]}")


@pytest.mark.parametrize("command", ["serve", "mcp", "demo"])
def test_what_serves_or_shows_takes_or_refuses_odd_numbers(command: str, nothing_runs: None, folder: Path) -> None:
    for flag in NUMBERS:
        for value in ODD if flag[0] == (command,) else ():
            check_number(flag, value, folder)
