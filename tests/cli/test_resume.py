"""A comparison and an evaluation that are killed: what is finished is kept, and --resume ends where it would have."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from forecaster.scoring import comparison, kept
from tests.cli.conftest import Run
from tests.conftest import monthly_csv, panel_csv
from tests.saved import TINY_DATA, copy_tiny

PROGRAM = """
import os
from forecaster.model import origins
from forecaster.scoring import kept
kept.WORTH, origins.MOST_WINDOWS = 0.0, 2
keep = kept.Kept.keep
def keep_some(parts, *part):
    keep(parts, *part)
    if parts.written == 3:
        os.kill(os.getpid(), {number})
kept.Kept.keep = keep_some
from forecaster.__main__ import main
main()
"""
"""The command, that keeps every part, has many of them, and gets a signal when it has kept three."""


def stop_early(number: int, *arguments: str) -> tuple[int, str]:
    """Run the command until it has kept some parts and gets a signal; return its exit code and stderr."""
    command = [sys.executable, "-c", PROGRAM.format(number=int(number)), *arguments]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr


def parts_of(folder: Path) -> list[str]:
    """Return the names of parts that are written."""
    return [path.name for path in folder.glob("*") if len(path.name) == 32]


def scores_in(text: str) -> Any:
    """Return a result with nine digits: what several threads add up differs in the last ones; without times."""
    found = json.loads(text, parse_float=lambda number: float(f"{float(number):.9g}"))
    for row in found.get("leaderboard", []):
        row.pop("seconds")
    return found | {"predictions": None}


@pytest.fixture
def every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "WORTH", 0.0)


def test_a_comparison(run: Run, every_part: None, monkeypatch: pytest.MonkeyPatch) -> None:
    panel_csv(Path("shops.csv"))
    line = ["compare", "shops.csv", "--models", "pretrained,naive", "--windows", "8", "--horizon", "4", "--step", "2"]
    folder = Path("models") / "shops" / "COMPARING"
    code, said = stop_early(signal.SIGINT, *line)
    done = len(parts_of(folder))
    assert 3 <= done < 16
    assert code == 130
    assert f"stored in {folder}; to continue, run it again with --resume" in said
    assert "MASE at" in said
    asked: list[str] = []
    forecast_kind = comparison.forecast_kind

    def counted(kind: str, *rest: Any) -> Any:
        asked.append(kind)
        return forecast_kind(kind, *rest)

    monkeypatch.setattr(comparison, "forecast_kind", counted)
    resumed = run(*line, "--resume", "--predictions", "p.csv")
    assert resumed.exit_code == 0, resumed.stderr
    assert len(asked) == 16 - done
    assert not Path("models").exists(), "what was kept is gone when all is done"
    whole = run(*line, "--predictions", "q.csv")
    assert len(asked) == 16 - done + 16
    assert scores_in(resumed.stdout) == scores_in(whole.stdout)
    assert len(Path("p.csv").read_text().splitlines()) == len(Path("q.csv").read_text().splitlines()) == 321


@pytest.mark.parametrize("model", ["tiny", pytest.param("builtin", marks=pytest.mark.slow)])
def test_an_evaluation(run: Run, every_part: None, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    monkeypatch.setattr("forecaster.model.origins.MOST_WINDOWS", 2)
    models = copy_tiny(Path("models"))
    line = ["evaluate", str(TINY_DATA), "--model", model, "--models-dir", "models", "--windows", "5", "--step", "1"]
    folder = models / model / "EVALUATING"
    code, said = stop_early(signal.SIGTERM, *line)
    assert code == 143
    assert f"stored in {folder}; to continue, run it again with --resume" in said
    done = parts_of(folder)
    resumed = run(*line, "--resume")
    assert resumed.exit_code == 0, resumed.stderr
    assert done
    assert not folder.exists()
    whole = run(*line)
    assert scores_in(resumed.stdout) == scores_in(whole.stdout)


def test_a_folder_of_ones_own(run: Run, every_part: None) -> None:
    panel_csv(Path("shops.csv"))
    line = ["compare", "shops.csv", "--models", "pretrained,naive", "--horizon", "4"]
    stop_early(signal.SIGKILL, *line, "--windows", "12", "--storage", "mine")
    assert parts_of(Path("mine"))
    assert run(*line, "--windows", "1", "--storage", "mine").exit_code == 0
    assert not Path("mine").exists()


SEARCH = "tune m.csv --horizon 3 --units 4 --layers 1 --steps 20 --trials 5 --search dropout,loss --preset fast"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_search(run: Run, tmp_path: Path, number: int) -> None:
    """What was tried is not tried again, and what was found is in the file, whole, at any moment."""
    monthly_csv(tmp_path / "m.csv", 120)
    line = [*SEARCH.split(), "--output", "best.toml", "--storage", "search.db"]
    running = subprocess.Popen([sys.executable, "-m", "forecaster", *line], stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 240
    while not Path("best.toml").exists() and running.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(1.0)  # into the next trial
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert running.returncode == (-number if number == signal.SIGKILL else 128 + number), said
    if number == signal.SIGINT:
        assert "to continue, run it again with --resume" in said
    before = tomllib.loads(Path("best.toml").read_text())
    assert before["horizon"] == 3
    with contextlib.closing(sqlite3.connect("search.db")) as connection:
        count = "SELECT count(*) FROM trials WHERE state = 'COMPLETE'"
        done = connection.execute(count).fetchone()[0]
        resumed = run(*line, "--resume", "--format", "json")
        assert resumed.exit_code == 0, resumed.stderr
        found = json.loads(resumed.stdout)
        assert found["tried"] == 5
        assert 1 <= done < 5
        assert len(found["trials"]) == 5 - done
        assert found["search_mase"]["best"] is not None
    assert tomllib.loads(Path("best.toml").read_text())["horizon"] == 3
