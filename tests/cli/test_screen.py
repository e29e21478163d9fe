"""The last line of the terminal makes room for what is written."""

from __future__ import annotations

import threading

from forecaster.cli import screen


def test_what_stands_there_is_taken_away_before_something_is_written() -> None:
    seen: list[str] = []
    screen.put(lambda: seen.append("erased"))
    try:
        with screen.free():
            seen.append("written")
    finally:
        screen.put(None)
    with screen.free():
        seen.append("written again")
    assert seen == ["erased", "written", "written again"]


def test_nobody_else_writes_while_it_is_held() -> None:
    seen: list[str] = []

    def write() -> None:
        with screen.free():
            seen.append("other")

    with screen.held():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(0.05)
        seen.append("own")
    thread.join()
    assert seen == ["own", "other"]
