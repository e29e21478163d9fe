"""Commands whose work is shared out: the same results as in one process, and nothing goes on when they are stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.csv
import pytest

from tests.cli.conftest import Run
from tests.cli.test_parts import content, shops, workers_of
from tests.conftest import Trained, monthly_csv, panel_csv, run_forecast
from tests.waiting import is_alive, wait_until

SMALL = ("--units", "4", "--layers", "1", "--steps", "8", "--horizon", "3")


def version(models: Path) -> dict[str, bytes]:
    """Return the files of the one version that there is; of the manifest what does not hold a time."""
    (folder,) = models.glob("*/versions/*")
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    manifest = json.loads(found.pop("manifest.json"))
    facts = {name: manifest[name] for name in ("files", "fit", "network", "window", "curve", "best_steps", "companion")}
    return {**found, "manifest": json.dumps(facts).encode()}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            ("train", "shops.csv", "--preset", "fast", "--ensemble", 1, *SMALL),
            2,
            "one network has nothing to share out",
        ),
        (("train", "-", "--name", "x"), 2, "workers read the data themselves"),
        (("tune", "-", "--output", "t.toml"), 2, "workers read the data themselves"),
        (("run", "jobs.toml", "--jobs", 2), 2, "--jobs 2 runs jobs on this machine, and workers run them too"),
        (("run", "jobs.toml", "--only", "a"), 2, "--workers 2 has nothing to share out here"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(run: Run, arguments: tuple[Any, ...], code: int, told: str) -> None:
    panel_csv(Path("shops.csv"))
    Path("jobs.toml").write_text('[[jobs]]\nname = "a"\ncommand = "predict"\ndata = "shops.csv"\n')
    result = run(*arguments, "--workers", 2)
    assert (result.exit_code, result.stdout) == (code, "")
    assert told in result.stderr.splitlines()[-1]
    assert not Path("models").exists()


def test_live_scores_of_parts_are_the_scores_of_all(run: Run, dask_cluster: str) -> None:
    shops(Path("shops"), 3, 2, 60)
    asked = ("--model", "builtin", "--horizon", 5, "--as-of", "2024-02-20")
    assert run("predict", "shops", "--output", "out/", *asked, "--ledger", "parts").exit_code == 0
    assert run("predict", "shops", "--output", "all.csv", *asked, "--ledger", "whole").exit_code == 0
    scored = ("score", "--actuals", "shops", "--model", "builtin", "--ledger")
    whole = json.loads(run(*scored, "parts").stdout)
    for ledger, output in (("parts", "one"), ("whole", "other")):
        result = run(*scored, ledger, "--output", output)
        assert result.exit_code == 0, result.stderr
        told = json.loads(result.stdout)
        if ledger == "parts":
            assert told["overall"] == pytest.approx(whole["overall"])
            for ours, theirs in zip(told["by_lead"], whole["by_lead"], strict=True):
                assert ours == pytest.approx(theirs)
        assert (told["values"], told["pending"], told["complete"]) == (30, 0, True)
        assert told["issues"] == (3 if ledger == "parts" else 1)
    rows = pyarrow.csv.read_csv("one/part-1.csv").to_pydict()
    assert rows["series"] == ["shop-2", "shop-3"]
    theirs = {row["series"]: row["mase"] for row in whole["by_series"]}
    assert rows["mase"] == pytest.approx([theirs[name] for name in rows["series"]])
    assert run(*scored, "parts", "--output", "there", "--cluster", dask_cluster).exit_code == 0
    assert content(Path("one")) == content(Path("there"))
    again = run(*scored, "parts", "--output", "one", "--max-mase", "0.0001")
    assert (again.exit_code, json.loads(again.stdout)["unchanged"]) == (4, 3)
    (next(Path("parts").glob("*.parquet"))).write_bytes(b"PAR1")
    broken = run(*scored, "parts", "--output", "two")
    assert (broken.exit_code, json.loads(broken.stdout)["issues"]) == (3, 2)
    assert "left out of the scores: parts/" in broken.stderr
    none = run(*scored, "empty", "--output", "none")
    assert (none.exit_code, none.stdout) == (66, "")
    assert run("score", "--actuals", "shops", "--model", "builtin", "--workers", 2).exit_code == 2


@pytest.mark.slow
def test_networks_trained_on_workers_are_those_of_one_process(tmp_path: Path, dask_cluster: str) -> None:
    panel_csv(tmp_path / "shops.csv")
    asked = ("train", "shops.csv", "--ensemble", "2", *SMALL, "--models-dir")
    for models, where in (("here", ()), ("there", ("--cluster", dask_cluster))):
        done = run_forecast(*asked, models, *where, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert version(tmp_path / "here") == version(tmp_path / "there")


@pytest.mark.slow
def test_workers_go_on_from_a_version_that_is_sent_to_them(tmp_path: Path, dask_cluster: str) -> None:
    panel_csv(tmp_path / "shops.csv")
    common = ("train", "shops.csv", "--ensemble", "2", "--models-dir", "models")
    begun = run_forecast(*common, *SMALL, "--from", "none", cwd=tmp_path)
    assert begun.returncode == 0, begun.stderr
    for name, where in (("on", ()), ("there-on", ("--cluster", dask_cluster))):
        done = run_forecast(*common, "--steps", "8", "--from", "shops", "--name", name, *where, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    ours, theirs = (tmp_path / "models" / name / "versions/v000001/weights.npz" for name in ("on", "there-on"))
    assert ours.read_bytes() == theirs.read_bytes()


@pytest.mark.slow
def test_a_search_on_workers_finds_what_one_process_finds(run: Run, dask_cluster: str) -> None:
    monthly_csv(Path("sales.csv"), 160)
    asked = ("tune", "sales.csv", *SMALL, "--ensemble", 1, "--trials", 5, "--format", "json", "--models-dir")
    here = run(*asked, "here", "--output", "t.toml")
    written = Path("t.toml").read_bytes()
    there = run(*asked, "there", "--output", "t.toml", "--cluster", dask_cluster)
    assert (here.exit_code, there.exit_code) == (0, 0), there.stderr
    assert Path("t.toml").read_bytes() == written
    told = [json.loads(result.stdout) for result in (here, there)]
    for each in told:
        del each["seconds"], each["storage"]
        for row in each["trials"]:
            del row["seconds"]
    assert told[0] == told[1]


@pytest.mark.slow
def test_jobs_run_where_workers_are(run: Run, trained: Trained, dask_cluster: str) -> None:
    kept = f'data = "{trained.data}"\nmodel = "{trained.name}"\nmodels-dir = "{trained.models_dir}"\nledger = "none"\n'
    jobs = [f'[[jobs]]\nname = "{name}"\ncommand = "predict"\noutput = "{name}.csv"\n{kept}' for name in ("a", "b")]
    jobs.append('[[jobs]]\nname = "c"\ncommand = "predict"\ndata = "none.csv"\noutput = "c.csv"\nmodel = "builtin"\n')
    Path("jobs.toml").write_text("\n".join(jobs))
    result = run("run", "jobs.toml", "--cluster", dask_cluster)
    assert result.exit_code == 3
    assert "1 of 3 jobs failed: c: MISSING: none.csv: no such file" in result.stderr
    written = Path("a.csv").read_bytes()
    assert written == Path("b.csv").read_bytes()
    again = run("run", "jobs.toml", "--cluster", dask_cluster, "--format", "json")
    assert again.exit_code == 3, again.stderr
    assert [row["outcome"] for row in json.loads(again.stdout)] == ["unchanged", "unchanged", "failed: MISSING"]
    Path("a.csv").unlink()
    assert run("run", "jobs.toml", "--format", "json").exit_code == 3
    assert Path("a.csv").read_bytes() == written


@pytest.mark.slow
def test_a_deadline_ends_what_runs_on_a_cluster(run: Run, dask_cluster: str) -> None:
    shops(Path("shops"), 30, 400, 60)  # a minute of processor time, far more than the deadline
    command = [
        "predict",
        "shops",
        "--model",
        "builtin",
        "--ledger",
        "none",
        "--output",
        "out/",
        "--horizon",
        "60",
    ]
    started = time.monotonic()
    driver = subprocess.run(
        [sys.executable, "-m", "forecaster", *command, "--cluster", dask_cluster, "--deadline", "8"],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (driver.returncode, driver.stderr.splitlines()[-1][:20]) == (124, "forecast: error[DEAD")
    assert time.monotonic() - started < 20
    time.sleep(2.0)
    before = sorted(path.name for path in Path("out").glob("*.csv"))
    time.sleep(2.0)
    assert sorted(path.name for path in Path("out").glob("*.csv")) == before
    assert run(*command).exit_code == 0
    assert len([*Path("out").glob("*.csv")]) == 30


@pytest.mark.slow
def test_a_signal_ends_the_training_of_workers(run: Run) -> None:
    panel_csv(Path("shops.csv"))
    asked = ["train", "shops.csv", "--ensemble", "2", "--steps", "100000", "--patience", "0", "--workers", "2"]
    driver = subprocess.Popen([sys.executable, "-m", "forecaster", *asked], stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while len(left := workers_of(driver.pid)) < 2:
        assert driver.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)
    time.sleep(10.0)
    os.kill(driver.pid, signal.SIGTERM)
    stderr = driver.communicate()[1]
    assert driver.returncode == 143, stderr
    wait_until(lambda: not any(map(is_alive, left)), 30)
    assert not list(Path("models").glob("*/versions/*"))
