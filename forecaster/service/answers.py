"""A request → the result of a job, as JSON-safe data or CSV. Nothing that a client says is ever a path."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shlex
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from forecaster import jobs
from forecaster.base.errors import DataError, ForecastError, UsageError
from forecaster.config.binder import near
from forecaster.config.keywords import make
from forecaster.data.source import Source
from forecaster.jobs.names import models_folder
from forecaster.model.forecast import Forecast
from forecaster.model.store import VERSION, check_name
from forecaster.reporting.verdict import Verdict
from forecaster.service.clients import KEYS, PARAMETERS, WEB, Client

STATUS = {2: 422, 3: 200, 4: 409, 65: 422, 66: 404, 71: 503, 73: 500, 74: 500, 75: 503, 77: 500, 78: 422, 124: 504}
"""Exit code → HTTP status."""

MOST_CELLS = 2**17
"""Series times steps of a hierarchy in one request: paths of all of them are in memory."""

PRIVATE = ("source", "data", "output", "folder", "host", "user")
"""Facts of a model that say where things are on this machine."""

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
            raise UsageError(f"unknown parameter {name[:40]!r}", hint=_known(name, PARAMETERS))
    check_reference(asked.get("model"))
    if (asked.get("horizon") or 0) > limits.horizon:
        raise UsageError(f"horizon {asked['horizon']}: this service forecasts {limits.horizon} steps at most")
    settings = {**asked, "output": "-", "ledger": "none"}

    def count(panel: Any) -> None:
        if panel.n_series > limits.series:
            raise UsageError(f"{panel.n_series:,} series: this service takes {limits.series:,} at most in one request")
        steps = asked.get("horizon") or 1
        if asked.get("hierarchy") and panel.n_series * steps > MOST_CELLS:
            wanted = f"{panel.n_series * steps:,} forecasts of a hierarchy (series times steps)"
            raise UsageError(f"{wanted}: this service makes {MOST_CELLS:,} at most in one request")

    job = make(jobs.PredictJob, settings, data=source, models_dir=models_folder(root), now=now)
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


def as_json(result: jobs.PredictResult, client: Client = WEB) -> dict[str, Any]:
    """Return a forecast as JSON-safe data: facts, and one row a series and step; warnings as a client reads them."""
    columns = {name: column.tolist() for name, column in written(result).columns().items()}
    facts = {name: value for name, value in result.summary().items() if name not in ("output", "data", "rows")}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    named = {"id": result.forecast.id_column, "time": result.forecast.time_column}
    return {
        **facts,
        "columns": named,
        "warnings": [client.spell(warning) for warning in result.warnings],
        "forecasts": rows,
    }


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


def as_verdict(verdict: Verdict, client: Client = WEB) -> dict[str, Any]:
    """Return the verdict on data as JSON-safe data, its findings and reasons as a client reads them."""
    return verdict.spelled(client.spell, client.hint).summary()


def as_fault(error: ForecastError, root: Path | None, client: Client = WEB) -> dict[str, Any]:
    """Return an error as JSON-safe data, as a client reads it: without the folder of models on this machine."""
    folder = str(models_folder(root))
    texts = (text.replace(f" --models-dir {shlex.quote(folder)}", "") for text in (error.message, error.hint))
    message, hint = (text.replace(folder, "the folder of models") for text in texts)
    fault = {"message": client.spell(message), "hint": client.hint(hint)}
    return {"error": {"code": error.code, "exit_code": error.exit_code, **fault}}


def take_parameters(given: Iterable[tuple[str, str]], among: Collection[str]) -> dict[str, Any]:
    """Return the settings in an address, each as its type.

    Args:
        given: Names and values, as they came.
        among: Names that may be given.

    Raises:
        UsageError: One is unknown, twice there, or no number where one is expected.
    """
    asked: dict[str, Any] = {}
    for name, value in given:
        if name not in among:
            raise UsageError(f"unknown parameter {name[:40]!r}", hint=_known(name, among))
        if name in asked:
            raise UsageError(f"parameter {name!r} is given twice", hint="Give it once")
        asked[name] = _typed(name, value)
    return asked


def _known(name: str, among: Collection[str]) -> str:
    similar = near(name[:40], [each.replace("_", "-") for each in among]).replace("-", "_")
    return similar or f"Known are {', '.join(among)}"


def _typed(name: str, value: str) -> Any:
    kind = KEYS[name].kind if name in KEYS else int
    if kind is int:
        if not (value.isdecimal() and value.isascii() and len(value) < 10):
            raise UsageError(f"{name} must be a whole number, received {value[:40]!r}")
        return int(value)
    if kind is bool:
        if value not in ("true", "false"):
            raise UsageError(f"{name} must be true or false, received {value[:40]!r}")
        return value == "true"
    if kind is float:
        try:
            return float(value)
        except ValueError:
            raise UsageError(f"{name} must be a number, received {value[:40]!r}") from None
    return value
