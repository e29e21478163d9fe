"""The built-in network as users meet it: a file, and no model."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from shutil import copy, copytree

import numpy as np
import onnxruntime
import pyarrow.parquet as pq
import pytest

import forecaster
from forecaster.model import builtin, pretrained
from tests.cli.conftest import Run, Seen
from tests.conftest import monthly_csv, panel_csv, run_forecast
from tests.saved import TINY_DATA, copy_tiny

See = Callable[..., Seen]


def rows_of(path: Path) -> list[dict[str, str]]:
    lines = [line.split(",") for line in path.read_text().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def test_a_file_in_an_empty_folder_is_forecast_at_once(run: Run) -> None:
    monthly_csv(Path("sales.csv"))
    result = run("predict", "sales.csv")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr == (
        "forecast: the built-in network answers (no model in models): target sales, time month, frequency MS, "
        "season of 12 steps, 12 steps ahead\n"
    )
    rows = rows_of(Path("forecasts.csv"))
    assert [row["month"] for row in rows][:2] == ["2020-01-01", "2020-02-01"]
    assert {row["method"] for row in rows} == {"lstm_pretrained"}
    assert len(rows) == 12


def test_every_flag_of_reading_works(run: Run) -> None:
    Path("odd.csv").write_text(
        "junk\nday;a;b\n" + "".join(f"{d:02d}/01/2024;1.{d:03d},5;{d}\n" for d in range(1, 32)), "latin-1"
    )
    flags = "--skip-rows 1 --sep ; --decimal , --thousands . --date-format %d/%m/%Y --time day --target a --freq D"
    result = run(
        "predict",
        "odd.csv",
        *flags.split(),
        "--season-length",
        "7,30",
        "--horizon",
        3,
        "--levels",
        "50,99",
        "-q",
        "--output",
        "out.csv",
    )
    assert (result.exit_code, result.stderr) == (0, "")
    rows = rows_of(Path("out.csv"))
    assert [row["day"] for row in rows] == ["01/02/2024", "02/02/2024", "03/02/2024"]
    assert float(rows[0]["forecast-lo-99"]) < float(rows[0]["forecast-lo-50"]) < float(rows[0]["forecast"])


def test_stamps_in_several_columns_are_written_so_wherever_they_go(run: Run) -> None:
    """As they came, in a CSV file; as whole numbers and days where columns have types."""
    rows = "".join(f"2024,{1 + d // 28},{1 + d % 28:02},{d % 7}\n" for d in range(56))
    Path("split.csv").write_text(f"year,month,day,y\n{rows}")
    for output in ("out.csv", "out.parquet"):
        table = ("--output-table", "sqlite:///out.db#f", "--table-mode", "replace")
        result = run("predict", "split.csv", "--horizon", 2, "--on-gap", "ffill", "-q", "--output", output, *table)
        assert result.exit_code == 0, result.stderr
    assert [list(row.values())[:3] for row in rows_of(Path("out.csv"))] == [["2024", "2", "29"], ["2024", "3", "01"]]
    columns = pq.read_table("out.parquet").to_pydict()
    assert list(columns)[:4] == ["year", "month", "day", "forecast"]
    assert (columns["year"], columns["month"], columns["day"]) == ([2024, 2024], [2, 3], [29, 1])
    with contextlib.closing(sqlite3.connect("out.db")) as connection:
        assert connection.execute("SELECT year, month, day FROM f").fetchall() == [(2024, 2, 29), (2024, 3, 1)]


@pytest.mark.parametrize("name", ["out.xlsx", "out.json", "out.feather", "out.csv.gz"])
def test_no_file_is_called_what_it_is_not(run: Run, name: str) -> None:
    monthly_csv(Path("sales.csv"), 48)
    result = run("predict", "sales.csv", "--horizon", 2, "--output", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"--output {name}: CSV or Parquet is written" in result.stderr
    assert not Path(name).exists()


def test_ambiguous_data_is_refused_as_in_training(run: Run) -> None:
    Path("two.csv").write_text("day,a,b\n" + "".join(f"2024-01-{d:02d},{d},{d}\n" for d in range(1, 32)))
    result = run("predict", "two.csv")
    assert result.exit_code == 65
    assert "--target" in result.stderr
    assert not Path("forecasts.csv").exists()


def test_it_stops_at_the_date_that_counts_and_refuses_old_data(run: Run) -> None:
    monthly_csv(Path("sales.csv"))
    assert run("predict", "sales.csv", "--as-of", "2015-06-01").exit_code == 0
    assert rows_of(Path("forecasts.csv"))[0]["month"] == "2015-07-01"
    assert run("predict", "sales.csv", "--max-age", "2d").exit_code == 4


def test_a_person_sees_what_was_detected_and_how_good_it_is(see: See) -> None:
    panel_csv(Path("shops.csv"), series=30)
    seen = see("predict", "shops.csv")
    assert seen.code == 0
    assert "the built-in network answers (no model in models): target sales, time day, series by shop" in seen.stderr
    assert "lstm_pretrained 30" in seen.stdout
    assert "own past" in seen.stdout
    assert "of 80 %" in seen.stdout


def test_who_writes_over_a_forecast_of_other_data_is_told(run: Run) -> None:
    """By other columns, or none of its series; the same data again, with more levels, is no news."""
    rows = [f"{s},2024-01-{d:02d},{d % 7 + 1}\n" for s in ("a", "b") for d in range(1, 29)]
    Path("shops.csv").write_text("shop,day,y\n" + "".join(rows))
    Path("more.csv").write_text("shop,day,y\n" + "".join(f"z{row}" for row in rows))
    monthly_csv(Path("sales.csv"))
    asked = ("--model", "builtin", "--horizon", 3)
    assert run("predict", "shops.csv", *asked).stderr == ""
    assert run("predict", "shops.csv", *asked, "--levels", "50,60,70").stderr == ""
    other = run("predict", "more.csv", *asked)
    assert other.stderr == (
        "forecast: warning: forecasts.csv held a forecast of other series ('a', …), and is written over; "
        "give each its own: --output forecasts_2.csv\n"
    )
    assert other.exit_code == 0
    assert "held a forecast with other columns (shop, day)" in run("predict", "sales.csv", *asked).stderr
    Path("forecasts.csv").write_text("no forecast,at all\n")
    assert run("predict", "sales.csv", *asked).stderr == ""

    assert run("report", "shops.csv", *asked, "--windows", 2).stderr == ""
    assert run("report", "shops.csv", *asked, "--windows", 2).stderr == ""
    page = run("report", "more.csv", *asked, "--windows", 2)
    assert "report.html was the report of builtin on shops.csv, and is written over" in page.stderr


def parts_csv(path: Path) -> Path:
    """Write the monthly demand of six spare parts, mostly 0."""
    rng = np.random.default_rng(3)
    rows = [
        f"P{p},{2018 + i // 12}-{i % 12 + 1:02d},{rng.integers(1, 5) if rng.random() < 0.15 + 0.04 * p else 0}\n"
        for p in range(6)
        for i in range(72)
    ]
    path.write_text("part,month,demand\n" + "".join(rows))
    return path


def test_of_demand_that_is_mostly_0_a_median_is_no_plan(run: Run) -> None:
    """Whoever asks for nothing else is warned; the mean is near the rate of demand, and is that of the totals."""
    parts_csv(Path("parts.csv"))
    asked = ("predict", "parts.csv", "--model", "builtin", "--horizon", 6)
    plain = run(*asked)
    assert plain.exit_code == 0
    assert re.fullmatch(
        r".*most values of some series are 0 \(forecast check names them\), so the forecast .* is near 0: .*\n",
        plain.stderr,
    )
    mean = run(*asked, "--mean", "--totals", 6, "--totals-output", "totals.csv")
    assert (mean.exit_code, mean.stderr) == (0, "")
    totals = sum(float(row["mean"]) for row in rows_of(Path("totals.csv")))
    rows = rows_of(Path("forecasts.csv"))
    assert list(rows[0])[-2:] == ["forecast-mean", "method"]
    assert sum(float(row["forecast-mean"]) for row in rows) == pytest.approx(totals, rel=0.1)
    assert sum(float(row["forecast"]) for row in rows) < 0.5 * totals
    for command in (("evaluate", "--model", "builtin"), ("compare", "--models", "pretrained,naive")):
        scored = run(command[0], "parts.csv", *command[1:], "--horizon", 6, "--windows", 2)
        assert "MASE rewards a forecast of 0" in scored.stderr
        assert len(scored.stderr.splitlines()) == 1
    Path("folder").mkdir()
    parts_csv(Path("folder/a.csv"))
    Path("folder/b.csv").write_text(Path("parts.csv").read_text().replace("P", "Q"))
    both = run("predict", "folder", "--model", "builtin", "--horizon", 6, "--output", "out/").stderr.splitlines()
    assert len(both) == 1
    assert both[0].endswith("MASE rewards a forecast of 0 (so say 2 parts)")
    found = run("check", "parts.csv").stdout
    assert "intermittent" in found
    assert "outliers" not in found


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (13, "The series is too short to look back on: the intervals are the network's own"),
        (60, "windows that do not overlap: too few (20) to say how good that is."),
    ],
)
def test_a_person_is_told_why_nothing_was_measured(see: See, steps: int, told: str) -> None:
    monthly_csv(Path("sales.csv"), steps)
    assert told in " ".join(see("predict", "sales.csv", "--horizon", 12).stdout.split())


def test_a_model_of_the_files_name_goes_first(run: Run, see: See, write_csv: Callable[..., Path]) -> None:
    copy_tiny(Path("models"))
    copy(TINY_DATA, "tiny.csv")
    assert run("predict", "tiny.csv").exit_code == 0
    assert rows_of(Path("forecasts.csv"))[0]["method"] == "lstm"
    named = run("predict", "tiny.csv", "--model", "builtin", "--horizon", 4)
    assert named.stderr == ""
    assert "the built-in network answers: target sales" in see("predict", "tiny.csv", "--model", "builtin").stderr
    assert rows_of(Path("forecasts.csv"))[0]["method"] == "lstm_pretrained"
    refused = run("predict", "tiny.csv", "--target", "sales")
    assert refused.exit_code == 2
    assert "--target has no place" in refused.stderr

    monthly_csv(Path("sales.csv"))
    Path("forecasts.csv").unlink()
    alone = run("predict", "sales.csv")
    assert alone.exit_code == 66
    assert "no model in models is for sales.csv (models: tiny)" in alone.stderr
    assert "--model builtin" in alone.stderr
    assert not Path("forecasts.csv").exists()
    watched = see("predict", "sales.csv")
    assert watched.code == 0
    assert "answers (models has tiny for other files)" in watched.stderr


def test_no_data_and_no_model_is_nothing_to_answer(run: Run) -> None:
    result = run("predict")
    assert result.exit_code == 66
    assert "no model in models" in result.stderr
    assert run("predict", "--model", "builtin").exit_code == 2
    assert run("predict", "--model", "builtin@v000001", "x.csv").exit_code == 66


def test_evaluate_and_compare_score_it(run: Run) -> None:
    panel_csv(Path("shops.csv"))
    scores = json.loads(run("evaluate", "shops.csv", "--model", "builtin", "--windows", 3, "--horizon", 5).stdout)
    assert scores["model"] == "builtin"
    assert scores["horizon"] == 5
    assert scores["metrics"]["windows"] == 15
    assert scores["metrics"]["skill"] is not None
    compared = run("compare", "shops.csv", "--models", "pretrained,seasonal-naive", "--windows", 2, "--horizon", 5)
    board = json.loads(compared.stdout)["leaderboard"]
    assert {row["kind"] for row in board} == {"pretrained", "seasonal-naive"}


def test_what_moves_its_forecasts_is_explained_and_they_are_drawn(run: Run) -> None:
    panel_csv(Path("shops.csv"), series=2, length=40)
    found = json.loads(run("explain", "shops.csv", "--model", "builtin", "--horizon", 3, "--leads", "1-2").stdout)
    assert (found["model"], found["leads"], found["season_length"]) == ("builtin", [1, 2], 7)
    assert sum(lag["share"] for lag in found["lags"]) == pytest.approx(1)
    gates = run("explain", "shops.csv", "--model", "builtin", "--gates")
    assert gates.exit_code == 2
    assert run("plot", "shops.csv", "--model", "builtin", "--output", "shops.svg").exit_code == 0
    assert Path("shops.svg").read_text().count("<svg") == 1


def test_its_card_and_its_files_are_shown_and_checked(run: Run, see: See) -> None:
    card = json.loads(run("models", "show", "builtin").stdout)
    assert card["name"] == "builtin"
    assert set(card["bytes"]) == set(card["files"]) >= {"network.onnx", "weights.npz"}
    assert sum(card["bytes"].values()) < 10 * 2**20
    assert card["version"] in see("models", "show", "builtin").stdout
    checked = run("models", "check", "builtin")
    assert checked.exit_code == 0
    assert json.loads(checked.stdout)[0]["name"] == "builtin"
    assert "forecast models show builtin" in see("models", "list").stdout


def test_an_export_for_a_panel_answers_raw_values(see: Callable[..., Seen], run: Run, tmp_path: Path) -> None:
    values = [round(50 + 10 * math.sin(day * 0.9) + day % 5, 2) for day in range(40)]
    lines = [f"{dt.date(2024, 1, 1) + dt.timedelta(day)},{value}" for day, value in enumerate(values)]
    (tmp_path / "shop.csv").write_text("\n".join(["date,sales", *lines]) + "\n")
    flags = ("export", tmp_path / "shop.csv", "--model", "builtin", "--horizon", "3", "--context", "40")
    shown = " ".join(see(*flags, "--output", tmp_path / "s.onnx").stdout.split())
    assert "values (N, 40)" in shown
    assert "quantiles (N, 3, 9)" in shown
    session = onnxruntime.InferenceSession(tmp_path / "s.onnx", providers=["CPUExecutionProvider"])
    expected = builtin.open_network().forecast([np.array(values)], (7,), 3)
    np.testing.assert_allclose(session.run(["quantiles"], {"values": np.array([values])})[0], expected, rtol=1e-9)
    assert run("export", "--model", "builtin", "--horizon", "3").exit_code == 2


def test_its_graph_is_copied_with_what_it_reads(run: Run, see: See) -> None:
    result = run("export", "--model", "builtin", "--output", "b.onnx")
    assert (result.exit_code, result.stdout) == (0, "")
    assert Path("b.onnx").read_bytes() == (builtin.HOME / "network.onnx").read_bytes()
    assert "past (" in see("export", "--model", "builtin").stdout
    assert Path("builtin.onnx").exists()
    assert run("export", "--model", "builtin", "--format", "litert").exit_code == 2
    assert run("export", "--model", "builtin", "--output", builtin.HOME / "network.onnx").exit_code == 2


def test_a_report_says_what_it_is_worth_on_this_data(run: Run) -> None:
    panel_csv(Path("shops.csv"), series=6)
    assert run("report", "shops.csv", "--model", "builtin", "--windows", 2, "--horizon", 5).exit_code == 0
    page = Path("report.html").read_text("utf-8")
    assert "trained on none of this data" in page
    assert "own past" in page
    assert json.loads((builtin.HOME / "card.json").read_text())["files"]["network.onnx"] in page


def test_what_it_issued_is_scored_against_what_came(run: Run) -> None:
    monthly_csv(Path("sales.csv"))
    assert run("predict", "sales.csv", "--as-of", "2019-06-01", "--horizon", 6).exit_code == 0
    scores = json.loads(run("score", "--actuals", "sales.csv", "--model", "builtin").stdout)
    assert (scores["model"], scores["values"], scores["pending"]) == ("builtin", 6, 0)
    assert scores["compared"]["mase"]["training"] is None
    panel_csv(Path("shops.csv"))
    other = run("score", "--actuals", "shops.csv", "--model", "builtin")
    assert other.exit_code == 66


def test_a_job_file_may_name_it(run: Run) -> None:
    monthly_csv(Path("sales.csv"))
    Path("jobs.toml").write_text(
        '[[jobs]]\nname = "a"\ncommand = "predict"\ndata = "sales.csv"\nmodel = "builtin"\noutput = "a.csv"\n'
        "horizon = 5\nseason-length = 12\n"
    )
    assert run("run", "jobs.toml").exit_code == 0
    assert len(rows_of(Path("a.csv"))) == 5
    record = json.loads(Path("runs/jobs/a/run.json").read_text())
    assert record["model"]["name"] == "builtin"
    assert run("run", "jobs.toml").exit_code == 0
    assert json.loads(Path("runs/jobs/a/run.json").read_text())["started"] == record["started"]  # unchanged


def test_it_is_not_read_where_a_file_of_it_was_changed(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = copytree(Path(pretrained.__file__).parent, tmp_path / "pretrained")
    (folder / "network.onnx").write_bytes(b"something else")
    monkeypatch.setattr(builtin, "open_builtin", partial(pretrained.open_builtin, folder))
    builtin.open_network.cache_clear()
    monthly_csv(Path("sales.csv"))
    result = run("predict", "sales.csv")
    builtin.open_network.cache_clear()
    assert result.exit_code == 78
    assert "the built-in network is not whole" in result.stderr
    assert not Path("forecasts.csv").exists()


def test_nothing_of_it_loads_tensorflow(tmp_path: Path) -> None:
    panel_csv(tmp_path / "shops.csv")
    code = (
        "import sys; from forecaster.cli.app import main\n"
        "for line in (['predict', 'shops.csv', '-q'], ['evaluate', 'shops.csv', '-q'],\n"
        "             ['compare', 'shops.csv', '-q', '--models', 'pretrained,naive']):\n"
        "    sys.argv = ['forecast', *line]\n"
        "    try: main()\n"
        "    except SystemExit as end: assert not end.code, (line, end.code)\n"
        "assert not {'tensorflow', 'keras', 'pandas'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_as_a_process_of_its_own(tmp_path: Path) -> None:
    monthly_csv(tmp_path / "sales.csv")
    done = run_forecast("predict", "sales.csv", "--output", "-", "-q", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith("month,forecast,forecast-lo-80")


def test_one_call_in_python(tmp_path: Path) -> None:
    path = monthly_csv(tmp_path / "sales.csv")
    found = forecaster.forecast(path, horizon=7, season_length=12)
    assert len(found.to_frame()) == 7
    assert set(found.to_frame()["method"]) == {"lstm_pretrained"}
    again = forecaster.predict("builtin", path, horizon=7)
    assert np.allclose(again.forecast.values, found.forecast.values)
    assert forecaster.evaluate("builtin", path, windows=2, horizon=3).metrics["windows"] == 2
