"""Case A032: other formats."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from tests.faulttools import write


def make_1() -> None:
    write("data.csv", "\n <!DOCTYPE html>\n<html><title>Sign in</title></html>\n")


def make_2() -> None:
    write("data.csv", b"\xef\xbb\xbf<html><title>Sign in</title></html>\n")


def make_3() -> None:
    write("data.csv", "<!-- cached -->\n<head>\n<title>Sign in, please</title>\n</head>\n")


def make_4() -> None:
    write("data.csv", '{"error": "unauthorised", "code": 401}\n')


def make_5() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    write("data.csv", packed.getvalue())


def make_6() -> None:
    pyarrow.parquet.write_table(pa.table({"y": [1.0, 2.0]}), "data.csv")


def make_7() -> None:
    write("data.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")


def make_8() -> None:
    write("data.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))


def make_9() -> None:
    write("data.csv", b"\x89HDF\r\n\x1a\n" + bytes(512))


def make_10() -> None:
    write("data.csv", b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94.")


def make_11() -> None:
    write("data.parquet", "ds,y\n2024-01-01,1\n")


def make_12() -> None:
    pyarrow.parquet.write_table(pa.table({"y": [1.0, 2.0]}), "data.parquet")
    write("data.parquet", Path("data.parquet").read_bytes()[:-20])


def make_13() -> None:
    write("data.csv", "<DATE>,<CLOSE>\n2024-01-01,1\n2024-01-02,2\n")
