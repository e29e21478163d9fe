"""How far things are, in the last line of a terminal: a bar, what is counted, how fast it goes, and what is left.

A thread looks at the meter of the main thread four times a second. Whatever takes less than a second is not shown, and
nothing is where nobody looks.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from forecaster.base.meter import Work, works
from forecaster.base.words import number
from forecaster.cli import log, screen
from forecaster.cli.early import BEGAN
from forecaster.cli.output import has_colour, width_of

if TYPE_CHECKING:
    from forecaster.training.fit import Progress

PATIENCE = 1.0
"""Seconds from the start of the process before anything is shown."""

PAUSE = 0.25
"""Seconds between two looks."""

NARROW = 70
"""Columns below which only the bar, the share and the time that is left fit."""

FIRST_GUESS = 0.02
"""The share from which the time left can be estimated from the time taken."""

STAGES = {"measure": "training", "refit": "training on all data"}


@contextmanager
def showing(command: str, *, quiet: bool = False) -> Iterator[None]:
    """Show in here what the main thread works at, where somebody looks at stderr."""
    if quiet or not has_colour(sys.stderr):
        yield
        return
    line = LastLine(command, works(), BEGAN[0] if BEGAN else time.monotonic())
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(PAUSE):
            with suppress(Exception):  # a picture of the work must never end it
                line.draw(time.monotonic())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(1.0)
        with screen.free():
            screen.put(None)


class LastLine:
    """The last line of the terminal."""

    def __init__(self, command: str, live: list[Work], began: float) -> None:
        """Take what is done: the `command`, its `live` meter, and when it `began` on the monotonic clock."""
        self.command, self.live, self.began = command, live, began
        self.since: dict[int, tuple[Work, float, float]] = {}  # by identity: a work, when it was first seen, its share
        self.bar: Any = None

    def draw(self, now: float) -> None:
        """Draw the line anew; nothing before there was patience."""
        chain = [*self.live]
        for work in chain:
            if id(work) not in self.since or self.since[id(work)][0] is not work:
                self.since[id(work)] = (work, now, share_of([work]) or 0.0)
        self.since = {id(work): self.since[id(work)] for work in chain}
        if now - self.began < PATIENCE:
            return
        with screen.held():
            self._show(*self.tell(chain, now))

    def tell(self, chain: Sequence[Work], now: float) -> tuple[str, float | None, str, str]:
        """Return what is done, the share that is done, what is counted and how fast, and how much time is left.

        The share and what is left are those of the whole, or of the first part of it that knows how much there is.
        """
        names = [work.what for work in chain if work is chain[-1] or (work.share is not None and work.share < 1)]
        names = list(dict.fromkeys(names)) or [self.command]
        shares = [share_of(chain[k:]) for k in range(len(chain))]
        known = next((k for k, part in enumerate(shares) if part and (part < 1 or k == len(shares) - 1)), None)
        share = left = None
        if known is not None:
            share = share_of(chain[known:])
            _, since, before = self.since[id(chain[known])]
            if share is not None and share - before >= FIRST_GUESS:
                left = (now - since) * (1 - share) / (share - before)
        limits = [work.limit - now + self.since[id(work)][1] for work in chain if work.limit is not None]
        left = min([*limits, *([] if left is None else [left])], default=None)
        many = [k for k, work in enumerate(chain) if work.unit and (work.total or 2) > 1]
        counted = next((k for k in many if (chain[k].share or 0.0) < 1 or k == many[-1]), None)
        facts = [] if counted is None else [self._count(chain[counted:], now)]
        facts = [*filter(None, facts), *(work.note for work in chain if work.note)]
        ending = clock(now - self.began) if left is None else f"{clock(left)} left"
        return ": ".join(names[-2:] if len(names) < 4 else (names[0], names[-1])), share, ", ".join(facts), ending

    def _count(self, chain: Sequence[Work], now: float) -> str:
        work = chain[0]
        _, since, before = self.since[id(work)]
        if work.total is None and not work.done:
            return ""
        total = "" if work.total is None else f" of {work.total:,.0f}"
        done = work.done if work.total is None else ((share_of(chain) or 0.0) - before) * work.total
        rate = f", {speed(done / (now - since))}" if done > 0 and now - since > PAUSE else ""
        return f"{work.done:,.0f}{total} {work.unit}{rate}"

    def _show(self, what: str, share: float | None, facts: str, ending: str) -> None:
        if self.bar is None:
            self.bar = self._begin()
        narrow = self.bar.console.width < NARROW
        self.bar.update(
            self.bar.task_ids[0],
            description=what,
            total=None if share is None else 1.0,
            completed=share or 0.0,
            facts="" if narrow else facts,
            percent="" if share is None else f"{share:4.0%}",
            ending=ending,
        )
        self.bar.refresh()

    def _begin(self) -> Any:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        # Without `file`, Rich asks for sys.stderr each time it writes; `runtime` exchanges it when Keras is loaded.
        console = Console(stderr=True, force_terminal=True, width=width_of(sys.stderr))
        whole = Column(no_wrap=True)
        bar = Progress(
            TextColumn("{task.description}", table_column=whole),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[percent]}", table_column=whole),
            TextColumn("{task.fields[facts]}", style="dim", table_column=whole),
            TextColumn("{task.fields[ending]}", table_column=whole),
            console=console,
            transient=True,
            expand=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        bar.add_task(self.command, total=None, percent="", facts="", ending="")
        bar.start()
        screen.put(self.erase)
        return bar

    def erase(self) -> None:
        """Take the line away; it comes back at the next look."""
        bar, self.bar = self.bar, None
        screen.put(None)
        if bar is not None:
            bar.stop()


def share_of(chain: Sequence[Work]) -> float | None:
    """Return how much of the first work is done, what is done of the unit that it is at among it; None if unknown."""
    if not chain:
        return None
    first, *rest = chain
    if first.share is None or not first.total:
        return None
    part = (share_of(rest) or 0.0) * first.step if rest else 0.0
    return min((first.done + part) / first.total, 1.0)


def speed(rate: float) -> str:
    """Return a rate in the unit of time in which it is at least 1, where there is one."""
    for per, seconds in (("s", 1.0), ("min", 60.0), ("h", 3600.0)):
        if rate * seconds >= 0.995 or per == "h":
            return f"{number(rate * seconds, 2) if rate * seconds < 100 else f'{rate * seconds:,.0f}'}/{per}"
    return ""


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds, or with hours."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class TrainingProgress:
    """Shows training: in the last line of a terminal that has one, else in a line a network."""

    def __init__(self, watched: bool) -> None:
        """Args: watched: Whether somebody reads stderr."""
        self.watched = watched
        self.last: Progress | None = None
        self.held_out: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self.last is not None and error is None:
            self._write_line(self.last)

    def update(self, now: Progress) -> None:
        """Take the next report."""
        before, self.last = self.last, now
        if before is not None and (before.stage, before.member) != (now.stage, now.member):
            self._write_line(before)
            self.held_out = None
        if now.held_out is not None:
            self.held_out = now.held_out
            log.event("progress", **vars(now))

    def _write_line(self, now: Progress) -> None:
        if self.watched and not has_colour(sys.stderr):
            print(f"{network_of(now)}: {now.step} steps, {self._losses(now)}", file=sys.stderr, flush=True)

    def _losses(self, now: Progress) -> str:
        held_out = "" if self.held_out is None else f", held out {number(self.held_out, 3)}"
        return f"loss {number(now.loss, 3)}{held_out}"


def network_of(now: Progress) -> str:
    """Return which network is trained."""
    return f"{STAGES.get(now.stage, now.stage)}, network {now.member} of {now.members}"
