"""The service over HTTP: data in, forecasts out, with limits on everything that a client decides."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from forecaster import jobs
from forecaster._version import __version__
from forecaster.base.errors import ForecastError, UsageError
from forecaster.config import ServeSettings
from forecaster.config.keywords import make
from forecaster.jobs.names import models_folder
from forecaster.model import store
from forecaster.service.answers import (
    STATUS,
    RequestLimits,
    answer_forecast,
    as_fault,
    as_json,
    as_source,
    as_verdict,
    history_of,
    list_models,
    take_parameters,
)
from forecaster.service.clients import KEYS, PARAMETERS, READING, WEB
from forecaster.service.counters import Counters
from forecaster.service.page import PAGE, POLICY

OPEN = ("/health", "/", "/openapi.json")
"""What needs no token: it holds no data."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")
CHECKED = tuple(name for name in READING if name in PARAMETERS)
"""Parameters of a check."""

HISTORY = "history"
"""How many observed values of each series are answered too; no setting of a forecast."""
LOADED = 8
"""Versions that stay in memory."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Service:
    """What requests share.

    Attributes:
        settings: Of `forecast serve`.
        root: Folder of all models, absolute.
        token: What clients must know; None on loopback without one.
        counters: For Prometheus.
        slots: How many requests may be worked on at once.
    """

    settings: ServeSettings
    root: Path | None
    token: str | None
    counters: Counters = field(default_factory=Counters)
    slots: asyncio.Semaphore

    @property
    def limits(self) -> RequestLimits:
        """What one request may ask for."""
        settings = self.settings
        return RequestLimits(body=settings.max_body << 20, series=settings.max_series, horizon=settings.max_horizon)

    async def body_of(self, request: Request) -> bytes:
        """Return the body of a request, as far as it is allowed to go.

        Raises:
            _Refusal: It is too large.
        """
        most, body = self.limits.body, bytearray()
        async for part in request.stream():
            body += part
            if len(body) > most:
                raise _Refusal(413, f"the body is larger than {self.settings.max_body} MB", "Send fewer rows")
        return bytes(body)

    async def work(self, job: Callable[[], Any]) -> Any:
        """Run a job in a thread; a slot is taken until it has ended, even where nobody waits any more.

        Raises:
            _Refusal: All slots are taken, or it took too long.
        """
        if self.slots.locked():
            raise _Refusal(503, "the service is busy", "Try again in a second")
        await self.slots.acquire()
        self.counters.working += 1
        task = asyncio.ensure_future(asyncio.to_thread(job))
        task.add_done_callback(self._ended)
        try:
            return await asyncio.wait_for(asyncio.shield(task), self.settings.timeout)
        except TimeoutError:
            raise _Refusal(504, f"it took longer than {self.settings.timeout:g} s", "Send fewer rows") from None

    def _ended(self, task: asyncio.Future[Any]) -> None:
        self.slots.release()
        self.counters.working -= 1
        if not task.cancelled():
            task.exception()  # whoever waited has it, or nobody does


class _Refusal(Exception):
    """A request that is not worked on."""

    def __init__(self, status: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.status, self.message, self.hint = status, message, hint

    def answer(self) -> JSONResponse:
        fault = {"code": "REFUSED", "exit_code": None, "message": self.message, "hint": self.hint}
        after = {"Retry-After": "1"} if self.status == 503 else {}
        return JSONResponse({"error": fault}, self.status, headers=after)


def make_app(settings: ServeSettings, root: Path | None, token: str | None) -> FastAPI:
    """Return the application.

    Args:
        settings: Host, limits.
        root: Folder of all models, or None for the default.
        token: What clients must know, or None.
    """
    root = models_folder(root).absolute()  # as a name alone it could be any word of a message
    service = Service(settings=settings, root=root, token=token, slots=asyncio.Semaphore(settings.concurrency))
    app = FastAPI(title="forecast", version=__version__, docs_url=None, redoc_url=None)  # they load from elsewhere

    @app.middleware("http")
    async def guard(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        began, path = time.monotonic(), request.url.path
        try:
            check_client(service, request)
            answer = await go_on(request)
        except _Refusal as refusal:
            answer = refusal.answer()
        except Exception as error:  # whatever it is, clients get the JSON that they expect, and the log the traceback
            logging.getLogger("forecast").error("bug", exc_info=error)
            fault = {"code": "BUG", "exit_code": 1, "message": "a bug in this service", "hint": "Its log says more"}
            answer = JSONResponse({"error": fault}, 500)
        known = path if path in {"/", "/health", "/models", "/metrics", "/forecast", "/check"} else "other"
        service.counters.add(known, answer.status_code, time.monotonic() - began)
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    @app.exception_handler(ForecastError)
    async def failed(_: Request, error: ForecastError) -> JSONResponse:
        return JSONResponse(as_fault(error, root), STATUS.get(error.exit_code, 500))

    @app.exception_handler(_Refusal)
    async def refused(_: Request, refusal: _Refusal) -> JSONResponse:
        return refusal.answer()

    add_reading(app, service)
    add_forecasting(app, service)
    return app


def add_reading(app: FastAPI, service: Service) -> None:
    """Add what only reads: the page, health, models, metrics."""

    @app.get("/", include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(PAGE)

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Say that the service answers."""
        return {"status": "ok", "version": __version__}

    @app.get("/models")
    async def models() -> list[dict[str, Any]]:
        """List the models and how good they are."""
        found: list[dict[str, Any]] = await service.work(lambda: list_models(service.root))
        return found

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """Return metrics in the text format of Prometheus."""
        return PlainTextResponse(service.counters.text(), media_type="text/plain; version=0.0.4")


