"""Stands in for `os` inside `files.py`, the only room that writes, and lets one of its calls fail, or all from there.

Every change to the disk is a call counted here, so "fail the n-th, for every n until the command succeeds" reaches each
state that a fault can leave behind. (SQLite tests its I/O in the same way.)
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forecaster.base import files

OPERATIONS = frozenset(
    "open write fsync replace rename mkdir unlink rmdir scandir ftruncate pwrite fchmod fchown".split()
)


class Killed(BaseException):
    """The process died here: what follows in the program no longer reaches the disk."""


class Injector:
    """Passes everything on to `os`, but for the n-th of the counted calls.

    Attributes:
        at: Which call fails, from 1; 0 lets all pass.
        forever: Whether those after it fail as well.
        calls: What was called so far, as (name, first argument).
    """

    def __init__(self, at: int, fail: Callable[[], None], *, forever: bool = False) -> None:
        self.at, self.forever, self._fail = at, forever, fail
        self.calls: list[tuple[str, Any]] = []

    @property
    def fired(self) -> bool:
        """Whether a call failed."""
        return 0 < self.at <= len(self.calls)

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in OPERATIONS:
            return real

        def call(*args: Any, **named: Any) -> Any:
            self.calls.append((name, args[0] if args else None))
            if len(self.calls) == self.at or (self.forever and self.fired):
                if name == "write" and len(self.calls) == self.at:
                    real(args[0], args[1][: len(args[1]) // 2])  # half of it gets through
                self._fail()
            return real(*args, **named)

        return call


def failing(number: int) -> Callable[[], None]:
    """Return a function that fails as the system does, such as `errno.EIO`."""

    def fail() -> None:
        raise OSError(number, os.strerror(number))

    return fail


def disk_error() -> None:
    """Fail as a broken disk does."""
    failing(errno.EIO)()


def disk_full() -> None:
    """Fail as a full disk does."""
    failing(errno.ENOSPC)()


def die() -> None:
    """Fail as if the process had been killed."""
    raise Killed


def exit_at_once() -> None:
    """Kill the process for real, as SIGKILL or a power cut does: no `finally`, no flush."""
    os._exit(137)


@contextmanager
def injected(injector: Injector) -> Iterator[Injector]:
    """Put an injector in the place of `os` inside `files.py`."""
    real = files.os
    files.os = injector  # type: ignore[assignment]
    try:
        yield injector
    finally:
        files.os = real


class PowerCut(Injector):
    """Dies at the n-th call, and then loses what was not flushed: data without `fsync`, renames without their folder's.

    A disk may lose either or both: `lose` takes both ways.
    """

    def __init__(self, at: int) -> None:
        super().__init__(at, die, forever=True)
        self._paths: dict[int, Path] = {}
        self._dirty: set[Path] = set()
        self._renames: list[tuple[Path, Path, bytes | None]] = []

    def __getattr__(self, name: str) -> Any:
        passed = super().__getattr__(name)
        return passed if name not in OPERATIONS else lambda *args, **named: self._follow(name, passed, args, named)

    def _follow(self, name: str, call: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Make a call, and remember what it leaves unflushed."""
        given, args = args, self._whole(args, named)
        old = args[1] if name in ("rename", "replace") else None
        before = old.read_bytes() if old is not None and old.is_file() else None
        answer = call(*given, **named)
        if name == "open":
            self._paths[answer] = args[0]
        elif name == "write":
            self._dirty.add(self._paths[args[0]])
        elif name == "fsync":
            path = self._paths[args[0]]
            self._dirty.discard(path)
            self._renames = [entry for entry in self._renames if entry[1].parent != path]
        elif old is not None:
            source = args[0]
            self._renames.append((source, old, before))
            self._dirty = {
                old / path.relative_to(source) if path.is_relative_to(source) else path for path in self._dirty
            }
        return answer

    def _whole(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Return the arguments with names as whole paths: they may be relative to the descriptor of a folder."""
        folders = [named.get("src_dir_fd", named.get("dir_fd")), named.get("dst_dir_fd")]
        whole = [
            self._paths.get(folder, Path()) / arg if isinstance(arg, str | Path) else arg
            for arg, folder in zip(args, [*folders, *[None] * len(args)], strict=False)
        ]
        return tuple(whole)

    def lose(self, *, renames: bool) -> None:
        """Lose unflushed data, and where asked the unflushed renames."""
        for path in self._dirty:
            if path.exists():
                path.write_bytes(b"")
        for source, target, before in reversed(self._renames) if renames else ():
            if target.is_dir():
                target.rename(source)
            elif before is None:
                target.unlink(missing_ok=True)
            else:
                target.write_bytes(before)
