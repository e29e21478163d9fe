"""Case E167: time zones."""

from __future__ import annotations

from pathlib import Path

from forecaster.base.errors import DataError
from forecaster.data.grid import read_panel
from forecaster.data.panel import Panel
from tests.faulttools import days, write


def make_1() -> None:
    header, *rows = [row.split(",") for row in Path("shops.csv").read_text().splitlines()]
    write(
        "data.csv",
        "\n".join(map(",".join, [header, *([shop, f"{day}T00:00+01:00", value] for shop, day, value in rows)])),
    )


def make_2() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day}T00:00+01:00,{n}\n" for n, day in enumerate(days(20))))
    write("utc.csv", "ds,y\n" + "".join(f"{day}T23:00+00:00,{n}\n" for n, day in enumerate(days(20, "2023-12-31"))))
    write("bare.csv", "ds,y\n" + "".join(f"{day}T00:00,{n}\n" for n, day in enumerate(days(20))))


def check_2(panel: Panel) -> None:
    again = read_panel("utc.csv", schema=panel.schema)
    assert again.future_stamps(3).tolist() == panel.future_stamps(3).tolist()
    assert panel.future_stamps(1)[0, 0] == "2024-01-21T00:00+01:00"
    try:
        read_panel("bare.csv", schema=panel.schema)
    except DataError as error:
        assert "line 2" in error.message
    else:
        raise AssertionError("a time without an offset was read")
