"""The fault catalogue: each folder of `tests/faults` is one thing that goes wrong, and what must come of it.

`tests/faults/README.md` says what a case may hold, and why some numbers of the catalogue have no folder.
"""

from __future__ import annotations

import inspect
import os
import re
import runpy
import shlex
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from forecaster import jobs
from forecaster.cli import boundary
from forecaster.cli.app import app
from forecaster.cli.notes import finish
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from forecaster.model.planner import choose_season, make_plan
from tests.conftest import TINY, WHOLE, Trained
from tests.obeyed import names_a_way, ways_of

FAULTS = Path(__file__).parent / "faults"
GROUPS = {
    "A": (1, 43),
    "B": (44, 79),
    "C": (80, 112),
    "D": (113, 150),
    "E": (151, 168),
    "F": (169, 180),
    "G": (181, 204),
    "P": (401, 410),
}
PUBLISHED = {0, 3}
FORBIDDEN = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "subprocess.Popen",
    "pickle.find_class",
)
"""Audit events that no command may cause: connections, programs, code out of files."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One run of a case. Its keys stand in `case.toml`; those above the first `[[run]]` hold for every run.

    What makes its input (`make`), looks at what came of it (`check`), and happens at the moment when `data.csv` is
    opened (`during`) are functions of `case.py`: `make_2` is that of the second run.

    Attributes:
        about: What goes wrong, and what is right about the outcome.
        command: Arguments, run in this process: a line, or a list of words.
        shell: Instead of `command`: a bash line in which `$forecast` is the command.
        env: Environment variables; an empty one is unset.
        needs: What the machine must allow; else the case is skipped.
        times: How often; `k` of `make` and `check` counts from 0.
        code: Exit code.
        error: Parts of the last line on stderr.
        lines: Lines on stderr. Of a published forecast 0, of any failure 1, unless the case says otherwise.
        writes: Files and folders that come new or change; nothing else may.
        same: Files of equal bytes afterwards. `expected.csv` is the forecast of `shops.csv`.
        meant: What stands in this case for a word in capitals of a hint, or for a flag without a value.
        reads: What training would be given: `ids`, `values`, `stamps`, `future`, `findings`, …; training is left out.
    """

    folder: Path
    number: int = 0
    about: str = ""
    command: str | list[str] = ""
    shell: str = ""
    env: dict[str, str] = field(default_factory=dict)
    needs: list[str] = field(default_factory=list)
    times: int = 1
    code: int = 0
    error: list[str] = field(default_factory=list)
    lines: int | None = None
    writes: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    meant: dict[str, str] = field(default_factory=dict)
    reads: dict[str, Any] | None = None

    def act(self, name: str, **known: Any) -> None:
        """Run a function of the case, where it has one: that of this run, or the one of all runs.

        Args:
            name: `make`, `during` or `check`.
            **known: What it may take as arguments.
        """
        file = self.folder / "case.py"
        functions = runpy.run_path(str(file)) if file.exists() else {}
        function = functions.get(f"{name}_{self.number}" if self.number else name) or functions.get(name)
        if function is not None:
            function(**{key: known[key] for key in inspect.signature(function).parameters})

    def __str__(self) -> str:
        return self.folder.name + (f"-{self.number}" if self.number else "")


def cases() -> Iterator[Case]:
    """Yield every run of every case."""
    for path in sorted(FAULTS.glob("*/case.toml")):
        keys = tomllib.loads(path.read_text("utf-8"))
        runs = keys.pop("run", [{}])
        for number, run in enumerate(runs, 1):
            yield Case(folder=path.parent, number=number if len(runs) > 1 else 0, **{**keys, **run})


CASES = list(cases())


# ---------------------------------------------------------------------------------------------------- surroundings


@dataclass
class Watch:
    """Listens to Python's audit events. A hook cannot be taken away again, so it is told when to listen."""

    on: bool = False
    seen: list[str] = field(default_factory=list)
    during: Case | None = None

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note what is forbidden; run `during` once, when the data file is opened."""
        if not self.on:
            return
        if event in FORBIDDEN:
            self.seen.append(f"{event} {arguments}"[:200])
        if event == "open" and self.during and str(arguments[0]) == "data.csv":
            case, self.during = self.during, None
            case.act("during")

    @contextmanager
    def listening(self, during: Case | None) -> Iterator[None]:
        """Listen for a while."""
        self.on, self.seen, self.during = True, [], during
        try:
            yield
        finally:
            self.on = False


WATCH = Watch()
sys.addaudithook(WATCH)


def unprivileged() -> str | None:
    """Return what to put before a command that root's right to open every file must not help; None for no way."""
    if os.geteuid() != 0:
        return ""
    return "setpriv --bounding-set=-dac_override,-dac_read_search" if shutil.which("setpriv") else None


