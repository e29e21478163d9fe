"""The metrics file and the command that runs on failure: what they are told, and that they never change the outcome."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecaster.base.errors import GateError
from forecaster.cli import watch
from forecaster.cli.watch import METRICS, labels, read_metrics, to_text
from forecaster.data.age import Age
from tests.cli.conftest import FakeJobs, Run, panel_of
from tests.conftest import Trained, run_forecast
from tests.waiting import LATE, wait_until

KEY = 'command="predict",name="m"'


def samples(path: Path, key: str = KEY) -> dict[str, float]:
    return read_metrics(path)[key]


def test_what_a_run_leaves_in_the_metrics_file(run: Run, fake: FakeJobs, tmp_path: Path) -> None:
    fake.age = Age(newest="x", moment=datetime(2024, 1, 1, tzinfo=UTC), until=datetime(2024, 1, 2, tzinfo=UTC))
    path, before = tmp_path / "m.prom", time.time()
    result = run("predict", "--metrics-file", path)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    found = samples(path)
    assert before <= found.pop("last_success_timestamp_seconds") == found.pop("last_run_timestamp_seconds")
    assert found.pop("duration_seconds") >= 0
    assert found == {
        "exit_code": 0,
        "data_rows": 60,
        "data_age_seconds": 86_400,
        "series": 1,
        "skipped_series": 0,
        "output_rows": 3,
        "skill_ratio": 0.25,
    }


def test_the_file_is_in_the_format_of_prometheus(run: Run, fake: FakeJobs, tmp_path: Path) -> None:
    path = tmp_path / 'shops "A".prom'
    run("predict", f"--metrics-file={path}")
    run("train", "x.csv", f"--metrics-file={path}")
    text = path.read_text()
    assert text.endswith("\n")
    seen: list[str] = []
    for line in text.splitlines():
        if help := re.fullmatch(r"# HELP (forecast_[a-z_]+) [^\n]+", line):
            assert help[1] not in seen, "the samples of a metric stand together"
            seen.append(help[1])
        elif kind := re.fullmatch(r"# TYPE (\S+) gauge", line):
            assert kind[1] == seen[-1]
        else:
            sample = re.fullmatch(r'(\w+)\{command="(train|predict)",name="shops \\"A\\""\} [0-9.e+-]+', line)
            assert sample, line
            assert sample[1] == seen[-1]
    assert len(read_metrics(path)) == 2
    assert to_text(read_metrics(path)) == text


def test_a_failure_keeps_the_last_success(run: Run, fake: FakeJobs, tmp_path: Path) -> None:
    path = tmp_path / "m.prom"
    run("predict", "--metrics-file", path)
    good = samples(path)
    fake.fault = GateError("too old")
    assert run("predict", "--metrics-file", path).exit_code == 4
    bad = samples(path)
    assert (bad["exit_code"], bad["skill_ratio"], bad["output_rows"]) == (4, 0.25, 3)
    assert bad["last_success_timestamp_seconds"] == good["last_success_timestamp_seconds"]
    assert bad["last_run_timestamp_seconds"] > good["last_run_timestamp_seconds"]


def test_a_partial_run_is_a_success_with_its_code(run: Run, fake: FakeJobs, tmp_path: Path) -> None:
    fake.panel = panel_of(tmp_path, ids=("a", "b"), short="b")
    run("predict", "--metrics-file", tmp_path / "m.prom")
    found = samples(tmp_path / "m.prom")
    assert (found["exit_code"], found["skipped_series"]) == (3, 1)
    assert "last_success_timestamp_seconds" in found


def test_a_command_line_that_does_not_parse_is_counted(run: Run, tmp_path: Path) -> None:
    run("predict", "--nope", "--metrics-file", tmp_path / "m.prom")
    found = samples(tmp_path / "m.prom")
    assert found["exit_code"] == 2
    assert "last_success_timestamp_seconds" not in found


def test_help_is_no_run(run: Run, tmp_path: Path) -> None:
    assert run("predict", "--metrics-file", tmp_path / "m.prom", "--help").exit_code == 0
    assert not (tmp_path / "m.prom").exists()


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("none/m.prom", 73, "does not exist"),
        (".", 73, "it is a folder"),
        ("data.csv", 73, "exists, and is not a metrics file"),
    ],
)
def test_what_cannot_be_the_metrics_file_is_known_before_the_work(
    run: Run, fake: FakeJobs, tmp_path: Path, name: str, code: int, said: str
) -> None:
    (tmp_path / "data.csv").write_text("ds,y\n")
    result = run("train", "x.csv", "--metrics-file", name)
    (line,) = result.stderr.splitlines()
    assert (result.exit_code, fake.told) == (code, None)
    assert said in line
    assert (tmp_path / "data.csv").read_text() == "ds,y\n"


def test_a_metrics_file_that_fails_late_changes_nothing_else(
    run: Run, fake: FakeJobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forecaster.base import files
    from forecaster.base.errors import StorageError

    def full(path: Path, data: bytes) -> None:
        raise StorageError(f"cannot write {path}: No space left on device")

    monkeypatch.setattr(files, "write_file", full)
    result = run("predict", "--metrics-file", tmp_path / "m.prom")
    assert result.exit_code == 0
    assert result.stderr.startswith("forecast: warning: the metrics file was not written: cannot write ")


def test_every_metric_is_found_again() -> None:
    values = {labels(command="run", name="a\\b", task='x"\n'): {name: 0.1 + i for i, name in enumerate(METRICS)}}
    path_text = to_text(values)
    assert all(f"forecast_{name}{{" in path_text for name in METRICS)
    assert "\n\n" not in path_text


# ------------------------------------------------------------------------------------------------------- on failure


HOOK = 'printf "%s|%s|%s|%s" "$FORECAST_COMMAND" "$FORECAST_EXIT_CODE" "$FORECAST_ERROR" "$FORECAST_MESSAGE" > told'


def told(folder: Path) -> str | None:
    return (folder / "told").read_text() if (folder / "told").exists() else None


def test_no_failure_no_command(run: Run, fake: FakeJobs, tmp_path: Path) -> None:
    assert run("predict", "--on-failure", HOOK).exit_code == 0
    assert told(tmp_path) is None


def test_the_command_is_told_what_happened(run: Run, fake: FakeJobs, tmp_path: Path) -> None:
    fake.fault = GateError("data ends at\x1b 2024", hint='Say "so"')
    result = run("predict", "--on-failure", HOOK)
    assert result.exit_code == 4
    assert told(tmp_path) == 'predict|4|GATE|data ends at\\x1b 2024. Say "so"'
    assert result.stderr.splitlines() == ['forecast: error[GATE]: data ends at\\x1b 2024. Say "so"']


def test_also_of_skipped_series(run: Run, fake: FakeJobs, tmp_path: Path) -> None:
    fake.panel = panel_of(tmp_path, ids=("a", "b"), short="b")
    assert run("predict", "--on-failure", HOOK).exit_code == 3
    assert str(told(tmp_path)).startswith("predict|3|PARTIAL|1 series skipped: b (the first: ")


def test_also_of_wrong_usage(run: Run, tmp_path: Path) -> None:
    assert run("predict", "--horizon", "0", f"--on-failure={HOOK}").exit_code == 2
    assert told(tmp_path) == "predict|2|USAGE|--horizon must be from 1 to 10000, received 0"


@pytest.mark.parametrize(
    ("command", "patience", "said"),
    [
        ("exit 5", 60.0, "exited with 5"),
        ("nonesuch-command", 60.0, "exited with 127"),
        ("sleep 60", 0.2, "killed after 0.2 s"),
    ],
)
def test_a_command_that_fails_is_only_told_of(
    run: Run, fake: FakeJobs, monkeypatch: pytest.MonkeyPatch, command: str, patience: float, said: str
) -> None:
    monkeypatch.setattr(watch, "PATIENCE", patience)
    fake.fault = GateError("too old")
    began = time.monotonic()
    result = run("predict", "--on-failure", command)
    assert (result.exit_code, time.monotonic() - began < 50) == (4, True)
    *_, warning, last = result.stderr.splitlines()
    assert warning == f"forecast: warning: --on-failure: {said}"
    assert last == "forecast: error[GATE]: too old"


def test_the_command_reads_nothing_and_writes_to_stderr(trained: Trained, tmp_path: Path) -> None:
    done = run_forecast("predict", "none.csv", "--models-dir", trained.models_dir, "--on-failure", "cat; echo hello")
    assert (done.returncode, done.stdout) == (66, "")
    assert done.stderr.splitlines()[0] == "hello"
    assert done.stderr.splitlines()[-1].startswith("forecast: error[MISSING]: none.csv")


def test_the_command_runs_when_we_are_stopped(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(trained.data.read_bytes())
    line = [sys.executable, "-m", "forecaster", "predict", "-", "--models-dir", str(trained.models_dir)]
    process = subprocess.Popen(
        [*line, "--on-failure", HOOK, "--log-file", "log"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: (tmp_path / "log").exists() and (tmp_path / "log").read_text())
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=LATE)
    assert process.returncode == 143
    assert told(tmp_path) == "predict|143|STOPPED|stopped; nothing changed"
    assert stderr.splitlines()[-1] == "forecast: error[STOPPED]: stopped; nothing changed"


@pytest.mark.parametrize("command", ["train", "predict"])
def test_the_flags_are_in_the_help(run: Callable[..., object], command: str) -> None:
    shown = run(command, "--help-all").stdout  # type: ignore[attr-defined]
    assert "--metrics-file PATH" in shown
    assert "--on-failure CMD" in shown
