"""`train --max-memory`: a folder of parts that is larger than memory."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from forecaster.config import MemorySettings, ReadSettings
from forecaster.jobs import TrainJob
from tests.cli.conftest import Run
from tests.conftest import TINY

ROOM = importlib.import_module("forecaster.jobs.train")


@pytest.fixture
def parts(run: Run, tmp_path: Path) -> Path:
    lines = [
        f"s{s:02d},{2010 + t // 12}-{t % 12 + 1:02d}-01,{100 + s + 10 * (t % 12) + (s * t) % 7}"
        for s in range(24)
        for t in range(72)
    ]
    (tmp_path / "sales.csv").write_text("id,ds,y\n" + "\n".join(lines) + "\n")
    done = run("partition", "sales.csv", "--by", "id", "--parts", 4, "--output", "parts")
    assert done.exit_code == 0, done.stderr
    return tmp_path / "parts"


@pytest.fixture
def cramped(monkeypatch: pytest.MonkeyPatch) -> str:
    """The limit with which there is room for ten of the 24 series."""
    limit = ROOM.OWN_MEMORY + ROOM.SMALLEST_DATA
    monkeypatch.setattr(ROOM, "BYTES_A_STEP", ROOM.SMALLEST_DATA // (10 * 72))
    return f"{limit >> 20}MB"


def test_as_many_series_as_fit_are_read(parts: Path, cramped: str) -> None:
    job = TrainJob(data=str(parts), memory=MemorySettings(max_memory=cramped))
    panel = ROOM.read_data(job, None)
    assert (panel.n_series, panel.rows, panel.source) == (10, 24 * 72, str(parts))
    assert panel.drawn.describe().startswith("10 of 24 of 4 parts")
    whole = ROOM.read_data(TrainJob(data=str(parts), memory=MemorySettings(max_memory="64GB")), None)
    assert (whole.n_series, whole.drawn.kept) == (24, 24)
    assert ROOM.read_data(TrainJob(data=str(parts), reading=ReadSettings()), None).drawn is None


def test_what_cannot_be_is_refused(run: Run, parts: Path) -> None:
    for arguments, fault in [
        (("train", "sales.csv", "--max-memory", "4GB"), "is for a folder or glob of parts"),
        (("train", parts, "--max-memory", "300MB"), "training alone takes 1,024 MiB"),
        (("train", parts, "--max-memory", "lots"), "expected an amount such as 512MB or 4GB"),
    ]:
        failed = run(*arguments)
        assert failed.exit_code == 2
        assert fault in failed.stderr
    assert not Path("models").exists()


@pytest.mark.slow
def test_a_model_is_trained_on_the_drawn_series(run: Run, parts: Path, cramped: str) -> None:
    plan = json.loads(run("train", parts, "--max-memory", cramped, "--dry-run", *TINY).stdout)
    assert plan["choices"]["series"].startswith("10 of 24 of 4 parts, drawn evenly")
    done = run("train", parts, "--max-memory", cramped, "--format", "json", *TINY)
    assert done.exit_code == 0, done.stderr
    assert "trained on 10 of 24 of 4 parts, drawn evenly by their names (seed 1)" in done.stderr
    assert json.loads(done.stdout)["drawn"] == {"parts": 4, "series": 24, "kept": 10, "steps": 24 * 72, "seed": 1}
    forecast = run("predict", parts, "--model", "parts", "--output", "-", "--horizon", 1)
    assert forecast.exit_code == 0, forecast.stderr
    assert len(forecast.stdout.splitlines()) == 25
