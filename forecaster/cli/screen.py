"""The last line of the terminal: what shows how far things are makes room for whatever else is written there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Screen:
    """What stands in the last line, and how it is taken away."""

    lock = threading.RLock()
    erase: Callable[[], None] | None = None


def put(erase: Callable[[], None] | None) -> None:
    """Say how the last line is taken away; None where nothing stands there."""
    _Screen.erase = erase


@contextmanager
def held() -> Iterator[None]:
    """Let nobody else write to the terminal in here."""
    with _Screen.lock:
        yield


@contextmanager
def free() -> Iterator[None]:
    """Take the last line away, and let it stay away while something is written."""
    with _Screen.lock:
        if _Screen.erase is not None:
            _Screen.erase()
        yield
