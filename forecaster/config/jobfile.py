"""A TOML file → jobs: every key checked against the settings that its command takes, and named with its line.

    [defaults]            settings of every job whose command takes them
    [[jobs]]              one job: its `name`, `command`, `data`, and settings spelled as the flags are

A key that nobody knows is refused, never ignored: a misspelt one would leave a job with the default.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecaster.base.errors import AccessError, MissingError, StorageError, UsageError
from forecaster.config.binder import Key, bind, keys_of, near, take_value

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a job may be called: its record lies in a folder of that name."""

LARGEST = 16 * 1024 * 1024
"""Bytes that a TOML file may have."""


OF_ENTRY = ("name", "command", "deadline")
"""Keys of a job that are no settings of its command."""

LONGEST_DEADLINE = 31_622_400
"""Seconds: a year."""


@dataclass(frozen=True)
class Entry:
    """One job of a file, checked.

    Attributes:
        name: As given, fit to be a folder's name.
        command: `train`, `predict`, …
        values: Key → value, the defaults of the file among them.
        line: Of its `[[jobs]]`.
        deadline: Seconds after which its process stops; None where the batch alone has a limit.
    """

    name: str
    command: str
    values: Mapping[str, Any]
    line: int
    deadline: float | None = None


def keys_in_batch(job: type) -> dict[str, Key]:
    """Return the keys of a job in a job file. There `name` is the job's own, so that of a new model is `model`."""
    return {"model" if name == "name" else name: key for name, key in keys_of(job).items()}


def make_job(job: type, values: Mapping[str, Any], **given: Any) -> Any:
    """Return the job that a job file describes by its keys; `given` are fields that the program fills in."""
    return bind(job, keys_in_batch(job), values, given)


# ---------------------------------------------------------------------------------------------------- reading


