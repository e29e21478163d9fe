"""Wrong input at the command line: one line that helps, the right exit code, and nothing written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import TINY, Trained, call_forecast, names, run_forecast

DAYS = [f"2024-01-{day:02d},{day * 3 % 7 + 10}" for day in range(1, 31)]
GOOD = "\n".join(DAYS) + "\n"
MIXED = "".join(f"a,{line}\n" for line in DAYS) + "".join(f"b,2024-{month:02d}-01,{month}\n" for month in range(1, 13))
AMBIGUOUS = "".join(f"{day:02d}/01/2024,{day}\n" for day in range(1, 13))
WIDE = "ds,north,south\n" + "".join(f"{line},5\n" for line in DAYS)

FAULTS = [
    ("empty", "", 65, "is empty (0 bytes)"),
    ("blank lines", "\n \n\n", 65, "no header"),
    ("header only", "ds,y\n", 65, "has a header but no data rows"),
    ("no header", GOOD, 65, "--no-header"),
    ("long row", f"ds,y\n{GOOD}2024-02-01,3,4\n", 65, "line 32: 3 cells where the header has 2"),
    ("short row", f"ds,y\n{GOOD}2024-02-01\n", 65, "line 32: 1 cells where the header has 2"),
    ("decimal comma in a comma file", 'ds,y\n2024-01-01,"1,5"\n2024-01-02,"2.5"\n', 65, "line 2, column 'y'"),
    ("latin-1", b"d\xe0te,y\n" + GOOD.encode(), 65, "Try --encoding latin-1"),
    ("utf-16 without a mark", ("ds,y\n" + GOOD).encode("utf-16-le"), 65, "--encoding"),
    ("duplicate columns", "ds,y,y\n2024-01-01,1,2\n", 65, "column 'y' appears twice"),
    ("text in the target", f"ds,y\n{GOOD}2024-01-31,abc\n", 65, "line 32, column 'y': 'abc' is not a number"),
    ("inf", f"ds,y\n{GOOD}2024-01-31,inf\n", 65, "line 32, column 'y': 'inf' is not finite"),
    ("now as a date", f"ds,y\n{GOOD}now,5\n", 65, "line 32"),
    ("ambiguous dates", f"ds,y\n{AMBIGUOUS}", 65, "--date-format '%d/%m/%Y'"),
    ("duplicate stamps", f"ds,y\n{GOOD}2024-01-03,9\n", 65, "lines 4 and 32 have the same time stamp"),
    ("mixed frequencies", f"id,ds,y\n{MIXED}", 65, "'a' is D, 'b' is MS"),
    (
        "irregular",
        "ds,y\n" + "".join(f"2024-01-{d:02d},1\n" for d in (1, 2, 4, 9, 11, 19, 20, 28)),
        65,
        "--max-missing",
    ),
    ("several columns", WIDE, 65, "Pass --wide if each is a series, or --target COLUMN"),
    ("one row", "ds,y\n2024-01-01,3\n", 65, "--freq"),
    ("too short", f"ds,y\n{''.join(line + chr(10) for line in DAYS[:5])}", 65, "are needed to train"),
    ("all missing", "ds,y\n" + "".join(f"2024-01-{d:02d},\n" for d in range(1, 9)), 65, "data.csv"),
    ("web page", "<!DOCTYPE html><html></html>", 65, "looks like HTML"),
    ("escape sequences", f"ds,y\n{GOOD}2024-01-31,\x1b[31mred\n", 65, "\\x1b[31mred"),
]


def lines_of(text: str) -> list[str]:
    return text.splitlines()


@pytest.mark.parametrize(("content", "code", "said"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_bad_file(run: Run, tmp_path: Path, content: str | bytes, code: int, said: str) -> None:
    data = tmp_path / "data.csv"
    data.write_bytes(content.encode() if isinstance(content, str) else content)
    done = run("train", data)
    assert (done.exit_code, done.stdout) == (code, "")
    [line] = lines_of(done.stderr)
    assert line.startswith("forecast: error[DATA]: ")
    assert said in line
    assert line.isprintable()
    assert names(tmp_path) == ["data.csv"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("train", "none.csv"), 66, "none.csv: no such file"),
        (("train", "none/*.csv"), 66, "no such file, and no file that it matches"),
        (("train", "http://127.0.0.1:9/x.csv"), 75, "cannot be read"),
        (("train", "good.csv", "--horizon", "0"), 2, "--horizon must be from 1"),
        (("train", "good.csv", "--season-length", "1000000000"), 2, "expected whole numbers from 1 to 100,000"),
        (("train", "good.csv", "--dropout", "nan"), 2, "--dropout must be a number, received nan"),
        (("train", "good.csv", "--cell", "transformer"), 2, "'lstm', 'gru'"),
        (("train", "good.csv", "--lookback", "9", "--segment", "2"), 2, "The nearest that do"),
        (("train", "good.csv", "--target", "z"), 65, "columns found: ds, y"),
        (("train", "good.csv", "--tz", "Mars/Base"), 2, "Mars/Base"),
        (("train", "good.csv", "--name", "../x"), 2, "model name"),
        (("train", "good.csv", "--models-dir", "good.csv/x"), 73, "cannot write"),
        (("train", "good.csv", "--transform", "log", "--target", "y", "--on-gap", "drop"), 2, "--on-gap"),
        (("predict",), 66, "Run: forecast train DATA"),
        (("predict", "good.csv", "--model", "x"), 66, "no model 'x'"),
        (("predict", "good.csv", "--levels", "80,high"), 2, "--levels: expected percentages"),
        (("evaluate",), 66, "Run: forecast train DATA"),
        (("evaluate", "good.csv", "--model", "x"), 66, "no model 'x'"),
        (("evaluate", "good.csv", "--levels", "0"), 2, "--levels: expected percentages"),
        (("evaluate", "good.csv", "--windows", "0"), 2, "--windows must be from 1"),
        (("evaluate", "good.csv", "--min-coverage", "90"), 2, "--min-coverage must be from 0 to 1, received 90"),
        (("evaluate", "good.csv", "--predictions", "p.xlsx"), 2, "ends in .csv or .parquet, received '.xlsx'"),
        (("evaluate", "good.csv", "--predictions", "none/p.csv"), 73, "mkdir -p"),
        (("models", "show", "x"), 66, "no model 'x'"),
        (("learn", "good.csv"), 2, "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_bad_command_line(run: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    (tmp_path / "good.csv").write_text("ds,y\n" + GOOD)
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in lines_of(done.stderr)[-1]
    assert names(tmp_path) == ["good.csv"]


def test_a_failed_run_leaves_the_old_model_and_forecast(trained: Trained, tmp_path: Path) -> None:
    models, bad, output = tmp_path / "models", tmp_path / "shops.csv", tmp_path / "forecasts.csv"
    shutil.copytree(trained.models_dir, models)
    bad.write_text(trained.data.read_text() + "shop-0,2024-03-01,lots\n")
    output.write_text("the last good forecast\n")
    before = sorted(path.relative_to(models) for path in models.rglob("*"))
    for command in (["train", bad, *TINY], ["predict", bad, "--output", output]):
        done = call_forecast(*command, "--models-dir", models)
        assert (done.exit_code, done.stdout) == (65, "")
        assert "line 302, column 'sales': 'lots' is not a number" in done.stderr
        assert len(lines_of(done.stderr)) == 1
    assert sorted(path.relative_to(models) for path in models.rglob("*")) == before
    assert output.read_text() == "the last good forecast\n"


def test_the_whole_way_in_processes_of_their_own(trained: Trained, tmp_path: Path) -> None:
    """Silent on success, off a terminal; the forecast is whole; nothing but it was written."""
    done = run_forecast("predict", trained.data, "--models-dir", trained.models_dir, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert names(tmp_path) == ["forecasts.csv"]
    assert len(lines_of((tmp_path / "forecasts.csv").read_text())) == 1 + 5 * 14
