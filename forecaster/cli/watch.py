"""Who watches from outside: a metrics file for Prometheus, and a command that runs when something fails.

`Watch` listens to the events that a command logs, and notifies others at its end. Neither ever changes what the
command did or its exit code: where they fail, a line on stderr says so.

The metrics file is in the textfile format of node_exporter: https://github.com/prometheus/node_exporter#textfile-collector
"""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from forecaster.base.errors import OK, PARTIAL, ForecastError, OutputError, StorageError
from forecaster.cli.output import warn
from forecaster.cli.process import Stopped

METRICS = {
    "last_success_timestamp_seconds": "When a run last published (exit code 0 or 3), in seconds since 1970.",
    "last_run_timestamp_seconds": "When a run last ended, whatever its exit code.",
    "exit_code": "Exit code of the last run.",
    "duration_seconds": "How long the last run took.",
    "data_rows": "Rows of the data file.",
    "data_age_seconds": "From the newest stamp of the data to the run.",
    "series": "Series that were used.",
    "skipped_series": "Series that were left out.",
    "output_rows": "Rows of the forecast file.",
    "live_mase": "MASE of the issued forecasts whose time has come.",
    "live_coverage_ratio": "Share of actual values inside the widest interval that was issued for them.",
    "skill_ratio": "Skill of the model over its baseline, as measured in training: 1 is perfect, 0 no better.",
}
"""Name without the prefix `forecast_` → help. All are gauges; what a run does not know keeps its last value."""

FACTS = {"seconds": "duration_seconds", "rows": "data_rows", "age_seconds": "data_age_seconds", "skill": "skill_ratio"}
"""Facts of events that have another name as a metric."""

PATIENCE = 60.0
"""Seconds that the command of --on-failure may take."""

PATIENCE_STOPPED = 3.0
"""The same when we were asked to stop, and whoever asked will not wait."""

_SAMPLE = re.compile(r"^forecast_(\w+)\{(.*)\} (\S+)$", re.MULTILINE)

Samples = dict[str, dict[str, float]]
"""Labels as they are written → metric → value."""


class Watch(logging.Handler):
    """Collects the facts of a run, and passes them on at its end.

    Attributes:
        facts: Of all events so far, later ones over earlier ones.
        tasks: The same for each job of a batch, by its name.
    """

    def __init__(self, metrics_file: str | None = None, on_failure: str | None = None) -> None:
        """Take what the flags say."""
        super().__init__()
        self.metrics_file = Path(metrics_file) if metrics_file else None
        self.on_failure = on_failure
        self.facts: dict[str, Any] = {}
        self.tasks: dict[str, dict[str, Any]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take the facts of an event."""
        facts = getattr(record, "facts", {})
        if record.getMessage() == "job":
            self.tasks[facts["name"]] = facts
        else:
            self.facts |= facts

    def check(self) -> None:
        """Find out before the work whether the metrics file can be written, and is one.

        Raises:
            OutputError, AccessError: It cannot, or another file exists.
        """
        path, self.metrics_file = self.metrics_file, None
        if path is not None:
            from forecaster.base import files

            files.check_writable(path)
            read_metrics(path)
        self.metrics_file = path

    def finish(self) -> None:
        """Write the metrics file and, after a failure, run the command. Whatever goes wrong here is only reported."""
        with suppress(Stopped):  # the exit code is that of the command
            if self.metrics_file is not None:
                try:
                    self._write_metrics(self.metrics_file)
                except ForecastError as error:
                    warn(f"the metrics file was not written: {error.message}")
            if self.on_failure and self.facts["exit_code"] != OK:
                fault = run_hook(self.on_failure, self.facts)
                if fault:
                    warn(f"--on-failure: {fault}")

    def _write_metrics(self, path: Path) -> None:
        from forecaster.base import files

        command, name = str(self.facts.get("command", "")), path.stem
        known = read_metrics(path)
        runs = {labels(command=command, name=name): self.facts}
        runs |= {labels(command=t["command"], name=name, task=task): t for task, t in self.tasks.items()}
        gone = {key for key in known if "task=" in key and self.tasks and key not in runs}
        now = time.time()
        fresh = {key: known.get(key, {}) | metrics_of(facts, now) for key, facts in runs.items()}
        samples = {key: values for key, values in (known | fresh).items() if key not in gone}
        files.write_file(path, to_text(samples).encode())


def metrics_of(facts: Mapping[str, Any], now: float) -> dict[str, float]:
    """Return the metrics that the facts of a run hold."""
    found = {FACTS.get(name, name): value for name, value in facts.items()}
    found["last_run_timestamp_seconds"] = now
    if found["exit_code"] in (OK, PARTIAL):
        found["last_success_timestamp_seconds"] = now
    if "skipped" in found:
        found["skipped_series"] = len(found["skipped"])
    return {name: float(found[name]) for name in METRICS if found.get(name) is not None}


def labels(**values: str) -> str:
    """Return labels as they stand between the braces of a sample."""
    escaped = {k: v.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for k, v in values.items()}
    return ",".join(f'{name}="{value}"' for name, value in escaped.items())


def read_metrics(path: Path) -> Samples:
    """Return the samples of a metrics file that an earlier run wrote; none where there is no file.

    Raises:
        OutputError: There is a file, but it is no metrics file of ours.
        StorageError: It cannot be read.
    """
    if not path.is_file():
        return {}
    try:
        text = path.read_text("utf-8", "replace")
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    if text and not text.startswith("# HELP forecast_"):
        raise OutputError(f"{path} exists, and is not a metrics file", hint="Name another file with --metrics-file")
    samples: Samples = {}
    for name, key, value in _SAMPLE.findall(text):
        with suppress(ValueError):
            samples.setdefault(key, {})[name] = float(value)
    return samples


def to_text(samples: Samples) -> str:
    """Return the content of a metrics file: the samples of one metric stand together, under its help."""
    lines = []
    for name, help in METRICS.items():
        values = [f"forecast_{name}{{{key}}} {_digits(found[name])}" for key, found in samples.items() if name in found]
        if values:
            lines += [f"# HELP forecast_{name} {help}", f"# TYPE forecast_{name} gauge", *values]
    return "\n".join([*lines, ""])


def _digits(value: float) -> str:
    """Return the shortest text that reads back equal; a whole number without a point."""
    return str(int(value)) if value.is_integer() else repr(value)


def run_hook(command: str, facts: Mapping[str, Any]) -> str:
    """Run a shell command that is passed the facts of a failure, and return what went wrong with it, or an empty text.

    Its stdin is empty and its stdout goes to stderr: on failure stdout holds nothing of ours. It is killed, with all
    that it started, when it takes too long.
    """
    import subprocess

    names = "command exit_code error message seconds model source output".split()
    variables = {f"FORECAST_{name.upper()}": str(facts[name]) for name in names if facts.get(name) is not None}
    patience = PATIENCE if facts["exit_code"] < 128 else PATIENCE_STOPPED
    try:
        hook = subprocess.Popen(  # noqa: S602 - a command line that the user wrote for the shell
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=_stderr(),
            stderr=_stderr(),
            env={**os.environ, **variables},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"cannot be run: {error}"
    try:
        code = hook.wait(patience)
    except subprocess.TimeoutExpired:
        return f"killed after {patience:g} s"
    finally:
        if hook.poll() is None:
            with suppress(OSError):
                os.killpg(hook.pid, signal.SIGKILL)
            hook.wait()
    return f"exited with {code}" if code else ""


def _stderr() -> int:
    """Return the descriptor of standard error: 2 itself belongs to C++ libraries once they are loaded."""
    try:
        return sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return 2
