"""A folder of parts, forecast one by one: into a file each, done once, by this process or by workers."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from forecaster.base import files
from forecaster.base.errors import StorageError
from tests.cli.conftest import Run
from tests.conftest import Trained, panel_csv
from tests.waiting import is_alive, wait_until


def shops(folder: Path, parts: int = 3, series: int = 2, length: int = 40) -> Path:
    """Write a folder of CSV parts, each with series of its own."""
    folder.mkdir()
    header, *rows = panel_csv(folder.with_suffix(".csv"), parts * series, length).read_text().splitlines()
    own: dict[int, list[str]] = {k: [] for k in range(parts)}
    for row in rows:
        own[int(row.split(",")[0].removeprefix("shop-")) // series].append(row)
    for k, found in own.items():
        (folder / f"part-{k}.csv").write_text("\n".join([header, *found]) + "\n")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files of results."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "LOCK")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def summary(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "_summary.json").read_text()))


def test_each_part_is_forecast_into_a_file_of_its_own(run: Run) -> None:
    shops(Path("shops"))
    result = run("predict", "shops", "--output", "out/", "--horizon", 7)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert sorted(path.name for path in Path("out").glob("*.csv")) == ["part-0.csv", "part-1.csv", "part-2.csv"]
    table = pyarrow.csv.read_csv("out/part-1.csv").to_pydict()
    assert set(table["shop"]) == {"shop-2", "shop-3"}
    assert len(table["shop"]) == 14
    told = summary(Path("out"))
    assert told["complete"] is True
    assert (told["parts"], told["series"], told["rows"], told["horizon"]) == (3, 6, 42, 7)
    assert len(list(Path("models/builtin/LEDGER/shops").glob("*.parquet"))) == 3


def test_a_saved_model_forecasts_parts_as_it_forecasts_all(run: Run, trained: Trained) -> None:
    shops(Path("shops"), 3, 2, 60)
    asked = ("--model", trained.name, "--models-dir", trained.models_dir, "--ledger", "none")
    assert run("predict", "shops", "--output", "out/", *asked).exit_code == 0
    assert run("predict", "shops", "--output", "all.csv", *asked).exit_code == 0
    rows = [line for k in range(3) for line in Path(f"out/part-{k}.csv").read_text().splitlines()[1:]]
    assert rows == Path("all.csv").read_text().splitlines()[1:]


def test_what_is_done_is_left_alone_and_what_changed_is_done_anew(run: Run) -> None:
    shops(Path("shops"))
    command = ("predict", "shops", "--output", "out", "--horizon", 3, "--format", "json")
    Path("out").mkdir()
    assert json.loads(run(*command).stdout)["done_now"] == 3
    before = content(Path("out"))
    times = {path: path.stat().st_mtime_ns for path in Path("out").glob("*.csv")}
    again = json.loads(run(*command).stdout)
    assert (again["done_now"], again["unchanged"], again["complete"]) == (0, 3, True)
    assert content(Path("out")) == before
    assert {path: path.stat().st_mtime_ns for path in Path("out").glob("*.csv")} == times
    part = Path("shops/part-1.csv")
    part.write_text(part.read_text().replace("shop-3", "shop-9"))
    Path("out/part-2.csv").write_text("somebody else's\n")
    again = json.loads(run(*command).stdout)
    assert (again["done_now"], again["unchanged"]) == (2, 1)
    after = content(Path("out"))
    assert {name for name in after if after[name] != before[name]} == {
        "_parts/part-1.csv.json",
        "_parts/part-1.csv.npy",
        "part-1.csv",
    }
    other = json.loads(run(*command[:-4], "--horizon", 4, "--format", "json").stdout)
    assert other["done_now"] == 3


def test_a_part_that_fails_stops_no_other(run: Run) -> None:
    shops(Path("shops"))
    good = Path("shops/part-1.csv").read_text()
    Path("shops/part-1.csv").write_text("shop,day,sales\nshop-2,2024-01-01,many\n")
    result = run("predict", "shops", "--output", "out/", "--horizon", 3)
    assert result.exit_code == 3
    last = result.stderr.splitlines()[-1]
    assert "1 of 3 parts failed: part-1.csv: DATA: " in last
    assert "parts that are done are left alone" in last
    assert summary(Path("out"))["complete"] is False
    assert [fault["part"] for fault in summary(Path("out"))["failed"]] == ["part-1.csv"]
    Path("shops/part-1.csv").write_text(good)
    told = json.loads(run("predict", "shops", "--output", "out/", "--horizon", 3, "--format", "json").stdout)
    assert (told["done_now"], told["unchanged"], told["complete"]) == (1, 2, True)


@pytest.mark.parametrize("command", [("predict", "--horizon", 3), ("evaluate", "--horizon", 3, "--windows", 2)])
def test_a_dry_run_reads_one_part(run: Run, command: tuple[Any, ...]) -> None:
    shops(Path("shops"), 4)
    for k in (1, 2, 3):  # as large as the first, and no data
        part = Path(f"shops/part-{k}.csv")
        part.write_bytes(b"\xff" * Path("shops/part-0.csv").stat().st_size)
    result = run(command[0], "shops", "--output", "out/", *command[1:], "--model", "builtin", "--dry-run")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert (told["series"], told["rows"], told["data"]) == (8, 320, "shops")
    assert "of which part-0.csv was read" in told["choices"]["parts"]
    assert not Path("out").exists()
    assert not Path("models").exists()
    refused = run(command[0], "shops", "--output", "shops/", *command[1:], "--dry-run")
    assert (refused.exit_code, refused.stdout) == (2, "")


def test_a_series_in_two_parts_is_refused_and_named(run: Run) -> None:
    shops(Path("shops"), 3)
    part = Path("shops/part-2.csv")
    part.write_text(part.read_text().replace("shop-4", "shop-1"))
    result = run("predict", "shops", "--output", "out/", "--horizon", 3)
    assert result.exit_code == 3
    last = result.stderr.splitlines()[-1]
    assert "part-0.csv: DATA: series 'shop-1' is also in part-2.csv" in last
    assert "part-2.csv: DATA: series 'shop-1' is also in part-0.csv" in last
    assert sorted(path.name for path in Path("out").glob("*.csv")) == ["part-1.csv"]


def test_parts_without_names_of_series_are_refused(run: Run) -> None:
    Path("months").mkdir()
    for k in range(2):
        rows = "".join(f"2024-{k + 1:02d}-{d:02d},{d}\n" for d in range(1, 29))
        Path(f"months/{k}.csv").write_text("day,sales\n" + rows)
    result = run("predict", "months", "--output", "out/", "--horizon", 3)
    assert result.exit_code == 65
    assert "the only series, which no column names, is also in" in result.stderr


def test_parquet_stays_parquet_and_folders_stay_folders(run: Run) -> None:
    shops(Path("shops"), 2)
    for k, region in enumerate(("east", "west")):
        folder = Path("lake") / f"region={region}"
        folder.mkdir(parents=True)
        pq.write_table(pyarrow.csv.read_csv(f"shops/part-{k}.csv"), folder / "data.parquet")
    result = run("predict", "lake/**/*.parquet", "--output", "out/", "--horizon", 3)
    assert result.exit_code == 0, result.stderr
    table = pq.read_table("out/region=west/data.parquet", partitioning=None)
    assert table.column_names[:3] == ["shop", "day", "forecast"]
    assert str(table.schema.field("day").type) == "timestamp[ns]"
    assert table.num_rows == 6


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shops", "--output", "shops/"], "is among the parts"),
        (["shops", "--output", "shops/inner/"], "is among the parts"),
        (["shops/part-0.csv", "--output", "out/"], "is one file"),
        (["shops", "--output", "out/", "--totals", "3"], "--totals has no place"),
        (["shops", "--output", "out/", "--output-table", "sqlite:///x.db#t"], "--output-table has no place"),
        (["shops", "--output", "out.csv", "--workers", "2"], "--workers 2 has nothing to share out here"),
        (["shops", "--output", "out/", "--cluster", "nowhere"], "expected an address"),
        (["shops", "--output", "out/", "--cluster", "tcp://h:1", "--workers", "2"], "has workers of its own"),
        (["shops", "--output", "out/", "--workers", "0"], "--workers"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(run: Run, arguments: list[str], told: str) -> None:
    shops(Path("shops"), 2)
    before = content(Path("shops"))
    result = run("predict", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr.splitlines()[-1]
    assert not Path("out").exists()
    assert content(Path("shops")) == before


def test_two_parts_with_one_file_of_results_are_refused(run: Run) -> None:
    shops(Path("shops"), 2)
    Path("shops/part-1.csv").rename("shops/part-0.txt")
    result = run("predict", "shops", "--output", "out/")
    assert result.exit_code == 2
    assert "would both be part-0.csv" in result.stderr


def test_results_of_parts_that_are_gone_are_named(run: Run) -> None:
    shops(Path("shops"))
    assert run("predict", "shops", "--output", "out/", "--horizon", 3).exit_code == 0
    Path("shops/part-2.csv").unlink()
    result = run("predict", "shops", "--output", "out/", "--horizon", 3)
    assert result.exit_code == 0
    assert "out still has part-2.csv, of parts that shops no longer has" in result.stderr


def test_series_of_the_training_that_are_in_no_part_are_named(run: Run, trained: Trained) -> None:
    shops(Path("shops"), 2, 2, 60)
    asked = ("--model", trained.name, "--models-dir", trained.models_dir, "--ledger", "none")
    result = run("predict", "shops", "--output", "out/", *asked)
    assert result.exit_code == 0
    assert "1 of the 5 series of the training are gone: 'shop-4'" in result.stderr
    result = run("predict", "shops", "--output", "new/", *asked, "--on-missing-series", "error")
    assert result.exit_code == 65
    assert not list(Path("new").glob("*.csv"))


def test_a_full_disk_costs_the_parts_that_it_met(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shops(Path("shops"))
    write_file = files.write_file

    def full(path: Path, data: bytes, **others: Any) -> None:
        if path.name == "part-1.csv":
            raise StorageError(f"cannot write {path}: no space left on device")
        write_file(path, data, **others)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write_file", full)
        result = run("predict", "shops", "--output", "out/", "--horizon", 3)
    assert result.exit_code == 3
    assert "1 of 3 parts failed: part-1.csv: IO: cannot write out/part-1.csv: no space left" in result.stderr
    told = json.loads(run("predict", "shops", "--output", "out/", "--horizon", 3, "--format", "json").stdout)
    assert (told["done_now"], told["unchanged"], told["complete"]) == (1, 2, True)


# ---------------------------------------------------------------------------------------------------- workers


def test_workers_and_a_cluster_give_the_same_bytes(run: Run, dask_cluster: str) -> None:
    shops(Path("shops"), 5)
    common = ("predict", "shops", "--horizon", 3, "--ledger")
    assert run(*common, "one", "--output", "alone/").exit_code == 0
    result = run(*common, "two", "--output", "there/", "--cluster", dask_cluster)
    assert result.exit_code == 0, result.stderr
    assert content(Path("alone")) == content(Path("there"))
    assert sorted(path.name for path in Path("one").iterdir()) == sorted(path.name for path in Path("two").iterdir())


def test_a_part_that_fails_on_a_worker_is_named(run: Run, trained: Trained, dask_cluster: str) -> None:
    shops(Path("shops"), 3, 2, 60)
    Path("shops/part-1.csv").write_text("shop,day,sales\nshop-2,2024-01-01,many\n")
    asked = ("--model", trained.name, "--models-dir", trained.models_dir, "--ledger", "none")
    result = run("predict", "shops", "--output", "out/", *asked, "--cluster", dask_cluster)
    assert result.exit_code == 3
    assert "1 of 3 parts failed: part-1.csv: DATA: " in result.stderr.splitlines()[-1]
    assert sorted(path.name for path in Path("out").glob("*.csv")) == ["part-0.csv", "part-2.csv"]


def test_workers_with_other_packages_are_refused(run: Run, dask_cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shops(Path("shops"), 2)
    monkeypatch.setattr("forecaster.base.cluster.versions_of", lambda packages: {"numpy": "0.1"})
    result = run("predict", "shops", "--output", "out/", "--cluster", dask_cluster)
    assert result.exit_code == 71
    assert "has other packages: numpy" in result.stderr
    assert "instead of 0.1" in result.stderr
    assert not list(Path("out").glob("*.csv"))


def test_no_scheduler_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shops(Path("shops"), 2)
    monkeypatch.setattr("forecaster.base.cluster.PATIENCE", 0.5)
    result = run("predict", "shops", "--output", "out/", "--cluster", "tcp://127.0.0.1:9")
    assert result.exit_code == 71
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in result.stderr.splitlines()[-1]


def test_the_extra_is_named_where_it_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shops(Path("shops"), 2)
    find = __import__("importlib.util").util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "distributed" else find(name))
    result = run("predict", "shops", "--output", "out/", "--workers", "2")
    assert result.exit_code == 2
    assert "pip install 'forecast-lstm[cluster]'" in result.stderr


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_part_that_changes_meanwhile_fails_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch, dask_cluster: str, elsewhere: bool
) -> None:
    shops(Path("shops"))
    part = Path("shops/part-1.csv")
    before = part.read_text()

    def change(*_: object) -> Any:
        """Change a part when all were looked at, and none is done."""

        def check(_: object) -> tuple[str, ...]:
            part.write_text(before.replace("shop-3", "shop-9"))
            return ()

        return check

    monkeypatch.setattr(sys.modules["forecaster.jobs.predict_parts"], "_find_gone", change)
    where = ("--cluster", dask_cluster) if elsewhere else ()
    result = run("predict", "shops", "--output", "out/", "--horizon", 3, "--ledger", "none", *where)
    assert result.exit_code == 3
    assert "1 of 3 parts failed: part-1.csv: RETRY: " in result.stderr.splitlines()[-1]
    assert "part-1.csv changed meanwhile" in result.stderr
    assert sorted(path.name for path in Path("out").glob("*.csv")) == ["part-0.csv", "part-2.csv"]
    again = run("predict", "shops", "--output", "out/", "--horizon", 3, "--ledger", "none", "--format", "json", *where)
    assert json.loads(again.stdout)["done_now"] == 1


# ---------------------------------------------------------------------------------------------------- scores


def test_scores_of_parts_are_the_scores_of_all(run: Run, trained: Trained, dask_cluster: str) -> None:
    shops(Path("shops"), 3, 2, 80)
    asked = ("--model", trained.name, "--models-dir", trained.models_dir, "--windows", 2)
    whole = json.loads(run("evaluate", "shops", *asked).stdout)
    result = run("evaluate", "shops", "--output", "scores", *asked)
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    for side in ("model", "baseline"):
        assert told["metrics"][side] == pytest.approx(whole["metrics"][side])
        assert told["by_lead"][side]["mase"] == pytest.approx(whole["by_lead"][side]["mase"])
    assert told["metrics"]["windows"] == whole["metrics"]["windows"]
    rows = pyarrow.csv.read_csv("scores/part-1.csv").to_pydict()
    assert rows["series"] == ["shop-2", "shop-3"]
    assert rows["mase"] == pytest.approx(whole["by_series"]["model"]["mase"][2:4])
    assert run("evaluate", "shops", "--output", "there", *asked, "--cluster", dask_cluster).exit_code == 0
    assert content(Path("scores")) == content(Path("there"))
    again = run("evaluate", "shops", "--output", "scores", *asked, "--max-mase", 0.001, "--json", "done_now")
    assert again.exit_code == 4


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shops/part-0.csv", "--output", "out"], "has none"),
        (["shops", "--output", "out", "--predictions", "p.csv"], "--predictions has no place"),
        (["shops", "--workers", "2"], "has nothing to share out here"),
    ],
)
def test_scores_of_parts_that_cannot_be_are_refused(run: Run, arguments: list[str], told: str) -> None:
    shops(Path("shops"), 2)
    result = run("evaluate", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_killed_driver_loses_nothing_that_is_done(run: Run, dask_cluster: str) -> None:
    shops(Path("shops"), 12)
    asked = ("predict", "shops", "--model", "builtin", "--horizon", "3", "--ledger", "none", "--output")
    assert run(*asked, "whole/").exit_code == 0
    command = [sys.executable, "-m", "forecaster", *asked, "out/", "--cluster", dask_cluster]
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(Path("out/_parts").glob("*.json")):
        assert driver.poll() is None
        time.sleep(0.01)
    driver.kill()
    driver.wait()
    told = json.loads(run(*asked, "out/", "--format", "json").stdout)
    assert told["unchanged"] >= 1
    assert told["complete"] is True
    assert content(Path("whole")) == content(Path("out"))


@pytest.mark.slow
@pytest.mark.parametrize("where", [("--workers", "2"), ("--cluster", "local", "--workers", "1")])
def test_a_killed_worker_costs_its_parts_alone(run: Run, where: tuple[str, ...]) -> None:
    shops(Path("shops"), 12)
    asked = ("predict", "shops", "--model", "builtin", "--horizon", "3", "--ledger", "none", "--output")
    assert run(*asked, "whole/").exit_code == 0
    command = [sys.executable, "-m", "forecaster", *asked, "out/", *where]
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while not list(Path("out/_parts").glob("*.json")):
        assert driver.poll() is None
        time.sleep(0.01)
    os.kill(workers_of(driver.pid)[0], signal.SIGKILL)
    stderr = driver.communicate()[1]
    assert driver.returncode == 0, stderr
    assert content(Path("whole")) == content(Path("out"))


@pytest.mark.slow
def test_a_disk_that_is_full_for_workers_costs_the_parts_that_it_met(run: Run) -> None:
    shops(Path("shops"), 6, 2, 40)
    rows = Path("shops/part-3.csv").read_text().splitlines()
    more = [line.replace("shop-6", f"shop-6{k}") for k in range(40) for line in rows[1:] if line.startswith("shop-6,")]
    Path("shops/part-3.csv").write_text("\n".join([*rows, *more]) + "\n")  # its results are larger than files may be
    command = [sys.executable, "-m", "forecaster", "predict", "shops", "--model", "builtin", "--horizon", "12"]
    command += ["--ledger", "none", "--output", "out/", "--workers", "2"]
    done = subprocess.run(
        command,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY)),
    )
    assert done.returncode == 3, done.stderr
    assert "1 of 6 parts failed: part-3.csv: IO: " in done.stderr.splitlines()[-1]
    assert len(list(Path("out").glob("*.csv"))) == 5
    told = json.loads(run(*command[3:-2], "--format", "json").stdout)
    assert (told["done_now"], told["unchanged"], told["complete"]) == (1, 5, True)


@pytest.mark.slow
def test_a_signal_ends_all_workers(run: Run) -> None:
    shops(Path("shops"), 12)
    asked = ("predict", "shops", "--model", "builtin", "--ledger", "none", "--output", "out/", "--workers", "2")
    driver = subprocess.Popen([sys.executable, "-m", "forecaster", *asked], stderr=subprocess.PIPE, text=True)
    while not list(Path("out/_parts").glob("*.json")):
        assert driver.poll() is None
        time.sleep(0.01)
    left = workers_of(driver.pid)
    driver.terminate()
    stderr = driver.communicate()[1]
    assert driver.returncode == 143
    assert "parts are done, and are left alone when the command is run again" in stderr.splitlines()[-1]
    wait_until(lambda: not any(map(is_alive, left)), 30)


def workers_of(driver: int) -> list[int]:
    """Return the process ids of the workers that a driver has started."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            told = (entry / "stat").read_text().rpartition(")")[2].split()
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if entry.name.isdigit() and int(told[1]) == driver and b"spawn_main" in line:
            found.append(int(entry.name))
    return sorted(found)
