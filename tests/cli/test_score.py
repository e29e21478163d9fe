"""`forecast score`: what it shows, and what its exit code says."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from forecaster.cli.watch import read_metrics
from tests.cli.conftest import Run, Seen
from tests.conftest import Trained, run_forecast


@pytest.fixture
def site(tmp_path: Path, trained: Trained, run: Run) -> Path:
    """A model that has forecast two weeks, and the data of a day and a half more of them in `later.csv`."""
    shutil.copytree(trained.models_dir, tmp_path / "models", ignore=shutil.ignore_patterns("LEDGER"))
    shutil.copy(trained.data, tmp_path / "shops.csv")
    lines = trained.data.read_text().splitlines()
    new = [f"shop-{s},2024-03-0{day},{50 * (s + 1)}" for s in range(5) for day in (1, 2) if (s, day) != (4, 2)]
    (tmp_path / "later.csv").write_text("\n".join([*lines, *new, ""]))
    assert run("predict", "shops.csv").exit_code == 0
    return tmp_path


def test_off_a_terminal_it_is_json(run: Run, site: Path) -> None:
    result = run("score", "--actuals", "later.csv")
    shown = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert (shown["model"], shown["versions"], shown["issues"]) == ("shops", ["v000001"], 1)
    assert (shown["values"], shown["pending"], shown["hindsight"]) == (9, 5 * 12, 0)
    assert [(row["lead"], row["values"]) for row in shown["by_lead"]] == [(1, 5), (2, 4)]
    assert sorted((row["series"], row["values"]) for row in shown["by_series"]) == [
        ("shop-0", 2),
        ("shop-1", 2),
        ("shop-2", 2),
        ("shop-3", 2),
        ("shop-4", 1),
    ]
    mase = [row["mase"] for row in shown["by_series"]]
    assert mase == sorted(mase, reverse=True)
    assert shown["overall"]["mase"] == pytest.approx(shown["compared"]["mase"]["live"])
    assert set(shown["compared"]) == {"version", "mase", "coverage-80", "coverage-95"}


def test_csv_has_a_row_for_all_each_lead_and_each_series(run: Run, site: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("score", "--actuals", "later.csv", "--format", "csv").stdout)))
    assert [row["scope"] for row in rows] == ["overall", "lead", "lead", *["series"] * 5]
    assert [row["values"] for row in rows[:3]] == ["9", "5", "4"]
    assert {row["lead"] for row in rows[3:]} == {""}


@pytest.mark.parametrize("width", [60, 100])
def test_what_a_person_sees(see: Callable[..., Seen], site: Path, width: int) -> None:
    seen = see("score", "--actuals", "later.csv", width=width)
    assert seen.code == 0
    assert max(map(len, seen.stdout.splitlines())) <= width
    shown = " ".join(seen.stdout.split())
    assert "issued 1 prediction compared 9 actual values; 60 forecasts without one yet" in shown
    assert "live training of v000001 MASE" in shown
    assert "worst series" in shown


def test_a_person_is_told_when_there_is_nothing_yet(see: Callable[..., Seen], site: Path) -> None:
    assert "Nothing to score yet." in see("score", "--actuals", "shops.csv").stdout


def test_the_alarm(run: Run, site: Path) -> None:
    alarm = run("score", "--actuals", "later.csv", "--max-mase", "0.001", "--metrics-file", "s.prom")
    assert (alarm.exit_code, alarm.stdout) == (4, "")
    (line,) = alarm.stderr.splitlines()
    assert line.startswith("forecast: error[GATE]: the live MASE is ")
    assert line.endswith("above --max-mase 0.001 (9 values). Train shops again, or see the scores without the limit")
    assert run("score", "--actuals", "later.csv", "--max-mase", "1000", "--min-coverage", "0").exit_code == 0
    (found,) = read_metrics(site / "s.prom").values()
    assert found["exit_code"] == 4


def test_live_quality_is_a_metric(run: Run, site: Path) -> None:
    run("score", "--actuals", "later.csv", "--metrics-file", "s.prom")
    (found,) = read_metrics(site / "s.prom").values()
    assert found["live_mase"] > 0
    assert 0 <= found["live_coverage_ratio"] <= 1


def test_a_part_that_cannot_be_read_is_named(run: Run, site: Path) -> None:
    bad = site / "models" / "shops" / "LEDGER" / f"2024-01-01-{'0' * 32}.parquet"
    bad.write_bytes(b"PAR1\x1b[31m")
    result = run("score", "--actuals", "later.csv")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["unreadable"][0]["part"] == f"models/shops/LEDGER/{bad.name}"
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"forecast: warning: left out of the scores: models/shops/LEDGER/{bad.name}: ")
    assert line.isprintable()


def test_many_that_cannot_be_read_do_not_flood(run: Run, site: Path) -> None:
    for day in range(1, 10):
        (site / "models" / "shops" / "LEDGER" / f"2023-01-0{day}-{'0' * 32}.parquet").write_bytes(b"")
    lines = run("score", "--actuals", "later.csv").stderr.splitlines()
    assert len(lines) == 6
    assert lines[-1] == "forecast: warning: and 4 more parts of the ledger that cannot be read"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Missing option '--actuals'"),
        (("--actuals", "none.csv"), 66, "none.csv: no such file"),
        (("--actuals", "other.csv"), 65, "no issued forecast meets a value: forecast was 'shop-0', the data has 'a'"),
        (("--actuals", "later.csv", "--model", "x"), 66, "no model 'x'"),
        (("--actuals", "later.csv", "--ledger", "none"), 66, "no forecast of shops is in the ledger none"),
        (("--actuals", "later.csv", "--ledger", "shops.csv"), 74, "cannot read shops.csv"),
        (("--actuals", "later.csv", "--max-mase", "high"), 2, "--max-mase: expected a number, or a multiple"),
        (("--actuals", "later.csv", "--min-coverage", "80"), 2, "--min-coverage: expected a number from 0 to 1"),
    ],
)
def test_bad_input(run: Run, site: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    days = "".join(f"a,2024-03-{day:02d},1\n" for day in range(1, 20))
    (site / "other.csv").write_text(f"shop,day,sales\n{days}")
    result = run("score", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_whole_way_in_processes_of_their_own(site: Path) -> None:
    done = run_forecast("score", "--actuals", "later.csv", "--models-dir", "models", cwd=site)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["values"] == 9


def test_the_command_that_is_advised_has_what_the_user_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"2024-01-{day:02},{day % 7},{day}" for day in range(1, 31)]
    Path("two.csv").write_text("\n".join(["day,sold,stock", *rows]) + "\n")
    assert run("predict", "two.csv", "--model", "builtin", "--target", "sold", "--output", "o.csv").exit_code == 0
    done = run("score", "--model", "builtin", "--actuals", "two.csv")
    assert done.exit_code == 65
    assert "--target" in done.stderr
    assert "--max-missing" not in done.stderr


# -------------------------------------------------------------------------------------- several values in one file


def till(path: Path, days: int) -> None:
    """Write units and prices by the day, as they are known after so many days."""
    first = date(2026, 5, 1)
    rows = (f"{first + timedelta(n)},{10 + n % 7},{1000 + n % 7}" for n in range(days))
    path.write_text("\n".join(["date,units,price", *rows, ""]))


@pytest.fixture
def columns(tmp_path: Path, run: Run) -> Path:
    """A file of which units by the day, prices by the day and units by the month were forecast, then longer."""
    till(tmp_path / "s.csv", 200)
    for flags in (
        ("--target", "units"),
        ("--target", "price"),
        ("--target", "units", "--aggregate", "sum", "--freq", "MS"),
    ):
        done = run("predict", "s.csv", *flags, "--horizon", "2", "--output", "f.csv")
        assert done.exit_code == 0, done.stderr
        assert "ends earlier" not in done.stderr
    till(tmp_path / "s.csv", 260)
    return tmp_path


@pytest.mark.parametrize(
    ("flags", "values", "largest"),
    [
        (("--target", "units"), 2, 1.0),
        (("--target", "price"), 2, 1.0),
        (("--target", "units", "--aggregate", "sum", "--freq", "MS"), 2, 30.0),
    ],
)
def test_forecasts_of_other_values_of_a_file_are_left_out(
    run: Run, columns: Path, flags: tuple[str, ...], values: int, largest: float
) -> None:
    done = run("score", "--actuals", "s.csv", "--model", "builtin", *flags, "--format", "json")
    shown = json.loads(done.stdout)
    assert (shown["issues"], shown["values"]) == (1, values)
    assert shown["overall"]["mae"] < largest
    assert len(shown["others"]) == 2


def test_only_forecasts_of_other_values_are_none(run: Run, columns: Path) -> None:
    done = run(
        "score", "--actuals", "s.csv", "--model", "builtin", "--target", "price", "--freq", "W", "--aggregate", "mean"
    )
    assert done.exit_code == 66
    assert "no forecast of 'price, mean of each W" in done.stderr
    assert "'price, D', 'units, D', 'units, sum of each MS'" in done.stderr
    assert "such as --target" in done.stderr
