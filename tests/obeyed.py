"""Does what a hint says: a command as it stands, or the same command with the flags that are named, or without them."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Iterator
from typing import Any

import typer

from forecaster.cli.app import app

FLAG = re.compile(r"--([a-z][a-z-]*)(?:(?:=|\s)('[^']*'|\"[^\"]*\"|[^\s-][^\s]*|-\d\S*))?")
COMMAND = re.compile(r"forecast ((?:models )?[a-z-]+(?: (?!or\b|and\b|to\b|if\b|that\b)[^\s]+)*)")
PROSE = {"or", "if", "and", "to", "too", "for", "with", "says", "sets", "as", "is", "there", "that", "how", "where"}
MEANT = {
    "ZONE": "Europe/Berlin",
    "DATA": "shops.csv",
    "FILE": "other.csv",
    "DIR": "other",
    "N": "2",
    "COLUMN": "shop",
    "COLUMNS": "shop",
    "LAGS": "1",
}
"""What somebody would put in the place of a word in capitals, where the case does not say what its file has there."""

FILLED = {
    "encoding": "latin-1",
    "date-format": "%d/%m/%Y",
    "sep": ";",
    "target": "sales",
    "time": "date",
    "id": "shop",
    "output": "other.csv",
    "paths-output": "other.csv",
    "predictions": "other.csv",
    "log-file": "other.log",
    "metrics-file": "other.prom",
    "max-lag": "9999d",
    "hierarchy": "shop",
    "models-dir": "models",
    "freq": "D",
    "name": "other",
    "model": "shops",
}
"""What somebody would give to a flag that a hint names without a value."""


def ways_of(hint: str, arguments: list[str], meant: dict[str, str]) -> Iterator[list[str]]:
    """Yield the command lines that a hint means, for a command that was `arguments`.

    Args:
        hint: What was said.
        arguments: The words of the command that failed.
        meant: What stands for words in capitals, and for flags without a value, where it is not the usual.
    """
    rest, meant = hint, MEANT | FILLED | meant
    for match in COMMAND.finditer(hint):
        words = _words(re.split(r"\. |, then|, or |; ", match[1])[0].rstrip(".,:"), meant)
        rest = rest.replace(match[0], " ")
        if words is not None:
            yield words
    at = 0
    while match := FLAG.search(rest, at):
        begins, group = match.start(), list[tuple[str, str | None]]()
        is_removed = bool(re.search(r"[Ll]eave out (?:--\S+ (?:and|or) )*$", rest[:begins]))
        while match is not None:
            value = match[2]
            ends_here = value is None or value.strip("'").rstrip(".,;:") in PROSE or value.startswith("(")
            group.append((match[1], None if ends_here else value))
            at = match.end(1) if ends_here else match.end()
            match = (
                FLAG.match(rest, at + 1) if rest[at : at + 1] == " " and not rest[:at].endswith((",", ".")) else None
            )
        command = _checking(arguments) if "train again" in rest[:begins] else arguments
        words = _without(arguments, group) if is_removed else _with(command, group, meant)
        if words is not None:
            yield words


def names_a_way(hint: str) -> bool:
    """Return whether a hint names a flag or a command."""
    return bool(FLAG.search(hint) or COMMAND.search(hint))


def _checking(arguments: list[str]) -> list[str]:
    """Return the command that reads the same data as a training would, flags of reading among its own."""
    data = [word for word in arguments[1:2] if not word.startswith("-")]
    return ["check", *data]


def _words(line: str, meant: dict[str, str]) -> list[str] | None:
    """Return the words of a command line; None where one of them is only a name for what the user has."""
    words = [meant.get(word, word) if word.isupper() else word for word in shlex.split(line)]
    odd = any(re.fullmatch(r"[A-Z_]{2,}(,[A-Z_]+)*|…|.*<.*", word) for word in words)
    return None if odd else words


@functools.cache
def _application() -> Any:
    return typer.main.get_command(app)


def options_of(arguments: list[str]) -> dict[str, bool]:
    """Return the flags of a command, and whether each stands alone."""
    command = _application()
    for word in arguments:
        inner = getattr(command, "commands", {}).get(word)
        if inner is None:
            break
        command = inner
    named = [p for p in command.params if p.param_type_name == "option"]
    return {flag.removeprefix("--"): bool(p.is_flag) for p in named for flag in p.opts if flag.startswith("--")}


def _with(arguments: list[str], group: list[tuple[str, str | None]], meant: dict[str, str]) -> list[str] | None:
    known, words = options_of(arguments), list(arguments)
    if any(name not in known for name, _ in group):
        return None  # a flag of another command
    for name, _ in group:
        words = _drop(words, name, alone=known[name])
    for name, text in group:
        if known[name]:
            words.append(f"--{name}")
            continue
        value = _value(text, meant) if text else meant.get(name, "")
        if not value or re.fullmatch(r"[A-Z]{2,}|[A-Z]+,[A-Z]+", value):
            return None
        words.append(f"--{name}={value}")
    return words


def _value(text: str, meant: dict[str, str]) -> str:
    """Return the value that a hint gives: without the mark that ends the clause, unless it is nothing else."""
    if text.startswith('"'):
        return text.strip('"')
    value = text.strip("',.") if text.startswith("'") and len(text) > 3 else text.strip("'").rstrip(".,;:") or text[:1]
    return meant.get(value, value) if value.isupper() else value


def _without(arguments: list[str], group: list[tuple[str, str | None]]) -> list[str] | None:
    known, words = options_of(arguments), list(arguments)
    for name, _ in group:
        words = _drop(words, name, alone=known.get(name, False))
    return words if words != arguments else None


def _drop(words: list[str], name: str, *, alone: bool) -> list[str]:
    out, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word == f"--{name}":
            skip = not alone
        elif not word.startswith(f"--{name}="):
            out.append(word)
    return out
