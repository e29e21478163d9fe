"""s3 addresses, read from a server of the S3 protocol: in this process, with objects in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from forecaster.base.errors import AccessError, MissingError, TryAgainError
from forecaster.data.grid import read_panel
from forecaster.data.remote import fetch
from tests.conftest import panel_csv, run_forecast

pytest.importorskip("s3fs")

OBJECTS: dict[str, bytes] = {}
"""/BUCKET/KEY → what lies there."""

FAULT = '<?xml version="1.0"?><Error><Code>{0}</Code><Message>{0}</Message></Error>'


class Store(BaseHTTPRequestHandler):
    """The part of the S3 protocol that reading asks for: HEAD, GET of a range, and GET of a list."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        path, _, query = self.path.partition("?")
        if path.startswith("/private/"):
            return self.send(403, FAULT.format("AccessDenied").encode(), body=body)
        if "list-type" in query:
            return self.send(200, b'<?xml version="1.0"?><ListBucketResult></ListBucketResult>', body=body)
        data = OBJECTS.get(path)
        if data is None:
            return self.send(404, FAULT.format("NoSuchKey").encode(), body=body)
        asked = self.headers.get("Range")
        if asked is None:
            return self.send(200, data, body=body)
        first, _, last = asked.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last) + 1 if last else None]
        span = f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}"
        return self.send(206, part, {"Content-Range": span}, body=body)

    def send(self, status: int, data: bytes, more: dict[str, str] | None = None, *, body: bool) -> None:
        self.send_response(status)
        headers = {"Content-Length": str(len(data)), "ETag": '"1"', "Last-Modified": formatdate(0, usegmt=True)}
        for name, value in {**headers, "Accept-Ranges": "bytes", **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve the objects, and let the environment say where."""
    import s3fs

    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    known = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    for name, value in {**known, "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    OBJECTS.clear()
    yield url
    s3fs.S3FileSystem.clear_instance_cache()
    server.shutdown()
    server.server_close()


def test_an_object_is_read_as_its_file(store: str, tmp_path: Path) -> None:
    path = panel_csv(tmp_path / "shops.csv")
    OBJECTS["/sales/2024/shops.csv"] = path.read_bytes()
    here, there = read_panel(path), read_panel("s3://sales/2024/shops.csv")
    np.testing.assert_array_equal(here.values, there.values)
    assert there.source == "s3://sales/2024/shops.csv"


def test_what_is_not_there_or_may_not_be_read(store: str) -> None:
    with pytest.raises(MissingError, match="nothing is there"):
        fetch("s3://sales/none.csv", 2**20)
    with pytest.raises(AccessError, match="may not be read"):
        fetch("s3://private/shops.csv", 2**20)


@pytest.mark.slow
def test_the_command_as_a_user_runs_it(store: str, tmp_path: Path) -> None:
    OBJECTS["/sales/shops.csv"] = panel_csv(tmp_path / "shops.csv").read_bytes()
    done = run_forecast("predict", "s3://sales/shops.csv", "--model", "builtin", "--output", "-", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("shop,day,forecast")
    done = run_forecast("check", "s3://sales/gone.csv", cwd=tmp_path)
    assert (done.returncode, "nothing is there" in done.stderr) == (66, True)


def test_a_server_that_is_gone(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(TryAgainError, match="cannot be read"):
        fetch("s3://sales/shops.csv", 2**20)
