"""`forecast anomalies`: what is shown, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Seen
from tests.saved import TINY_DATA, copy_tiny

LINE = ("anomalies", TINY_DATA, "--last", "30", "--level", "80", "--models-dir", "models")


@pytest.fixture(autouse=True)
def models(plain: None) -> None:
    """Put the frozen model into the folder."""
    copy_tiny(Path("models"))


def test_json_off_a_terminal(run: Run) -> None:
    result = run(*LINE)
    found = json.loads(result.stdout)
    assert (result.exit_code, found["judged"], found["level"]) == (0, 60, 80.0)
    assert len(found["values"]) == found["anomalies"] > 0


def test_a_gate_shows_what_it_found_and_exits_4(run: Run) -> None:
    result = run(*LINE, "--max-anomalies", "0")
    assert result.exit_code == 4
    assert "above --max-anomalies 0" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("width", [60, 120])
def test_what_a_person_sees(see: Callable[..., Seen], width: int) -> None:
    seen = see(*LINE, width=width)
    assert seen.code == 0
    assert "by chance 20.0 % would be" in " ".join(seen.stdout.split())
    assert max(map(len, seen.stdout.splitlines())) <= width
