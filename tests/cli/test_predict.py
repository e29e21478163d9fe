"""`forecast predict`: what it tells the job, and what it shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecaster.config import FreshSettings, PredictSettings
from forecaster.data.age import Age
from tests.cli.conftest import FakeJobs, Run, Seen, panel_of


def test_the_job_is_told_every_setting(run: Run, fake: FakeJobs) -> None:
    line = "predict x.csv --model m@v000002 --models-dir d --horizon 2 --levels 50,90 -o y.csv --as-of 7 --max-age 2d"
    assert run(*line.split(), "--warn-age", "1d", "--ledger", "book").exit_code == 0
    assert (fake.told.data, fake.told.models_dir) == ("x.csv", Path("d"))
    assert fake.told.settings == PredictSettings(
        model="m@v000002", horizon=2, levels="50,90", output="y.csv", ledger="book"
    )
    assert fake.told.fresh == FreshSettings(as_of="7", max_age="2d", warn_age="1d")
    assert fake.told.now.tzinfo is not None


def test_silent_off_a_terminal(run: Run, fake: FakeJobs) -> None:
    result = run("predict")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert fake.told.data is None
    assert Path("forecasts.csv").exists()


@pytest.mark.parametrize("flags", [("--output", "-"), ("--format", "csv"), ("-o", "-", "--format", "csv", "-q")])
def test_csv_goes_to_stdout(run: Run, fake: FakeJobs, flags: tuple[str, ...]) -> None:
    shown = run("predict", *flags).stdout
    assert shown.splitlines()[0].startswith("id,month,forecast,forecast-lo-80,forecast-hi-80,")
    assert len(shown.splitlines()) == 4
    assert Path("forecasts.csv").exists() is ("-" not in flags)


@pytest.mark.parametrize("form", ["json", "table"])
def test_stdout_holds_one_thing(run: Run, fake: FakeJobs, form: str) -> None:
    result = run("predict", "-o", "-", "--format", form)
    assert (result.exit_code, result.stdout, fake.told) == (2, "", None)


def test_json(run: Run, fake: FakeJobs) -> None:
    shown = json.loads(run("predict", "--format", "json").stdout)
    assert shown["output"] == "forecasts.csv"
    assert (shown["rows"], shown["horizon"], shown["methods"]) == (3, 3, {"lstm": 1})


@pytest.mark.parametrize("width", [40, 80, 200])
def test_what_a_person_sees(see: Callable[..., Seen], fake: FakeJobs, tmp_path: Path, width: int) -> None:
    fake.panel = panel_of(tmp_path, ids=tuple(f"[red]shop {i}\x1b" for i in range(6)))
    seen = see("predict", width=width)
    assert seen.code == 0
    assert max(map(len, (seen.stdout + seen.stderr).splitlines())) <= width
    assert "\x1b" not in seen.stdout + seen.stderr
    shown = " ".join(seen.stdout.split())
    assert "[red]shop 0\\x1b: the last 30 values, the forecast, and its 80 % interval" in shown
    assert "░" in shown
    assert ("2024-12-01 " if width > 40 else "") + "2025-03-01" in shown
    assert "and 2 more series" in shown
    assert "file forecasts.csv, 18 rows" in shown
    assert ("low 95 %" in shown) is (width > 40)


def test_no_chart_in_a_pipe(run: Run, fake: FakeJobs) -> None:
    shown = run("predict", "--format", "table").stdout
    assert "░" not in shown
    assert "2025-01-01" in shown


def test_skipped_series_exit_with_3(run: Run, fake: FakeJobs, tmp_path: Path) -> None:
    fake.panel = panel_of(tmp_path, ids=("a", "b"), short="b")
    result = run("predict")
    assert result.exit_code == 3
    assert result.stderr.startswith("forecast: warning: 1 series skipped: b ")


def test_stale_data_is_warned_of_whoever_reads_it(run: Run, fake: FakeJobs) -> None:
    newest, now = datetime(2024, 12, 1, tzinfo=UTC), datetime(2024, 12, 4, tzinfo=UTC)
    fake.age = Age(newest="2024-12-01", moment=newest, until=now, stale=True)
    result = run("predict")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("forecast: warning: ")
    assert result.stderr.endswith("sales.csv ends at 2024-12-01, 3.0 days old: older than --warn-age\n")
    assert json.loads(run("predict", "--format", "json").stdout)["stale"] is True
