"""One job of a batch: done where something changed, left alone where nothing did, and recorded either way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import forecaster
from forecaster import jobs
from forecaster.base import files
from forecaster.base.errors import (
    DataError,
    ForecastError,
    GateError,
    MissingError,
    StorageError,
    TryAgainError,
    UsageError,
)
from forecaster.jobs import record
from forecaster.jobs.rehearse import rehearse_predict
from forecaster.jobs.run import COMMANDS
from forecaster.model import manifest
from tests.conftest import Trained, names
from tests.waiting import wait_until

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)


def explain(error: BaseException) -> tuple[int, str, str]:
    if isinstance(error, ForecastError):
        return error.exit_code, error.code, error.line()
    return 1, "BUG", str(error)


class Bench:
    """A job file with one prediction, in a folder of its own with a copy of a model and its data."""

    def __init__(self, folder: Path, trained: Trained) -> None:
        self.folder = folder
        shutil.copytree(trained.models_dir, folder / "models", ignore=shutil.ignore_patterns("LEDGER"))
        shutil.copy(trained.data, folder / "shops.csv")
        self.write()

    def write(self, extra: str = "", data: str = "shops.csv") -> None:
        """Write the job file."""
        lines = ["[[jobs]]", 'name = "p"', 'command = "predict"', f'data = "{data}"', 'models-dir = "models"', extra]
        (self.folder / "jobs.toml").write_text("\n".join(lines))

    def append(self, line: str) -> None:
        """Write one more line into the data file."""
        with (self.folder / "shops.csv").open("a") as file:
            file.write(line)

    def run(self, now: datetime = NOW, force: bool = False) -> dict[str, Any]:
        """Run the job as the command line would."""
        (entry,) = jobs.load_jobs(Path("jobs.toml"))
        order = jobs.Run(folder=Path("runs"), now=now, argv=("run", "jobs.toml"), force=force, explain=explain)
        return jobs.run_entry(entry, order)

    @property
    def record(self) -> dict[str, Any]:
        """What run.json says."""
        return dict(json.loads((self.folder / "runs" / "p" / "run.json").read_text()))


@pytest.fixture
def bench(tmp_path: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path, trained)


def test_the_record_of_a_prediction(bench: Bench) -> None:
    returned = bench.run()
    found = bench.record
    assert returned == {**found, "unchanged": False}
    assert set(found) == set(
        "format job command argv version started as_of settings exit_code inputs age model series".split()
        + "warnings findings metrics output_rows outputs seconds mark".split()
    )
    assert (found["job"], found["command"], found["argv"]) == ("p", "predict", ["run", "jobs.toml"])
    assert (found["version"], found["started"]) == (forecaster.__version__, "2024-03-01T12:00:00.000+00:00")
    assert found["settings"] == {"data": "shops.csv", "models-dir": "models"}
    assert (found["exit_code"], found["as_of"], found["output_rows"]) == (0, None, 70)
    data, facts_path = Path("shops.csv"), Path("models/shops/versions/v000001/manifest.json")
    assert (found["inputs"]["sha256"], found["inputs"]["rows"]) == (files.sha256(data.read_bytes()), 300)
    assert found["model"] == {"name": "shops", "version": "v000001", "sha256": files.sha256(facts_path.read_bytes())}
    assert found["series"] == {f"shop-{i}": "lstm" for i in range(5)}
    assert found["metrics"]["model"]["mase"] > 0
    output = Path("forecasts.csv").read_bytes()
    assert found["outputs"] == {"forecasts.csv": {"sha256": files.sha256(output), "bytes": len(output)}}
    assert (found["age"]["newest"], found["age"]["age_seconds"]) == ("2024-02-29", 36 * 3600)


def state(folder: Path) -> dict[str, int]:
    """Return when each file was last changed."""
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*")) if path.is_file()}


def test_nothing_changed_nothing_done(bench: Bench) -> None:
    bench.run()
    before = state(bench.folder)
    assert bench.run(NOW + timedelta(days=30))["unchanged"] is True
    assert {k: v for k, v in state(bench.folder).items() if not k.endswith("LOCK")} == {
        k: v for k, v in before.items() if not k.endswith("LOCK")
    }


def rename(bench: Bench) -> None:
    """Let a model of the same content be current under another version."""
    home = bench.folder / "models" / "shops"
    folder = home / "versions" / "v000002"
    shutil.copytree(home / "versions" / "v000001", folder)
    facts = json.loads((folder / "manifest.json").read_text())
    del facts["sha256"]
    (folder / "manifest.json").write_bytes(manifest.seal(facts | {"version": "v000002"}))
    (home / "CURRENT").write_text("v000002\n")


CHANGES: dict[str, Callable[[Bench], object]] = {
    "a row more": lambda bench: bench.append("shop-0,2024-03-01,50\n"),
    "a setting": lambda bench: bench.write("horizon = 3"),
    "the output is gone": lambda bench: (bench.folder / "forecasts.csv").unlink(),
    "the output was edited": lambda bench: (bench.folder / "forecasts.csv").write_text("x\n"),
    "a new version of the model": rename,
    "no record": lambda bench: (bench.folder / "runs" / "p" / "run.json").unlink(),
    "a torn record": lambda bench: (bench.folder / "runs" / "p" / "run.json").write_text('{"format": 1, "mark'),
    "a record of another kind": lambda bench: (bench.folder / "runs" / "p" / "run.json").write_text("[1]"),
    "another version of the program": lambda bench: None,
}


@pytest.mark.parametrize("change", CHANGES)
def test_something_changed_and_it_is_done_again(bench: Bench, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run()
    CHANGES[change](bench)
    if change.startswith("another version"):
        monkeypatch.setattr(record, "__version__", "9.9.9")
    assert bench.run()["unchanged"] is False
    assert bench.run()["unchanged"] is True


def test_force_does_it_again(bench: Bench) -> None:
    bench.run()
    assert bench.run(force=True)["unchanged"] is False


def test_data_grows_too_old_though_nothing_changed(bench: Bench) -> None:
    bench.write('max-age = "3d"\nwarn-age = "2d"')
    assert bench.run()["warnings"] == []
    later = bench.run(NOW + timedelta(days=1))
    assert later["unchanged"] is True
    assert later["warnings"] == ["shops.csv ends at 2024-02-29, 2.5 days old: older than --warn-age"]
    assert later["age"]["age_seconds"] == 2.5 * 86_400
    with pytest.raises(GateError, match=r"3\.5 days old"):
        bench.run(NOW + timedelta(days=2))
    assert (bench.record["exit_code"], bench.record["error"]) == (4, "GATE")
    assert Path("forecasts.csv").exists()


def test_as_of_a_stamp_data_does_not_age(bench: Bench) -> None:
    bench.write('max-age = "3d"\nas-of = 2024-02-20')
    assert bench.run()["as_of"] == "2024-02-20"
    assert bench.run(NOW + timedelta(days=99))["unchanged"] is True


def test_without_data_the_files_of_the_model_counts(bench: Bench, trained: Trained) -> None:
    text = (bench.folder / "jobs.toml").read_text()
    (bench.folder / "jobs.toml").write_text(text.replace('data = "shops.csv"', 'model = "shops"'))
    assert bench.run()["inputs"]["path"] == str(trained.data)
    assert bench.run()["unchanged"] is True


@pytest.mark.parametrize(
    ("extra", "data", "fault", "code"),
    [("", "none.csv", MissingError, 66), ("", "bad.csv", DataError, 65), ("horizon = 99", "shops.csv", UsageError, 2)],
)
def test_a_failure_is_recorded(bench: Bench, extra: str, data: str, fault: type[ForecastError], code: int) -> None:
    (bench.folder / "bad.csv").write_text("shop,day,sales\na,2024-01-01,lots\n")
    bench.write(extra, data)
    with pytest.raises(fault) as caught:
        bench.run()
    found = bench.record
    assert (found["exit_code"], found["error"], found["message"]) == (code, fault.code, caught.value.line())
    assert found["seconds"] >= 0
    assert ("inputs" in found) is (data != "none.csv")
    bench.write()
    assert bench.run()["unchanged"] is False


def test_a_bug_is_recorded_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(job: object, events: object) -> None:
        raise ZeroDivisionError("x")

    mine = type(COMMANDS["predict"])(jobs.PredictJob, broken, lambda _: [], rehearse_predict)
    monkeypatch.setitem(COMMANDS, "predict", mine)
    with pytest.raises(ZeroDivisionError):
        bench.run()
    assert (bench.record["exit_code"], bench.record["error"]) == (1, "BUG")


def test_a_record_that_cannot_be_written_hides_no_fault(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write(data="none.csv")

    def full(*_: object, **__: object) -> None:
        raise StorageError("disk full")

    monkeypatch.setattr(files, "write_file", full)
    with pytest.raises(MissingError):
        bench.run()


def test_skipped_series_are_named_again_when_nothing_changed(bench: Bench) -> None:
    bench.append("empty,2024-02-01,\n")
    first, second = bench.run(), bench.run()
    assert (first["exit_code"], second["exit_code"], second["unchanged"]) == (3, 3, True)
    assert second["series"]["empty"] == "skipped: all its values are missing"


def test_an_evaluation_is_a_job_as_well(bench: Bench) -> None:
    text = (bench.folder / "jobs.toml").read_text().replace('"predict"', '"evaluate"')
    (bench.folder / "jobs.toml").write_text(f'{text}\nwindows = 2\npredictions = "seen.csv"\n')
    found = bench.run()
    assert found["metrics"]["windows"] == 10
    assert list(found["outputs"]) == ["seen.csv"]
    assert (found["series"]["shop-0"], found["exit_code"], found["age"]) == ("done", 0, None)
    assert bench.run()["unchanged"] is True
    (bench.folder / "jobs.toml").write_text(f"{text}\nmax-mase = 0.0\n")
    with pytest.raises(GateError):
        bench.run()


def test_a_ledger_that_cannot_be_written_is_warned_of(bench: Bench) -> None:
    (bench.folder / "models" / "shops" / "LEDGER").write_text("in the way")
    (warning,) = bench.run()["warnings"]
    assert warning.startswith("this forecast is not in the ledger")


def test_two_at_once(bench: Bench) -> None:
    (bench.folder / "runs" / "p").mkdir(parents=True)
    with files.locked(bench.folder / "runs" / "p" / "LOCK", 0), pytest.raises(TryAgainError, match="is locked by"):
        bench.run()
    assert names(bench.folder / "runs" / "p") == ["LOCK"]


def test_a_killed_job_has_no_exit_code_and_is_done_again(bench: Bench) -> None:
    bench.run()
    bench.write('horizon = 3\noutput = "fifo"')
    os.mkfifo(bench.folder / "fifo")  # where it waits for a reader
    line = [sys.executable, "-m", "forecaster", "run", "jobs.toml", "--only", "p", "--runs-dir", "runs"]
    process = subprocess.Popen(line, cwd=bench.folder)
    wait_until(lambda: bench.record["exit_code"] != 0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert bench.record["exit_code"] is None
    bench.write()
    assert bench.run()["unchanged"] is False


# ------------------------------------------------------------------------------------------------------- which jobs


def load(folder: Path, *tables: str, only: str | None = None) -> tuple[Any, ...]:
    path = folder / "jobs.toml"
    path.write_text("".join(f"[[jobs]]\n{table}\n" for table in tables))
    return jobs.load_jobs(path, only)


P = 'name = "{0}"\ncommand = "predict"\nmodel = "m"\noutput = "{1}"'


def test_only_one(tmp_path: Path) -> None:
    tables = P.format("a", "a.csv"), P.format("b", "b.csv")
    assert [entry.name for entry in load(tmp_path, *tables)] == ["a", "b"]
    assert [entry.name for entry in load(tmp_path, *tables, only="b")] == ["b"]
    with pytest.raises(UsageError, match="has no job 'c'") as caught:
        load(tmp_path, *tables, only="c")
    assert caught.value.hint == "The jobs are: a, b"


@pytest.mark.parametrize(("one", "two"), [("a.csv", "./a.csv"), ("forecasts.csv", None)])
def test_two_jobs_never_write_one_file(tmp_path: Path, one: str, two: str | None) -> None:
    second = P.format("b", two) if two else P.format("b", "").replace('output = ""', "")
    with pytest.raises(UsageError, match=r"line 6: jobs 'a' and 'b' both write (a|forecasts)\.csv"):
        load(tmp_path, P.format("a", one), second)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('command = "train"\ndata = "in/shops.csv.gz"', "/shops"),
        ('command = "train"\ndata = "x.csv"\nmodel = "shops"\nmodels-dir = "d"', "d/shops"),
        ('command = "predict"\nmodel = "shops@v000002"', "/shops"),
        ('command = "predict"\ndata = "shops.csv"', "/shops"),
        ('command = "predict"', "/"),
    ],
)
def test_jobs_on_one_model_are_known_by_it(tmp_path: Path, table: str, key: str) -> None:
    (entry,) = load(tmp_path, f'name = "a"\n{table}')
    assert jobs.model_key(entry) == key


@pytest.mark.parametrize("key", ["from", "distill"])
def test_the_version_that_a_training_begins_with_is_an_input(bench: Bench, key: str) -> None:
    def mark(model: str) -> str:
        lines = ["[[jobs]]", 'name = "t"', 'command = "train"', 'data = "shops.csv"', 'models-dir = "models"']
        Path("jobs.toml").write_text("\n".join([*lines, f'{key} = "shops"', model]))
        (entry,) = jobs.load_jobs(Path("jobs.toml"))
        return record.find_inputs(entry, Path("models"), "shops.csv", None).mark("train")

    before = [mark('model = "other"'), mark(""), mark('model = "shops"')]
    path = Path("models/shops/versions/v000001/manifest.json")
    path.write_text(path.read_text() + " ")
    after = [mark('model = "other"'), mark(""), mark('model = "shops"')]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True, True]
    Path("models/shops/CURRENT").unlink()
    with pytest.raises(ForecastError):
        mark('model = "other"')
