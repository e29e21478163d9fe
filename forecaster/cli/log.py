"""The log file: JSON lines, one event a line, in UTC. What libraries log or warn of goes here, never to the user.

The standard library's `logging` does the work. `event` records something from anywhere in the command line; without
`--log-file` it is dropped.
"""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import re
import select
import stat
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from forecaster.base.errors import UsageError
from forecaster.cli import screen

LONGEST_MESSAGE = 10_000

BEGINNING = re.compile(rb'\{"time": "[^"]{10,40}", "level": "')
"""How a log begins."""

PATIENCE = 5.0
"""Seconds to wait for the reader of a log that is a pipe."""

_logger = logging.getLogger("forecast")


def event(name: str, /, **facts: Any) -> None:
    """Record that something happened, with facts that JSON can hold (others are written as text)."""
    _logger.info(name, extra={"facts": facts})


def is_written() -> bool:
    """Return whether there is a log file: else what takes time to find out need not be said."""
    return any(isinstance(each, JsonLines) for each in logging.getLogger().handlers)


class _About:
    """What every line says from here on."""

    facts: ClassVar[dict[str, Any]] = {}


def set_about(**facts: Any) -> None:
    """Let every line say so from here on, until the recording ends."""
    _About.facts = facts


def now() -> str:
    """Return the time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def clock() -> datetime:
    """Return the time in the zone of this machine: stamps without a zone are compared with its wall clock."""
    return datetime.now(UTC).astimezone()


class JsonLines(logging.Handler):
    """Appends each record to a file as a line of JSON. A log that cannot be written stops no work: it says so once."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.stream = _open_log(path)  # each line is one write: none is kept back, none is torn

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        if self.stream.closed:
            return
        entry = {"time": now(), "level": record.levelname.lower(), "event": record.getMessage()[:LONGEST_MESSAGE]}
        if record.name != _logger.name:
            entry["logger"] = record.name
        if record.exc_info:
            entry["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        facts = {**_About.facts, **getattr(record, "facts", {})}
        line = json.dumps(entry | facts, default=str, ensure_ascii=False)
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        try:
            if self.stream.write(data) is None and not (_is_ready(self.stream) and self.stream.write(data)):
                raise BlockingIOError(errno.EAGAIN, "its reader does not take it")
        except OSError as error:
            _warn(self.path, error)
            self.close()

    def close(self) -> None:
        """Close the file."""
        self.stream.close()
        super().close()


@contextmanager
def recording(path: Path | None, listener: logging.Handler | None = None) -> Iterator[None]:
    """Send everything that is logged, and every Python warning, to a log file, or nowhere; our events to a listener."""
    handler: logging.Handler = logging.NullHandler()
    if path is not None:
        try:
            handler = JsonLines(path)
        except OSError as error:
            _warn(path, error)
    root, level = logging.getLogger(), _logger.level
    root.addHandler(handler)
    if listener is not None:
        _logger.addHandler(listener)
    _logger.setLevel(logging.INFO)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        set_about()
        logging.captureWarnings(False)
        _logger.setLevel(level)
        if listener is not None:
            _logger.removeHandler(listener)
        root.removeHandler(handler)
        handler.close()


def check_log(path: Path) -> None:
    """Refuse a log that exists and is something else, before anything is opened.

    Raises:
        UsageError: It is no log of ours.
    """
    with suppress(OSError):  # opening it says what is wrong
        if not stat.S_ISREG(path.stat().st_mode):
            return
        with path.open("rb") as stream:
            head = stream.read(100)
        if head.strip(b"\0\n ") and not BEGINNING.match(head.lstrip(b"\0\n ")):
            raise UsageError(f"{path} exists, and is no log of forecast", hint="Name another file with --log-file")


def _open_log(path: Path) -> io.FileIO:
    """Open a log without waiting: for a pipe that nobody reads, which fails, or that nobody empties."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    return io.FileIO(os.open(path, flags, 0o666), "wb")


def _is_ready(stream: io.FileIO) -> bool:
    return bool(select.select([], [stream], [], PATIENCE)[1])


def _warn(path: Path, error: OSError) -> None:
    with screen.free():
        print(f"forecast: warning: the log {path} cannot be written: {error.strerror}", file=sys.stderr)
