"""A path → its bytes: what is no file, no text, or changes while it is read."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import (
    AccessError,
    DataError,
    MissingError,
    TryAgainError,
)
from forecaster.data.grid import read_panel
from forecaster.data.source import decode, read_source
from tests.data.conftest import DAILY, Bad, Read, quick, refuse

BAD: Bad = {
    "empty": (b"", "empty \\(0 bytes\\)"),
    "NUL": (b"ds,y\n2024-01-01,1\n2024-01-02,2\0\n2024-01-03,1\n", "NUL byte at line 3"),
    "NUL tail": (b"ds,y\n2024-01-01,1\n" + bytes(4096), "NUL padding"),
    "UTF-16 without mark": ("ds,y\n2024-01-01,1\n".encode("utf-16-le"), "UTF-16"),
    "latin-1": ("ds,café\n2024-01-01,1\n".encode("latin-1"), "byte 0xE9 at line 1, column 7"),
    "HTML": ("<!DOCTYPE html><html><body>Sign in, please</body></html>", "HTML"),
    "XLSX": (b"PK\x03\x04\x14\x00", "ZIP"),
    "gzip as CSV": (gzip.compress(DAILY.encode()), "gzip"),
    "Parquet as CSV": (b"PAR1....", "Parquet"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(read: Read, name: str) -> None:
    refuse(read, BAD[name])


def test_truncated_gzip(read: Read) -> None:
    with pytest.raises(DataError, match="ends early"):
        read(gzip.compress(DAILY.encode() * 50)[:-12], "data.csv.gz")


def test_paths(tmp_path: Path) -> None:
    """Nothing but a file, and files of a folder: an address of a known kind is connected to elsewhere."""
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (
        empty,
        tmp_path / "none*.csv",
        tmp_path / "absent.csv",
        loop,
        pipe,
        "file:///etc/passwd",
        "gopher://127.0.0.1:9/x.csv",
        "a" * 5000,
        "a\0b",
    ):
        with pytest.raises(MissingError):
            read_panel(path)


def test_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.csv"
    path.write_text(DAILY)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AccessError):
        read_panel(path)


def test_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.csv"
    path.write_text(DAILY)
    opened = Path.open

    def append(self: Path, mode: str) -> io.BufferedReader:
        file = opened(self, mode)
        with opened(path, "a") as more:
            more.write("2024-01-04,5\n")
        return file  # type: ignore[return-value]

    monkeypatch.setattr(Path, "open", append)
    with pytest.raises(TryAgainError, match="changed while it was read"):
        read_panel(path)


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DAILY.encode())))
    panel = read_panel("-")
    assert (panel.source, panel.values.tolist()) == ("-", [1, 2, 4])


@quick
@given(st.binary(max_size=200) | st.text("ds,y\n;0123456789-\"'.:\t TZ+", max_size=200).map(str.encode))
def test_random_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("data.csv", "data.csv.gz", "data.parquet"):
        path = tmp_path / name
        path.write_bytes(content)
        with contextlib.suppress(DataError):
            read_panel(path)


@pytest.mark.parametrize(
    ("encoding", "hint"),
    [
        ("latin-1", "Try --encoding latin-1"),
        ("cp1252", "Try --encoding cp1252"),
        ("utf-16-le", "Pass --encoding utf-16-le"),
        ("utf-16-be", "Pass --encoding utf-16-be"),
        ("utf-32-le", "Pass --encoding utf-32-le"),
        ("utf-16", ""),
        ("utf-32", ""),
        ("utf-8-sig", ""),
    ],
)
def test_the_encoding_that_is_named_reads_the_file(tmp_path: Path, encoding: str, hint: str) -> None:
    sign = "é" if encoding == "latin-1" else "€"
    path = tmp_path / "x.csv"
    path.write_bytes(("ds,y\n" + "".join(f"2024-01-{k:02},{k} {sign}\n" for k in range(1, 29))).encode(encoding))
    if hint:
        with pytest.raises(DataError) as refused:
            decode(read_source(path), None)
        assert refused.value.hint == hint
    text, _ = decode(read_source(path), hint.rpartition(" ")[2] or None)
    assert text.decode().splitlines()[1] == f"2024-01-01,1 {sign}"
