"""`forecast check`: what it shows, and how it ends."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Run, Seen
from tests.conftest import panel_csv, run_forecast


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """Data with a warning a series: an outlier, another value in each, so that none looks like a marker."""
    path = panel_csv(tmp_path / "odd.csv", series=8)
    rows = [line.split(",") for line in path.read_text().splitlines()]
    for row in rows:
        if row[1] == "2024-02-03":
            row[2] = str(9999 - int(row[0].removeprefix("shop-")))
    path.write_text("".join(",".join(row) + "\n" for row in rows))
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """Data with an error: a stamp twice."""
    path = panel_csv(tmp_path / "bad.csv")
    path.write_text(path.read_text() + "shop-1,2024-01-03,7\nshop-1,2024-01-04,7\n")
    return path


def test_json_off_a_terminal(run: Run, tmp_path: Path) -> None:
    done = run("check", panel_csv(tmp_path / "good.csv"))
    shown = json.loads(done.stdout)
    assert (done.exit_code, done.stderr, shown["verdict"], shown["errors"]) == (0, "", "good", 0)
    assert [found["what"] for found in shown["detected"]] == [
        "format",
        "time",
        "series",
        "target",
        "frequency",
        "season",
    ]


def test_warnings_fail_only_when_strict(run: Run, odd: Path) -> None:
    lax, strict = run("check", odd), run("check", odd, "--strict")
    assert (lax.exit_code, lax.stderr) == (0, "")
    assert strict.exit_code == 65
    assert strict.stdout == lax.stdout
    [line] = strict.stderr.splitlines()
    assert line.startswith("forecast: error[DATA]: ")
    assert "series 'shop-0', line 35: 1 outlier, first at 2024-02-03: 9999" in line
    assert "and 7 more findings" in line


def test_a_marker_comes_first_and_names_the_flag(run: Run, odd: Path) -> None:
    odd.write_text(re.sub(r"2024-02-03,.*", "2024-02-03,9999", odd.read_text()))
    strict = run("check", odd, "--strict")
    assert [found["code"] for found in json.loads(strict.stdout)["findings"]][:2] == ["marker", "outliers"]
    assert "the value 9999 comes 8 times, first in line 35, and is far from all others" in strict.stderr
    assert strict.stderr.endswith("Pass --na-values=9999\n")


def test_errors_fail_always_and_the_verdict_is_printed(run: Run, bad: Path) -> None:
    done = run("check", bad)
    assert done.exit_code == 65
    [found] = [found for found in json.loads(done.stdout)["findings"] if found["severity"] == "error"]
    assert (found["code"], found["series"], found["count"], found["line"]) == ("duplicates", "shop-1", 2, 302)
    assert len(done.stderr.splitlines()) == 1


def test_csv_has_one_row_a_finding(run: Run, odd: Path) -> None:
    rows = list(csv.DictReader(run("check", odd, "--format", "csv").stdout.splitlines()))
    assert [row["code"] for row in rows] == ["outliers"] * 8
    assert {"severity", "series", "line", "message", "hint", "count"} <= set(rows[0])


@pytest.mark.parametrize("width", [40, 80, 200])
def test_what_a_person_sees(see: Callable[..., Seen], odd: Path, width: int) -> None:
    seen = see("check", odd, width=width)
    assert seen.code == 0
    assert max(map(len, seen.stdout.splitlines())) <= width
    shown = " ".join(seen.stdout.split())
    assert "warning: outliers" in shown
    assert "and 3 more: see --format json" in shown
    assert "→ Correct them, or train with --on-outlier clip" in shown
    assert "Can be trained on, with 8 warnings. Training would choose:" in shown


def test_a_person_sees_why_it_cannot_be_trained_on(see: Callable[..., Seen], bad: Path) -> None:
    seen = see("check", bad)
    assert seen.code == 65
    assert "error: duplicates" in seen.stdout
    assert "Cannot be trained on: 1 error" in seen.stdout
    assert "lookback" not in seen.stdout


def test_a_file_that_cannot_be_read_at_all(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("ds,y\n2024-01-01,abc\n")
    done = run("check", path)
    assert done.exit_code == 65
    assert json.loads(done.stdout)["findings"][0]["line"] == 2
    assert done.stderr.count("data.csv") == 1
    assert run("check", "none.csv").exit_code == 66


def test_in_a_process_of_its_own(odd: Path) -> None:
    done = run_forecast("check", odd, "--strict", "--quiet")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (65, "", 1)


def test_bounds_are_proposed_where_values_have_a_cap(run: Run, write_csv: Callable[..., Path]) -> None:
    values = 100 / (1 + np.exp(-np.random.default_rng(0).normal(2, 1.2, 200)))
    days = np.datetime64("2024-01-01") + np.arange(200)
    rows = [f"{day},{value:.3f}" for day, value in zip(days, values, strict=True)]
    found = json.loads(run("check", write_csv("\n".join(["day,occupancy", *rows]))).stdout)["findings"]
    assert [finding["hint"] for finding in found if finding["code"] == "cap"] == [
        "To keep them inside: forecast train DATA --bounds 0,100"
    ]


def test_the_series_is_drawn_and_the_next_command_is_whole(see: Callable[..., Seen], tmp_path: Path) -> None:
    data = panel_csv(tmp_path / "my shops.csv")
    seen = see("check", data, "--freq", "D", width=90)
    assert seen.code == 0
    assert seen.stdout.count("shop-0: 60 values; 4 more series") == 1
    drawn = [line for line in seen.stdout.splitlines() if any(0x2800 < ord(c) < 0x2900 for c in line)]
    assert 4 <= len(drawn) <= 8
    assert "2024-01-01" in seen.stdout
    shown = "".join(seen.stdout.split())  # a long path is broken where the terminal ends
    assert "".join(f"forecast train '{data}' --freq D".split()) in shown
    narrow = see("check", data, width=20)
    assert not any(0x2800 < ord(c) < 0x2900 for c in narrow.stdout)


def test_no_picture_in_a_pipe(run: Run, tmp_path: Path) -> None:
    done = run("check", panel_csv(tmp_path / "shops.csv"), "--format", "table")
    assert not any(0x2800 < ord(c) < 0x2900 for c in done.stdout)
    assert f"forecast train {tmp_path / 'shops.csv'}" in done.stdout
