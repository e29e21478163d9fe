"""How far work is, counted where it is done."""

from __future__ import annotations

import threading

import pytest

from forecaster.base.meter import one, tally, working, works


def test_work_is_known_while_it_is_done_and_no_longer() -> None:
    with working("reading", 10, "rows") as reading:
        reading.done = 5
        with working("parsing") as parsing:
            assert works() == [reading, parsing]
            assert (reading.share, parsing.share) == (0.5, None)
    assert works() == []


def test_items_are_counted_when_the_next_one_is_asked_for() -> None:
    seen = [works()[0].done for _ in tally(["ab", "c", "def"], len, ("writing", "letters", 6))]
    assert seen == [0, 2, 3]
    assert works() == []


def test_what_is_left_half_done_is_forgotten_with_all_that_it_held() -> None:
    items = tally(range(9), one, ("searching", "trials", 9))
    next(items)
    next(items)
    with pytest.raises(KeyError), working("within"):
        raise KeyError
    assert [work.what for work in works()] == ["searching"]
    items.close()  # type: ignore[attr-defined]
    assert works() == []


def test_parts_say_where_they_end() -> None:
    with working("checking") as work:
        work.begin(0.25)
        assert (work.share, work.step) == (0.0, 0.25)
        work.begin(1.0)
        assert (work.share, work.step) == (0.25, 0.75)


def test_each_thread_has_a_meter_of_its_own() -> None:
    found: list[int] = []
    with working("here"):
        thread = threading.Thread(target=lambda: found.append(len(works())))
        thread.start()
        thread.join()
    assert found == [0]
