"""What clients may set, and messages of the core as they read them: settings as parameters, requests for commands."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from forecaster import jobs
from forecaster.config import ReadSettings
from forecaster.config.binder import Key, keys_of
from forecaster.config.spelling import COMMAND, DATA, SETTING, Spelling

READING = tuple(f.name for f in fields(ReadSettings) if f.name not in {"sheet", "sql"} and "covariates" not in f.name)
"""Settings of reading that a client may give: none names a file or a query."""

FORECAST = ("model", "horizon", "levels", "quantiles", "totals", "mean", "seed", "hierarchy", "reconcile")

PARAMETERS = (*FORECAST, *(name for name in READING if name != "categorical"))
"""Parameters of a forecast by the service."""

CHOICE = re.compile(r"(, or |; )")
"""Between the things that a hint proposes."""


@dataclass(frozen=True)
class Client:
    """Who reads a message of the core.

    Attributes:
        parameters: Names of the settings that they can give.
        calls: Command of the shell → what they ask for in its place.
        spelling: How settings are written for them.
    """

    parameters: frozenset[str]
    calls: Mapping[str, str]
    spelling: Spelling

    def spell(self, text: str) -> str:
        """Return a message as they read it."""
        return self.spelling.spell(text)

    def hint(self, text: str) -> str:
        """Return a hint as they read it, without what they cannot do, if anything else is left."""
        first, *others = CHOICE.split(text)
        pairs = [("", first), *zip(others[::2], others[1::2], strict=True)]
        able = [(mark, part) for mark, part in pairs if self._can(part)] or pairs
        shown = able[0][1] + "".join(mark + part for mark, part in able[1:])
        return self.spell(shown[:1].upper() + shown[1:] if able[0] != pairs[0] else shown)

    def _can(self, part: str) -> bool:
        """Return whether they can do what a part of a hint proposes; a training is for whoever runs the service."""
        if any(command[1] == "predict" for command in COMMAND.finditer(part)):
            return False
        return all(name[1].replace("-", "_") in self.parameters for name in SETTING.finditer(COMMAND.sub("", part)))


def client(parameters: Mapping[str, Key], calls: Mapping[str, str], spelling: Spelling) -> Client:
    """Return a client with some settings, which writes their values as a spelling does."""

    def replaced(command: re.Match[str]) -> str:
        data = DATA.match(command[2] or "")
        flags = (command[2] or "")[data.end() :] if data else ""
        if flags and command[1] == "check":
            return spelling.arguments(flags)
        return calls[command[1]] + (command[2] or "") if command[1] in calls and not data else command[0]

    kinds = {name: key.kind for name, key in parameters.items()}
    written = Spelling(kinds=kinds, value=spelling.value, yes=spelling.yes, command=replaced)
    return Client(frozenset(parameters), calls, written)


def keys_named(*kinds: type) -> dict[str, Key]:
    """Return the settings of some jobs by their names in Python."""
    return {key.field: key for job in kinds for key in keys_of(job).values() if key.group}


def _in_address(value: str) -> str:
    return f'"{value}"' if not value.strip() or " " in value else value


KEYS = {name: key for name, key in keys_named(jobs.PredictJob).items() if name in PARAMETERS}
"""Settings of a request."""

WEB = client(KEYS, {"models list": "GET /models", "check": "POST /check"}, Spelling(value=_in_address, yes="true"))
"""Clients of the service over HTTP."""

OF_AGENTS = (jobs.PredictJob, jobs.CheckJob, jobs.EvaluateJob, jobs.ExplainJob)
"""Jobs of the tools."""


def agent(parameters: frozenset[str]) -> Client:
    """Return an agent that has these parameters."""
    keys = {name: key for name, key in keys_named(*OF_AGENTS).items() if name in parameters}
    calls = {name: f"the tool {name}" for name in ("check", "evaluate", "explain")} | {"models list": "the tool models"}
    return client(keys, calls, Spelling(value=json.dumps, yes="true"))