def query_of(*names: str) -> list[dict[str, Any]]:
    """Return parameters as OpenAPI describes them."""
    found = []
    for name in names:
        kind = KEYS[name].kind if name in KEYS else int
        schema: dict[str, Any] = {"type": {int: "integer", float: "number", bool: "boolean"}.get(kind, "string")}
        if get_origin(kind) is Literal:
            schema["enum"] = list(get_args(kind))
        about = (
            WEB.spell(KEYS[name].metadata["help"]) if name in KEYS else "Last observed values of each series to add."
        )
        found.append({"name": name, "in": "query", "required": False, "description": about, "schema": schema})
    return found


ROWS = {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object"}}}}
BODY = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}}, "application/json": {"schema": ROWS}},
    }
}


def add_forecasting(app: FastAPI, service: Service) -> None:
    """Add what takes data."""

    @app.post("/forecast", openapi_extra={"parameters": query_of(*PARAMETERS, HISTORY), **BODY})
    async def forecast(request: Request) -> Response:
        """Forecast what comes after the data in the body: CSV, Parquet or JSON rows; CSV back if `Accept: text/csv`."""
        asked = take_parameters(request.query_params.multi_items(), (*PARAMETERS, HISTORY))
        body = await service.body_of(request)
        history = min(asked.pop(HISTORY, 0), service.limits.horizon)
        as_csv = "text/csv" in request.headers.get("accept", "")
        if as_csv and "totals" in asked:
            raise UsageError("totals are no rows of a forecast file", hint="Ask for JSON: Accept: application/json")
        source, now = as_source(body, request.headers.get("content-type", "")), datetime.now(UTC).astimezone()
        result = await service.work(lambda: answer_forecast(source, asked, service.root, service.limits, now))
        service.counters.forecast(int(result.forecast.values.size))
        if as_csv:
            return PlainTextResponse(result.text, media_type="text/csv")
        return JSONResponse({**as_json(result), **({HISTORY: history_of(result, history)} if history else {})})

    @app.post("/check", openapi_extra={"parameters": query_of(*CHECKED), **BODY})
    async def check(request: Request) -> Response:
        """Return the verdict on the data in the body."""
        asked = take_parameters(request.query_params.multi_items(), CHECKED)
        source = as_source(await service.body_of(request), request.headers.get("content-type", ""))
        job = make(jobs.CheckJob, asked, data=source)
        return JSONResponse(as_verdict(await service.work(lambda: jobs.check(job))))


def check_client(service: Service, request: Request) -> None:
    """Refuse a client that does not know the token, or that a foreign page speaks for.

    Raises:
        _Refusal: It is not let in.
    """
    if service.token is None:
        host = request.url.hostname or ""
        if host not in LOOPBACK:  # a page from elsewhere whose name was made to point here (DNS rebinding)
            raise _Refusal(403, "this service answers to localhost alone", "Start it with --host and a token")
        return
    if request.url.path in OPEN:
        return
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), service.token.encode()):
        raise _Refusal(401, "the token is missing or wrong", "Send the header Authorization: Bearer TOKEN")


class _Server(uvicorn.Server):
    """A server that ends well when it is asked to stop: requests that are being worked on are answered first."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        import signal

        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(settings: ServeSettings, root: Path | None, token: str | None, started: Callable[[str], None]) -> None:
    """Serve until the process is asked to stop.

    Args:
        settings: Host, port, limits.
        root: Folder of all models, or None for the default.
        token: What clients must know, or None.
        started: Called with the address once the service answers.

    Raises:
        UsageError: A host that others can reach, without a token.
        OutputError: The port is taken.
    """
    if settings.host not in LOOPBACK and not token:
        raise UsageError(
            f"--host {settings.host} can be reached by others, so clients must know a token",
            hint="Set FORECAST_TOKEN, pass --token-file FILE, or leave out --host",
        )
    store.keep_loaded(LOADED)
    config = uvicorn.Config(
        make_app(settings, root, token),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=int(settings.timeout) + 1,
        server_header=False,
        limit_concurrency=1000,
    )
    server = _Server(config)
    with bind(settings) as listener:
        host, port = listener.getsockname()[:2]
        started(f"http://{f'[{host}]' if ':' in host else host}:{port}")
        server.run([listener])


def bind(settings: ServeSettings) -> Any:
    """Return a listening socket.

    Raises:
        OutputError: The port is taken, or may not be used.
    """
    import socket

    from forecaster.base.errors import OutputError

    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(128)  # from here on clients are not turned away, though they may wait a moment
    except OSError as error:
        listener.close()
        fault = f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}"
        raise OutputError(fault, hint="Choose another: --port 8081") from None
    return listener
