"""`--dry-run`: the plan and the cost on stdout, and nothing on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster import jobs
from tests.cli.conftest import Run, Seen
from tests.conftest import names, panel_csv

FOUND = jobs.Rehearsal(
    command="train",
    data="sales.csv",
    rows=1200,
    series=3,
    windows=77,
    choices=(("horizon", "3 steps"),),
    seconds=12.5,
    timed="80 of at most 300 training steps, 41.7 ms each",
    memory=2**29,
    writes=("models/sales: a new version",),
)


@pytest.fixture(autouse=True)
def rehearsed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("train", "predict", "compare", "evaluate", "tune"):
        monkeypatch.setattr(jobs, f"rehearse_{name}", lambda job, events: FOUND)


@pytest.mark.parametrize("command", ["train", "predict", "compare", "evaluate", "tune"])
def test_json_off_a_terminal(run: Run, command: str) -> None:
    done = run(command, "sales.csv", "--dry-run")
    assert (done.exit_code, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["rows"], found["windows"], found["seconds"]) == (1200, 77, 12.5)
    assert found["choices"] == {"horizon": "3 steps"}
    assert not [*Path().iterdir()]


def test_what_a_person_reads(see: Callable[..., Seen]) -> None:
    seen = see("train", "sales.csv", "--dry-run", width=100)
    for line in (
        "horizon        3 steps",
        "read           sales.csv, 1,200 rows, 3 series",
        "windows        77",
        "seconds        12.5 (80 of at most 300 training steps, 41.7 ms each)",
        "memory         512 MiB so far",
        "would write    models/sales: a new version",
        "Nothing was written: --dry-run.",
    ):
        assert line in seen.stdout


def test_a_batch_is_planned_job_by_job_and_nothing_is_written(run: Run, see: Callable[..., Seen]) -> None:
    panel_csv(Path("shops.csv"))
    job = '[[jobs]]\nname = "{0}"\ncommand = "{1}"\ndata = "{2}"\n{3}\n'
    tiny = 'steps = 4\nunits = "4"\npreset = "fast"\nfrom = "none"'
    learn = job.format("learn", "train", "shops.csv", f'model = "shops"\n{tiny}')
    ahead = job.format("ahead", "predict", "shops.csv", 'model = "shops"')
    bare = job.format("bare", "predict", "shops.csv", 'model = "builtin"\noutput = "b.csv"\nhorizon = 2')
    Path("night.toml").write_text(learn + ahead + bare)
    before = names(Path())
    done = run("run", "night.toml", "--dry-run")
    assert (done.exit_code, done.stderr) == (0, "")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["learn"]["outcome"] == rows["bare"]["outcome"] == "would run"
    assert rows["ahead"]["outcome"] == "would run after learn"
    assert (rows["bare"]["rows"], rows["bare"]["series"], rows["ahead"]["rows"]) == (300, 5, None)
    assert names(Path()) == before
    seen = see("run", "night.toml", "--dry-run", "--only", "bare", width=120)
    assert "bare  predict  would run" in seen.stdout
    assert "Nothing was written: --dry-run." in seen.stdout


def test_a_job_that_would_fail_is_named_and_the_others_are_planned(run: Run) -> None:
    panel_csv(Path("shops.csv"))
    job = '[[jobs]]\nname = "{0}"\ncommand = "predict"\ndata = "{0}.csv"\nmodel = "builtin"\noutput = "{0}.out"\n'
    Path("night.toml").write_text(job.format("shops") + job.format("none"))
    done = run("run", "night.toml", "--dry-run")
    assert done.exit_code == 3
    assert "1 of 2 jobs would fail: none: MISSING: none.csv: no such file" in done.stderr
    assert [row["name"] for row in json.loads(done.stdout)] == ["shops"]
    Path("shops.csv").unlink()
    done = run("run", "night.toml", "--dry-run")
    assert (done.exit_code, done.stdout) == (66, "")


def test_an_unchanged_job_would_not_be_done_again(run: Run) -> None:
    panel_csv(Path("shops.csv"))
    Path("night.toml").write_text(
        '[[jobs]]\nname = "a"\ncommand = "predict"\ndata = "shops.csv"\nmodel = "builtin"\noutput = "a.csv"\n'
    )
    assert run("run", "night.toml", "--only", "a").exit_code == 0
    (row,) = json.loads(run("run", "night.toml", "--dry-run").stdout)
    assert (row["outcome"], row["seconds"]) == ("unchanged", None)
    (row,) = json.loads(run("run", "night.toml", "--dry-run", "--force").stdout)
    assert row["outcome"] == "would run"
