"""`forecast models`: tables for people, JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forecaster import jobs
from forecaster.base import files
from forecaster.model.manifest import Metrics
from forecaster.model.windows import WindowShape
from tests.cli.conftest import TINY, Run, Seen, metrics_of
from tests.crash import other_draft
from tests.injector import Injector, disk_error, injected
from tests.saved import TINY_DATA, copy_tiny, publish, version_of

ROW: dict[str, Any] = {
    "name": "sales",
    "version": "v000002",
    "created": "2026-11-21T03:17:00.000+00:00",
    "series": 1200,
    "frequency": "MS",
    "horizon": 12,
    "mase": 0.75,
    "skill": 0.25,
    "fault": None,
}
SHOWN = jobs.ModelFacts(
    folder=Path("models/sales/versions/v000002"),
    versions=["v000001", "v000002"],
    history=[],
    manifest=replace(
        TINY,
        name="sales",
        version="v000002",
        created=ROW["created"],
        season=12,
        window=WindowShape(lookback=36, segment=6, horizon=12, season=12),
        network=replace(TINY.network, layers=2, units=128, dropout=0.2),
        metrics=Metrics(**metrics_of()),
    ),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    asked: list[Any] = []

    def show(name: str, models_dir: Path | None) -> jobs.ModelFacts:
        asked.extend([name, models_dir])
        return SHOWN

    monkeypatch.setattr(jobs, "list_models", lambda models_dir: asked.append(models_dir) or [ROW])
    monkeypatch.setattr(jobs, "show_model", show)
    return asked


def test_programs_get_json(run: Run, asked: list[Any]) -> None:
    assert json.loads(run("models", "list", "--models-dir", "d").stdout) == [ROW]
    assert json.loads(run("models", "show", "sales@v000002").stdout) == SHOWN.summary()
    assert asked == [Path("d"), "sales@v000002", None]


def test_csv(run: Run, asked: list[Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("models", "list", "--format", "csv").stdout)))
    assert rows == [{key: str(value or "") for key, value in ROW.items()}]
    rows = list(csv.DictReader(io.StringIO(run("models", "show", "sales", "--format", "csv").stdout)))
    assert {"field": "metrics.model.mase", "value": "0.75"} in rows


@pytest.mark.parametrize("width", [40, 80])
def test_people_get_tables(see: Callable[..., Seen], asked: list[Any], width: int) -> None:
    listed, shown = see("models", "list", width=width), see("models", "show", "sales", width=width)
    assert max(map(len, (listed.stdout + shown.stdout).splitlines())) <= width
    words = " ".join(listed.stdout.split())
    for word in ("sales", "v000002", "2026-11-21 03:17", "1,200", "0.750", "25.0 %"):
        assert word in words
    words = " ".join(shown.stdout.split())
    for word in (
        "36 steps in segments of 6, 12 steps ahead",
        "2 × LSTM(128), dropout 0.2",
        "79.0 % inside 80 %",
        "v000001, v000002",
    ):
        assert word in words


def test_no_models(see: Callable[..., Seen], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "list_models", lambda models_dir: [])
    first, second = see("models", "list").stdout.splitlines()
    assert first == "No models yet. Begin with: forecast train DATA"
    assert second == "Without one the built-in network answers: forecast models show builtin"
    assert run("models", "list").stdout == "[]\n"


def test_the_group_alone_lists(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "list_models", lambda models_dir: [])
    result = run("models")
    assert (result.exit_code, result.stdout) == (0, "[]\n")


# ------------------------------------------------------------------------------------------- with a real store


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with three versions of `tiny`."""
    models = copy_tiny(tmp_path / "copy")
    for _ in range(2):
        publish(models, other_draft(models))
    monkeypatch.setenv("FORECAST_MODELS", str(models))
    return models


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("promote tiny@v000001", {"name": "tiny", "before": "v000003", "version": "v000001"}),
        ("rollback tiny", {"name": "tiny", "before": "v000003", "version": "v000002"}),
        ("prune tiny --keep 2", {"name": "tiny", "removed": ["v000001"], "kept": ["v000002", "v000003"]}),
    ],
)
def test_changes_are_silent_off_a_terminal_unless_a_format_is_given(
    run: Run, models: Path, line: str, shown: dict[str, Any]
) -> None:
    result = run("models", *line.split(), "--format", "json")
    assert (result.exit_code, json.loads(result.stdout), result.stderr) == (0, shown, "")
    again = run("models", "promote", "tiny@v000003")
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "")


