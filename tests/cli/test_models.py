"""`forecast models`: tables for people, JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forecaster import jobs
from tests.cli.conftest import Run, Seen, metrics_of

ROW: dict[str, Any] = {
    "name": "sales", "version": "v000002", "created": "2026-11-21T03:17:00.000+00:00", "series": 1200,
    "frequency": "MS", "horizon": 12, "mase": 0.75, "skill": 0.25, "fault": None,
}  # fmt: skip
MANIFEST: dict[str, Any] = {
    "folder": "models/sales/versions/v000002", "versions": ["v000001", "v000002"],
    "name": "sales", "version": "v000002", "created": ROW["created"], "season": 12,
    "data": {"source": "sales.csv", "rows": 60, "series": 1, "frequency": "MS"},
    "window": {"lookback": 36, "segment": 6, "horizon": 12}, "metrics": metrics_of(),
    "network": {"layers": 2, "units": 128, "cell": "lstm", "dropout": 0.2},
}  # fmt: skip


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    asked: list[Any] = []

    def show(name: str, models_dir: Path | None) -> dict[str, Any]:
        asked.extend([name, models_dir])
        return MANIFEST

    monkeypatch.setattr(jobs, "list_models", lambda models_dir: asked.append(models_dir) or [ROW])
    monkeypatch.setattr(jobs, "show_model", show)
    return asked


def test_programs_get_json(run: Run, asked: list[Any]) -> None:
    assert json.loads(run("models", "list", "--models-dir", "d").stdout) == [ROW]
    assert json.loads(run("models", "show", "sales@v000002").stdout) == MANIFEST
    assert asked == [Path("d"), "sales@v000002", None]


def test_csv(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("models", "list", "--format", "csv").stdout)))
    assert rows == [{key: str(value or "") for key, value in ROW.items()}]
    rows = list(csv.DictReader(io.StringIO(run("models", "show", "sales", "--format", "csv").stdout)))
    assert {"field": "metrics.model.mase", "value": "0.75"} in rows


@pytest.mark.parametrize("width", [40, 80])
def test_people_get_tables(see: Callable[..., Seen], width: int) -> None:
    listed, shown = see("models", "list", width=width), see("models", "show", "sales", width=width)
    assert max(map(len, (listed.stdout + shown.stdout).splitlines())) <= width
    words = " ".join(listed.stdout.split())
    for word in ("sales", "v000002", "2026-11-21 03:17", "1,200", "0.750", "25.0 %"):
        assert word in words
    words = " ".join(shown.stdout.split())
    for word in ("36 steps in 6s, 12 ahead", "2 × LSTM(128), dropout 0.2", "79.0 % inside 80 %", "v000001, v000002"):
        assert word in words


def test_no_models(see: Callable[..., Seen], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "list_models", lambda models_dir: [])
    assert see("models", "list").stdout == "No models yet. Begin with: forecast train DATA\n"
    assert run("models", "list").stdout == "[]\n"


def test_the_group_alone_is_a_wrong_usage(run: Run) -> None:
    result = run("models")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1] == "forecast: error[USAGE]: Missing command. See: forecast models --help"