NEEDS = {
    "unprivileged": (lambda: unprivileged() is not None, "root may read everything, and there is no setpriv"),
    "strace": (lambda: shutil.which("strace") is not None, "there is no strace"),
    "mount": (lambda: works("unshare -m true"), "mounting is not allowed"),
    "/dev/full": (lambda: Path("/dev/full").exists(), "there is no /dev/full"),
    "/proc": (lambda: Path("/proc/self/mem").exists(), "there is no /proc"),
}


def works(command: str) -> bool:
    """Return whether a command can be run here."""
    return subprocess.run(["bash", "-c", command], capture_output=True, check=False).returncode == 0


# ---------------------------------------------------------------------------------------------------- running


@dataclass(frozen=True)
class Done:
    """What came of a command; `panel` is what training would have been given, `hint` what is to be done."""

    code: int
    stdout: str
    stderr: str
    panel: Panel | None = None
    hint: str = ""


def words_of(case: Case) -> list[str]:
    """Return the command line of a case."""
    return shlex.split(case.command) if isinstance(case.command, str) else case.command


def run_here(case: Case, monkeypatch: pytest.MonkeyPatch, *, surprises: bool = True) -> Done:
    """Run a command line in this process. Where the case says what is read, training ends there.

    With `surprises` also what the case does while the data is read.
    """
    panels, hints, report = list[Panel](), list[str](), boundary.report

    def overhear(error: BaseException, failure: boundary.Failure, *, as_json: bool = False) -> None:
        hints.append(failure.hint)
        report(error, failure, as_json=as_json)

    def only_read(job: jobs.TrainJob, events: jobs.Events, *further: object) -> None:
        panel = read_panel(job.data, job.reading)
        events.on_panel(panel)
        if (case.reads or {}).get("plan"):
            make_plan(panel, choose_season(panel, job.reading.season_length), job.model, job.training)
        panels.append(panel)
        raise typer.Exit(finish(panel.skipped))

    arguments = words_of(case)
    with monkeypatch.context() as patch, WATCH.listening(case if surprises else None):
        for name, value in case.env.items():
            patch.setenv(name, value)
        patch.setattr(boundary, "report", overhear)
        if case.reads is not None:
            patch.setattr(jobs, "train", only_read)
        result = CliRunner().invoke(app, arguments + (TINY if arguments[0] == "train" else []))
    assert not WATCH.seen
    panel, hint = panels[0] if panels else None, hints[0] if hints else ""
    return Done(result.exit_code, result.stdout, result.stderr, panel, hint)


