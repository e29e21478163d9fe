"""How far a long piece of work is: counted where it is done, for whoever looks.

Work that takes long says here what it is doing and how much of it is done. Nobody is called, and no clock is read: a
person's terminal looks at the meter now and then, and where nobody looks counting costs next to nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass
class Work:
    """A piece of work that is being done.

    Attributes:
        what: In one word or two, such as `forecasting`.
        unit: What is counted, in the plural; empty where only the share means anything.
        total: How many of them there are; None while that is not known.
        done: How many of them are done.
        until: Where the part that is being done ends, as a share of the whole; 0 where that is not known.
        limit: Seconds after which it ends, done or not; None for no limit.
        note: What else a person wants to know of it now.
    """

    what: str
    unit: str = ""
    total: float | None = None
    done: float = 0.0
    until: float = 0.0
    limit: float | None = None
    note: str = ""

    @property
    def share(self) -> float | None:
        """How much is done, from 0 to 1; None where that is not known."""
        return min(max(self.done / self.total, 0.0), 1.0) if self.total else None

    @property
    def step(self) -> float:
        """How much of it the part that is being done makes up: a unit where units are counted."""
        return max(self.until - self.done, 0.0) if self.until else 1.0 if self.unit else 0.0

    def begin(self, until: float) -> None:
        """Say that a part begins, whose end is that of this share of the whole, from 0 to 1; the one before is done."""
        self.done, self.until, self.total = self.until, until, 1.0

    def see_share(self, share: float) -> None:
        """Take how much is done, from 0 to 1, where it is not counted."""
        self.total = self.total or 1.0
        self.done = share * self.total


class _Meter(threading.local):
    """The work of each thread, from the whole to the part of it that is being done."""

    def __init__(self) -> None:
        self.works: list[Work] = []


_METER = _Meter()


def works() -> list[Work]:
    """Return the live list of this thread's work, the whole first: another thread may read it, and copies it first."""
    return _METER.works


@contextmanager
def working(what: str, total: float | None = None, unit: str = "") -> Iterator[Work]:
    """Say what is done in here; `Work.done` grows as it is."""
    work, own = Work(what, unit, total), _METER.works
    own.append(work)
    try:
        yield work
    finally:
        own[:] = own[: next((k for k, each in enumerate(own) if each is work), len(own))]


def tally(items: Iterable[T], size: Callable[[T], float], said: tuple[str, str, float | None]) -> Iterator[T]:
    """Yield items, and count what each holds as done when the next one is asked for.

    Args:
        items: What there is to do.
        size: Returns how much an item holds.
        said: What is done with them, what is counted (in the plural), and how much of it there is; None if unknown.
    """
    what, unit, total = said
    with working(what, total, unit) as work:
        for item in items:
            yield item
            work.done += size(item)


def one(_: object) -> float:
    """Return that an item counts as one."""
    return 1.0
