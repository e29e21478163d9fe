"""Case A010: semicolon and decimal comma."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from forecaster.base.errors import DataError
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from tests.faulttools import write


def check_1(panel: Panel) -> None:
    assert (panel.schema.dialect.separator, panel.schema.dialect.decimal) == (";", ",")
    assert panel.findings[0].message == "read with separator semicolon, decimal mark comma"
    write("new.csv", "ds;y\n2024-02-01;1.5\n2024-02-02;2\n2024-02-03;2\n")
    try:
        read_panel("new.csv", schema=panel.schema)
    except DataError as error:
        assert "line 2, column 'y': '1.5' is not a number" in error.message
    else:
        raise AssertionError("a point was read where the model has commas")


def make_2() -> None:
    write("data.csv", "ds;a,b\n1;2,5\n2;3,5\n3;4,5\n")


def make_3() -> None:
    write("data.csv", Path("shops.csv").read_text().replace(",", ";"))


def make_4() -> None:
    pyarrow.parquet.write_table(pa.table({"ds": ["2024-01-01", "2024-01-02"], "y": [1234.0, 2345.0]}), "data.parquet")


def check_4(panel: Panel) -> None:
    write("new.csv", "ds;y\n2024-02-01;1.234\n2024-02-02;2.345\n")
    try:
        read_panel("new.csv", schema=panel.schema)
    except DataError as error:
        assert "could be a thousand or a fraction" in error.message
    else:
        raise AssertionError("thousands were read as fractions")
    write("new.csv", "ds;y\n2024-02-01;1234,5\n2024-02-02;2345\n")
    assert read_panel("new.csv", schema=panel.schema).values.tolist() == [1234.5, 2345.0]
