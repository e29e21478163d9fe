"""A real `forecast serve`, and a client for it made of the standard library alone."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What the service said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Running:
    """A service that runs."""

    address: str
    process: subprocess.Popen[str]

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send a request: POST where there is a body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, data=body, headers=named)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Ask it to stop; return the exit code and what it wrote to stderr."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


@contextmanager
def serving(models: Path, *flags: str, **env: str) -> Iterator[Running]:
    """Run a service on a free port."""
    command = [sys.executable, "-m", "forecaster", "serve", "--port", "0", "--models-dir", str(models), *flags]
    process = subprocess.Popen(
        command,
        env={**os.environ, **env},
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        line = process.stderr.readline() if process.stderr else ""
        found = re.search(r"listening on (\S+);", line)
        assert found, line
        yield Running(found[1], process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=60)
