"""Case B058: missing days."""

from __future__ import annotations

from forecaster.data.panel import Panel
from tests.faulttools import days, write


def make_1() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day},{n}\n" for n, day in enumerate(days(20)) if n != 7))


def check_1(panel: Panel) -> None:
    assert "1 missing stamp: filled" in panel.findings[0].message


def make_2() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day},{n}\n" for n, day in enumerate(days(20)) if n != 7))


def make_3() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day},{n}\n" for n, day in enumerate(days(100)) if not 10 <= n < 70))


def make_4() -> None:
    write("data.csv", "ds,y\n" + "".join(f"{day},{n}\n" for n, day in enumerate(days(100)) if not 10 <= n < 70))
