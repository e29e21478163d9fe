"""`forecast models compare`, and the history in `forecast models show`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forecaster import jobs
from forecaster.config import SuccessionSettings
from tests.cli.conftest import Run, Seen
from tests.crash import other_draft
from tests.saved import TINY_DATA, copy_tiny, publish


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a folder with at least two versions of `tiny`."""
    models = copy_tiny(tmp_path / "copy")
    publish(models, other_draft(models))
    return models


def test_the_job_is_told_every_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(jobs, "compare_versions", lambda job, events: told.append(job))
    run(*"models compare a@v000001 a x.csv --old-data y.csv --models-dir d".split())
    settings = SuccessionSettings(old_data=Path("y.csv"))
    assert told == [jobs.SuccessionJob(old="a@v000001", new="a", data="x.csv", settings=settings, models_dir=Path("d"))]


def test_json_and_csv_off_a_terminal(run: Run, models: Path) -> None:
    command = ("models", "compare", "tiny@v000001", "tiny", TINY_DATA, "--models-dir", models)
    done = run(*command)
    assert (done.exit_code, done.stderr) == (0, "")
    shown = json.loads(done.stdout)
    assert (shown["old"], shown["new"] > shown["old"]) == ("tiny@v000001", True)
    rows = list(csv.DictReader(run(*command, "--format", "csv").stdout.splitlines()))
    assert {"stamp", "lead", "old", "revision", "new_rows", "model", "total", "new"} <= set(rows[0])


@pytest.mark.parametrize("width", [40, 80, 200])
def test_what_a_person_sees(see: Callable[..., Seen], models: Path, width: int) -> None:
    command = ("models", "compare", "tiny@v000001", "tiny", TINY_DATA, "--models-dir", models)
    seen = see(*command, width=width)
    assert (seen.code, max(map(len, seen.stdout.splitlines())) <= width) == (0, True)
    shown = " ".join(seen.stdout.split())
    for words in ("new model", "MASE", "to tell them apart, give --old-data"):
        assert words in shown
    assert "revised values" in " ".join(see(*command, "--old-data", TINY_DATA, width=width).stdout.split())
    history = " ".join(see("models", "show", "tiny", "--models-dir", models, width=width).stdout.split())
    assert "was current" in history


def test_bad_input_is_one_line(run: Run, models: Path) -> None:
    for arguments, code in (
        (("tiny@v000009", "tiny"), 66),
        (("tiny", "none"), 66),
        (("tiny", "tiny", "none.csv"), 66),
        (("tiny", "tiny", TINY_DATA, "--old-data", "none.csv"), 66),
        (("tiny",), 2),
    ):
        done = run("models", "compare", *arguments, "--models-dir", models)
        assert (done.exit_code, done.stdout, done.stderr.count("error[")) == (code, "", 1)
