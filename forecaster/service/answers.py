"""A request → the result of a job, as JSON-safe data or CSV. Nothing that a client says is ever a path."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from forecaster import jobs
from forecaster.base.errors import DataError, ForecastError, UsageError
from forecaster.config.keywords import make
from forecaster.config.spelling import as_keywords
from forecaster.data.source import Source
from forecaster.jobs.names import models_folder
from forecaster.model.forecast import Forecast
from forecaster.model.store import VERSION, check_name

STATUS = {2: 422, 3: 200, 4: 409, 65: 422, 66: 404, 71: 503, 73: 500, 74: 500, 75: 503, 77: 500, 78: 422, 124: 504}
"""Exit code → HTTP status."""

PARAMETERS = (
    *("model", "horizon", "levels", "quantiles", "totals", "seed", "hierarchy", "reconcile"),
    *("target", "time", "id", "freq", "tz", "aggregate", "on_duplicate", "season_length"),
)
"""Settings of a forecast, and of reading the data, that a client may give: none of them names a file."""

MOST_CELLS = 2**17
"""Series times steps of a hierarchy in one request: paths of all of them are in memory."""

PRIVATE = ("source", "data", "output", "folder", "host", "user")
"""Facts of a model that say where things are on this machine."""

SHELL = re.compile(r"\bforecast [a-z]+ (?:'[^']*'|\"[^\"]*\"|[^\s-]\S*)((?: --[a-z-]+(?: [^\s-]\S*)?)+)")
"""A command line that reads a file with some settings: a client has the settings alone."""

FLAG = re.compile(r"--([a-z-]+)(?: ([^\s-]\S*))?")

FROM_FILE = ", or give them with --future FILE"
"""What clients of the service cannot do: it reads the body of a request and nothing else."""

EXAMPLE = 'Send {"data": [{"time": "2024-01-01", "value": 1.5}]}'


@dataclass(frozen=True, kw_only=True)
class RequestLimits:
    """What one request may ask for.

    Attributes:
        body: Bytes.
        series: Series.
        horizon: Steps ahead.
    """

    body: int = 16 << 20
    series: int = 1000
    horizon: int = 1000


def as_source(body: bytes, kind: str) -> Source:
    """Return the body of a request as a data file: CSV as it is, or JSON rows.

    Args:
        body: What was sent.
        kind: Its media type; `application/json` holds `{"data": [{column: cell, …}, …]}`, or the list alone.

    Raises:
        DataError: It is empty, or no such JSON.
    """
    if not body.strip():
        raise DataError("the request has no data", hint="Send a CSV file as the body, or JSON rows")
    if kind.split(";", maxsplit=1)[0].strip().lower() == "application/json":
        body = _rows_as_csv(body)
    elif b"\0" in body[:4096] and not body.startswith((b"PAR1", b"\xff\xfe", b"\xfe\xff")):
        raise DataError("the request holds binary data", hint="Send CSV, Parquet or JSON")
    return Source(
        "the request", body, hashlib.sha256(body).hexdigest(), "parquet" if body.startswith(b"PAR1") else "csv"
    )


def _rows_as_csv(body: bytes) -> bytes:
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError):
        raise DataError("the request is no JSON", hint=EXAMPLE) from None
    rows = rows.get("data") if isinstance(rows, dict) else rows
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) and row for row in rows):
        raise DataError("expected a list of rows", hint=EXAMPLE)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        cells = [row.get(name) for name in names]
        if any(isinstance(cell, (dict, list)) for cell in cells):
            raise DataError("a cell of a row is a list or an object", hint="Send numbers and texts")
        writer.writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue().encode()


def answer_forecast(
    source: Source, asked: dict[str, Any], root: Path | None, limits: RequestLimits, now: datetime
) -> jobs.PredictResult:
    """Forecast what was sent.

    Args:
        source: The data.
        asked: Settings among `PARAMETERS`.
        root: Folder of all models, or None for the default.
        limits: What may be asked for.
        now: The time of the request, aware.

    Raises:
        ForecastError: Of the kind that says what went wrong.
    """
    for name in asked:
        if name not in PARAMETERS:
            raise UsageError(f"unknown parameter {name[:40]!r}", hint=f"Known are {', '.join(PARAMETERS)}")
    check_reference(asked.get("model"))
    if (asked.get("horizon") or 0) > limits.horizon:
        raise UsageError(f"horizon {asked['horizon']}: this service forecasts {limits.horizon} steps at most")
    told = {**asked, "output": "-", "ledger": "none"}

    def count(panel: Any) -> None:
        if panel.n_series > limits.series:
            raise UsageError(f"{panel.n_series:,} series: this service takes {limits.series:,} at most in one request")
        steps = asked.get("horizon") or 1
        if asked.get("hierarchy") and panel.n_series * steps > MOST_CELLS:
            wanted = f"{panel.n_series * steps:,} forecasts of a hierarchy (series times steps)"
            raise UsageError(f"{wanted}: this service makes {MOST_CELLS:,} at most in one request")

    job = make(jobs.PredictJob, told, data=source, models_dir=models_folder(root), now=now)
    return jobs.predict(job, jobs.Events(on_panel=count))


def check_reference(name: str | None) -> None:
    """Refuse what is no NAME or NAME@VERSION.

    Raises:
        UsageError: It is not.
    """
    if name is None:
        return
    model, at, version = name.partition("@")
    check_name(model, "Name one of the models that are listed, or builtin")
    if at and not VERSION.fullmatch(version):
        raise UsageError(f"model {name[:80]!r}: expected NAME or NAME@v000001")


def as_json(result: jobs.PredictResult) -> dict[str, Any]:
    """Return a forecast as JSON-safe data: facts, and one row a series and step."""
    columns = {name: column.tolist() for name, column in written(result).columns().items()}
    facts = {name: value for name, value in result.summary().items() if name not in ("output", "data", "rows")}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    named = {"id": result.forecast.id_column, "time": result.forecast.time_column}
    return {**facts, "columns": named, "warnings": list(result.warnings), "forecasts": rows}


def history_of(result: jobs.PredictResult, steps: int) -> list[dict[str, Any]]:
    """Return the last observed values of every series, one row a step; null where nothing was observed."""
    panel, many = result.panel, np.minimum(result.panel.lengths, steps)
    series = np.repeat(np.arange(panel.n_series), many)
    before = np.concatenate([np.arange(n, 0, -1) for n in many])  # steps before the end of each series
    stamps = panel.write(panel.stamps_at(series, panel.lengths[series] - before)).tolist()
    values = panel.observed(panel.offsets[series + 1] - before).tolist()
    columns: dict[str, list[Any]] = {}
    if panel.id_column is not None:
        columns[panel.id_column] = [panel.ids[s] for s in series.tolist()]
    columns |= {panel.schema.time: stamps, "value": [None if value != value else value for value in values]}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def written(result: jobs.PredictResult) -> Forecast:
    """Return a forecast with as many digits as its file has."""
    return replace(result.forecast, digits=result.digits)


def list_models(root: Path | None) -> list[dict[str, Any]]:
    """Return one row for each model, without where it and its data lie."""
    rows = jobs.list_models(models_folder(root))
    return [{name: value for name, value in row.items() if name not in PRIVATE} for row in rows]


def as_fault(error: ForecastError, root: Path | None, *, reads_files: bool = False) -> dict[str, Any]:
    """Return an error as JSON-safe data: settings as parameters, no command of a shell, no folder of this machine."""
    folder = str(models_folder(root))

    def spell(text: str) -> str:
        text = text.replace(folder, "the folder of models")
        return as_keywords(SHELL.sub(_parameters_of, text if reads_files else text.replace(FROM_FILE, "")))

    fault = {"message": spell(error.message), "hint": spell(error.hint)}
    return {"error": {"code": error.code, "exit_code": error.exit_code, **fault}}


def _parameters_of(command: re.Match[str]) -> str:
    """Return the flags of a command as parameters."""
    flags = ((flag.replace("-", "_"), value or "true") for flag, value in FLAG.findall(command[1]))
    return ", ".join(f"{name}={value}" for name, value in flags)
