"""s3 addresses, read from a server of the S3 protocol: in this process, with objects in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from typer.testing import CliRunner

from forecaster.base.errors import AccessError, MissingError, TryAgainError
from forecaster.cli.app import app
from forecaster.data.grid import read_panel
from forecaster.data.listing import Parts
from forecaster.data.remote import fetch
from tests.cli.conftest import Run
from tests.cli.test_parts import content, shops
from tests.conftest import panel_csv, run_forecast

pytest.importorskip("s3fs")

OBJECTS: dict[str, bytes] = {}
"""/BUCKET/KEY → what lies there."""

READS: list[tuple[str, str]] = []
"""Objects that were asked for, with the method, in their order."""

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
            return self.send(200, listing(path.strip("/"), parse_qs(query).get("prefix", [""])[0]), body=body)
        READS.append((self.command, path))
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


def listing(bucket: str, prefix: str) -> bytes:
    """Return what the protocol says of the objects of a bucket whose keys begin so."""
    at = f"/{bucket}/{prefix}"
    keys = [(name.removeprefix(f"/{bucket}/"), len(data)) for name, data in OBJECTS.items() if name.startswith(at)]
    when = "<LastModified>2024-01-01T00:00:00.000Z</LastModified><ETag>1</ETag>"
    rows = (f"<Contents><Key>{key}</Key><Size>{size}</Size>{when}</Contents>" for key, size in sorted(keys))
    return f'<?xml version="1.0"?><ListBucketResult>{"".join(rows)}</ListBucketResult>'.encode()


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
    READS.clear()
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
    with pytest.raises(MissingError, match="nothing found"):
        fetch("s3://sales/none.csv", 2**20)
    with pytest.raises(AccessError, match="may not be read"):
        fetch("s3://private/shops.csv", 2**20)


def test_a_folder_and_a_glob_are_their_parts(store: str, tmp_path: Path) -> None:
    folder = shops(tmp_path / "shops", 3)
    for path in folder.iterdir():
        OBJECTS[f"/sales/new/{path.name}"] = path.read_bytes()
    OBJECTS["/sales/new/_SUCCESS"] = OBJECTS["/sales/new/notes.md"] = b"x"
    here = read_panel(folder)
    for address in ("s3://sales/new/", "s3://sales/new/part-*.csv"):
        parts = Parts.of(address)
        assert parts is not None
        assert parts.names == ("part-0.csv", "part-1.csv", "part-2.csv")
        assert parts.paths[1] == "s3://sales/new/part-1.csv"
        np.testing.assert_array_equal(read_panel(address).values, here.values)
    with pytest.raises(MissingError, match="no data files found"):
        Parts.of("s3://sales/old/")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_parts_are_forecast_from_where_they_lie(store: str, run: Run) -> None:
    folder = shops(Path("shops"), 3)
    for path in folder.iterdir():
        OBJECTS[f"/sales/new/{path.name}"] = path.read_bytes()
    asked = ("--model", "builtin", "--horizon", 3, "--ledger", "none")
    assert run("predict", "shops", "--output", "here/", *asked).exit_code == 0
    READS.clear()
    result = run("predict", "s3://sales/new/", "--output", "there/", *asked)
    assert result.exit_code == 0, result.stderr
    assert READS.count(("GET", "/sales/new/part-1.csv")) == 2  # all parts are looked at before any is done
    names = [path.name for path in folder.iterdir()]
    assert {name: Path("here", name).read_bytes() for name in names} == {
        name: Path("there", name).read_bytes() for name in names
    }
    OBJECTS["/sales/new/part-1.csv"] = OBJECTS["/sales/new/part-1.csv"].replace(b"shop-3", b"shop-9")
    again = run("predict", "s3://sales/new/", "--output", "there/", *asked, "--format", "json")
    assert [json.loads(again.stdout)[name] for name in ("done_now", "unchanged")] == [1, 2]
    dry = json.loads(run("predict", "s3://sales/new/", "--output", "dry/", *asked, "--dry-run").stdout)
    assert dry["series"] == 6
    OBJECTS["/sales/new/part-1.csv"] = b"nothing"
    broken = run("predict", "s3://sales/new/", "--output", "there/", *asked)
    assert broken.exit_code == 3
    assert "1 of 3 parts failed: part-1.csv: DATA" in broken.stderr


@pytest.mark.slow
def test_workers_read_parts_where_they_lie(store: str, tmp_path: Path) -> None:
    for path in shops(tmp_path / "shops", 4).iterdir():
        OBJECTS[f"/sales/new/{path.name}"] = path.read_bytes()
    asked = ("predict", "s3://sales/new/", "--model", "builtin", "--ledger", "none", "--output")
    for output, workers in (("one/", "1"), ("two/", "2")):
        done = run_forecast(*asked, output, "--workers", workers, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert content(tmp_path / "one") == content(tmp_path / "two")


@pytest.mark.slow
def test_the_command_as_a_user_runs_it(store: str, tmp_path: Path) -> None:
    OBJECTS["/sales/shops.csv"] = panel_csv(tmp_path / "shops.csv").read_bytes()
    done = run_forecast("predict", "s3://sales/shops.csv", "--model", "builtin", "--output", "-", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("shop,day,forecast")
    done = run_forecast("check", "s3://sales/gone.csv", cwd=tmp_path)
    assert (done.returncode, "nothing found" in done.stderr) == (66, True)


def test_a_server_that_is_gone(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(TryAgainError, match="cannot be read"):
        fetch("s3://sales/shops.csv", 2**20)
