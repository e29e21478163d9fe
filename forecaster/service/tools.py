"""The same functions as tools of an agent, by the Model Context Protocol: files below some folders, nothing else."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import Field, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field as About

from forecaster import jobs
from forecaster._version import __version__
from forecaster.base.errors import ForecastError, MissingError, UsageError, shown
from forecaster.config.keywords import make
from forecaster.jobs.names import models_folder
from forecaster.service.answers import as_fault, as_json, as_verdict, check_reference, list_models
from forecaster.service.clients import OF_AGENTS, agent

NOT_FOR_AGENTS = {
    *("output", "output_table", "table_mode", "sql", "ledger", "recursive", "spreadsheet_safe", "gates", "paths"),
    *("max_age", "warn_age"),
}
"""Settings that write, or mean nothing here."""

READ = ("future", "hierarchy_file")
"""Settings that name a file to read, found as data is; all others that name files are left out."""


MOST_ROWS = 5000
"""Forecast rows in one answer: more would fill the memory of any agent."""

KINDS = (".csv", ".gz", ".parquet", ".tsv", ".txt")
MOST_FILES = 1000
"""Data files that are listed."""

INSTRUCTIONS = (
    "Forecast time series in data files. Check a file first; then forecast it, with a saved model or without one; "
    "evaluate says how good a model is on known data, explain what moves its forecasts. An error says what to do."
)


@dataclass(frozen=True)
class Desk:
    """What tools may read.

    Attributes:
        folders: Absolute, without links.
        root: Folder of all models, absolute.
    """

    folders: tuple[Path, ...]
    root: Path

    def find(self, data: str) -> str:
        """Return the file that an agent means: below one of the folders, whatever links and dots say.

        Raises:
            UsageError: It is somewhere else.
            MissingError: It does not exist, or is no regular file.
        """
        if "://" in data or data == "-" or "\0" in data:
            raise UsageError(f"data {shown(data)}: expected the path of a file below {self._named()}")
        for folder in self.folders:
            found = (folder / data).resolve()
            if not any(found.is_relative_to(allowed) for allowed in self.folders):
                continue
            if found.is_file():
                return str(found)
        places = [(folder / data).resolve() for folder in self.folders]
        if not any(place.is_relative_to(allowed) for place in places for allowed in self.folders):
            raise UsageError(f"data {shown(data)} is not below {self._named()}", hint="Only files there may be read")
        raise MissingError(f"no file {shown(data)} below {self._named()}", hint="Ask for the tool files")

    def files(self) -> list[str]:
        """Return the data files that may be read, as they may be named."""
        names: list[str] = []
        for folder in self.folders:
            found = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in KINDS and path.is_file())
            names += [str(path.relative_to(folder)) for path in found if not self._is_of_models(path)]
        return names[:MOST_FILES]

    def _is_of_models(self, path: Path) -> bool:
        """Return whether a file is part of the models, or of what they remember."""
        return path.resolve().is_relative_to(models_folder(self.root).resolve())

    def shorten(self, text: str) -> str:
        """Return a message with files named as an agent names them: from their folder on."""
        for folder in self.folders:
            text = text.replace(f"{folder}/", "")
        return text

    def _named(self) -> str:
        return " or ".join(str(folder) for folder in self.folders)


def open_desk(folders: list[Path], root: Path | None) -> Desk:
    """Return what tools may read.

    Raises:
        UsageError: No folder is named.
        MissingError: One is none.
    """
    if not folders:
        raise UsageError("no folder for the tools to read", hint="Name one: forecast mcp --folder data")
    for folder in folders:
        if not folder.is_dir():
            raise MissingError(f"{folder} is no folder")
    return Desk(tuple(folder.resolve() for folder in folders), models_folder(root).absolute())


def make_server(desk: Desk) -> MCPServer[Any]:
    """Return the server with its tools."""
    server: MCPServer[Any] = MCPServer("forecast", version=__version__, instructions=INSTRUCTIONS)
    reads = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    for tool in tools(desk):
        server.add_tool(tool, annotations=reads, structured_output=True)
        _refuse_others(server, tool.__name__)
    return server


def _refuse_others(server: MCPServer[Any], name: str) -> None:
    """Let a tool refuse arguments that it does not have: the SDK drops them, and answers another question."""
    tool = next(tool for tool in server._tool_manager.list_tools() if tool.name == name)  # noqa: SLF001
    model = tool.fn_metadata.arg_model
    model.model_config["extra"] = "forbid"
    model.model_rebuild(force=True)
    tool.parameters = model.model_json_schema(by_alias=True)


def tools(desk: Desk) -> Iterator[Callable[..., Any]]:
    """Yield the tools: functions whose parameters are the settings of a job."""

    def made(job: type[Any], values: dict[str, Any], **more: Any) -> Any:
        data = desk.find(values.pop("data"))
        values |= {name: desk.find(values[name]) for name in READ if values.get(name) is not None}
        check_reference(values.get("model"))
        if "models_dir" in {f.name for f in fields(job)}:
            more["models_dir"] = models_folder(desk.root)
        return make(job, {name: value for name, value in values.items() if value is not None}, data=data, **more)

    def forecast(**values: Any) -> dict[str, Any]:
        now = datetime.now(UTC).astimezone()
        result = jobs.predict(made(jobs.PredictJob, {**values, "output": "-", "ledger": "none"}, now=now))
        answer = as_json(result, AGENT)
        if len(answer["forecasts"]) > MOST_ROWS:
            rows = len(answer["forecasts"])
            answer["forecasts"] = answer["forecasts"][:MOST_ROWS]
            answer["warnings"].append(f"the first {MOST_ROWS:,} of {rows:,} rows: forecast fewer series or steps")
        return answer

    def check(**values: Any) -> dict[str, Any]:
        verdict = jobs.check(made(jobs.CheckJob, values))
        return as_verdict(verdict.spelled(desk.shorten, desk.shorten), AGENT)

    def evaluate(**values: Any) -> dict[str, Any]:
        return jobs.evaluate(made(jobs.EvaluateJob, values)).summary()

    def explain(**values: Any) -> dict[str, Any]:
        return jobs.explain(made(jobs.ExplainJob, values)).summary()

    yield _tool(forecast, jobs.PredictJob, "Forecast what comes after the end of a data file, with intervals.", desk)
    yield _tool(
        check, jobs.CheckJob, "Say whether a data file is fit for forecasting: every finding, with a hint.", desk
    )
    yield _tool(evaluate, jobs.EvaluateJob, "Score a model on known data, from many cutoffs, against a baseline.", desk)
    yield _tool(explain, jobs.ExplainJob, "Say which past values and covariates move a model's forecasts.", desk)

    def files() -> dict[str, Any]:
        """List the data files that may be read."""
        return {"files": desk.files()}

    def models() -> dict[str, Any]:
        """List the saved models: horizon, frequency, how good they are."""
        return {"models": list_models(desk.root)}

    yield files
    yield models


def _tool(work: Callable[..., dict[str, Any]], job: type[Any], about: str, desk: Desk) -> Callable[..., Any]:
    """Return a function with one parameter a setting, from which its JSON schema follows; errors say what to do."""

    def tool(**values: Any) -> dict[str, Any]:
        try:
            return work(**values)
        except ForecastError as error:
            error.respell(desk.shorten)
            fault = as_fault(error, desk.root, AGENT)["error"]
            raise ToolError(f"{fault['code']}: {fault['message']}. {fault['hint']}".strip()) from None

    parameters = [_parameter("data", str, inspect.Parameter.empty, "Data file, below the folders given at the start.")]
    for f, kind in _settings_of(job):
        bounds = {"ge": f.metadata["min"], "le": f.metadata["max"]}
        parameters.append(_parameter(f.name, kind, f.default, AGENT.spell(f.metadata["help"]), **bounds))
    shown_as: Any = tool
    shown_as.__name__, shown_as.__doc__ = work.__name__, about
    shown_as.__signature__ = inspect.Signature(parameters, return_annotation=dict[str, Any])
    shown_as.__annotations__ = {**{p.name: p.annotation for p in parameters}, "return": dict[str, Any]}
    return tool


def _settings_of(job: type[Any]) -> Iterator[tuple[Field[Any], Any]]:
    """Yield the settings of a job that an agent may give, with their types."""
    for group, settings in get_type_hints(job).items():
        if group == "data" or not is_dataclass(settings):
            continue
        kinds = get_type_hints(settings)
        for f in fields(settings):
            is_path = Path in (kinds[f.name], *get_args(kinds[f.name]))
            if "help" in f.metadata and f.name not in NOT_FOR_AGENTS and (not is_path or f.name in READ):
                yield f, str | None if is_path else kinds[f.name]


AGENT = agent(frozenset(f.name for job in OF_AGENTS for f, _ in _settings_of(job)))
"""Who calls these tools."""


def _parameter(name: str, kind: Any, default: Any, about: str, **bounds: Any) -> inspect.Parameter:
    given = {key: bound for key, bound in bounds.items() if bound is not None}
    annotation = Annotated[kind, About(description=about, **given)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