def run_shell(case: Case) -> Done:
    """Run a bash line. `guard/sitecustomize.py` refuses every connection in the processes that it starts."""
    env = os.environ | {
        "forecast": f"{sys.executable} -m forecaster",
        "script": str(Path(sys.executable).with_name("forecast")),
        "tiny": " ".join(TINY),
        "whole": " ".join(WHOLE),
        "unprivileged": unprivileged() or "",
        "PYTHONPATH": str(FAULTS / "guard"),
        **case.env,
    }
    done = subprocess.run(
        ["bash", "-c", case.shell],
        env={name: value for name, value in env.items() if value or name not in case.env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=120,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def state_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return kind and mode of all below a folder but locks, with the content of files and the target of links."""
    found = {}
    for path in (path for path in folder.rglob("*") if path.name != "LOCK"):
        mode = path.lstat().st_mode
        content = (
            os.fsencode(path.readlink()) if stat.S_ISLNK(mode) else path.read_bytes() if stat.S_ISREG(mode) else b""
        )
        found[os.fsencode(path.relative_to(folder)).decode("utf-8", "backslashreplace")] = (mode, content)
    return found


# ---------------------------------------------------------------------------------------------------- what must hold


def check_hint(case: Case, done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a hint says, if done literally, works or leads further: to success, or to another fault."""
    monkeypatch.setattr("forecaster.service.web._Server.run", lambda *given: None)
    monkeypatch.setattr("mcp.server.MCPServer.run", lambda *given: None)
    ways = [list(way) for way in dict.fromkeys(map(tuple, ways_of(done.hint, words_of(case), case.meant)))]
    assert ways or not names_a_way(done.hint), done.hint
    for words in ways:
        again = run_here(replace(case, command=words, reads={}), monkeypatch, surprises=False)
        told = f"{done.stderr}\nforecast {shlex.join(words)}\n{again.stderr}"
        assert again.code != 1, told
        assert again.code in PUBLISHED or again.stderr.splitlines()[-1] != done.stderr.splitlines()[-1], told
        assert "No such option" not in again.stderr, told


def check_streams(case: Case, done: Done) -> None:
    """On failure stdout is empty and stderr is one printable line that names the fault; a success is quiet."""
    lines = done.stderr.splitlines()
    assert "Traceback" not in done.stderr
    assert done.code == case.code, done.stderr
    published = case.code in PUBLISHED
    told = [line for line in lines if line.startswith("forecast: warning: ")] if case.lines is None else []
    expected = case.lines if case.lines is not None else 1 - (case.code == 0)
    assert len(lines) - len(told) == expected or (published and len(lines) >= expected), done.stderr
    if lines:
        assert all(line.isprintable() and len(line) <= 2_100 for line in lines)
        assert lines[-1].startswith("forecast: " if published else "forecast: error[")
        assert not [part for part in case.error if part not in lines[-1]], lines[-1]
    if not published:
        assert done.stdout == ""


def check_files(case: Case, before: dict[str, tuple[int, bytes]], after: dict[str, tuple[int, bytes]]) -> None:
    """Nothing but what was to be written is new, changed or gone: models, input and the earlier forecast are whole.

    What was published is entered in the model's ledger as well, as a new part; a failure enters nothing.
    """
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if case.code in PUBLISHED:
        changed -= {
            name for name in changed - before.keys() if re.match(r"models/[^/]+/LEDGER(/[^/]+\.parquet)?$", name)
        }
    assert not {name for name in changed if not any(name == own or name.startswith(f"{own}/") for own in case.writes)}
    assert set(case.writes) <= changed
    assert len({after[name][1] for name in case.same}) < 2


def check_panel(case: Case, panel: Panel | None) -> None:
    """What was read is what the case says."""
    expected = case.reads or {}
    assert panel is not None
    found = {
        "ids": list(panel.ids),
        "values": panel.values.tolist(),
        "filled": int(panel.filled.sum()),
        "lengths": panel.lengths.tolist(),
        "frequency": panel.frequency.alias,
        "time_format": panel.schema.time_format,
        "tz": panel.schema.tz or "",
        "target": panel.schema.target or "",
        "first": [str(panel.write(panel.stamps(s)[:1])[0]) for s in range(panel.n_series)],
        "future": [str(stamp) for stamp in panel.future_stamps(3)[0]],
        "skipped": [name for name, _ in panel.skipped],
        "findings": sorted(finding.code for finding in panel.findings),
        "plan": True,
    }
    assert {key: found[key] for key in expected} == expected


@pytest.fixture(scope="module")
def forecast_of_shops(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forecast the data that the model was trained on, once."""
    path = tmp_path_factory.mktemp("expected") / "expected.csv"
    done = CliRunner().invoke(
        app, ["predict", str(trained.data), "--models-dir", str(trained.models_dir), "-o", str(path)]
    )
    assert done.exit_code == 0, done.stderr
    return path


@pytest.fixture
def workplace(trained: Trained, forecast_of_shops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with a model, the data of the model, its forecast, and an earlier forecast to be kept."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("FORECAST_MODELS", "models")
    shutil.copytree(trained.models_dir, folder / "models")
    shutil.copy(trained.data, folder / "shops.csv")
    shutil.copy(forecast_of_shops, folder / "expected.csv")
    (folder / "forecasts.csv").write_text("the last good forecast\n")
    return folder


@pytest.mark.parametrize("case", CASES, ids=str)
def test_fault(case: Case, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for need in case.needs:
        is_met, reason = NEEDS[need]
        if not is_met():
            pytest.skip(reason)
    for path in case.folder.iterdir():
        if path.is_file() and path.stem != "case":
            shutil.copy(path, workplace)
    kept: dict[str, Any] = {}
    for k in range(case.times):
        case.act("make", k=k, kept=kept)
        before = state_of(workplace)
        done = run_shell(case) if case.shell else run_here(case, monkeypatch)
        check_streams(case, done)
        check_files(case, before, state_of(workplace))
        if case.reads is not None:
            check_panel(case, done.panel)
        if case.command and case.code not in PUBLISHED and case.times == 1:
            check_hint(case, done, monkeypatch)
        case.act("check", out=done.stdout, err=done.stderr, panel=done.panel, k=k, kept=kept)


def test_every_case_is_a_folder_or_listed() -> None:
    text = (FAULTS / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| ([A-GP])(\d{3}) \| \S[^|]+ \| \S[^|]+ \|$", text, re.MULTILINE)
    folders = [re.fullmatch(r"([A-GP])(\d{3})-[a-z0-9-]+", path.parent.name) for path in FAULTS.glob("*/case.toml")]
    numbers = [(group, int(number)) for group, number in listed]
    numbers += [(match[1], int(match[2])) for match in folders if match]
    assert None not in folders
    assert sorted(numbers) == [(group, k) for group, (low, high) in GROUPS.items() for k in range(low, high + 1)]