def test_changes_are_told_at_a_terminal(see: Callable[..., Seen], models: Path) -> None:
    assert see("models", "promote", "tiny@v000001").stdout == "tiny is at v000001 now; it was v000003.\n"
    assert see("models", "promote", "tiny@v000001").stdout == "tiny v000001 was current already.\n"
    assert see("models", "rollback", "tiny").stdout == "tiny is at v000003 now; it was v000001.\n"
    assert see("models", "prune", "tiny", "--keep", "2").stdout == "Removed v000001; tiny has v000002, v000003.\n"
    assert see("models", "prune", "tiny").stdout == "Nothing to remove; tiny has v000002, v000003.\n"


def test_a_check_prints_every_version(run: Run, see: Callable[..., Seen], models: Path) -> None:
    rows = json.loads(run("models", "check").stdout)
    assert [(row["version"], row["current"], row["fault"]) for row in rows] == [
        ("v000001", False, None),
        ("v000002", False, None),
        ("v000003", True, None),
    ]
    seen = see("models", "check", "tiny")
    assert (seen.code, seen.stderr) == (0, "")
    assert [line.split() for line in seen.stdout.splitlines()[1:]] == [
        ["tiny", "v000001", "whole"],
        ["tiny", "v000002", "whole"],
        ["tiny", "v000003", "current", "whole"],
    ]
    assert json.loads(run("models", "check", "--models-dir", "none").stdout) == []


def test_a_check_that_finds_a_fault_prints_it_and_exits_with_78(run: Run, models: Path) -> None:
    path = version_of(models, version="v000003") / "network.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    result = run("models", "check")
    assert result.exit_code == 78
    assert [bool(row["fault"]) for row in json.loads(result.stdout)] == [False, False, True]
    (line,) = result.stderr.splitlines()
    assert line.startswith("forecast: error[MODEL]: 1 of 3 are not whole: ")
    assert line.endswith("Run: forecast models promote tiny@v000002")
    failed = run("predict", TINY_DATA)
    assert (failed.exit_code, failed.stdout) == (78, "")
    assert "Run: forecast models check tiny, and then: forecast models rollback tiny" in failed.stderr
    assert run("models", "promote", "tiny@v000002").exit_code == 0
    assert run("predict", TINY_DATA).exit_code == 0


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("promote tiny", 2, "'tiny' names no version of the model; its versions: v000001, v000002, v000003"),
        ("promote tiny@v000009", 66, "model 'tiny' has no version 'v000009'"),
        ("rollback nobody", 66, "no model 'nobody'"),
        ("prune tiny --keep 1", 2, "--keep must be at least 2, received 1"),
        ("prune tiny --lock-wait -1", 2, "--lock-wait must be at least 0"),
        ("check nobody", 66, "no model 'nobody'"),
    ],
)
def test_wrong_names_and_numbers(run: Run, models: Path, line: str, code: int, said: str) -> None:
    result = run("models", *line.split())
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr


@pytest.mark.parametrize("line", ["promote tiny@v000001", "rollback tiny", "prune tiny --keep 2"])
def test_a_disk_error_and_a_lock_have_their_exit_codes(run: Run, models: Path, line: str) -> None:
    with injected(Injector(8, disk_error, forever=True)):
        result = run("models", *line.split())
    assert (result.exit_code, result.stdout) == (74, "")
    assert result.stderr.startswith("forecast: error[IO]: cannot ")
    with files.locked(models / "tiny" / "LOCK", 0, "forecast train"):
        result = run("models", *line.split(), "--lock-wait", "0")
    assert (result.exit_code, result.stdout) == (75, "")
    assert "is locked by pid" in result.stderr


def test_a_broken_model_is_named_in_the_list(run: Run, see: Callable[..., Seen], models: Path) -> None:
    (models / "odd").mkdir()
    (models / "odd" / "CURRENT").write_text("?")
    seen = see("models", "list")
    assert seen.code == 0
    assert "tiny v000003" in " ".join(seen.stdout.split())
    assert "odd cannot be used: " in " ".join(seen.stdout.split())
