"""`--dry-run`: the plan and the cost on stdout, and nothing on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster import jobs
from tests.cli.conftest import Run, Seen

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
    for name in ("rehearse_train", "rehearse_predict"):
        monkeypatch.setattr(jobs, name, lambda job, events: FOUND)


@pytest.mark.parametrize("command", ["train", "predict"])
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
