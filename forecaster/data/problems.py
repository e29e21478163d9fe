"""A file that cannot be read → everything that is wrong with it, and one command that would read it.

Reading stops at the first thing that is wrong. Here it goes on behind it: by the flag that the error's own hint names,
else without the rows that are at fault, until the file can be read or nothing is known to go on by.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, get_args, get_type_hints

import numpy as np

from forecaster.base.errors import DataError, ForecastError
from forecaster.config import ReadSettings, key_of
from forecaster.data.merit import merit
from forecaster.data.panel import Panel

MOST_PROBLEMS = 12
"""Problems that are looked for."""

MOST_CHOICES = 8
"""Choices that are tried."""

MANY_ROWS = 200_000
"""Rows of a file from which the first choice that reads it is the one that is proposed."""

MOST_LISTED = 4
"""Problems that one line names."""

_FLAG = re.compile(r"--([a-z][a-z-]*)(?:(?:=| )('[^']*'|\"[^\"]*\"|[^\s;]+))?")
_FREE = {
    "date_format": r"%.*|epoch-\w+|excel|integer",
    "decimal": r"[.,]",
    "thousands": r"[.,'\s]",
    "sep": r".",
    "freq": r"[A-Z0-9][A-Z0-9a-z-]*",
    "encoding": r"latin-1|cp1252|utf-\d\d-[bl]e",
    "header_rows": r"\d+",
    "skip_rows": r"\d+",
    "skip_footer": r"\d+",
    "na_values": r".+",
    "drop_rows": r".+",
    "fill_down": r".+",
    "tz": r"[A-Z][a-z]+/\w+|[+-]\d\d:\d\d",
}
"""What a value must look like where a setting takes any text: other words of a hint are no values."""

COUNTS = ("header_rows", "skip_rows", "skip_footer")
"""Settings that are numbers of rows."""


@dataclass(frozen=True, eq=False)
class FileFaults:
    """What is wrong with a file.

    Attributes:
        problems: The errors, in the order in which reading meets them.
        settings: The user's, with the flags by which reading went on.
        is_read: Whether the rest can be read with them, without the rows at fault.
        rows: Rows of the table, from 0, that no flag cures.
        lines: Where the first few of them stand.
        is_guess: Whether one of several flags that a hint offers was taken.
        is_choice: Whether one of the flags is the likeliest of several that only the user can choose among.
        next_best: The flags that are the next likeliest, and read the file too; empty where there are none.
    """

    problems: tuple[DataError, ...]
    settings: ReadSettings
    is_read: bool
    rows: tuple[int, ...] = ()
    lines: tuple[int, ...] = ()
    is_guess: bool = False
    is_choice: bool = False
    next_best: str = ""

    def command(self, path: str, verb: str = "check") -> str:
        """Return the command that would read the file; an empty text where none is known."""
        if not self.is_read:
            return ""
        return " ".join([f"forecast {verb}", shlex.quote(path), *flags_of(self.settings)])

    def error(self, path: str) -> DataError:
        """Return all problems as one error: the first as it is, the others behind it."""
        first, *others = self.problems
        if not others:
            return (
                DataError(first.message, hint=self.hint(path), rows=first.rows, lines=first.lines)
                if self.is_choice
                else first
            )
        prefix = f"{path}"
        listed = [_short(problem, prefix) for problem in others[: MOST_LISTED - 1]]
        if len(others) >= MOST_LISTED:
            listed.append(f"{len(others) - MOST_LISTED + 1} more, which forecast check lists")
        message = f"{first.message}{where_of(first)}; and {len(others)} more: {'; '.join(listed)}"
        return DataError(message, hint=self.hint(path), rows=first.rows, lines=first.lines)

    def hint(self, path: str) -> str:
        """Return the hint of the first problem, and what settles all of them where that is known."""
        command, first = self.command(path), self.problems[0].hint
        if not command or (len(self.problems) == 1 and not self.is_choice):
            return first
        if self.next_best and self.next_best not in first:
            first = f"{first}{'. ' if first else ''}It can also be read with {self.next_best}"
        lines = ", ".join(map(str, self.lines[:5])) + (", …" if len(self.lines) > 5 else "")
        cure = f"correct line{'s' if len(self.lines) > 1 else ''} {lines}, then: " if lines else ""
        if len(self.problems) == 1:
            return f"{first}{'. ' if first else ''}Such as: {cure}{command}"
        such = ", such as" if self.is_guess or self.is_choice else ""
        return f"{first}{'. ' if first else ''}For all of them{such}: {cure}{command}"


def diagnose(
    attempt: Callable[[ReadSettings, list[int]], object], settings: ReadSettings, *, fixed: bool = False
) -> FileFaults:
    """Look for everything that is wrong with a file; one that can be read has no problems.

    Args:
        attempt: Reads the file with settings, without some rows of its table.
        settings: What the user says about it.
        fixed: Whether these are a saved model's, with which no flag goes.

    Raises:
        ForecastError: The file cannot be opened, or the settings are wrong.
    """
    problems, rows, lines, is_guess = list[DataError](), list[int](), list[int](), False
    while len(problems) < MOST_PROBLEMS:
        try:
            attempt(settings, rows)
            return FileFaults(tuple(problems), settings, True, tuple(rows), tuple(sorted({*lines})), is_guess)
        except DataError as error:
            if any(error.message == known.message for known in problems) or ((rows or is_guess) and not error.rows):
                break  # of a part of a file, or of a guess, may be true what is not true of the file
            problems.append(error)
            if error.choices and not fixed:
                chosen = _by_choice(attempt, FileFaults(tuple(problems), settings, False, tuple(rows)))
                if chosen.is_read:
                    return chosen
            flags = {} if fixed else remedy(error.hint, settings)
            if flags:
                settings = replace(settings, **flags)
                is_guess |= error.hint.count("--") > 1
            elif error.rows:
                rows = _with(rows, error.rows)
                lines += error.lines
            else:
                break
        except ForecastError:
            if not problems:
                raise
            break  # what was put together does not go together
    return FileFaults(tuple(problems), settings, False, tuple(rows), tuple(sorted({*lines})))


def _by_choice(attempt: Callable[[ReadSettings, list[int]], object], known: FileFaults) -> FileFaults:
    """Return the faults, with the first choice that reads the file and what else is wrong then, where there is one.

    A choice is tried that changes nothing which the user, or a choice before it, has said.
    """
    if known.rows:
        return known
    tried = [settings_in(choice) for choice in known.problems[-1].choices[:MOST_CHOICES]]
    tried = [flags for flags in tried if all(getattr(known.settings, name) == _default(name) for name in flags)]
    best: list[tuple[tuple[float, ...], int, FileFaults, str]] = []
    for goes_on in (False, True):  # rather one with which nothing else is wrong
        for place, flags in enumerate(tried):
            chosen = replace(known.settings, **flags)
            try:
                found, panel = _attempted(attempt, chosen, goes_on=goes_on)
            except ForecastError:  # it does not go with the rest
                continue
            if known.problems[-1].message in [problem.message for problem in found.problems] or not found.is_read:
                continue
            worth = merit(panel, found.settings) if isinstance(panel, Panel) else ()
            best.append((worth, -place, found, " ".join(flags_of(replace(ReadSettings(), **flags)))))
            if not isinstance(panel, Panel) or panel.rows > MANY_ROWS:
                break  # reading it again and again would take too long
        if best:
            break
    if not best:
        return known
    best.sort(key=lambda one: one[:2], reverse=True)
    found = best[0][2]
    following = found.next_best or (best[1][3] if len(best) > 1 and best[1][0][:1] >= (1.0,) else "")
    return replace(found, problems=(*known.problems, *found.problems), is_choice=True, next_best=following)


def _attempted(
    attempt: Callable[[ReadSettings, list[int]], object], settings: ReadSettings, *, goes_on: bool
) -> tuple[FileFaults, object]:
    """Return what is wrong with a file that is read with these settings, and what it is then.

    Raises:
        ForecastError: It cannot be; where it `goes_on`, only what stops all reading.
    """
    if not goes_on:
        return FileFaults((), settings, True), attempt(settings, [])
    found = diagnose(attempt, settings)
    return found, attempt(found.settings, list(found.rows)) if found.is_read else None


def settings_in(flags: str) -> dict[str, Any]:
    """Return the settings that flags with values say, as `--time none --freq D`; a flag without a value is on."""
    words, found = shlex.split(flags), dict[str, Any]()
    if not words:
        return found
    for word, value in zip(words, [*words[1:], ""], strict=True):
        if word.startswith("--"):
            name = word[2:].replace("-", "_")
            found[name] = True if not value or value.startswith("--") else int(value) if name in COUNTS else value
    return found


def _default(name: str) -> Any:
    return next(f.default for f in fields(ReadSettings) if f.name == name)


def _with(out: list[int], more: tuple[int, ...]) -> list[int]:
    """Return rows of the whole table: those left out, and more of those that were left."""
    left = np.setdiff1d(np.arange(max(more) + len(out) + 1), out)
    return sorted({*out, *left[list(more)].tolist()})


def remedy(hint: str, settings: ReadSettings) -> dict[str, Any]:
    """Return the first setting that a hint gives a value for, and that the user has not given; nothing for none."""
    for name, value in concrete(hint):
        if getattr(settings, name) == _default(name):
            return {name: value}
    return {}


def concrete(hint: str) -> Iterator[tuple[str, Any]]:
    """Yield the settings of reading that a hint names with a value, as `--on-duplicate last`, in its order."""
    kinds = get_type_hints(ReadSettings)
    for match in _FLAG.finditer(hint):
        name, value = match[1].replace("-", "_"), _unquoted(match[2] or "")
        if name not in kinds or name == "wide":  # what a column is nobody but the user knows
            continue
        choices = [choice for part in (kinds[name], *get_args(kinds[name])) for choice in get_args(part)]
        if kinds[name] is bool:
            yield name, True
        elif (bare := value.rstrip(",:.")) in choices:
            yield name, bare
        elif name in _FREE and not value.endswith("…"):
            text = value if name in ("decimal", "thousands", "sep") else bare
            text = text[:1] if name in ("decimal", "thousands") and re.fullmatch(r"[.,],", text) else text
            if re.fullmatch(_FREE[name], text):
                yield name, int(text) if name in COUNTS else text


def _unquoted(text: str) -> str:
    mark = text[:1]
    return text[1:-1] if mark in ("'", '"') and text.endswith(mark) and len(text) > 1 else text.strip("'")


def flags_of(settings: ReadSettings) -> list[str]:
    """Return settings that are not the default as words of a command line."""
    words = []
    for f in fields(settings):
        value = getattr(settings, f.name)
        if value == f.default:
            continue
        flag = f"--{key_of(f.name)}"
        if value is True:
            words.append(flag)
        else:
            quoted = shlex.quote(str(value))
            words.append(f"{flag}={quoted}" if quoted.startswith("-") else f"{flag} {quoted}")
    return words


def where_of(error: DataError) -> str:
    """Return the places of an error that has several, in brackets; an empty text for one."""
    if len(error.rows) < 2:
        return ""
    noun = "rows" if re.search(r", row [\d,]+", error.message) else "lines"
    more = ", …" if len(error.rows) > len(error.lines) else ""
    return f" ({noun} {', '.join(map(str, error.lines))}{more})"


def _short(error: DataError, prefix: str) -> str:
    """Return a problem without the name of the file."""
    text = error.message.removeprefix(prefix).lstrip(",: ")
    return (text if len(text) < 180 else f"{text[:175]} …") + where_of(error)
