"""An address → its bytes: what is served is read like a file, what is not there is said."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from forecaster.base.errors import DataError, MissingError, TryAgainError
from forecaster.data import remote
from forecaster.data.grid import read_panel
from forecaster.data.listing import Parts
from forecaster.data.remote import fetch, list_files, scheme_of, without_password
from tests.data.test_formats import FILES, check, write


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


@pytest.mark.parametrize("name", ["plain.csv", "a.csv.zst", "a.parquet", "a.xlsx"])
def test_an_address(tmp_path: Path, server: str, name: str) -> None:
    write(tmp_path, name, FILES[name])
    check(read_panel(f"{server}/{name}?download=1"))
    check(read_panel(f"{server}/{name}".replace("http", "HTTP")))


def test_an_address_of_nothing(server: str) -> None:
    with pytest.raises(MissingError, match="nothing found"):
        read_panel(f"{server}/no.csv")
    with pytest.raises(TryAgainError, match="cannot be read"):
        read_panel("http://127.0.0.1:9/x.csv")
    with pytest.raises(MissingError, match="gopher addresses are not read"):
        read_panel("gopher://127.0.0.1/x.csv")


@pytest.mark.parametrize(
    ("path", "scheme"),
    [("https://a/b.csv", "https"), ("S3://a/b", "s3"), ("postgresql+psycopg://h/d", "postgresql")]
    + [(path, None) for path in ("a.csv", "a:b", "/a//b", "C:\\a.csv", "")],
)
def test_the_scheme_of_an_address(path: str, scheme: str | None) -> None:
    assert scheme_of(path) == scheme


def test_a_password_is_left_out_of_what_is_shown() -> None:
    assert without_password("https://me:secret@host/a:b@c") == "https://me@host/a:b@c"
    assert without_password("https://host/a.csv") == "https://host/a.csv"


def test_more_than_is_taken_is_refused(tmp_path: Path, server: str) -> None:
    write(tmp_path, "a.csv", b"x" * 1000)
    assert fetch(f"{server}/a.csv", 1000) == b"x" * 1000
    with pytest.raises(DataError, match="has more than 0 GiB"):
        fetch(f"{server}/a.csv", 999)


FOLDERS = [("memory://", "shop/new"), ("MEMORY://", "shop/new"), ("other://me:secret@host/", "shop/new")]


@pytest.mark.parametrize("pattern", ["/", "/*.csv", "/**/*.csv"])
@pytest.mark.parametrize(("host", "folder"), FOLDERS)
def test_files_below_an_address_begin_as_it_does(
    monkeypatch: pytest.MonkeyPatch, host: str, folder: str, pattern: str
) -> None:
    """A file system names its files by its first scheme, and FTP and SFTP do without the host."""

    class Other(MemoryFileSystem):
        protocol = ("first", "other")

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return str(super()._strip_protocol(re.sub(r"^\w+://me:secret@host", "", path)))

    fsspec.register_implementation("other", Other, clobber=True)
    monkeypatch.setattr(remote, "LISTED", (*remote.LISTED, "other"))
    monkeypatch.setattr(MemoryFileSystem, "store", {})
    for name in ("a.csv", "b.csv", "old/c.csv"):
        fsspec.filesystem("memory").pipe(f"/{folder}/{name}", b"ds,y\n2024-01-01,1\n")
    names = ["a.csv", "b.csv", "old/c.csv"][: 2 if pattern == "/*.csv" else 3]
    assert list_files(f"{host}{folder}{pattern}") == [f"{host}{folder}/{name}" for name in names]
    parts = Parts.of(f"{host}{folder}{pattern}")
    assert parts is not None
    assert parts.names == tuple(names)
    assert "secret" not in parts.source
