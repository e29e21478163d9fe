"""What was found in a data file: a paragraph for a person, one line a kind of warning for a log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from forecaster.cli.notes import describe, finish, warn_of
from forecaster.cli.output import TextGrid
from forecaster.data.rows import Finding
from tests.cli.conftest import panel_of


def test_one_line_a_kind_of_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    findings = (
        Finding("gaps", "warning", "3 steps filled", series="a", hint="Look at it"),
        Finding("gaps", "warning", "1 step filled", series="b"),
        Finding("frequency", "info", "monthly"),
        Finding("outlier", "warning", "series 'a' jumps", series="a"),
    )
    warn_of(replace(panel_of(tmp_path), findings=findings))
    assert capsys.readouterr().err.splitlines() == [
        "forecast: warning: series 'a': 3 steps filled (and 1 more like it). Look at it",
        "forecast: warning: series 'a' jumps",
    ]


def test_what_was_detected(tmp_path: Path) -> None:
    grid, *others = describe(panel_of(tmp_path, ("a", "b", "c"), short="c"))
    assert isinstance(grid, TextGrid)
    shown = dict(grid.rows)
    assert shown["columns"] == "time: month, series: id, target: sales"
    assert shown["frequency"] == "MS, season of 12 steps"
    assert shown["series"] == "2, each 60 steps long"
    assert any("skipped: series 'c'" in getattr(line, "text", "") for line in others)


def test_the_exit_code_says_whether_series_were_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert finish([], ["mind this"]) == 0
    assert finish([("a", "too short"), ("b", "empty")]) == 3
    assert capsys.readouterr().err.splitlines() == [
        "forecast: warning: mind this",
        "forecast: warning: 2 series skipped: a, b (the first: too short)",
    ]
