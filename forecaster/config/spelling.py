"""Settings in messages: the core names them in one way, and whoever shows a message spells them as its reader does.

Below `cli` and `api` a message names a setting `--season-length`, proposes a value `--season-length 12`, and a command
`forecast train DATA --horizon 12`: so the command line shows it as it is, and others in their own way (`Spelling`). A
notebook reads keywords and calls: `season_length`, `season_length=12`, `train(data, horizon=12)`.
"""

from __future__ import annotations

import keyword
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin

SETTING = re.compile(r"(?<![\w-])--([a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?:[ =]('[^']*'|\"[^\"]*\"|\S+))?")
COMMANDS = (
    *("anomalies", "check", "compare", "demo", "doctor", "evaluate", "explain", "export", "help", "mcp", "partition"),
    *("models check", "models compare", "models list", "models promote", "models prune", "models rollback"),
    *("models show", "models", "plot", "predict", "report", "run", "scenario", "schedule", "score", "serve", "train"),
    *("tune", "explain-code"),
)
"""What follows `forecast` in a command of the shell: after any other word, `forecast` is a word of the sentence."""

COMMAND = re.compile(
    rf"\bforecast ({'|'.join(COMMANDS)})(?![\w-])((?:[^,;.)]|(?<= )[,.]|[,;.)](?=[^\s)]))*)"
    r"|\bpip install(?:[^,;.)]|[,;.)](?=\S))*"
)
"""A whole command: its name, and all behind it up to the end of its part of the sentence."""

PLAIN = re.compile(r"[a-z]+")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
PLACEHOLDER = re.compile(r"[A-Z]{3,}(,[A-Z]+)*")
"""A word that stands for a value, such as COLUMN: no text of its own."""

DATA = re.compile(r" ('[^']*'|\"[^\"]*\"|DATA|DataFrame|[^\s-]\S*(?= --)|[^\s-]\S*[./]\S*)(?= --|$)")
"""The data that a command reads, before its settings."""

CALLS = {name: name for name in ("check", "compare", "evaluate", "explain", "predict", "report", "score", "train")} | {
    "anomalies": "find_anomalies",
    "models list": "list_models",
    "models compare": "compare_versions",
    "scenario": "compare_futures",
}
"""Command → function of the Python API."""

OF_DATA = ("check", "compare", "train")
"""Commands whose function takes the data first, and not a model."""


def _same(command: re.Match[str]) -> str:
    return command[0]


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How settings and commands are written for somebody.

    Attributes:
        kinds: Setting → its type, where that is known: a word after a setting of choices is its value only if it is one
            of them.
        value: A value that is a text → how it is written.
        yes: What turns a setting on.
        command: A match of `COMMAND` → what stands in its place; by default the command itself.
    """

    kinds: Mapping[str, Any] = field(default_factory=dict)
    value: Callable[[str], str] = repr
    yes: str = "True"
    command: Callable[[re.Match[str]], str] = _same

    def spell(self, text: str) -> str:
        """Return a message of the core as it is written for them."""
        parts, end = list[str](), 0
        for found in COMMAND.finditer(text):
            parts += [self._settings(text[end : found.start()]), self.command(found)]
            end = found.end()
        return "".join([*parts, self._settings(text[end:])])

    def arguments(self, flags: str) -> str:
        """Return the flags of a command as arguments: ` --horizon 12 --wide` is `horizon=12, wide=True`."""
        given = ((_name(match[1]), match[2]) for match in SETTING.finditer(flags))
        return ", ".join(f"{name}={self.yes if value is None else self._written(value)}" for name, value in given)

    def _settings(self, text: str) -> str:
        return SETTING.sub(self._setting, text)

    def _setting(self, match: re.Match[str]) -> str:
        """Return a setting, and the value behind it if it is one."""
        name, following = _name(match[1]), match[2] or ""
        if not following:
            return name
        if following.startswith("--"):
            return f"{name} {self._settings(following)}"
        value = (following.rstrip(",.;:)?") or following[0]) if following[0] not in "'\"" else following
        rest = following[len(value) :]
        last = rest[:1] in {",", ";", "."} or match.end() == len(match.string)
        if not _is_value(value, self.kinds.get(name), last):
            return f"{name} {following}"
        return f"{name}={self._written(value)}{rest}"

    def _written(self, value: str) -> str:
        if NUMBER.fullmatch(value) or PLACEHOLDER.fullmatch(value):
            return value
        return self.value(shlex.split(value)[0] if value[0] in "'\"" else value)


def _name(flag: str) -> str:
    name = flag.replace("-", "_")
    return name + "_" * keyword.iskeyword(name)


def _is_value(word: str, kind: Any, last: bool) -> bool:
    """Return whether the word behind a setting is a value of it, and not the next word of the sentence."""
    kinds = (kind, *get_args(kind))
    choices = {str(choice) for part in kinds if get_origin(part) is Literal for choice in get_args(part)}
    if choices:
        return word in choices
    return (
        bool(word)
        and kind is not bool
        and (not PLAIN.fullmatch(word) or (kind is str and (last or word in ("none", "auto"))))
    )


def as_keywords(text: str, kinds: Mapping[str, Any] | None = None) -> str:
    """Return a message of the core for a notebook: its settings as keywords, its commands as calls of functions.

    Args:
        text: The message.
        kinds: As in `Spelling`.
    """
    spelling = Spelling(kinds=kinds or {})
    return Spelling(kinds=kinds or {}, command=lambda command: _as_call(command, spelling)).spell(text)


def _as_call(command: re.Match[str], spelling: Spelling) -> str:
    """Return a command as a call of the function that does the same; as it is where there is none."""
    name, rest = command[1], command[2] or ""
    data = DATA.match(rest)
    flags = rest[data.end() :] if data else rest
    if data and data[1] == "DataFrame" and flags:  # what was passed: its settings say it all
        return spelling.arguments(flags)
    if name not in CALLS or not (data or flags.startswith(" --") or (not flags and name == "models list")):
        return command[0]
    read = "" if data is None else "data" if data[1] in ("DATA", "DataFrame") else repr(data[1].strip("'\""))
    first, last = (read, "") if name in OF_DATA else ("", read and f"data={read}")
    return f"{CALLS[name]}({', '.join(filter(None, [first, spelling.arguments(flags), last]))})"
