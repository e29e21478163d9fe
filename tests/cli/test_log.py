"""The log file: appended to, in JSON lines, and never in the way."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

import forecaster
from forecaster import jobs
from forecaster.cli import log
from tests.cli.conftest import FakeJobs, Run


def records(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_the_log_has_a_first_and_a_last_record(run: Run, fake: FakeJobs, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    assert run("train", "x.csv", "--log-file", log).exit_code == 0
    first, *between, last = records(log)
    assert (first["event"], first["command"], first["version"]) == ("start", "train", forecaster.__version__)
    assert (last["event"], last["exit_code"]) == ("end", 0)
    assert [record["event"] for record in between] == ["data", "plan", "progress", "progress", "trained"]


def test_the_log_is_appended_to_and_knows_of_faults(run: Run, fake: FakeJobs, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    run("train", "--nope", f"--log-file={log}")
    fake.fault = ZeroDivisionError("x")
    result = run("train", "x.csv", "--log-file", log)
    assert f"The traceback is in {log}" in result.stderr
    ends = [record for record in records(log) if record["event"] == "end"]
    assert [(end["exit_code"], end["error"]) for end in ends] == [(2, "USAGE"), (1, "BUG")]
    (bug,) = [record for record in records(log) if record["event"] == "bug"]
    assert "ZeroDivisionError: x" in str(bug["traceback"])


@pytest.mark.parametrize("name", ["/dev/full", "missing/log.jsonl", "."])
def test_a_log_that_cannot_be_written_stops_nothing(run: Run, fake: FakeJobs, name: str) -> None:
    result = run("train", "x.csv", "--log-file", name)
    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"forecast: warning: the log {name} cannot be written: ")


@pytest.mark.filterwarnings("default")
def test_warnings_of_libraries_go_to_the_log(
    run: Run, fake: FakeJobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noisy(*_: object) -> jobs.TrainResult:
        warnings.warn("this will be removed", DeprecationWarning, stacklevel=1)
        return fake.train(*_)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "train", noisy)
    result = run("train", "x.csv", "--log-file", tmp_path / "log.jsonl")
    assert result.stderr == ""
    assert any("this will be removed" in str(record["event"]) for record in records(tmp_path / "log.jsonl"))


def test_what_takes_time_to_find_out_is_found_out_for_a_log_alone(tmp_path: Path) -> None:
    with log.recording(None):
        assert not log.is_written()
    with log.recording(tmp_path / "log.jsonl"):
        assert log.is_written()
