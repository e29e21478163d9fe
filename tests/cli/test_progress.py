"""The last line of a terminal: how far things are, how fast they go, and what is left."""

from __future__ import annotations

import io
import time

import pytest

from forecaster.base.meter import Work, working, works
from forecaster.cli import output, progress, screen
from forecaster.cli.progress import LastLine, clock, share_of, showing, speed
from tests.cli.conftest import Terminal
from tests.waiting import wait_until


def told(*looks: tuple[float, list[Work]]) -> tuple[str, float | None, str, str]:
    """Return what the line says at the last look; each is a moment and the work of that moment."""
    live: list[Work] = []
    line = LastLine("check", live, 0.0)
    line._show = lambda *_: None  # type: ignore[method-assign]
    for now, chain in looks:
        live[:] = chain
        line.draw(now)
    return line.tell(live, looks[-1][0])


def test_rate_and_what_is_left_follow_from_what_was_seen() -> None:
    work = Work("reading", "rows", 1000.0)
    line = LastLine("check", [work], 0.0)
    line.draw(0.0)
    work.done = 250.0
    assert line.tell([work], 10.0) == ("reading", 0.25, "250 of 1,000 rows, 25/s", "0:30 left")


def test_work_without_an_end_shows_how_long_it_takes() -> None:
    assert told((0.5, []), (61.0, [])) == ("check", None, "", "1:01")
    assert told((5.0, [Work("planning")]))[::3] == ("planning", "0:05")


def test_a_part_counts_within_the_unit_that_is_being_done() -> None:
    trials, training = Work("searching", "trials", 4.0, 1.0), Work("training", "", 1.0, 0.5)
    assert share_of([trials, training]) == 0.375
    parts = Work("checking")
    parts.begin(0.4)
    parts.begin(1.0)
    assert share_of([parts, training]) == pytest.approx(0.7)


def test_what_was_done_before_is_no_speed_of_now() -> None:
    """A search that goes on had half of its steps when it was first seen."""
    work = Work("training", "steps", 100.0, 50.0)
    line = LastLine("train", [work], 0.0)
    line.draw(0.0)
    work.done = 75.0
    assert line.tell([work], 10.0)[2:] == ("75 of 100 steps, 2.5/s", "0:10 left")


def test_what_is_done_makes_room_for_what_comes_after_it() -> None:
    done, back = Work("reading", "MB", 44.0, 44.0), Work("reading back", "parts", 4.0, 1.0)
    line = LastLine("partition", [done, back], 0.0)
    line.draw(0.0)
    back.done = 2.0
    assert line.tell([done, back], 10.0)[:3] == ("reading back", 0.5, "2 of 4 parts, 6.0/min")


def test_a_limit_of_time_ends_it_sooner() -> None:
    work = Work("searching", "trials", 50.0, limit=60.0)
    line = LastLine("tune", [work], 0.0)
    line.draw(0.0)
    work.done = 5.0
    assert line.tell([work], 20.0)[3] == "0:40 left"


def test_units_of_time_suit_the_speed() -> None:
    assert [speed(rate) for rate in (1234.5, 2.5, 0.1, 0.001)] == ["1,234/s", "2.5/s", "6.0/min", "3.6/h"]
    assert [clock(seconds) for seconds in (0.4, 59.6, 3661.0)] == ["0:00", "1:00", "1:01:01"]


@pytest.mark.parametrize("columns", [30, 100])
def test_the_line_makes_room_for_what_is_written(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    stream = Terminal()
    monkeypatch.setattr(progress, "width_of", lambda _: columns)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("sys.stderr", stream)
    work = Work("reading", "rows", 10.0, 5.0)
    line = LastLine("check", [work], 0.0)
    line.draw(0.0)
    work.done = 8.0
    line.draw(2.0)
    assert "80%" in stream.getvalue()
    assert ("8 of 10 rows" in stream.getvalue()) is (columns == 100)
    output.warn("odd")
    assert line.bar is None
    assert stream.getvalue().endswith("forecast: warning: odd\n")
    assert "\x1b[2K" in stream.getvalue()
    line.draw(3.0)
    assert line.bar is not None
    with screen.free():
        assert line.bar is None


def test_a_thread_shows_what_the_main_thread_does(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "PAUSE", 0.01)
    with showing("check"), working("forecasting") as work:
        work.see_share(0.5)
        wait_until(lambda: "50%" in stream.getvalue())
    assert works() == []


@pytest.mark.parametrize("quiet", [True, False])
def test_nothing_moves_where_nobody_looks(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    stream = Terminal() if quiet else io.StringIO()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "PAUSE", 0.01)
    with showing("check", quiet=quiet), working("reading"):
        time.sleep(0.05)
    assert stream.getvalue() == ""
