"""The log file: JSON lines, one event a line, in UTC. What libraries log or warn of goes here, never to the user.

The standard library's `logging` does the work. `event` records something from anywhere in the command line; without
`--log-file` it is dropped.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LONGEST_MESSAGE = 10_000

_logger = logging.getLogger("forecast")


def event(name: str, /, **facts: Any) -> None:
    """Record that something happened, with facts that JSON can hold (others are written as text)."""
    _logger.info(name, extra={"facts": facts})


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
        self.stream = path.open("ab", buffering=0)  # each line is one write: none is kept back, none is torn

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        if self.stream.closed:
            return
        entry = {"time": now(), "level": record.levelname.lower(), "event": record.getMessage()[:LONGEST_MESSAGE]}
        if record.name != _logger.name:
            entry["logger"] = record.name
        if record.exc_info:
            entry["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        line = json.dumps(entry | getattr(record, "facts", {}), default=str, ensure_ascii=False)
        try:
            self.stream.write(line.encode("utf-8", "backslashreplace") + b"\n")
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
        logging.captureWarnings(False)
        _logger.setLevel(level)
        if listener is not None:
            _logger.removeHandler(listener)
        root.removeHandler(handler)
        handler.close()


def _warn(path: Path, error: OSError) -> None:
    print(f"forecast: warning: the log {path} cannot be written: {error.strerror}", file=sys.stderr)
