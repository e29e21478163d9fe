"""`forecast run`: every job gets its turn, each failure is named, and nothing that runs is left behind."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster.base import files
from forecaster.cli.pool import Ended, run_all
from forecaster.cli.watch import labels, read_metrics
from forecaster.config.jobfile import Entry
from tests.cli.conftest import Run, Seen
from tests.conftest import TINY, Trained, names, run_forecast
from tests.waiting import LATE, alive_in, wait_until

RunModule = sys.modules["forecaster.cli.run"]


def job(name: str, **values: str) -> str:
    lines = [f'{key.replace("_", "-")} = "{value}"' for key, value in values.items()]
    return "\n".join(["[[jobs]]", f'name = "{name}"', *lines, ""])


def good(name: str) -> str:
    return job(name, command="predict", data="shops.csv", output=f"{name}.csv")


def bad(name: str, **values: str) -> str:
    return job(name, **{"command": "predict", "data": "none.csv", "model": "shops", "output": f"{name}.csv", **values})


@pytest.fixture
def bench(tmp_path: Path, trained: Trained) -> Callable[..., Path]:
    """Return a function that writes a job file beside a model and its data."""
    shutil.copytree(trained.models_dir, tmp_path / "models", ignore=shutil.ignore_patterns("LEDGER"))
    shutil.copy(trained.data, tmp_path / "shops.csv")

    def write(*tables: str) -> Path:
        path = tmp_path / "night.toml"
        path.write_text('[defaults]\nmodels-dir = "models"\n' + "\n".join(tables))
        return path

    return write


def test_silent_on_success_from_any_folder(run: Run, bench: Callable[..., Path], tmp_path: Path) -> None:
    path = bench(good("a"), good("b"))
    done = run_forecast("run", path, cwd=Path("/"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert names(tmp_path) == ["a.csv", "b.csv", "models", "night.toml", "runs", "shops.csv"]
    assert names(tmp_path / "runs" / "night") == ["a", "b"]
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_one_failing_job_does_not_stop_the_others(run: Run, bench: Callable[..., Path], tmp_path: Path) -> None:
    path = bench(bad("first"), good("second"), bad("third", data="shops.csv", max_age="2d"))
    result = run("run", path)
    assert (result.exit_code, result.stdout) == (3, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        "forecast: error[PARTIAL]: 2 of 3 jobs failed: first: MISSING: none.csv: no such file; "
        "third: GATE: nothing was published: shops.csv ends at 2024-02-29, "
    )
    assert (tmp_path / "second.csv").exists()
    assert json.loads((tmp_path / "runs/night/first/run.json").read_text())["exit_code"] == 66


def test_where_all_fail_the_code_is_theirs(run: Run, bench: Callable[..., Path]) -> None:
    result = run("run", bench(bad("a"), bad("b")), "--format", "json")
    assert (result.exit_code, result.stdout) == (66, "")
    assert result.stderr.startswith("forecast: error[MISSING]: 2 of 2 jobs failed: a: MISSING: none.csv")


@pytest.mark.parametrize(("codes", "code"), [((75, 66), 66), ((75, 75), 75), ((4, 66), 4), ((66, 0), 3), ((75, 3), 3)])
def test_the_exit_code(
    run: Run, bench: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, codes: tuple[int, ...], code: int
) -> None:
    shown = dict.fromkeys("model rows series skipped_series skill age_seconds output_rows message".split())

    def ended(entries: list[Entry], *_: object) -> list[Ended]:
        rows = [{"name": e.name, "command": e.command, "outcome": "", "seconds": 0.0, **shown} for e in entries]
        return [
            Ended(e, c, 0.0, "CODE" if c else "", "why" if c else "", row=row | {"exit_code": c})
            for e, c, row in zip(entries, codes, rows, strict=True)
        ]

    class Closing(list[Ended]):
        def close(self) -> None: ...

    monkeypatch.setattr(RunModule, "run_apart", lambda *given: Closing(ended(*given)))
    assert run("run", bench(good("a"), good("b"))).exit_code == code


def test_json_and_csv_have_a_row_a_job(run: Run, bench: Callable[..., Path]) -> None:
    path = bench(good("a"), bad("b"))
    rows = json.loads(run("run", path, "--format", "json").stdout)
    assert [(row["name"], row["outcome"], row["exit_code"]) for row in rows] == [
        ("a", "done", 0),
        ("b", "failed: MISSING", 66),
    ]
    assert (rows[0]["model"], rows[0]["series"], rows[0]["output_rows"], rows[0]["rows"]) == (
        "shops v000001",
        5,
        70,
        300,
    )
    assert rows[1]["message"].startswith("none.csv: no such file")
    again = list(csv.DictReader(io.StringIO(run("run", path, "--format", "csv", "--only", "a").stdout)))
    assert [(row["name"], row["outcome"]) for row in again] == [("a", "unchanged")]


def test_what_a_person_sees(see: Callable[..., Seen], bench: Callable[..., Path]) -> None:
    seen = see("run", bench(good("shop.1"), good("b")))
    assert seen.code == 0
    assert " ".join(seen.stdout.split()).startswith("job command outcome model time shop.1 predict done shops v000001 ")
    assert "shop.1: done, " in seen.stderr


def test_one_alone_is_done_here(
    run: Run, bench: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bench(good("a"), good("b"))
    monkeypatch.setattr(RunModule, "run_apart", None)
    before = Path.cwd()
    result = run("run", path, "--only", "b", "--runs-dir", tmp_path / "elsewhere")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert names(tmp_path / "elsewhere") == ["b"]
    assert not (tmp_path / "a.csv").exists()
    assert Path.cwd() == before


def test_one_alone_that_fails(run: Run, bench: Callable[..., Path]) -> None:
    result = run("run", bench(good("a"), bad("b")), "--only", "b")
    assert result.exit_code == 66
    assert result.stderr.startswith("forecast: error[MISSING]: none.csv: no such file")


def test_a_job_that_runs_elsewhere_is_waited_for(run: Run, bench: Callable[..., Path], tmp_path: Path) -> None:
    path, folder = bench(good("a")), tmp_path / "runs" / "night" / "a"
    folder.mkdir(parents=True)
    with files.locked(folder / "LOCK", 0):
        result = run("run", path)
        assert (result.exit_code, result.stdout) == (75, "")
        assert result.stderr.startswith("forecast: error[RETRY]: 1 of 1 jobs failed: a: RETRY: ")
        waiting = subprocess.Popen([sys.executable, "-m", "forecaster", "run", str(path), "--lock-wait", "60"])
        time.sleep(1)
        assert waiting.poll() is None
    assert waiting.wait(LATE) == 0
    assert (tmp_path / "a.csv").exists()


def test_unchanged_force_and_warnings(run: Run, bench: Callable[..., Path], tmp_path: Path) -> None:
    with (tmp_path / "shops.csv").open("a") as file:
        file.write("empty,2024-02-01,\n")
    path = bench(good("a"), job("b", command="predict", data="shops.csv", output="b.csv", warn_age="2d"))
    for flags, outcome in (((), "series skipped"), ((), "unchanged"), (("--force",), "series skipped")):
        result = run("run", path, "--format", "json", *flags)
        assert result.exit_code == 3
        assert {row["outcome"] for row in json.loads(result.stdout)} == {outcome}
        lines = sorted(result.stderr.splitlines())
        assert lines[0].startswith("forecast: warning: job a: 1 series skipped: empty (the first: ")
        assert lines[1].startswith("forecast: warning: job b: 1 series skipped: empty")
        assert lines[2].startswith("forecast: warning: job b: shops.csv ends at 2024-02-29, ")
        assert len(lines) == 3


def test_metrics_of_the_batch_and_of_each_job(run: Run, bench: Callable[..., Path], tmp_path: Path) -> None:
    path, file = bench(good("a"), bad("b")), tmp_path / "f.prom"
    run("run", path, "--metrics-file", file)
    batch, a, b = (
        read_metrics(file)[key]
        for key in (
            labels(command="run", name="f"),
            labels(command="predict", name="f", task="a"),
            labels(command="predict", name="f", task="b"),
        )
    )
    assert (batch["exit_code"], a["exit_code"], b["exit_code"]) == (3, 0, 66)
    assert (a["output_rows"], a["data_rows"], a["series"]) == (70, 300, 5)
    assert "last_success_timestamp_seconds" in a
    assert "last_success_timestamp_seconds" not in b
    run("run", bench(good("a")), "--metrics-file", file)
    assert labels(command="predict", name="f", task="b") not in read_metrics(file)


def test_on_failure_is_told_which_jobs(run: Run, bench: Callable[..., Path], tmp_path: Path) -> None:
    run(
        "run", bench(good("a"), bad("b")), "--on-failure", f'echo "$FORECAST_ERROR $FORECAST_MESSAGE" > {tmp_path}/told'
    )
    assert (tmp_path / "told").read_text().startswith("PARTIAL 1 of 2 jobs failed: b: MISSING: none.csv")


def test_a_log_has_the_events_of_all(run: Run, bench: Callable[..., Path], tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    run("run", bench(good("a"), bad("b")), "--log-file", log)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert sum(event["event"] == "start" for event in events) == 3
    assert [event["exit_code"] for event in events if event["event"] == "end"] == [0, 66, 3]
    assert [event["name"] for event in events if event["event"] == "job"] == ["a", "b"]
    assert [event.get("job") for event in events if event["event"] == "end"] == ["a", "b", None]


@pytest.mark.parametrize(
    ("content", "arguments", "code", "said"),
    [
        ("[[jobs]]\n", (), 2, "night.toml, line 1: name of the job is missing"),
        (good("a"), ("--only", "b"), 2, "has no job 'b'. The jobs are: a"),
        (good("a"), ("--jobs", "0"), 2, "--jobs must be from 1"),
        (good("a"), ("--runs-dir", "night.toml/x"), 73, "cannot write"),
    ],
)
def test_bad_input(run: Run, tmp_path: Path, content: str, arguments: tuple[str, ...], code: int, said: str) -> None:
    (tmp_path / "night.toml").write_text(content)
    result = run("run", "night.toml", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert names(tmp_path) == ["night.toml"]


def test_no_job_file(run: Run) -> None:
    assert run("run", "none.toml").exit_code == 66


def test_train_then_predict_in_parallel(bench: Callable[..., Path], tmp_path: Path) -> None:
    """The prediction waits for the training of its model, though there is room for both."""
    flags = zip(TINY[::2], TINY[1::2], strict=True)
    tiny = "".join(f"{flag[2:]} = {value if value.isdigit() else repr(value)}\n" for flag, value in flags)
    train = job("t", command="train", data="shops.csv", model="fresh") + tiny
    predict = job("p", command="predict", model="fresh", output="p.csv")
    done = run_forecast("run", bench(train, predict), "--jobs", "2", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    assert [row["model"] for row in rows] == ["fresh v000001", "fresh v000001"]
    record = json.loads((tmp_path / "runs/night/t/run.json").read_text())
    assert list(record["outputs"]) == ["models/fresh/versions/v000001/manifest.json"]
    assert record["series"]["shop-0"] == "done"
    assert record["metrics"]["model"]["mase"] > 0
    before = (tmp_path / "models/fresh/CURRENT").stat().st_mtime_ns
    again = json.loads(run_forecast("run", tmp_path / "night.toml", "--format", "json").stdout)
    assert [row["outcome"] for row in again] == ["unchanged", "unchanged"]
    assert (tmp_path / "models/fresh/CURRENT").stat().st_mtime_ns == before


# --------------------------------------------------------------------------------------------------------- processes


def entries(*names: str) -> list[Entry]:
    return [Entry(name, "predict", {}, 1) for name in names]


def ended(names: list[str], most: int, key: Callable[[Entry], str] = lambda e: e.name) -> list[Ended]:
    return list(run_all(entries(*names), key, lambda entry: [entry.name], most))


def test_a_batch_that_is_stopped_says_which_jobs_are_done(bench: Callable[..., Path], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "b.csv")  # the job waits there for a reader
    path = bench(good("a"), bad("c"), good("b"), good("d"))
    record = tmp_path / "runs/night/b/run.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "forecaster", "run", str(path)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until(record.exists)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=LATE)
    assert process.returncode == 143
    last = stderr.splitlines()[-1]
    assert last == "forecast: error[STOPPED]: stopped; a: done, c: failed: MISSING; not done: b, d"


def test_a_job_may_have_a_deadline_of_its_own(run: Run, bench: Callable[..., Path], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    path = bench(good("a") + "deadline = 2\n", good("b"))
    done = run("run", path)
    assert done.exit_code == 3
    assert "a: DEADLINE: the deadline of 2 s passed" in done.stderr
    assert (tmp_path / "b.csv").exists()


def test_a_stopped_batch_stops_its_jobs_and_says_so(bench: Callable[..., Path], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")  # the job waits there for a reader
    path = bench(good("a"), good("b"))
    process = subprocess.Popen(
        [sys.executable, "-m", "forecaster", "run", str(path)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until((tmp_path / "runs/night/a/run.json").exists)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=30)  # nobody ever reads what the job waits for
    assert process.returncode == 143
    assert stderr.splitlines() == ["forecast: error[STOPPED]: stopped; nothing changed"]
    wait_until(lambda: not alive_in(process.pid), 10)
    assert not (tmp_path / "runs/night/b").exists()