class _Text:
    """The text of a TOML file, to find lines in: what `tomllib` returns has forgotten them. 0 is an unknown line."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()

    def header(self, table: str, nth: int = 0) -> int:
        """Return the line of the nth header of a table, counted from 0; 0 where it is written in another way."""
        pattern = re.compile(rf"\s*\[+\s*[\"']?{re.escape(table)}[\"']?\s*\]+")
        found = [number for number, line in enumerate(self.lines, 1) if pattern.match(line)]
        return found[nth] if nth < len(found) else 0

    def line(self, key: str, start: int) -> int:
        """Return the line of a key in the table whose header is on line `start`, else that line."""
        pattern = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]")
        for number, line in enumerate(self.lines[start - 1 :] if start else [], start):
            if number > start and line.lstrip().startswith("["):
                break
            if pattern.match(line):
                return number
        return start

    def fault(self, line: int, message: str, hint: str = "") -> UsageError:
        """Return the refusal of what stands on a line."""
        place = f", line {line}" if line else ""
        return UsageError(f"{self.path}{place}: {message}", hint=hint)


def read_jobs(path: Path, commands: Mapping[str, type]) -> tuple[Entry, ...]:
    """Read the jobs of a file, in its order.

    Args:
        path: The TOML file.
        commands: Name of each command → the class of its job.

    Raises:
        MissingError, AccessError, StorageError: It cannot be read.
        UsageError: It is not TOML, a key is unknown, missing, or of a wrong type or value, or a name comes twice.
    """
    text, data = _load(path)
    _check_top(text, data)
    keys = {command: keys_in_batch(job) for command, job in commands.items()}
    defaults = data.get("defaults", {})
    start = text.header("defaults")
    for name in defaults:
        everywhere = {"deadline", *(key for known in keys.values() for key in known)}
        if name not in everywhere:
            raise _unknown(text, text.line(name, start), "[defaults]: unknown key", name, everywhere)
    entries: list[Entry] = []
    for nth, table in enumerate(data["jobs"]):
        entry = _read_entry(text, nth, table, keys, defaults)
        if any(other.name == entry.name for other in entries):
            raise text.fault(entry.line, f"two jobs are called {entry.name!r}", "Rename one of them")
        entries.append(entry)
    return tuple(entries)


def read_settings(path: Path, job: type) -> dict[str, Any]:
    """Read a TOML file of settings for one job, without tables: key → value.

    Raises:
        MissingError, AccessError, StorageError, UsageError: As `read_jobs`.
    """
    text, data = _load(path)
    return dict(_values(text, 1, data, keys_of(job), ""))


def write_settings(values: Mapping[str, Any], notes: Iterable[str] = ()) -> str:
    """Return the text of a TOML file that `read_settings` reads; `notes` are comments above."""
    lines = [f"# {''.join(c if c.isprintable() else '?' for c in note)}".rstrip() for note in notes]
    return "\n".join([*lines, *(f"{key} = {_toml(value)}" for key, value in values.items()), ""])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return repr(value) if isinstance(value, (int, float)) else f'"{"".join(map(_escaped, str(value)))}"'


def _escaped(char: str) -> str:
    """Return a character as a TOML text holds it: what JSON writes for one beyond U+FFFF is no TOML."""
    if char in '"\\':
        return f"\\{char}"
    return f"\\u{ord(char):04x}" if ord(char) < 32 or ord(char) == 127 else char


def _load(path: Path) -> tuple[_Text, dict[str, Any]]:
    try:
        if not path.is_file():
            fault = f"{path} is not a regular file" if path.exists() else f"{path}: no such file"
            raise MissingError(fault, hint="Name a TOML file, such as jobs.toml")
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path} is too large for a file of settings")
        content = path.read_text("utf-8")
        return _Text(path, content), tomllib.loads(content)
    except PermissionError:
        raise AccessError(f"cannot read {path}: permission denied") from None
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8, as TOML must be") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from None


def _check_top(text: _Text, data: Mapping[str, Any]) -> None:
    """Refuse a file whose tables are not [defaults] and [[jobs]]."""
    known = ("defaults", "jobs")
    for name in data:
        if name not in known:
            line = text.header(name) if isinstance(data[name], (dict, list)) else text.line(name, 1)
            raise _unknown(text, line, "unknown key", name, known)
    if not isinstance(data.get("defaults", {}), dict):
        raise text.fault(text.line("defaults", 1), "defaults must be a table", "Write [defaults]")
    jobs = data.get("jobs")
    if not isinstance(jobs, list) or not jobs or not all(isinstance(job, dict) for job in jobs):
        raise text.fault(text.header("jobs"), "there must be at least one job", "Begin each with [[jobs]]")


def _read_entry(
    text: _Text, nth: int, table: Mapping[str, Any], keys: Mapping[str, Mapping[str, Key]], defaults: Mapping[str, Any]
) -> Entry:
    start = text.header("jobs", nth)
    name, command = (_required(text, start, table, key) for key in ("name", "command"))
    if not NAME.fullmatch(name):
        raise text.fault(text.line("name", start), f"name {name[:80]!r}: expected [A-Za-z0-9][A-Za-z0-9._-]{{0,63}}")
    if command not in keys:
        raise _unknown(text, text.line("command", start), f"job {name!r}: unknown command", command, keys)
    known = keys[command]
    own = {key: value for key, value in table.items() if key not in OF_ENTRY}
    shared = {key: value for key, value in defaults.items() if key in known}
    values = dict(_values(text, text.header("defaults"), shared, known, "[defaults]: "))
    values |= _values(text, start, own, known, f"job {name!r}: ")
    missing = [key for key, about in known.items() if about.required and key not in values]
    if missing:
        raise text.fault(start, f"job {name!r} has no {missing[0]!r}", f'Such as {missing[0]} = "…"')
    if "-" in (values.get("data"), values.get("output")):
        raise text.fault(start, f"job {name!r}: data and output must be files, received '-'", "A batch has no pipes")
    return Entry(name, command, values, start, _deadline(text, {**defaults, **table}, start))


def _deadline(text: _Text, table: Mapping[str, Any], start: int) -> float | None:
    """Return the seconds that a job may take, where the table or the defaults limit them."""
    given = table.get("deadline")
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 1 <= given <= LONGEST_DEADLINE:
        fault = f"deadline: expected seconds from 1 to {LONGEST_DEADLINE:,}, received {given!r}"
        raise text.fault(text.line("deadline", start), fault, "Such as deadline = 600")
    return float(given)


def _required(text: _Text, start: int, table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str):
        fault = f"must be text in quotes, received {value!r}" if key in table else "is missing"
        raise text.fault(text.line(key, start), f"{key} of the job {fault}", f'Such as {key} = "…"')
    return value


def _values(
    text: _Text, start: int, table: Mapping[str, Any], keys: Mapping[str, Key], where: str
) -> Iterator[tuple[str, Any]]:
    """Yield each key of a table with its value, as its setting takes it."""
    for name, value in table.items():
        line = text.line(name, start)
        if name not in keys:
            raise _unknown(text, line, f"{where}unknown key", name, keys)
        try:
            yield name, take_value(name, value, keys[name])
        except UsageError as error:
            raise text.fault(line, f"{where}{error.message}", error.hint) from None


def _unknown(text: _Text, line: int, what: str, name: str, known: Any) -> UsageError:
    hint = near(name, known) or f"Known: {', '.join(sorted(known))}"
    return text.fault(line, f"{what} {name[:80]!r}", hint)
