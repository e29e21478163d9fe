"""Tests of `packed.py`: what is compressed is opened, what is damaged or too large refused."""

from __future__ import annotations

import bz2
import io
import lzma
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.base.errors import DataError
from forecaster.data.packed import unpack, unzip
from tests.data.test_formats import zstd

PACK: dict[str, Callable[[bytes], bytes]] = {"bzip2": bz2.compress, "xz": lzma.compress, "Zstandard": zstd}


def archive(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return stream.getvalue()


@given(content=st.binary(max_size=300))
def test_what_was_packed_comes_back(content: bytes) -> None:
    for pack in PACK.values():
        assert unpack(pack(content), "a", 1 << 20) == content
    assert unzip(archive(one=content), "a.zip", 1 << 20) == content


@pytest.mark.parametrize("raw", [b"", b"ds,y\n", b"BZ", b"PK\x03"])
def test_what_is_not_packed_stays(raw: bytes) -> None:
    assert unpack(raw, "a", 1 << 20) == raw
    assert unzip(raw, "a", 1 << 20) == raw


@pytest.mark.parametrize("kind", PACK)
def test_a_cut_file_is_named_with_its_kind(kind: str) -> None:
    whole = PACK[kind](bytes(range(256)) * 50)
    with pytest.raises(DataError, match=f"a.csv is not a sound {kind} file"):
        unpack(whole[:-12], "a.csv", 1 << 20)


@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_of_every_kind_is_refused(kind: str) -> None:
    with pytest.raises(DataError, match="a expands to more than 1 MiB"):
        unpack(PACK[kind](b"0" * 3_000_000), "a", 1 << 20)


def test_a_bomb_in_an_archive_is_refused_before_it_is_opened() -> None:
    with pytest.raises(DataError, match=r"a\.zip expands to more than 1 MiB"):
        unzip(archive(one=b"0" * 3_000_000), "a.zip", 1 << 20)


def test_the_one_file_of_an_archive() -> None:
    assert unzip(archive(**{"a.csv": b"x", "__MACOSX/a.csv": b"?", "b/.DS_Store": b"?"}), "a.zip", 1 << 20) == b"x"
    with pytest.raises(DataError, match=r"a\.zip holds 2 files \(a\.csv, b\.csv\)"):
        unzip(archive(**{"a.csv": b"x", "b.csv": b"y"}), "a.zip", 1 << 20)
    with pytest.raises(DataError, match=r"a\.zip holds 0 files \(none\)"):
        unzip(archive(), "a.zip", 1 << 20)


def test_a_workbook_stays_an_archive() -> None:
    book = archive(**{"[Content_Types].xml": b"", "xl/workbook.xml": b""})
    assert unzip(book, "a.xlsx", 1 << 20) == book
