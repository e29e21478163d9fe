"""How far training is: a bar where it can move, a line a network where it cannot, nothing where nobody looks."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from forecaster.cli import log
from forecaster.cli.output import has_colour, number, width_of

if TYPE_CHECKING:
    from forecaster.training.fit import Progress

NARROW = 70
"""Columns below which only the bar itself fits."""

STAGES = {"measure": "training", "refit": "training on all data"}


class ShareBar:
    """Shows on stderr how much of the work is done; a context manager, so that the bar is gone whatever happens."""

    def __init__(self, watched: bool, label: str) -> None:
        """Args: watched: Whether somebody reads stderr. label: What is done."""
        self.watched = watched and has_colour(sys.stderr)
        self.label = label
        self.bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def update(self, share: float) -> None:
        """Take the share of the work that is done, from 0 to 1; the bar appears with the first one."""
        if not self.watched:
            return
        if self.bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            console = Console(stderr=True, force_terminal=True, width=width_of(sys.stderr))
            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                TaskProgressColumn(),
                TimeRemainingColumn(compact=True),
                console=console,
                transient=True,
                expand=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self.bar.start()
            self.bar.add_task(self.label, total=1.0)
        self.bar.update(self.bar.task_ids[0], completed=share)


class TrainingProgress:
    """Shows training on stderr; a context manager, so that the bar is gone whatever happens."""

    def __init__(self, watched: bool) -> None:
        """Args: watched: Whether somebody reads stderr."""
        self.watched = watched
        self.bar: Any = None
        self.task: Any = None
        self.last: Progress | None = None
        self.held_out: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.stop()
        elif self.last is not None and error is None:
            self._write_line(self.last)

    def start(self) -> None:
        """Show the bar before there is progress: loading TensorFlow takes seconds."""
        if not (self.watched and has_colour(sys.stderr)):
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        # Without `file`, Rich asks for sys.stderr each time it writes; `runtime` exchanges it when Keras is loaded.
        console = Console(stderr=True, force_terminal=True, width=width_of(sys.stderr))
        columns: list[Any] = [BarColumn(bar_width=None), TaskProgressColumn(), TimeRemainingColumn(compact=True)]
        if console.width >= NARROW:
            columns = [TextColumn("{task.description}"), *columns, TextColumn("{task.fields[losses]}", style="dim")]
        self.bar = Progress(
            *columns, console=console, transient=True, expand=True, redirect_stdout=False, redirect_stderr=False
        )
        self.bar.start()
        self.task = self.bar.add_task("loading TensorFlow", total=1.0, losses="")

    def update(self, now: Progress) -> None:
        """Take the next report."""
        before, self.last = self.last, now
        if before is not None and (before.stage, before.member) != (now.stage, now.member):
            if self.bar is None:
                self._write_line(before)
            self.held_out = None
        if now.held_out is not None:
            self.held_out = now.held_out
            log.event("progress", **vars(now))
        if self.bar is not None:
            self.bar.update(self.task, completed=now.done, description=network_of(now), losses=self._losses(now))

    def _write_line(self, now: Progress) -> None:
        if self.watched:
            print(f"{network_of(now)}: {now.step} steps, {self._losses(now)}", file=sys.stderr, flush=True)

    def _losses(self, now: Progress) -> str:
        held_out = "" if self.held_out is None else f", held out {number(self.held_out, 3)}"
        return f"loss {number(now.loss, 3)}{held_out}"


def network_of(now: Progress) -> str:
    """Return which network is trained."""
    return f"{STAGES.get(now.stage, now.stage)}, network {now.member} of {now.members}"
