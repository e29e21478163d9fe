"""What is shown: plain and whole in a pipe, fitted to the terminal otherwise, and never able to drive it."""

from __future__ import annotations

import csv
import io
import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.cli import output
from forecaster.cli.options import Format, OutputSettings
from forecaster.cli.output import (
    Picture,
    Printer,
    TextGrid,
    TextLine,
    listed,
    number,
    percent,
    printable,
    render,
    to_csv,
)
from forecaster.cli.progress import TrainingProgress
from tests.cli.conftest import Terminal

LONG = "a very long name of a series " * 10


def wide(monkeypatch: pytest.MonkeyPatch, columns: int) -> Terminal:
    monkeypatch.setattr(output, "width_of", lambda stream: columns if stream.isatty() else output.ENDLESS)
    return Terminal()


def test_a_pipe_gets_whole_lines_without_colour() -> None:
    text = render([TextLine(LONG, "bold red"), TextGrid([(LONG, "1")], header=("series", "value"))], io.StringIO())
    assert text.splitlines()[0] == LONG.rstrip()
    assert LONG.strip() in text.splitlines()[2]
    assert "\x1b" not in text


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_a_terminal_gets_lines_that_fit(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    rows = [("EWR-9E", "2013-12-31", "1,234.5"), ("x" * 60, "2014-01-01", "2.5")]
    text = render(
        [TextLine(LONG), TextGrid(rows, ("series", "date", "forecast"), 2), TextGrid([r[:2] for r in rows])],
        wide(monkeypatch, columns),
    )
    assert max(map(len, text.splitlines())) <= columns
    assert text.count("x") == 120  # nothing is cut


def test_colour_only_on_a_terminal_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks, terminal = [TextLine("good", "green"), TextGrid([("a", "b")])], wide(monkeypatch, 80)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[32mgood" in render(blocks, terminal)
    assert "\x1b" not in render(blocks, io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in render(blocks, terminal)


EVIL = "\x1b[31mred\x1b]0;title\x07 [bold]b[/bold] [link=http://x]y[/] \u202e \u009b2J \r"


@pytest.mark.parametrize("block", [TextLine(EVIL), TextGrid([(EVIL, EVIL)]), TextGrid([(EVIL,)], header=(EVIL,))])
def test_data_cannot_drive_the_terminal(monkeypatch: pytest.MonkeyPatch, block: output.Block) -> None:
    text = render([block], wide(monkeypatch, 500))
    assert printable(text) == text
    assert "[bold]b[/bold] [link=http://x]y[/]" in text
    assert "\\x1b[31mred" in text


@given(st.text())
def test_printable_text_is_printable(text: str) -> None:
    assert all(c.isprintable() or c == "\n" for c in printable(text))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.78123, "0.7812"),
        (12345.6, "12,346"),
        (-1.5, "-1.500"),
        (0.0, "0.000"),
        (None, "–"),
        (float("inf"), "–"),
        (0.00001234, "0.00001234"),
        (999.96, "1,000.0"),
    ],
)
def test_numbers(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_shares_and_names() -> None:
    assert percent(0.7912) == "79.1 %"
    assert percent(None) == "–"
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"


TEXTS = st.text(st.characters(exclude_characters="\r"))  # Python's writer quotes it only from 3.13 on


@given(st.lists(st.fixed_dictionaries({"id": TEXTS, "value": st.none() | st.integers()}), min_size=1))
def test_csv_reads_back(rows: list[dict[str, object]]) -> None:
    back = list(csv.DictReader(io.StringIO(to_csv(rows), newline="")))
    assert back == [{key: "" if value is None else str(value) for key, value in row.items()} for row in rows]


@pytest.mark.parametrize(
    ("form", "quiet", "terminal", "piped", "expected"),
    [
        (None, False, True, None, "table"),
        (None, False, False, None, None),
        (None, False, False, "json", "json"),
        (None, True, True, "json", None),
        ("csv", True, True, None, "csv"),
        ("json", False, False, None, "json"),
    ],
)
def test_which_format(
    monkeypatch: pytest.MonkeyPatch, form: Format | None, quiet: bool, terminal: bool, piped: Format, expected: Format
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setattr("sys.stderr", stream)
    printer = Printer(OutputSettings(format=form, quiet=quiet), piped=piped)
    assert printer.format == expected
    assert printer.notes is (terminal and not quiet)
    printer.show({"a": 1}, [{"a": 1}], [TextLine("one")])
    shown = stream.getvalue()
    assert {
        "json": lambda: json.loads(shown) == {"a": 1},
        "csv": lambda: shown == "a\n1\n",
        "table": lambda: shown == "one\n",
    }.get(str(expected), lambda: not shown)()


def reports() -> list[SimpleNamespace]:
    facts = {"members": 2, "steps": 40, "loss": 0.5}
    return [
        SimpleNamespace(stage="measure", member=1, step=20, held_out=0.25, done=0.2, **facts),
        SimpleNamespace(stage="measure", member=1, step=40, held_out=None, done=0.4, **facts),
        SimpleNamespace(stage="measure", member=2, step=40, held_out=None, done=0.8, **facts),
    ]


def test_progress_is_a_line_a_network_where_nothing_may_move(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for watched in (True, False):
        with TrainingProgress(watched) as progress:
            for report in reports():
                progress.update(report)
        shown = capsys.readouterr().err
        expected = [
            "training, network 1 of 2: 40 steps, loss 0.500, held out 0.250",
            "training, network 2 of 2: 40 steps, loss 0.500",
        ]
        assert shown.splitlines() == (expected if watched else [])


def test_fields_of_a_result_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Printer(OutputSettings(json="name, scores.mase,a.b,no.such", format="table"))
    printer.show({"name": "x", "scores": {"mase": 0.5, "mae": 1.0}, "a.b": 1}, [], [])
    out, err = capsys.readouterr()
    assert json.loads(out) == {"name": "x", "scores.mase": 0.5, "a.b": 1, "no.such": None}
    assert err == (
        "forecast: warning: --json: there is no field no.such in this result; its fields are name, scores, a.b\n"
    )


def test_fields_of_several_results(capsys: pytest.CaptureFixture[str]) -> None:
    Printer(OutputSettings(json="name")).show([{"name": "x", "n": 1}, {"name": "y", "n": 2}], [], [])
    assert json.loads(capsys.readouterr().out) == [{"name": "x"}, {"name": "y"}]


def test_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = [
        TextLine("Better *than* that."),
        TextLine(""),
        TextGrid([("a|b", "1.5")], ("series", "error")),
        TextGrid([("model", "co2_monthly")]),
        Picture(["⣀⣀", "⣀"]),
    ]
    Printer(OutputSettings(format="markdown")).show({}, [], blocks)
    assert capsys.readouterr().out == (
        "Better \\*than\\* that.\n\n| series | error |\n| --- | ---: |\n| a\\|b | 1.5 |\n\n"
        "|  |  |\n| --- | --- |\n| model | co2_monthly |\n\n```\n⣀⣀\n⣀\n```\n"
    )


def test_no_name_begins_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\nforecast: error[BUG]: forged"
    output.tell(f"time {name}")
    output.warn(name)
    assert len(capsys.readouterr().err.splitlines()) == 2
    grid = output.TextGrid([(name, "1")], ("name", "value"))
    assert "\nforecast: error[BUG]" not in output.render([grid], io.StringIO()) + output.to_markdown([grid])
