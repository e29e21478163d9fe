"""`forecast serve`: the same functions over HTTP."""

from __future__ import annotations

import os
import sys

from forecaster.base.errors import MissingError, UsageError
from forecaster.base.extras import check_extra
from forecaster.cli import log
from forecaster.cli.options import ModelsDir, OutputSettings, takes_settings
from forecaster.config import ServeSettings

SHORTEST_TOKEN = 16
"""Characters of a token, at least."""


@takes_settings
def serve(settings: ServeSettings, output: OutputSettings, models_dir: ModelsDir = None) -> int:
    """Answer forecasts over HTTP: POST data, get forecasts; with a page at / for people.

    POST /forecast takes CSV, Parquet or JSON rows; /check, /models, /health, /metrics (Prometheus) and /openapi.json
    answer too. It listens on this machine alone unless --host says otherwise, and then clients must send a token. Stop
    it with Ctrl-C or SIGTERM: what is being worked on is answered first. Needs the extra `serve`.

    Example: forecast serve --models-dir models --port 8080
    """
    check_extra("serve", "forecast serve")
    token = token_of(settings)
    from forecaster.service.web import serve as answer

    def started(address: str) -> None:
        log.event("listening", address=address)
        if not output.quiet:
            print(f"forecast: listening on {address}; stop with Ctrl-C", file=sys.stderr, flush=True)

    answer(settings, models_dir, token, started)
    log.event("stopped")
    return 0


def token_of(settings: ServeSettings) -> str | None:
    """Return the token that clients must send; None where there is none.

    Raises:
        MissingError: There is no such file.
        UsageError: It is too short to keep anybody out.
    """
    token = os.environ.get("FORECAST_TOKEN")
    if settings.token_file is not None:
        try:
            token = settings.token_file.read_text("utf-8")
        except OSError as error:
            raise MissingError(f"{settings.token_file}: {error.strerror}") from None
    token = (token or "").strip()
    if token and (len(token) < SHORTEST_TOKEN or not token.isascii()):
        raise UsageError(
            f"the token is shorter than {SHORTEST_TOKEN} characters, or holds others than ASCII",
            hint="Make one: openssl rand -hex 32",
        )
    return token or None
