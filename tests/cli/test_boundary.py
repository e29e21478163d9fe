"""Failures as one line of JSON, with what their message names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from forecaster.cli.boundary import place_in
from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("a b.csv, line 1,007, column 'y': 'x' is no number", ("a b.csv", 1007, "y", None)),
        ("in/a.csv.gz: the gzip stream ends early, after 201 lines", ("in/a.csv.gz", None, None, None)),
        ("-, line 3: too few cells", ("-", 3, None, None)),
        ("a.csv: series 'JFK-DL' has no values", ("a.csv", None, None, "JFK-DL")),
        ("a.csv, line 2, column 'it\\'s': no", ("a.csv", 2, "it\\'s", None)),
        ("nothing was published: a.csv ends at 2001-12-01", (None, None, None, None)),
        ("--horizon must be from 1 to 10000, received 0", (None, None, None, None)),
    ],
)
def test_what_a_message_names(message: str, found: tuple[Any, ...]) -> None:
    assert tuple(place_in(message).values()) == found


def test_a_failure_is_one_line_of_json(run: Run) -> None:
    Path("bad.csv").write_text("ds,y\n2020-01-01,1\n2020-01-02,abc\n", "utf-8")
    done = run("train", "bad.csv", "--errors", "json")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (65, "", 1)
    assert json.loads(done.stderr) == {
        "exit_code": 65,
        "code": "DATA",
        "message": "bad.csv, line 3, column 'y': 'abc' is not a number",
        "hint": "Write plain numbers, and missing ones as an empty cell",
        "file": "bad.csv",
        "line": 3,
        "column": "y",
        "series": None,
    }


def test_wrong_usage_is_json_too(run: Run) -> None:
    found = json.loads(run("train", "--errors=json").stderr)
    assert (found["exit_code"], found["message"]) == (2, "Missing argument 'DATA'")
    assert run("train", "x", "--errors", "yaml").exit_code == 2
