"""Settings in messages: the core names them in one way, and whoever shows a message spells them as its reader does.

Below `cli` and `api` a message names a setting `--season-length`, and proposes a value `--season-length 12`: so the
command line shows it as it is, and a notebook as a keyword: `season_length`, `season_length=12`.
A whole command of the shell (`forecast train DATA --horizon 12`) stays one, unless its data is in memory.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

SETTING = re.compile(r"(?<![\w-])--([a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?: ('[^']*'|\"[^\"]*\"|\S+))?")
COMMAND = re.compile(r"\b(?:forecast [a-z]|pip install )")
IN_MEMORY = re.compile(r"\bforecast [a-z ]+ DataFrame ?((?:(?!DataFrame)\S+ ?)*)")
"""A command that names data in memory, which no shell has: what remains of it are its settings."""
PLAIN = re.compile(r"[a-z]+")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def as_keywords(text: str, kinds: Mapping[str, Any] | None = None) -> str:
    """Return a message of the core with its settings as keywords.

    Args:
        text: The message.
        kinds: Keyword → its type, where that is known: a word after a setting of choices is its value only if it is one
            of them.
    """
    text = IN_MEMORY.sub(r"\1", text)
    found = COMMAND.search(text)
    own, command = (text[: found.start()], text[found.start() :]) if found else (text, "")
    return SETTING.sub(lambda match: _spell(match, kinds or {}), own) + command


def _spell(match: re.Match[str], kinds: Mapping[str, Any]) -> str:
    """Return a setting, and the value behind it if it is one, as a keyword."""
    name = match[1].replace("-", "_")
    name += "_" * keyword.iskeyword(name)
    following = match[2] or ""
    if not following:
        return name
    if following.startswith("--"):
        return f"{name} {SETTING.sub(lambda other: _spell(other, kinds), following)}"
    value = following.rstrip(",.;:)?") if following[0] not in "'\"" else following
    last = following[len(value) :][:1] in {",", ";", "."} or match.end() == len(match.string)
    if not _is_value(value, kinds.get(name), last):
        return f"{name} {following}"
    bare = following[0] in "'\"" or NUMBER.fullmatch(value) or value.isupper()
    return f"{name}={value if bare else repr(value)}{following[len(value) :]}"


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
