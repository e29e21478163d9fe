"""The last line of the terminal is taken away before anything else is written."""

from __future__ import annotations

import threading

from forecaster.cli import screen


def test_the_line_is_erased_before_others_write() -> None:
    done: list[str] = []
    screen.put(lambda: done.append("erased"))
    try:
        with screen.free():
            done.append("written")
    finally:
        screen.put(None)
    with screen.free():
        done.append("written again")
    assert done == ["erased", "written", "written again"]


def test_nobody_else_writes_while_it_is_held() -> None:
    order: list[str] = []

    def other() -> None:
        with screen.free():
            order.append("other")

    thread = threading.Thread(target=other)
    with screen.held():
        thread.start()
        thread.join(0.05)
        assert thread.is_alive()
        order.append("holder")
    thread.join()
    assert order == ["holder", "other"]
